"""Markers and forces in, coordinates, moments and muscle activations out, frame by frame."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ._jit import F64
from .base_coordinates import rotations
from .dynamics.inverse_dynamics import ExternalForce, InverseDynamics
from .exceptions import SettingsError
from .external_forces import ExternalForces, Trust
from .filters import CAUSAL_DEFAULT, make_filter
from .model import CompiledModel
from .muscles.force import MuscleForce
from .muscles.paths import MuscleGeometry
from .muscles.static_optimization import StaticOptimization
from .pose.coordinate_task import CoordinateTask
from .pose.frozen import FrozenMarkers
from .pose.inverse_kinematics import InverseKinematics
from .pose.leaps import Leaps
from .status import BridgeStatus

# plain numbers: arithmetic on IntFlag costs a microsecond a bit
_GAP, _HOLD = int(BridgeStatus.GAP), int(BridgeStatus.HOLD)
_IK_UNCONVERGED, _WARMING_UP = int(BridgeStatus.IK_UNCONVERGED), int(BridgeStatus.WARMING_UP)
_GRF_PREDICTED, _FORCE_STALE = int(BridgeStatus.GRF_PREDICTED), int(BridgeStatus.FORCE_STALE)
_SO_SATURATED, _UNPOSED = int(BridgeStatus.SO_SATURATED), _HOLD | _IK_UNCONVERGED
_PATH_EXTRAPOLATED = int(BridgeStatus.PATH_EXTRAPOLATED)

GUESS_TOLD_S = 0.1
"""A guessed coordinate is felt in the filter's accelerations for so long [s] after it."""
WARM_UP_FRAMES = 80
"""Frames that meet every kernel once: the window of the default filter, then faults of markers."""

STAGES = ("ik", "filter", "grf", "id", "paths", "so")
"""Stages of a step, in their order."""


@dataclass(frozen=True)
class BridgeSettings:
    """How the bridge works; validated by :class:`Bridge`.

    Attributes
    ----------
    rate_hz : float
        Nominal frame rate [Hz].
    filter : str
        Derivative filter, see :func:`sim_bridge.filters.make_filter`.
    marker_weights : dict of str to float
        Weight of a marker in inverse kinematics; 1 where not given.
    coordinate_tasks : tuple of CoordinateTask
        Coordinates with a value to hold in inverse kinematics.
    reserve : float
        Optimal force of the reserve on each coordinate [N m or N].
    residual : float
        The same on the coordinates that move the whole model [N m or N].
    exact_joints : bool
        See :class:`sim_bridge.dynamics.inverse_dynamics.InverseDynamics`.
    ground_reaction : {"auto", "measured", "predicted"}
        ``auto`` predicts the force under a foot where its row is not known or it has none;
        ``measured`` takes such rows for no force; ``predicted`` does not use measured rows of feet.
    corners : ndarray of shape (n_given, 4, 3), float64 [m], ground, or None
        Corners of the plates in turn, NaN where they are not known: a centre of pressure that is
        elsewhere is none, and of loads on the body ``feet`` those on an edge are seen.
    forces_in_step : bool
        The forces given to :meth:`Bridge.step` are those of the filter's instant already,
        ``filter_delay_s`` before the frame. A live session asks for them so: they have had time to
        arrive, and are interpolated at their own rate.
    """

    rate_hz: float
    filter: str = CAUSAL_DEFAULT
    marker_weights: dict[str, float] = field(default_factory=dict)
    coordinate_tasks: tuple[CoordinateTask, ...] = ()
    reserve: float = 1.0
    residual: float = 1000.0
    exact_joints: bool = False
    ground_reaction: Literal["auto", "measured", "predicted"] = "auto"
    corners: F64 | None = None
    forces_in_step: bool = False


