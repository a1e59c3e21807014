"""Inverse kinematics: the weighted least-squares pose of OpenSim's InverseKinematicsTool.

Each frame starts from the last pose moved on by its last step, the first frame from several
headings; the solver itself is in ``marker_pose``.
"""

from collections.abc import Sequence

import numpy as np

from ._jit import F64, I64
from .base_coordinates import base_coordinates
from .coordinate_task import CoordinateTask, Pull
from .exceptions import MarkerMismatch
from .first_poses import FirstPoses
from .kinematics import point_in_ground, pose_free, skeleton_of
from .marker_gate import MarkerGate
from .marker_match import match_markers
from .marker_normal import Targets, seen_markers
from .marker_pose import allocate, solve_frame
from .model import CompiledModel
from .sight import Sight

MAX_ITERATIONS = 30
_RMS_RISE, _RMS_SLACK = 1.3, 0.002
"""A marker error up to this multiple of the last plus this [m] is that of a person elsewhere."""
GAP_STIFFNESS = 1e-4
"""Stiffness [m^2/rad^2] of frames with missing markers: a coordinate that the others see has about
a thousand times as much from them, one that they do not see stays with its prediction."""
_STEP_KEPT = 0.9
"""Share of the last step that the prediction takes again."""
_FEW_SEEDS, _SEED_GOOD = 4, 0.03
"""The first few seeds do where one of them ends below this weighted marker error [m]."""
_SEED_ITERATIONS = 200
_SEED_TIE = 1.1
"""Weighted marker errors within this factor of the least are as good: then the pose that bends the
joints less is the person's, one with a joint turned over is not."""
MISFIT_M = 0.06
"""Markers this far [m] from the model's (RMS) are not this model's, or the pose is a wrong one:
soft tissue, placement and scaling leave up to 23 mm in the trials that this was tested on,
exchanged labels decimetres."""
_LOST_FRAMES = 50
"""After so many frames of misfit it is published as it is, and looked for anew."""
_FEW_SHARE = 0.25
"""With less than this share of the markers that are there as a rule, the pose is held."""
_TRY_EVERY, _TRY_ITERATIONS = 4, 20
"""One seed in so many frames and so many iterations, so that looking makes few frames late."""
_LEAP = 1.5
"""From one frame to the next [rad]: 60 rad/s at 40 Hz."""
_ROUNDING = 1e-6
"""Weighted marker errors [m] that differ by less are the same pose."""


