"""External forces of a frame: measured, held back by the filter's delay, or else predicted."""

from collections.abc import Sequence

import numpy as np

from ._jit import F64, is_finite, kernel
from .exceptions import SettingsError
from .filters import ForceDelay
from .ground_reaction import Blend, GroundReaction, find_feet
from .ground_reaction.feet import SIDES, require_feet
from .inverse_dynamics import ExternalForce, InverseDynamics
from .model import CompiledModel

WATCH_EVERY = 8
"""Frames between looks at the floor while forces are measured; a foot stands for longer."""
MODES = ("auto", "measured", "predicted")


class ExternalForces:
    """What acts on the body from outside.

    Parameters
    ----------
    model : CompiledModel
        The model.
    loads : sequence of ExternalForce
        Measured forces, in the order of their rows; if there are none, and forces can be predicted,
        the feet are the loads.
    rate_hz : float
        Frame rate [Hz].
    delay_s : float
        Delay of the derivative filter [s].
    mode : str
        See ``BridgeSettings.ground_reaction``.

    Raises
    ------
    SettingsError, UnknownBody
        If the mode is unknown, or ``predicted`` and the model has no feet.

    Attributes
    ----------
    loads : tuple of ExternalForce
        Rows of ``forces``.
    n_given : int
        Rows that are measured.
    forces : ndarray of shape (n_load, 9), float64 [N], [m], [N m], ground
        Of the last step: force, centre of pressure, free torque.
    """

    def __init__(
        self,
        model: CompiledModel,
        loads: Sequence[ExternalForce],
        rate_hz: float,
        delay_s: float,
        mode: str,
    ) -> None:
        if mode not in MODES:
            raise SettingsError(f"ground reaction '{mode}' has no meaning; use {', '.join(MODES)}")
        feet = require_feet(model) if mode == "predicted" else find_feet(model)
        self.n_given = len(loads)
        self.loads = tuple(loads)
        self._reaction: GroundReaction | None = None
        if mode != "measured" and feet is not None:
            self._reaction = GroundReaction(model, feet, rate_hz)
            self.loads = self.loads or tuple(
                ExternalForce(f"ground reaction {side}", f"calcn_{side}") for side in SIDES
            )
        n = len(self.loads)
        self._only_predicted = mode == "predicted"
        self._measured = np.full((n, 9), np.nan)
        self._delay = ForceDelay(n, rate_hz, delay_s)
        self._blend = Blend(_foot_of(self.loads), rate_hz)
        self.forces: F64 = self._blend.forces
        self._frames = 0

    @property
    def delayed(self) -> F64:
        """Measured forces of the filter's instant, (n_load, 9); NaN where not known."""
        return self._delay.forces

    @property
    def predicted(self) -> bool:
        """Whether any force of the last step is predicted."""
        return self._reaction is not None and self._blend.predicted

    def reset(self) -> None:
        """Forget everything."""
        self._delay.reset()
        self._blend.reset()
        if self._reaction is not None:
            self._reaction.reset()

    def delay(self, t: float, measured: F64) -> None:
        """Take the measured forces of a frame at ``t`` [s]; ``delayed`` is brought forward."""
        if self.n_given:
            np.copyto(self._measured, measured)
        self._delay.step(t, self._measured)

    def step(self, q: F64, qd: F64, qdd: F64, measured: F64) -> None:
        """Find the forces on a motion.

        Parameters
        ----------
        q, qd, qdd : ndarray of shape (n_coordinate,), float64
            The motion.
        measured : ndarray of shape (n_load, 9), float64
            Measured forces of its instant; a row with NaN is not known.
        """
        if len(measured) < len(self.loads):  # none are measured
            measured = self._measured
        if self._reaction is None:
            keep_known(measured, self.forces)
            return
        if self._only_predicted or self._blend.predicted or unknown(measured):
            self._reaction.step(q, qd, qdd)
        self._blend.step(measured, self._reaction.forces, self._only_predicted)

    def watch(self, dynamics: InverseDynamics) -> None:
        """Learn the floor while forces are measured, to be ready when they are not."""
        self._frames += 1
        if self._reaction is None or self._blend.predicted or self._frames % WATCH_EVERY:
            return
        self._reaction.watch(dynamics, WATCH_EVERY)


def _foot_of(loads: Sequence[ExternalForce]) -> np.ndarray:
    """Which foot each force acts on: 0 right, 1 left, -1 another body; one row for each foot."""
    foot = np.full(len(loads), -1, dtype=np.int64)
    for number, side in enumerate(SIDES):
        for i, load in enumerate(loads):
            if load.body in (f"calcn_{side}", f"toes_{side}"):
                foot[i] = number
                break
    return foot


@kernel
def unknown(forces: F64) -> bool:
    """Whether any row has a number that is not finite."""
    found = False
    for i in range(forces.shape[0]):
        found |= not is_finite(forces[i].sum())
    return found


@kernel
def keep_known(forces: F64, forces_out: F64) -> None:
    """Copy rows of external forces; one with a number that is not finite becomes no force."""
    for i in range(forces.shape[0]):
        known = is_finite(forces[i].sum())
        for c in range(9):
            forces_out[i, c] = forces[i, c] if known else 0.0