class BridgeOutput:
    """Result of a step: one object, its arrays valid until the next step.

    =============  =================================================  =================  ==========
    field          meaning                                            unit               shape
    =============  =================================================  =================  ==========
    t              capture time of the frame, clock of the input      s
    ik_q           inverse kinematics of this frame, unfiltered       rad, m             (n_coord,)
    q              filtered; true for ``t - filter_delay_s``          rad, m             (n_coord,)
    qd             its speed                                          rad/s, m/s         (n_coord,)
    qdd            its acceleration                                   rad/s^2, m/s^2     (n_coord,)
    tau            generalized forces                                 N m, N             (n_coord,)
    forces         external forces in ``tau``: force, point, torque   N, m, N m          (n_load, 9)
    predicted      how much of each of these is predicted, 0 to 1                        (n_load,)
    activation     of each muscle                                                        (n_muscle,)
    strength       its force at full activation, along the tendon     N                  (n_muscle,)
    control        of each coordinate actuator of the model                              (n_act,)
    reserve        control of the reserve on each coordinate                             (n_coord,)
    plate_faults   :class:`PlateFault` of each measured force                            (n_given,)
    marker_rms     distance between measured and model markers, of    m
                   the last frame that had any
    marker_spread  their spread, as a multiple of the model's
    guessed        whether markers hardly tell some coordinate that
                   muscles span or that moves the whole body
    force_ignored  whether a measured force was not known, and
                   counts as none
    status         :class:`BridgeStatus` bits
    =============  =================================================  =================  ==========
    """

    def __init__(
        self,
        ik: InverseKinematics,
        so: StaticOptimization,
        strength: F64,
        tau: F64,
        external: ExternalForces,
    ) -> None:
        n = len(tau)
        self.t = 0.0
        self.ik_q = ik.q
        self.q, self.qd, self.qdd = np.zeros(n), np.zeros(n), np.zeros(n)
        self.tau = tau
        self.forces, self.predicted = external.forces, external.predicted_share
        self.activation = so.activation
        self.strength = strength
        self.control = so.control
        self.reserve = so.reserve_control
        self.plate_faults = external.plate_faults
        self.marker_rms, self.marker_spread = 0.0, 1.0
        self.guessed = self.force_ignored = False
        self.status = 0


