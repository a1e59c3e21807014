"""How far apart markers are, of the model's: by a factor that is known, and of real people."""

from collections.abc import Callable

import numpy as np
import pytest

from sim_bridge import BridgeStatus, CompiledModel
from sim_bridge.pose.inverse_kinematics import InverseKinematics
from sim_bridge.pose.marker_spread import MarkerSpread
from streamer.doubts import size_doubt
from streamer.formats import read_trc
from tests.data_sets import trial_dir
from tests.sim_bridge.conftest import Case
from tests.sim_bridge.test_marker_normal import Frame
from tests.sim_bridge.trials import SKELETON_TRIALS, RecordedTrial

WALKER = "rajagopal/walker/walk"
FAR_M = np.array([900.0, 0.0, -400.0])


def own(frame: Frame) -> np.ndarray:
    """The model's markers."""
    return frame.kinematics.markers(frame.free)


@pytest.mark.parametrize("away", [0.0, 1.0])
def test_it_is_the_factor_that_brings_the_models_markers_nearest(
    skeleton_case: Callable[[str], Case], away: float
) -> None:
    """Found by least squares over factor and place, with weights and missing markers."""
    frame = Frame(skeleton_case(WALKER).compiled, np.random.default_rng(5))
    spread = MarkerSpread(frame.targets)
    frame.markers += away * FAR_M  # the pose stays, so that only its place is wrong
    spread.step(frame.markers, frame.kinematics.pose)
    ours, theirs = own(frame)[frame.seen], frame.markers[frame.seen]
    root = np.repeat(np.sqrt(frame.weight[frame.seen]), 3)
    place = np.tile(np.eye(3), (len(ours), 1))
    design = np.column_stack([ours.ravel(), place])
    factor = np.linalg.lstsq(root[:, None] * design, root * theirs.ravel(), rcond=None)[0][0]
    # a kilometre away sums of squares lose six digits
    assert spread.value == pytest.approx(factor, rel=1e-6 if away else 1e-10)


def test_of_too_few_markers_or_of_a_foot_alone_it_tells_nothing(
    skeleton_case: Callable[[str], Case],
) -> None:
    frame = Frame(skeleton_case(WALKER).compiled, np.random.default_rng(5))
    names = frame.kinematics.model.marker_names
    few = [names.index(name) for name in ("R.ASIS", "L.Heel")]
    foot = [k for k, name in enumerate(names) if name in ("R.Heel", "R.MT5", "R.Toe", "R.Ankle")]
    spread, everything = MarkerSpread(frame.targets), own(frame)
    for seen in (few, foot):
        markers = np.full_like(everything, np.nan)
        markers[seen] = 1.1 * everything[seen]
        spread.step(markers, frame.kinematics.pose)
        assert spread.value == 1.0
        assert not spread.differs
    spread.step(1.1 * everything, frame.kinematics.pose)
    assert spread.differs
    spread.reset()
    assert not spread.differs


def test_it_is_that_of_a_second_not_of_a_frame(skeleton_case: Callable[[str], Case]) -> None:
    frame = Frame(skeleton_case(WALKER).compiled, np.random.default_rng(5))
    spread, theirs = MarkerSpread(frame.targets), own(frame)
    for size, frames, differs in ((1.0, 5, False), (1.1, 10, False), (1.1, 80, True)):
        for _ in range(frames):
            spread.step(size * theirs, frame.kinematics.pose)
        assert spread.differs == differs


def run(model: CompiledModel, trial: str, size: float, frames: slice) -> InverseKinematics:
    """Inverse kinematics after some frames of a recorded person who is so much larger."""
    recorded = read_trc(trial_dir(trial) / "markers.trc")
    ik = InverseKinematics(model, recorded.names)
    for markers in size * recorded.positions[frames]:
        ik.step(markers)
    return ik


@pytest.mark.parametrize("trial", SKELETON_TRIALS)
@pytest.mark.parametrize(
    ("size", "told", "flagged"),
    [
        (1.0, "", False),
        (1.04, "this person is larger", None),  # the least that the page promises to tell
        (0.96, "this person is smaller", None),
        (1.07, "this person is larger", True),
        (0.92, "this person is smaller", True),
    ],
)
def test_of_real_people_a_size_that_is_not_the_models_is_told(
    skeleton_case: Callable[[str], Case],
    trial: str,
    size: float,
    told: str,
    flagged: bool | None,
) -> None:
    ik = run(skeleton_case(trial).compiled, trial, size, slice(0, 60, 3))
    said = size_doubt(ik.spread.value)
    assert told in said
    assert bool(told) == bool(said)
    assert flagged in (None, ik.spread.differs)


def test_frames_of_a_person_of_another_size_are_flagged(
    recorded: Callable[[str], RecordedTrial],
) -> None:
    walker = recorded(WALKER)
    for size, flagged in ((1.0, False), (1.08, True)):
        bridge = walker.bridge()
        found = [
            bridge.step(walker.time[i], size * walker.markers[i], walker.forces[i]).status
            for i in range(60)
        ]
        assert all(bool(s & BridgeStatus.IK_UNCONVERGED) == flagged for s in found)
        assert (bridge.output.marker_spread > 1.02) == flagged
