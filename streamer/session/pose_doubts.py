"""What a session says of its poses: that the person lies, that the model is another person's.

And of the motion, that the network was not taught it. Who lies on the floor is most often in a
laboratory whose z axis points up.
"""

import logging
import math
import statistics
from collections.abc import Sequence

from streamer.arrays import F64
from streamer.doubts import misfit_doubt, scaling_doubt, size_doubt, unlike_doubt

_log = logging.getLogger(__name__)

LASTS_S = 1.0
"""Who lies does so for so long without a break [s]; a wrong pose of some frames is none."""
LOOKS_AT_S = 2.0
"""Markers are judged by the median frame of so long [s]: whose labels are exchanged are found far
off, held and found again by turns."""
UNLIKE_S = 5.0
"""Motion is judged where it was unlike for so long without a break [s]: a stumble is not."""
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
        self._lying, self._lasts = 0, math.ceil(LASTS_S * rate_hz)
        self._rms, self._spread = list[float](), list[float]()
        self._looks_at = math.ceil(LOOKS_AT_S * rate_hz)
        self._unlike, self._unlike_lasts = 0, math.ceil(UNLIKE_S * rate_hz)
        self._said: dict[str, str] = {}

    @property
    def said(self) -> list[str]:
        """What was said so far."""
        return list(self._said.values())

    def step(self, q: F64, marker_rms: float, marker_spread: float, *, held: bool) -> None:
        """Look at a frame.

        Parameters
        ----------
        q : ndarray of shape (n_coordinate,), float64 [rad], [m]
            The pose.
        marker_rms : float
            How far the markers are from the model's [m].
        marker_spread : float
            How far apart they are, as a multiple of the model's.
        held : bool
            Whether the pose is an earlier frame's, which tells nothing new.
        """
        if held:
            return
        lying = self._lying_doubt(q)
        # a pose that does not fit the markers is nobody's
        self._lying = self._lying + 1 if lying and not misfit_doubt(marker_rms) else 0
        if self._lying == self._lasts:
            self._say("lies", lying)
        self._rms.append(marker_rms)
        self._spread.append(marker_spread)
        if len(self._rms) == self._looks_at:
            self._judge(statistics.median(self._rms), statistics.median(self._spread))
            self._rms.clear()
            self._spread.clear()

    def step_motion(self, unlikeness: float) -> None:
        """Look at a frame's motion.

        Parameters
        ----------
        unlikeness : float
            `inference.Refiner.unlikeness`.
        """
        self._unlike = self._unlike + 1 if unlikeness > 1.0 else 0
        if self._unlike == self._unlike_lasts:
            self._say("unlike", unlike_doubt(unlikeness))

    def _judge(self, rms: float, spread: float) -> None:
        if misfit := misfit_doubt(rms):
            self._say("misfit", misfit)
        elif size := size_doubt(spread):
            self._say("size", size)
        else:
            self._say("scaling", scaling_doubt(rms))

    def _say(self, kind: str, doubt: str) -> None:
        if doubt and kind not in self._said:
            self._said[kind] = doubt
            _log.warning("%s", doubt)

    def _lying_doubt(self, q: F64) -> str:
        for name, index in self._turns:
            if abs(math.remainder(q[index], math.tau)) > LIES_RAD:
                return (
                    f"the person lies down: {name} is {math.degrees(q[index]):.0f} deg for "
                    f"{LASTS_S:g} s; set `up: z` under `markers`, and under `forces` unless it "
                    "has `transducers`, if the laboratory's z axis points up; else leave `up` out"
                )
        return ""