class Bridge:
    """The whole chain from markers to activations.

    Parameters
    ----------
    model : CompiledModel
        From :func:`sim_bridge.compile_model`.
    marker_names : sequence of str
        Labels of the incoming markers, in their order.
    loads : sequence of ExternalForce
        External forces, in the order of their rows; those on the body ``feet`` are plates, each
        under whichever foot is on it.
    settings : BridgeSettings
        Rate, filter, weights, reserves.

    Raises
    ------
    SimBridgeError
        If markers, bodies or settings do not fit the model.

    Notes
    -----
    It reads no clock: ``on_stage`` is called after each stage with its name, for whoever times it.
    ``on_plate_fault`` is called once for each fault of each plate, with the plate's name and what
    to do, see :class:`sim_bridge.plates.PlateFault`.
    Instances share nothing that changes, and the kernels release the GIL: run several in threads.
    """

    def __init__(
        self,
        model: CompiledModel,
        marker_names: Sequence[str],
        loads: Sequence[ExternalForce],
        settings: BridgeSettings,
    ) -> None:
        if settings.reserve <= 0.0 or settings.residual <= 0.0:
            raise SettingsError("reserve and residual must be positive, else no solution may exist")
        self.model, self.settings = model, settings
        n = len(model.coordinates.names)
        self._filter = make_filter(settings.filter, n, settings.rate_hz, rotations(model))
        self.ik = InverseKinematics(
            model, marker_names, settings.marker_weights, settings.coordinate_tasks
        )
        self._external = ExternalForces(
            model,
            loads,
            settings.rate_hz,
            0.0 if settings.forces_in_step else self._filter.delay_s,
            settings.ground_reaction,
            settings.corners,
        )
        self._id = InverseDynamics(model, self._external.loads, settings.exact_joints)
        self._geometry = MuscleGeometry(model)
        self._force = MuscleForce(model)
        self.so = StaticOptimization(model, settings.reserve, settings.residual)
        self._free_index = model.coordinates.free_index
        self._free, self._free_speed = np.zeros((2, len(self._free_index)))
        self._leaps = Leaps(model)
        self._markers = np.zeros((self.ik.n_labels, 3))
        self._frozen = FrozenMarkers(self.ik.n_labels)
        self.output = BridgeOutput(
            self.ik, self.so, self._force.force, self._id.tau_opensim, self._external
        )
        self.on_stage: Callable[[str], None] | None = None
        self.on_plate_fault: Callable[[str, str], None] | None = None
        self.reset()

    @property
    def filter_delay_s(self) -> float:
        """Declared delay of the derivative filter [s]."""
        return self._filter.delay_s

    @property
    def loads(self) -> tuple[ExternalForce, ...]:
        """Rows of ``output.forces``: those given, then those of feet without one."""
        return self._external.loads

    @property
    def carried(self) -> bool:
        """Whether a force that carries the body is ever known, or none is needed."""
        return self._external.carried

    def reset(self) -> None:
        """Forget the past; the next frame is a first one."""
        self.ik.reset()
        self._filter.reset()
        self._frozen.reset()
        self._leaps.reset()
        self._unseen_t = self._strange_t = self._t = -np.inf
        self._blind = self._blind_held = False  # the last pose before this one, before a pause
        self._external.reset()
        self.so.reset()

    def warm_up(self) -> None:
        """Load or compile every kernel, so that the first frame costs what later ones do."""
        still = self.ik.default_markers()
        forces = np.zeros((self._external.n_given, 9))
        for k in range(WARM_UP_FRAMES):
            markers = still + 1e-3 * np.sin(0.3 * k)
            if k == WARM_UP_FRAMES - 6:
                markers += 0.3  # the person is elsewhere
            elif k == WARM_UP_FRAMES - 4:
                markers[self.ik.columns[0]] += 0.5  # flies off
            elif k == WARM_UP_FRAMES - 3:
                markers[self.ik.columns[0]] = np.nan
            elif k == WARM_UP_FRAMES - 2:
                markers[:] = np.nan
            if k == WARM_UP_FRAMES // 2:
                forces[:] = np.nan  # plates fall silent
            self.step(k / self.settings.rate_hz, markers, forces)
        self.reset()

    def step(self, t: float, markers: F64, forces: F64) -> BridgeOutput:
        """Take one frame.

        Parameters
        ----------
        t : float
            Capture time [s], any one clock; one that is not finite counts as the next frame's.
        markers : ndarray of shape (n_label, 3), float64 [m], ground
            In the order of ``marker_names``; NaN marks a missing one.
        forces : ndarray of shape (n_given, 9), float64 [N], [m], [N m], ground
            Force, centre of pressure, free torque at ``t`` (see ``forces_in_step``); a row with
            NaN is not known.

        Returns
        -------
        BridgeOutput
            Overwritten by the next step.
        """
        if not np.isfinite(t):
            t = self._t + 1.0 / self.settings.rate_hz if np.isfinite(self._t) else 0.0
        self._t = t
        np.copyto(self._markers, markers)  # kernels are compiled for arrays of our own kind
        if self._frozen.step(t, self._markers):
            self._markers[:] = np.nan
        status = self._track()
        self._external.delay(t, forces)
        if status & _HOLD:
            self.unseen_until(t)
            self._blind_held = self._blind
        else:  # the filter bridges the gap, or starts anew, when markers are back
            if self._blind_held:  # there is nothing to bridge from
                self._filter.reset()
            self._blind, self._blind_held = self.ik.blind, False
            if not self.ik.complete or self.ik.guessed:
                self.unseen_until(t + GUESS_TOLD_S * self.ik.blind)
            if self._leaps.step(t, self.ik.q, self.ik.surprised):
                self._filter.reset()
            self._filter.step(t, self.ik.q)
        if t - self._filter.delay_s <= self._unseen_t:
            status |= _GAP  # the estimate is about an instant that nobody saw
        if self._filter.warming_up:
            status |= _WARMING_UP
        self._mark("filter")
        if status & _UNPOSED or self.ik.guessed:
            self._strange_t = t
        f, self.output.t = self._filter, t
        feet = t - f.delay_s > self._strange_t
        return self._solve(f.q, f.qd, f.qdd, self._external.delayed, status, feet)

    def unseen_until(self, t: float) -> None:
        """Tell that frames before the next one, up to time ``t`` [s], are missing.

        They count as frames without markers: what describes an instant among them is flagged.
        """
        self._unseen_t = max(self._unseen_t, t)

    def clean_forces(self, forces: F64) -> F64:
        """Judge and clean measured forces as :meth:`step` does, for :meth:`solve`.

        Parameters
        ----------
        forces : ndarray of shape (n_given, 9), float64
            See :meth:`step`.

        Returns
        -------
        ndarray of shape (n_given, 9), float64
            Overwritten by the next; a row that is not believed is NaN.
        """
        return self._external.clean(forces)

    def track(self, markers: F64) -> int:
        """Inverse kinematics alone; the solution is ``output.ik_q``, status bits are returned."""
        np.copyto(self._markers, markers)
        return self._track()

    def _track(self) -> int:
        """Inverse kinematics of the frame that was copied."""
        ik = self.ik
        ik.step(self._markers)
        status = _GAP if not ik.complete or ik.guessed else 0
        if ik.held:
            status |= _HOLD
        elif ik.lost or ik.misplaced or ik.spread.differs or not (ik.converged and ik.fits):
            status |= _IK_UNCONVERGED
        if ik.n_used:
            self.output.marker_rms, self.output.marker_spread = ik.marker_rms, ik.spread.value
        self.output.guessed = ik.guessed
        self._mark("ik")
        return status

    def solve(self, q: F64, qd: F64, qdd: F64, forces: F64, status: int = 0) -> BridgeOutput:
        """Inverse dynamics, muscle geometry and static optimization of a given motion.

        Parameters
        ----------
        q, qd, qdd : ndarray of shape (n_coordinate,), float64 [rad, m], [/s], [/s^2]
            All coordinates, model order.
        forces : ndarray of shape (n_given, 9), float64
            As in :meth:`step`, of the same instant as the motion.
        status : int
            Bits of the pose, as :meth:`track` returns them; the output's have them, too.
        """
        return self._solve(q, qd, qdd, forces, status, not status & _UNPOSED)

    def _solve(
        self, q: F64, qd: F64, qdd: F64, forces: F64, status: int, feet: bool
    ) -> BridgeOutput:
        """Answer a motion whose `feet` were seen, or not."""
        out = self.output
        out.q[:], out.qd[:], out.qdd[:] = q, qd, qdd
        trust = Trust(not status & _UNPOSED, not status & _WARMING_UP, feet)
        self._external.step(q, qd, qdd, forces, trust)
        self._mark("grf")
        self._id.step(q, qd, qdd, out.forces)
        self._external.watch(self._id)
        if self.on_plate_fault is not None:
            self._external.tell_faults(self.on_plate_fault)
        self._mark("id")
        np.take(q, self._free_index, out=self._free)
        np.take(qd, self._free_index, out=self._free_speed)
        self._geometry.step(self._free, self._free_speed)
        self._mark("paths")
        self._force.step(self._geometry.length, self._geometry.speed)
        geometry = self._geometry
        self.so.step(self._id.tau, geometry.dq, self._force.force, geometry.moment_arm)
        out.status = status | (_GRF_PREDICTED if self._external.predicted else 0)
        out.force_ignored = self._external.ignored
        if out.force_ignored or self._external.doubted:
            out.status |= _FORCE_STALE
        if self._geometry.extrapolated:
            out.status |= _PATH_EXTRAPOLATED
        if self.so.saturated:
            out.status |= _SO_SATURATED
        self._mark("so")
        return out

    def _mark(self, stage: str) -> None:
        if self.on_stage is not None:
            self.on_stage(stage)