class InverseKinematics:
    """Markers to coordinates, one frame at a time.

    Parameters
    ----------
    model : CompiledModel
        The model.
    marker_names : sequence of str
        Labels of the incoming markers, in their order.
    weights : mapping of str to float, optional
        Weight of a marker; 1 where not given, 0 leaves it out.
    stiffness : float
        Weight of a coordinate's distance from its prediction [m^2/rad^2 or 1], against jitter of
        coordinates that the markers hardly see; 0 is OpenSim's objective.
    tasks : sequence of CoordinateTask
        Coordinates with a value to hold.

    Raises
    ------
    MarkerMismatch
        If fewer than three incoming labels are markers of the model.
    SettingsError
        If a task names no free coordinate of the model.

    Attributes
    ----------
    q : ndarray of shape (n_coordinate,), float64 [rad] or [m]
        The last solution, model order.
    marker_rms : float
        Root mean square distance of used markers from the model's [m].
    n_labels, n_markers : int
        How many labels arrive, and how many of them are the model's and have a weight.
    n_used : int
        How many markers the last frame had, without those set aside.
    blind : bool
        Whether its markers hardly see a coordinate that those before saw: it follows a prediction.
    surprised : bool
        Whether its pose is not where the one before led to: what is between them is no motion.
    converged : bool
        Whether the last frame ended by its tolerance.
    """

    MINIMUM_MARKERS = 3
    """Fewer usable markers than this and the last solution stays."""

    @property
    def held(self) -> bool:
        """Whether the last frame left the pose as it was."""
        return self._held > 0 or not self._placed

    def __init__(
        self,
        model: CompiledModel,
        marker_names: Sequence[str],
        weights: dict[str, float] | None = None,
        stiffness: float = 0.0,
        tasks: Sequence[CoordinateTask] = (),
    ) -> None:
        match = match_markers(marker_names, model.markers.names)
        self._skeleton = skeleton_of(model)
        self.n_labels = len(marker_names)
        chosen = weights or {}
        weight = np.array([float(chosen.get(name, 1.0)) for name in match.names])
        used = weight > 0.0
        self._targets = Targets(
            link=model.markers.link[match.marker[used]],
            station=np.ascontiguousarray(model.markers.station[match.marker[used]]),
            weight=weight[used],
            column=match.column[used],
        )
        if np.count_nonzero(used) < self.MINIMUM_MARKERS:
            raise MarkerMismatch("fewer than three markers have a weight above 0; raise some")
        coordinates = model.coordinates
        free = self._free_index = coordinates.free_index
        self._lower, self._upper = coordinates.lower[free], coordinates.upper[free]
        self._default = np.clip(coordinates.default[free], self._lower, self._upper)
        self._is_angle = coordinates.is_angle[free]
        base = base_coordinates(model)
        # models end them at a quarter of a turn or some metres; people may be anywhere
        self._lower[base.indices], self._upper[base.indices] = -np.inf, np.inf
        spins = np.isinf(self._upper - self._lower) & self._is_angle
        self._turns_per_rad, self._turns = spins / (2.0 * np.pi), np.zeros(len(spins))
        self._first = FirstPoses(model, base, self._default, self._lower, self._upper)
        self._work = allocate(model)
        self._result = np.zeros(5)
        self.free = self._default.copy()
        self._last, self._velocity = self.free.copy(), np.zeros_like(self.free)
        self._last_rms, self._held, self.surprised = 0.0, 0, False
        self._start, self._stiffness = self.free.copy(), stiffness
        self._pull = Pull(tasks, model, self._default)
        self._sight, self.blind = Sight(len(self.free)), False
        names = [name for name, has_weight in zip(match.names, used, strict=True) if has_weight]
        self._gate = MarkerGate(self._targets, names, self.n_labels)
        self._placed, self._misfits = False, 0

    @property
    def q(self) -> F64:
        """The last solution; see the class."""
        return self._work.pose.q

    @property
    def marker_rms(self) -> float:
        """Marker error of the last solution [m]."""
        return float(self._result[0])

    @property
    def _misfit(self) -> float:
        """Square root of what was minimised, per seen marker of weight one [m]."""
        return float(np.sqrt(self._result[4] / self._targets.weight.mean() / max(self.n_used, 1)))

    @property
    def n_used(self) -> int:
        """Markers that the last frame had."""
        return int(self._result[1])

    @property
    def complete(self) -> bool:
        """Whether the last frame had every marker that was ever there."""
        return self.n_used >= self._gate.n_expected

    @property
    def columns(self) -> I64:
        """Columns of the labels that are followed."""
        return self._targets.column

    @property
    def n_markers(self) -> int:
        """Markers that are matched."""
        return len(self._targets.link)

    @property
    def iterations(self) -> int:
        """Iterations of the last frame."""
        return int(self._result[2])

    @property
    def converged(self) -> bool:
        """Whether the last frame met the tolerance."""
        return bool(self._result[3] > 0.0)

    @property
    def fits(self) -> bool:
        """Whether the last frame's markers lie where this model can have them."""
        return self.marker_rms <= MISFIT_M

    def default_markers(self) -> F64:
        """Markers of the default pose in the order of the labels; NaN for those of no marker.

        Returns
        -------
        ndarray of shape (n_label, 3), float64 [m], ground
        """
        pose_free(self._skeleton, self._default, self._work.pose)
        places = np.full((self.n_labels, 3), np.nan)
        targets = self._targets
        for link, station, column in zip(
            targets.link, targets.station, targets.column, strict=True
        ):
            point_in_ground(self._work.pose, int(link), station, places[column])
        return places

    def reset(self) -> None:
        """Forget the last pose; the next frame starts from the seeds."""
        self._placed = False
        self._gate.reset()

    def step(self, markers: F64) -> None:
        """Solve one frame; with fewer than three markers the last solution stays.

        Parameters
        ----------
        markers : ndarray of shape (n_label, 3), float64 [m], ground
            In the order of ``marker_names``; NaN marks a missing one.
        """
        more = self._gate.expect(markers)
        if not self._placed:
            self._place(markers)
            return
        self._predict()
        pose_free(self._skeleton, self._start, self._work.pose)
        self._gate.screen(markers, self._work.pose, self.blind)
        self._solve_seen(markers)
        self.surprised = self._gate.n_aside > 0 and self._has_moved(markers)
        if self.surprised:
            self._gate.take_all(markers)
        elif self._gate.n_aside:
            pose_free(self._skeleton, self._start, self._work.pose)
            self._solve_seen(self._gate.markers)
        if self._is_wrong(markers):
            self._solve(self._gate.markers, self._last, 0)
            self._gate.outvoted()
            self._held += 1
            return
        self.surprised |= more
        self._take_step()
        if (self._misfits >= _LOST_FRAMES and self.fits) or self._leapt():
            self._gate.forget()  # found, perhaps with a joint turned over
            self._place(markers)
        else:
            self._keep()

    def _has_moved(self, markers: F64) -> bool:
        """Whether the person is elsewhere than predicted, rather than markers on the person."""
        as_well = self.marker_rms <= _RMS_RISE * self._last_rms + _RMS_SLACK
        return as_well and self._gate.in_place(markers, self._work.pose)

    def _leapt(self) -> bool:
        """Whether a joint turned farther than any does, with all markers there.

        Whoever is suddenly elsewhere, and faces another way, is found from the last pose with
        joints turned over, and a step like that is none to go on by.
        """
        np.multiply(self._velocity, self._is_angle, out=self._turns)
        np.abs(self._turns, out=self._turns)
        return self._gate.n_missing == 0 and float(self._turns.max()) > _LEAP

    def _keep(self) -> None:
        """Take the pose for the person's."""
        self._gate.learn(self._work.pose)
        self._last_rms = self.marker_rms
        self._velocity /= self._held + 1
        self._last[:] = self.free
        self._held, self._misfits = 0, 0 if self.fits else self._misfits

    def _is_wrong(self, markers: F64) -> bool:
        """Whether a frame tells no pose: few of its markers are where they can be, or none fits.

        Markers that go on like that are taken for what they are; the pose that they are given
        holds itself, since each frame starts from it, so now and then a seed is tried.
        """
        few = _FEW_SHARE * (self.n_used + self._gate.n_missing)
        if self.n_used < max(few, self.MINIMUM_MARKERS):
            return True
        if self.fits:
            return False
        self._misfits += 1
        if self._misfits < _LOST_FRAMES:
            return True
        tries, wait = divmod(self._misfits - _LOST_FRAMES, _TRY_EVERY)
        if not wait:
            self._solve(markers, self._seed(tries % len(self._first), markers), _TRY_ITERATIONS)
            if not self.fits:
                self._solve(markers, self._last, 0)
        return False

    def _take_step(self) -> None:
        """Measure the last step, without whole turns: an angle without end must not spin."""
        np.subtract(self.free, self._last, out=self._velocity)
        np.multiply(self._velocity, self._turns_per_rad, out=self._turns)
        np.round(self._turns, out=self._turns)
        if self._turns.any():
            self._velocity -= 2.0 * np.pi * self._turns
            self.free -= 2.0 * np.pi * self._turns
            self.q[self._free_index] = self.free

    def _solve_seen(self, markers: F64) -> None:
        """Solve from the prediction; with markers missing, hold on to it a little."""
        _, n_seen = seen_markers(self._targets, markers)
        if n_seen == self._gate.n_expected:
            self._gate.n_missing, self.blind = 0, False
            self._solve(markers, self._start, MAX_ITERATIONS, self._stiffness)
            self._sight.learn(self._work.normal, self._pull.weight)
            return
        corrected = self._gate.on_model(markers, self._work.pose)
        self._solve(corrected, self._start, MAX_ITERATIONS, GAP_STIFFNESS)
        self.blind = self._sight.lost(self._work.normal, self._pull.weight)
        if corrected is not markers:
            converged = self._result[3]
            self._solve(markers, self.free, 0)  # the markers' errors as they are
            self._result[3] = converged

    def _predict(self) -> None:
        """Move the last pose on by its last step; a step that nothing renews fades."""
        np.multiply(self._velocity, _STEP_KEPT, out=self._start)
        self._start += self._last
        np.clip(self._start, self._lower, self._upper, out=self._start)

    def _solve(self, markers: F64, start: F64, limit: int, hold: float = 0.0) -> None:
        """Solve from ``start``, pulled to it by ``hold`` and to the tasks' values."""
        weight, _ = seen_markers(self._targets, markers)
        self._pull.hold(start, hold, weight)
        self.free[:] = start
        solve_frame(
            self._skeleton,
            self._targets,
            markers,
            self._lower,
            self._upper,
            self._pull.anchor,
            self._pull.weight,
            limit,
            self._work,
            self.free,
            self._result,
        )

    def _place(self, markers: F64) -> None:
        """First frame: the best of several postures and headings, each moved to the markers.

        Several end in the same pose, some with angles gone over the top of a gimbal or a joint
        turned over: among the good ones that with the smallest angles is the person's.
        """
        found: list[tuple[float, float, F64]] = []
        for k in range(len(self._first)):
            if k == _FEW_SEEDS and min((m for m, *_ in found), default=np.inf) < _SEED_GOOD:
                break
            self._solve(markers, self._seed(k, markers), _SEED_ITERATIONS)
            if self.n_used >= self.MINIMUM_MARKERS:
                bend = self._first.bend(self.free)
                found.append((self._misfit, bend, self.free.copy()))
        self._placed = bool(found)
        least = min((misfit for misfit, *_ in found), default=0.0)
        close = _SEED_TIE * least + _ROUNDING
        equals = [(b, k) for k, (misfit, b, _) in enumerate(found) if misfit <= close]
        best = found[min(equals)[1]][2] if equals else self._default
        unwound = self._first.unwound(best)
        self._solve(markers, unwound, 0)
        same = self._misfit <= found[min(equals)[1]][0] + _ROUNDING if equals else False
        self._solve(markers, unwound if same else best, _SEED_ITERATIONS)
        self._last[:] = self.free
        self._velocity[:] = 0.0
        self._last_rms, self._held, self._misfits = self.marker_rms, 0, 0
        self.surprised = True

    def _seed(self, k: int, markers: F64) -> F64:
        """One of the postures and headings, moved to the markers."""
        return self._first.start(k, markers, self._targets, self._skeleton, self._work.pose)
