"""A person who lies on the floor is most often a laboratory whose z axis points up."""

import logging
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_log = logging.getLogger(__name__)

LIES_RAD = math.radians(60.0)
"""A pelvis that is turned so far off upright; in gait, squats and getting up it stays below."""
LIES_S = 1.0
"""For so long without a break; a wrong pose of some frames is none."""
TURNS = ("pelvis_tilt", "pelvis_list")
"""Coordinates that turn the pelvis off upright."""


class Posture:
    """Says once that the person seems to lie.

    Parameters
    ----------
    coordinate_names : sequence of str
        Of the model; one with none of `TURNS` is not watched.
    rate_hz : float
        Frame rate [Hz].
    """

    def __init__(self, coordinate_names: Sequence[str], rate_hz: float) -> None:
        self._names = [name for name in TURNS if name in coordinate_names]
        self._index = [list(coordinate_names).index(name) for name in self._names]
        self._frames, self._enough = 0, math.ceil(LIES_S * rate_hz)
        self._said = False

    def step(self, q: NDArray[np.float64]) -> None:
        """Look at the coordinates of a frame, (n_coordinate,) [rad]."""
        if self._said:
            return
        for name, index in zip(self._names, self._index, strict=True):
            if abs(math.remainder(q[index], math.tau)) > LIES_RAD:
                self._frames += 1
                if self._frames >= self._enough:
                    self._say(name, math.degrees(q[index]))
                return
        self._frames = 0

    def _say(self, name: str, angle_deg: float) -> None:
        self._said = True
        _log.warning(
            "the person lies: %s is %.0f deg for %g s; look at `up` under `markers`, and under "
            "`forces`, too: `up: z` where the laboratory's z axis points up, else none",
            name,
            angle_deg,
            LIES_S,
        )
