"""External forces of a frame: measured, held back by the filter's delay, or else predicted."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ._jit import F64, I64, Bool, is_finite, kernel
from .base_coordinates import base_links
from .dynamics.force_delay import ForceDelay
from .dynamics.inverse_dynamics import ExternalForce, InverseDynamics
from .dynamics.wrench import add_wrench
from .exceptions import SettingsError
from .ground_reaction import Blend, GroundReaction, find_feet
from .ground_reaction.feet import require_feet
from .ground_reaction.predictor import is_upright
from .model import CompiledModel
from .plates import (
    EITHER,
    FELT_ALONE,
    FELT_STANDING,
    MISSING,
    VERTICAL,
    Effort,
    FaultReport,
    FootCheck,
    MissingLoad,
    PlateCleaner,
    PlateFault,
    PlateJudge,
    PlateMapper,
    PlateZero,
    Soles,
    Unexplained,
    all_on_feet,
    check_corners,
    feet_without,
    foot_of,
    forget_absurd,
    lacks_force,
    moves,
    needed_from_ground,
)

MODES = ("auto", "measured", "predicted")
LEARN_EVERY = 8
"""Frames between looks at how high the floor is; a foot stands for longer."""


class Trust(NamedTuple):
    """What of a motion can be relied on: none is accused for a pose that was held, say."""

    pose: bool
    """It is a person's: it fits the markers, and neither is it held nor are labels exchanged."""
    speeds: bool
    """The filter has settled."""
    feet: bool
    """They are where they were seen, not guessed: the floor can be learnt from them."""


FULL_TRUST = Trust(pose=True, speeds=True, feet=True)


