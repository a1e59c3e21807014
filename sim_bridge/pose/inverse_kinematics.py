"""Inverse kinematics: the weighted least-squares pose of OpenSim's InverseKinematicsTool.

Each frame starts from the last pose moved on by its last step, the first frame from many poses.
"""

from collections.abc import Sequence

import numpy as np

from sim_bridge._jit import F64, I64
from sim_bridge.base_coordinates import base_coordinates
from sim_bridge.exceptions import MarkerMismatch
from sim_bridge.kinematics import point_in_ground, pose_free
from sim_bridge.model import CompiledModel

from .coordinate_task import CoordinateTask, weight_of
from .first_poses import FirstPoses
from .joint_range import JointRange
from .link_misfit import LinkMisfit
from .marker_gate import MarkerGate
from .marker_match import match_markers
from .marker_normal import MINIMUM_MARKERS, Targets, seen_markers
from .marker_spread import MarkerSpread
from .marker_watch import MarkerWatch
from .search import PoseSearch, as_good
from .sight import Sight, unseen_coordinates
from .solver import PoseSolver

MAX_ITERATIONS = 30
_RMS_RISE, _RMS_SLACK = 1.3, 0.002
"""A marker error up to this multiple of the last plus this [m] is that of a person elsewhere."""
GAP_STIFFNESS = 1e-4
"""Stiffness [m^2/rad^2] of frames with missing markers: a coordinate that the others see has about
a thousand times as much from them, one that they do not see stays with its prediction."""
_STEP_KEPT = 0.9
"""Share of the last step that the prediction takes again."""
_LOST_FRAMES = 50
"""After so many frames of misfit it is published as it is, and the person looked for."""
_FEW_SHARE = 0.25
"""With less than this share of the markers that are there as a rule, the pose is held."""
SEARCH_ITERATIONS = 60
"""Of a frame that pays for the search beside its own pose: about 1.5 ms."""
_LEAP = 1.5
"""From one frame to the next [rad]: 60 rad/s at 40 Hz."""
_SAME = 1e-3
"""Poses that differ by less [rad, m] are the same."""


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
    tasks : sequence of CoordinateTask
        Coordinates with a value to hold.

    Raises
    ------
    MarkerMismatch
        If fewer than three incoming labels are markers of the model, or none sees a joint.
    SettingsError
        If a task names no free coordinate of the model, or a weight is none.

    Attributes
    ----------
    q : ndarray of shape (n_coordinate,), float64 [rad] or [m]
        The last solution, model order.
    marker_rms : float
        Root mean square distance of used markers from the model's [m].
    n_labels, n_markers : int
        How many labels arrive, and how many of them are the model's and have a weight.
    match : MarkerMatch
        Which label is which marker, and what was left over.
    unseen : tuple of str
        Coordinates that no marker sees, which keep their default.
    n_used : int
        How many markers the last frame had, without those set aside.
    surprised : bool
        Whether its pose is not where the one before led to: what is between them is no motion.
    misplaced : bool
        Whether the markers of one body are not where its own can be, or turn a joint too far.
    spread : MarkerSpread
        Whether the person has the model's size.
    lost : bool
        Whether its pose may be a wrong one, with a joint turned over say: a better is looked for.
    """

    @property
    def held(self) -> bool:
        """Whether the last frame left the pose as it was."""
        return self._held > 0 or not self._placed

    def __init__(
        self,
        model: CompiledModel,
        marker_names: Sequence[str],
        weights: dict[str, float] | None = None,
        tasks: Sequence[CoordinateTask] = (),
    ) -> None:
        self.match = match = match_markers(marker_names, model.markers.names)
        self.n_labels = len(marker_names)
        chosen = weights or {}
        weight = np.array([weight_of(f"marker '{m}'", chosen.get(m, 1.0)) for m in match.names])
        used = weight > 0.0
        self._targets = Targets(
            link=model.markers.link[match.marker[used]],
            station=np.ascontiguousarray(model.markers.station[match.marker[used]]),
            weight=weight[used],
            column=match.column[used],
        )
        if np.count_nonzero(used) < MINIMUM_MARKERS:
            raise MarkerMismatch("fewer than three markers have a weight above 0; raise some")
        names = [name for name, has_weight in zip(match.names, used, strict=True) if has_weight]
        self.unseen = unseen_coordinates(model, self._targets.link)
        self._link_misfit = LinkMisfit(model, self._targets)
        self.spread, self._range = MarkerSpread(self._targets), JointRange(model)
        self._gate = MarkerGate(self._targets, self.n_labels)
        self._watch = MarkerWatch(self._targets, names, self._gate)
        self._set_up(model, tasks)
        self._sight = Sight(model, self._targets, names, self._solver.tasks)

    def _set_up(self, model: CompiledModel, tasks: Sequence[CoordinateTask]) -> None:
        """Prepare solving, looking for the person, and what goes on from frame to frame."""
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
        bounds = (self._lower, self._upper)
        self._solver, searcher = (
            PoseSolver(model, self._targets, *bounds, self._default, tasks) for _ in range(2)
        )
        first = FirstPoses(model, base, self._default, *bounds)
        self._search = PoseSearch(searcher, first, self.n_labels)
        self.free = self._solver.free
        self._last, self._velocity = self.free.copy(), np.zeros_like(self.free)
        self._start = self.free.copy()
        self._last_rms, self._held, self._misfits = 0.0, 0, 0
        self._placed = self.lost = self.surprised = self.misplaced = False

    @property
    def q(self) -> F64:
        """The last solution; see the class."""
        return self._solver.pose.q

    @property
    def marker_rms(self) -> float:
        """Marker error of the last solution [m]."""
        return self._solver.marker_rms

    @property
    def n_used(self) -> int:
        """Markers that the last frame had."""
        return self._solver.n_used

    @property
    def blind(self) -> bool:
        """Whether its markers hardly tell a coordinate: it follows a prediction. See `Sight`."""
        return self._sight.blind

    @property
    def guessed(self) -> bool:
        """Whether that is one of the legs, or they were never there. See `Sight`."""
        return self._sight.guessed

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
        return self._solver.iterations

    @property
    def converged(self) -> bool:
        """Whether the last frame met the tolerance."""
        return self._solver.converged

    @property
    def fits(self) -> bool:
        """Whether the last frame's markers lie where this model can have them."""
        return self._solver.fits

    def default_markers(self) -> F64:
        """Markers of the default pose in the order of the labels; NaN for those of no marker.

        Returns
        -------
        ndarray of shape (n_label, 3), float64 [m], ground
        """
        solver = self._solver
        pose_free(solver.skeleton, self._default, solver.pose)
        places = np.full((self.n_labels, 3), np.nan)
        targets = self._targets
        for link, station, column in zip(
            targets.link, targets.station, targets.column, strict=True
        ):
            point_in_ground(solver.pose, int(link), station, places[column])
        return places

    def reset(self) -> None:
        """Forget the last pose; the next frame is a first one."""
        self._placed = self.lost = False
        for part in (self._gate, self._watch, self._sight, self.spread, self._range):
            part.reset()

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
        pose_free(self._solver.skeleton, self._start, self._solver.pose)
        self._gate.screen(markers, self._solver.pose, self._sight.blind)
        self._solve_seen(markers)
        self.surprised = self._gate.n_aside > 0 and self._has_moved(markers)
        if self.surprised:
            self._gate.take_all(markers)
        elif self._gate.n_aside:
            pose_free(self._solver.skeleton, self._start, self._solver.pose)
            self._solve_seen(self._gate.markers)
        if self._is_wrong():
            self._solver.solve(self._gate.markers, self._last, 0)
            self._gate.outvoted()
            self._held += 1
            self._watch.step(markers, self._solver.pose, fits=False)
            return
        self.surprised |= more
        self._take_step()
        leapt = self._leapt()
        self._look_at(self._gate.markers)
        self._keep()
        self._watch.step(markers, self._solver.pose, fits=self.fits and not self.misplaced)
        if leapt or (self._misfits >= _LOST_FRAMES and not self.lost):
            self._lose(markers)
        if self.lost:
            self._look(markers)

    def _has_moved(self, markers: F64) -> bool:
        """Whether the person is elsewhere than predicted, rather than markers on the person."""
        in_place = self._gate.in_place(markers, self._solver.pose)  # so it is warmed up, too
        return in_place and self.marker_rms <= _RMS_RISE * self._last_rms + _RMS_SLACK

    def _leapt(self) -> bool:
        """Whether a joint turned farther than any does, with all markers there.

        Whoever is suddenly elsewhere, and faces another way, is found from the last pose with
        joints turned over, and a step like that is none to go on by.
        """
        return self._gate.n_missing == 0 and self._turn(self._velocity) > _LEAP

    def _turn(self, step: F64) -> float:
        """Return the farthest turn of a joint in a step [rad]."""
        np.multiply(step, self._is_angle, out=self._turns)
        np.abs(self._turns, out=self._turns)
        return float(self._turns.max())

    def _look_at(self, markers: F64) -> None:
        """Note whose markers are not in their places, and what the pose is not known from."""
        misfits = self._link_misfit.step(markers, self._solver.pose)
        self.misplaced = self._range.step(self.free) or misfits
        self._sight.step(markers, self._gate.worn, self._solver.pose)
        if self.fits and not self.misplaced:
            self.spread.step(markers, self._solver.pose)

    def _keep(self) -> None:
        """Take the pose for the person's."""
        if self.fits:
            self._gate.learn(self._solver.pose)
        else:
            self._gate.forget()  # a pose that is not theirs does not tell where markers sit
        self._last_rms = self.marker_rms
        self._velocity /= self._held + 1
        self._last[:] = self.free
        self._held, self._misfits = 0, 0 if self.fits else self._misfits

    def _is_wrong(self) -> bool:
        """Whether a frame tells no pose: few of its markers are where they can be, or none fits.

        Markers that go on like that are taken for what they are.
        """
        few = _FEW_SHARE * (self.n_used + self._gate.n_missing)
        if self.n_used < max(few, MINIMUM_MARKERS):
            return True
        self._misfits += not self.fits
        return not self.fits and self._misfits < _LOST_FRAMES

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
        solver = self._solver
        _, n_seen = seen_markers(self._targets, markers)
        if n_seen == self._gate.n_expected:
            self._gate.n_missing = 0
            solver.solve(markers, self._start, MAX_ITERATIONS)
            return
        corrected = self._gate.on_model(markers, solver.pose)
        solver.solve(corrected, self._start, MAX_ITERATIONS, GAP_STIFFNESS)
        if corrected is not markers:
            solver.measure(markers)

    def _predict(self) -> None:
        """Move the last pose on by its last step; a step that nothing renews fades."""
        np.multiply(self._velocity, _STEP_KEPT, out=self._start)
        self._start += self._last
        np.clip(self._start, self._lower, self._upper, out=self._start)

    def _place(self, markers: F64) -> None:
        """Find the person in a first frame, however long it takes."""
        self._search.begin(markers, thorough=True)
        self._search.go_on(np.inf)
        self._placed = self._search.found
        self._solver.solve(markers, self._search.free, MAX_ITERATIONS)
        self._look_at(markers)
        self._start_here()

    def _start_here(self) -> None:
        """Go on from the pose as one that no step led to."""
        self._last[:] = self.free
        self._velocity[:] = 0.0
        self._last_rms, self._held, self._misfits = self.marker_rms, 0, 0
        self.lost, self.surprised = False, True

    def _lose(self, markers: F64) -> None:
        """Doubt the pose, and begin to look for a better."""
        self.lost = self.surprised = True
        self._velocity[:] = 0.0
        self._gate.forget()
        self._search.begin(markers, thorough=self.fits)

    def _look(self, markers: F64) -> None:
        """Go on looking; one look is thorough, that at a frame of which a pose is known to fit."""
        if self.fits and not self._search.thorough:
            self._lose(markers)
        self._search.go_on(SEARCH_ITERATIONS)
        if not self._search.running:
            self._settle(markers)

    def _settle(self, markers: F64) -> None:
        """Take the pose that was found, if it is that of this frame too; or keep one as good."""
        solver = self._solver
        solver.measure(markers)
        own, fitted, misfit = self.free.copy(), self.fits, solver.misfit
        solver.solve(markers, self._search.to(markers), MAX_ITERATIONS)
        strayed = self._turn(self.free - self._search.free) > _LEAP
        found = self.fits and not strayed and as_good(solver.misfit, misfit)
        if found and np.abs(self.free - own).max() > _SAME:
            self._gate.forget()
            self._start_here()
        else:
            self.free[:] = own
            solver.measure(markers)
            self.lost = strayed or not (found or fitted)
        if self.lost or not self._search.thorough:
            self._lose(markers)
