"""What a session says of its poses: that the person lies, that the markers are another person's.

Who lies on the floor is most often in a laboratory whose z axis points up.
"""

import logging
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streamer.doubts import misfit_doubt, scaling_doubt

_log = logging.getLogger(__name__)

LASTS_S = 1.0
"""A doubt is said after so long without a break [s]; a wrong pose of some frames is none."""
LIES_RAD = math.radians(60.0)
"""A pelvis that is turned so far off upright; in gait, squats and getting up it stays below."""
TURNS = ("pelvis_tilt", "pelvis_list")
"""Coordinates that turn the pelvis off upright; a model with none of them is not watched."""


class PoseDoubts:
    """Says each doubt once.

    Parameters
    ----------
    coordinate_names : sequence of str
        Of the model.
    rate_hz : float
        Frame rate [Hz].
    """

    def __init__(self, coordinate_names: Sequence[str], rate_hz: float) -> None:
        names = list(coordinate_names)
        self._turns = [(name, names.index(name)) for name in TURNS if name in names]
        self._lies, self._misfit, self._scaling = (_Lasting(rate_hz) for _ in range(3))

    def step(self, q: NDArray[np.float64], marker_rms: float, *, held: bool) -> None:
        """Look at a frame.

        Parameters
        ----------
        q : ndarray of shape (n_coordinate,), float64 [rad], [m]
            The pose.
        marker_rms : float
            How far the markers are from the model's [m].
        held : bool
            Whether the pose is an earlier frame's, which tells nothing new of who lies.
        """
        if not held and not self._lies.said:
            self._lies.step(self._lying_doubt(q))
        if not self._misfit.said:
            self._misfit.step(misfit_doubt(marker_rms))
        if not self._scaling.said:
            self._scaling.step(scaling_doubt(marker_rms))

    def _lying_doubt(self, q: NDArray[np.float64]) -> str:
        for name, index in self._turns:
            if abs(math.remainder(q[index], math.tau)) > LIES_RAD:
                return (
                    f"the person lies down: {name} is {math.degrees(q[index]):.0f} deg for "
                    f"{LASTS_S:g} s; check `up` under `markers` and under `forces`: `up: z` if "
                    "the laboratory's z axis points up, else none"
                )
        return ""


class _Lasting:
    """Says a doubt that has lasted."""

    def __init__(self, rate_hz: float) -> None:
        self._frames, self._enough = 0, math.ceil(LASTS_S * rate_hz)
        self.said = False

    def step(self, doubt: str) -> None:
        """Take a frame's doubt; empty if there is none."""
        self._frames = self._frames + 1 if doubt else 0
        if self._frames >= self._enough:
            self.said = True
            _log.warning("%s", doubt)