class ExternalForces:
    """What acts on the body from outside.

    Parameters
    ----------
    model : CompiledModel
        The model.
    loads : sequence of ExternalForce
        Measured forces, in the order of their rows; those on the body ``feet`` are plates, whose
        forces go to the foot that is on them. Where forces can be predicted, a row is added for
        each foot that has none.
    rate_hz : float
        Frame rate [Hz].
    delay_s : float
        By how much forces are held back [s].
    mode : str
        See ``BridgeSettings.ground_reaction``.
    corners : ndarray of shape (n_given, 4, 3), float64 [m], ground, or None
        Corners of the plates; NaN or None where they are not known.

    Raises
    ------
    SettingsError, UnknownBody
        If the mode is unknown, plates and forces on bodies are mixed, corners do not fit, feet
        are needed and the model has none, or gravity does not point along -y and feet are used.

    Attributes
    ----------
    loads : tuple of ExternalForce
        Rows of ``forces``: the measured ones in their order, then those of the other feet.
    n_given : int
        Rows that are measured.
    forces : ndarray of shape (n_load, 9), float64 [N], [m], [N m], ground
        Of the last step: force, centre of pressure, free torque.
    predicted_share : ndarray of shape (n_load,), float64
        How much of each of ``forces`` is predicted, 0 to 1.
    plate_faults : ndarray of shape (n_given,), int64
        :class:`sim_bridge.plates.PlateFault` of each measured row.
    carried : bool
        Whether a force that carries the body is ever known, or none is needed.
    """

    def __init__(
        self,
        model: CompiledModel,
        loads: Sequence[ExternalForce],
        rate_hz: float,
        delay_s: float,
        mode: str,
        corners: F64 | None = None,
    ) -> None:
        if mode not in MODES:
            raise SettingsError(f"ground reaction '{mode}' is unknown; use {', '.join(MODES)}")
        on_feet = all_on_feet(loads)
        check_corners(corners, len(loads))
        feet = require_feet(model) if mode == "predicted" or on_feet else find_feet(model)
        self.n_given = len(loads)
        self.loads = () if on_feet else tuple(loads)
        self._reaction: GroundReaction | None = None
        predicts = mode != "measured" or on_feet
        if feet is not None and (predicts or (loads and is_upright(model.gravity))):
            self._reaction = GroundReaction(model, feet, rate_hz)
            self.loads += feet_without(self.loads) if predicts else ()
        carrying = [load for load in self.loads if not load.pure_torque]
        base = base_links(model)
        self.carried = bool(moves(model, carrying).any()) or not base
        self._mode = mode
        self._foot = foot = foot_of(self.loads)
        self._elsewhere = moves(model, self.loads) & (foot < 0)
        self._given, self._now = (np.full((self.n_given, 9), np.nan) for _ in range(2))
        whose = np.full(self.n_given, EITHER) if on_feet else foot[: self.n_given]
        is_plate = whose >= 0
        self._weight = weight = float(model.mass * np.linalg.norm(model.gravity))
        self._judge = PlateJudge(is_plate, weight, rate_hz, corners)
        self._cleaner = PlateCleaner(is_plate)
        self._mapper = PlateMapper(self.n_given, corners) if on_feet else None
        self._alone = on_feet and self.n_given == 1
        self._felt = FELT_ALONE if self._alone else FELT_STANDING
        self._feet = FootCheck(whose, weight, self._judge.fault)
        self._zero = PlateZero(whose, weight, rate_hz)
        self._delay = ForceDelay(self.n_given, rate_hz, delay_s)
        self._blend = Blend(foot, rate_hz)
        self._measured = np.full((len(self.loads), 9), np.nan)
        self._of_given = self._measured[: self.n_given]
        self._total, self._whole = np.full(9, np.nan), False
        self._missing = MissingLoad(foot, weight, rate_hz)
        self._parent = model.chain.parent
        self._effort = Effort(weight, rate_hz)
        self._unexplained = Unexplained(
            self._parent, base[-1] if base and loads else -1, weight, rate_hz
        )
        self.forces: F64 = self._blend.forces
        self.predicted_share: F64 = self._blend.shares
        self._report = FaultReport([load.name for load in loads])
        self.plate_faults: I64 = self._report.faults
        self._frames, self._trust = 0, FULL_TRUST
        self._ignored = self._doubted = self._lacks = False

    @property
    def delayed(self) -> F64:
        """Measured forces of the filter's instant, (n_given, 9); NaN where not known."""
        return self._delay.forces

    @property
    def predicted(self) -> bool:
        """Whether any force of the last step is predicted."""
        return self._reaction is not None and self._blend.predicted

    @property
    def ignored(self) -> bool:
        """Whether a force of the last step was not known, or none ever is: it counts as none."""
        return self._ignored or not self.carried

    @property
    def doubted(self) -> bool:
        """Whether the last step lacks a force, or has one far from its foot."""
        return self._doubted

    def reset(self) -> None:
        """Forget everything."""
        self._frames, self._trust = 0, FULL_TRUST
        self._whole = False
        for part in (
            self._zero, self._judge, self._cleaner, self._feet, self._delay, self._missing,
            self._blend, self._unexplained, self._effort,
        ):  # fmt: skip
            part.reset()
        if self._mapper is not None:
            self._mapper.reset()
        if self._reaction is not None:
            self._reaction.reset()

    def clean(self, measured: F64) -> F64:
        """Judge and clean the measured forces of a frame.

        Parameters
        ----------
        measured : ndarray of shape (n_given, 9), float64
            See :meth:`Bridge.step`.

        Returns
        -------
        ndarray of shape (n_given, 9), float64
            Overwritten by the next; a row that is not believed is NaN.
        """
        np.copyto(self._given, measured)
        forget_absurd(self._given)
        self._zero.step(self._given)
        self._judge.step(self._given)
        self._cleaner.step(self._given)
        return self._given

    def delay(self, t: float, measured: F64) -> None:
        """Take the measured forces of a frame at ``t`` [s]; ``delayed`` is brought forward."""
        if not self.n_given:
            return
        self._delay.step(t, self.clean(measured))
        if self._mapper is None and self._mode == "auto":
            self._missing.step(self._delay.forces, self._whole)

    def step(self, q: F64, qd: F64, qdd: F64, given: F64, trust: Trust = FULL_TRUST) -> None:
        """Find the forces on a motion.

        Parameters
        ----------
        q, qd, qdd : ndarray of shape (n_coordinate,), float64
            The motion.
        given : ndarray of shape (n_given, 9), float64
            Measured forces of its instant; a row with NaN is not known.
        trust : Trust
            What of the motion can be relied on.
        """
        np.copyto(self._now, given)
        self._trust = trust
        was_doubted = self._doubted
        self._ignored = self._doubted = self._lacks = False
        if self._reaction is None or (self._mode == "measured" and self._mapper is None):
            self._ignored = bool(keep_known(given, self.forces))
            return
        only_predicted = self._mode == "predicted"
        if self._mapper is None:
            measured = self._measured
            np.copyto(self._of_given, given)
            if (
                only_predicted
                or self._blend.predicted
                or self._missing.doubted.any()
                or unknown(measured, self._foot)
            ):
                self._reaction.move(q, qd, qdd, learns=trust.feet)
                self._to_reaction(measured, self._reaction)
        else:
            measured = self._measured
            self._reaction.move(q, qd, qdd, learns=trust.feet)
            self._to_feet(given, self._mapper, self._reaction)
        if self._mode == "measured":
            self._ignored = bool(keep_known(measured, self.forces))
        else:
            self._blend.step(measured, self._reaction.forces, only_predicted, was_doubted)
            self._ignored = self._blend.ignored

    def _to_reaction(self, measured: F64, reaction: GroundReaction) -> None:
        """Share the measured total if it is whole, else what the motion needs."""
        reaction.take_off(measured, self._elsewhere)
        total_of(measured, self._foot, self._missing.doubted, self._total)
        self._whole = self._mode == "auto" and reaction.take_total(self._total)
        reaction.share()

    def _to_feet(self, given: F64, mapper: PlateMapper, reaction: GroundReaction) -> None:
        """Give the plates' forces to the feet; a total that cannot be told apart is shared."""
        mapper.look(given, Soles(reaction.place, reaction.contact))
        self._whole = self._mode == "auto" and reaction.take_total(mapper.total)
        reaction.share()
        carried = (reaction.forces[0, 1], reaction.forces[1, 1]) if self._whole else (0.0, 0.0)
        mapper.assign(given, carried)  # the rest is borne beside the plates
        np.copyto(self._measured, mapper.feet)
        if self._mode == "auto":
            self._missing.step(self._measured, self._whole)

    def watch(self, dynamics: InverseDynamics) -> None:
        """See which force is missing or at the wrong foot; learn the floor from measured forces."""
        needed = needed_from_ground(self._parent, dynamics.work.force, VERTICAL)
        self._effort.step(self.forces, needed)
        if self._reaction is None:
            np.copyto(self.plate_faults, self._judge.fault)
        else:
            self._watch(dynamics, self._reaction, needed)
        gone = self._lacks and (self._alone or needed > MISSING * self._weight)
        if (
            self._trust.pose
            and self._trust.speeds
            and not (self.predicted or self._ignored or gone)
        ):
            self._doubted |= self._unexplained.step(
                dynamics.work.force, dynamics.pose.position, self.forces, self._effort.times
            )
        self._report.note(self.plate_faults, self._zero.offset, PlateFault.NOT_ZEROED)
        if self._report.has(PlateFault.NOT_ZEROED, PlateFault.FROZEN):
            self._unexplained.reset()  # what one plate leaves is not laid at the door of all

    def _watch(self, dynamics: InverseDynamics, reaction: GroundReaction, needed: float) -> None:
        self._frames += 1
        if self._mapper is None and not self._blend.predicted:
            learns = self._frames % LEARN_EVERY == 0 and self._trust.feet
            reaction.watch(dynamics, LEARN_EVERY if learns else 0)
        soles = Soles(reaction.place, reaction.contact)
        self._zero.see(soles)
        if self._mode != "predicted":
            if self._trust.pose and self._trust.speeds:
                self._feet.step(self._now, soles)
            else:
                self._feet.forget()
            self._lacks = self._lacks_force(needed, soles)
            self._doubted = self._feet.beside or self._lacks
        if self._mode == "auto" and self._trust.pose:
            self._missing.watch(needed, reaction.forces)
        else:
            self._missing.forget()
        if self._mapper is not None:
            self._report.note(self._judge.fault, self._mapper.edge, PlateFault.EDGE)
        else:
            self._report.note(self._judge.fault, self._missing.accused, PlateFault.NO_LOAD)

    def _lacks_force(self, needed: float, soles: Soles) -> bool:
        """Whether a force is missing that is not predicted, or not yet."""
        if self._blend.predicted:
            return False
        weight = self._weight * self._effort.times
        return bool(lacks_force(needed, self._foot, self.forces, soles, weight, self._felt))

    def tell_faults(self, tell: Callable[[str, str], None]) -> None:
        """Tell name and message of each fault that was not told yet."""
        self._report.tell(tell, self._zero.offset, self._unexplained.verdicts)


@kernel
def unknown(forces: F64, foot: I64) -> bool:
    """Whether any row of a foot has a number that is not finite."""
    found = False
    for i in range(forces.shape[0]):
        found |= foot[i] >= 0 and not is_finite(forces[i].sum())
    return found


@kernel
def total_of(forces: F64, foot: I64, doubted: Bool, total_out: F64) -> None:
    """Sum of the forces on feet; NaN if one is not known, unless because it is doubted."""
    total_out[:] = 0.0
    for i in range(forces.shape[0]):
        if foot[i] >= 0 and not doubted[i]:
            add_wrench(forces[i], total_out)


@kernel
def keep_known(forces: F64, forces_out: F64) -> bool:
    """Copy rows of external forces; one with a number that is not finite becomes no force.

    Returns whether there is such a row.
    """
    ignored = False
    for i in range(forces.shape[0]):
        known = is_finite(forces[i].sum())
        ignored |= not known
        for c in range(9):
            forces_out[i, c] = forces[i, c] if known else 0.0
    return ignored
