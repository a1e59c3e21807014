"""Somebody who is looked for: frame by frame as well as at once, and no frame pays for it all."""

from collections.abc import Callable

import numpy as np
import pytest

from sim_bridge.pose.inverse_kinematics import MAX_ITERATIONS, SEARCH_ITERATIONS, InverseKinematics
from sim_bridge.pose.search import BOUT, PoseSearch
from sim_bridge.pose.solver import PoseSolver
from tests.sim_bridge.trials import PARITY_TRIALS, RecordedTrial

START, WRONG, AFTER = 40, 80, 40
"""Frames before the labels are exchanged, with them, and since they are right again."""


@pytest.fixture(params=PARITY_TRIALS)
def trial(
    request: pytest.FixtureRequest, recorded: Callable[[str], RecordedTrial]
) -> RecordedTrial:
    return recorded(request.param)


def search_of(trial: RecordedTrial) -> PoseSearch:
    return InverseKinematics(trial.model, trial.marker_names)._search


def test_for_nobody_nothing_is_searched(
    trial: RecordedTrial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty laboratory costs no more than a person."""
    ik, solved = InverseKinematics(trial.model, trial.marker_names), 0
    solve = PoseSolver.solve

    def count(self: PoseSolver, *args: object) -> None:
        nonlocal solved
        solved += 1
        solve(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(PoseSolver, "solve", count)
    markers = np.full_like(trial.markers[0], np.nan)
    markers[ik.columns[:2]] = trial.markers[0][ik.columns[:2]]
    for _ in range(10):
        ik.step(markers)
        assert ik.held
    assert solved <= 20
    ik.step(trial.markers[0].copy())
    assert not ik.held
    assert ik.fits


@pytest.mark.parametrize("exchanged", [False, True])
@pytest.mark.parametrize("thorough", [False, True])
def test_in_pieces_it_finds_what_it_finds_at_once(
    trial: RecordedTrial, exchanged: bool, thorough: bool
) -> None:
    whole, pieces = search_of(trial), search_of(trial)
    order = np.arange(len(trial.marker_names))
    if exchanged:
        order = np.random.default_rng(2).permutation(order)
    for search in (whole, pieces):
        search.begin(trial.markers[START][order], thorough=thorough)
    whole.go_on(np.inf)
    count = 0
    while pieces.running:
        pieces.go_on(1)
        count += 1
    assert count > 1
    assert whole.found
    np.testing.assert_array_equal(pieces.free, whole.free)


def test_a_new_frame_is_looked_at_instead_of_the_last(trial: RecordedTrial) -> None:
    search, fresh = search_of(trial), search_of(trial)
    search.begin(trial.markers[0][::-1], thorough=True)
    search.go_on(1)
    assert search.running
    for each in (search, fresh):
        each.begin(trial.markers[START], thorough=True)
        each.go_on(np.inf)
        assert not each.running
    np.testing.assert_array_equal(search.free, fresh.free)


def test_without_markers_nobody_is_found(trial: RecordedTrial) -> None:
    search = search_of(trial)
    search.begin(np.full_like(trial.markers[0], np.nan), thorough=True)
    search.go_on(np.inf)
    assert not search.running
    assert not search.found
    assert np.isfinite(search.free).all()


class Spent:
    """Iterations of all solvers since the last look."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.total = 0
        go_on = PoseSolver.go_on

        def counted(solver: PoseSolver, markers: np.ndarray, limit: int) -> None:
            go_on(solver, markers, limit)
            self.total += solver.iterations

        monkeypatch.setattr(PoseSolver, "go_on", counted)

    def look(self) -> int:
        spent, self.total = self.total, 0
        return spent


def exchanged(trial: RecordedTrial, seed: int) -> np.ndarray:
    """Markers with all labels exchanged for a while."""
    markers = trial.markers[: START + WRONG + AFTER].copy()
    order = np.random.default_rng(seed).permutation(markers.shape[1])
    markers[START : START + WRONG] = markers[START : START + WRONG][:, order]
    return markers


@pytest.mark.parametrize("seed", range(3))
def test_whoever_was_lost_is_found_at_once_and_no_frame_pays_for_it(
    trial: RecordedTrial, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent, ik = Spent(monkeypatch), InverseKinematics(trial.model, trial.marker_names)
    markers, found_after = exchanged(trial, seed), None
    truth = [ik.step(frame) or ik.q.copy() for frame in trial.markers[: len(markers)]]
    ik = InverseKinematics(trial.model, trial.marker_names)
    ik.step(markers[0])
    spent.look()
    for i, frame in enumerate(markers[1:], 1):
        ik.step(frame)
        # the frame's own pose, twice where markers are aside, and once from what was found
        assert spent.look() <= 3 * MAX_ITERATIONS + SEARCH_ITERATIONS + BOUT
        sure = not (ik.lost or ik.held) and ik.fits
        if i >= START + WRONG and sure:
            found_after = i - START - WRONG if found_after is None else found_after
            np.testing.assert_allclose(ik.q, truth[i], rtol=0, atol=1e-4)
        assert not (sure and START <= i < START + WRONG)
    assert found_after is not None
    assert found_after <= 10  # a brief look at the last exchanged frame, a thorough one


@pytest.mark.parametrize("turn", [np.pi, 0.5 * np.pi, -2.0])
def test_whoever_faces_another_way_is_doubted_until_found(
    trial: RecordedTrial, turn: float
) -> None:
    """The person leaps, as where a recording starts again, and faces elsewhere."""
    c, s = np.cos(turn), np.sin(turn)
    about = np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
    markers = trial.markers[: START + AFTER].copy()
    markers[START:] = markers[START:] @ about.T + 0.3
    leaping, fresh = (InverseKinematics(trial.model, trial.marker_names) for _ in range(2))
    last, sure_frames, is_angle = np.zeros(0), 0, trial.model.coordinates.is_angle
    for i, frame in enumerate(markers):
        leaping.step(frame)
        if i < START:
            continue
        fresh.step(frame)
        if leaping.lost or not leaping.converged:
            last = np.zeros(0)
            continue
        sure_frames += 1
        off = leaping.q - fresh.q
        off[is_angle] -= 2.0 * np.pi * np.round(off[is_angle] / (2.0 * np.pi))
        assert np.abs(off).max() < 1e-4  # the solver's tolerance, in coordinates hardly seen
        # a step that leads nowhere is told, so that no speed is made of it
        assert leaping.surprised or not len(last) or np.abs(leaping.q - last).max() < 0.5
        last = leaping.q.copy()
    assert sure_frames >= AFTER - 10


def test_a_first_frame_with_half_a_marker(trial: RecordedTrial) -> None:
    """One coordinate of it is missing: it is left out, also of where the person is."""
    half, without = trial.markers[0].copy(), trial.markers[0].copy()
    half[3, 2], without[3] = np.nan, np.nan
    search, expected = search_of(trial), search_of(trial)
    for each, frame in ((search, half), (expected, without)):
        each.begin(frame, thorough=True)
        each.go_on(np.inf)
    np.testing.assert_array_equal(search.free, expected.free)
