"""The arithmetic of the comparison, and the models that it is made on."""

from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from benchmarks.bridge.floor import Floor, Peak, floors, network_floor
from benchmarks.bridge.scaling import Scaling
from benchmarks.bridge.side_by_side import Comparison
from benchmarks.bridge.variants import HINGES, swing, tree, with_marker_copies, with_muscles
from benchmarks.subject import Subject, demo_walk
from inference.architecture import GruArchitecture
from sim_bridge import Bridge, BridgeSettings, compile_model
from streamer.formats import find_model, read_trial

MARKERS = 30


def test_the_ratio_is_the_median_over_frames_not_of_means() -> None:
    theirs, ours = [2e-3, 4e-3, 9.0], [1e-3, 1e-3, 1e-3]  # one frame met a busy machine
    comparison = Comparison.of("theirs", "ours", theirs, ours)
    assert comparison.ratio["p50"] == pytest.approx(4.0)
    assert comparison.ours.p50 == pytest.approx(1000.0)


def test_a_line_is_found_in_costs_that_lie_on_one() -> None:
    scaling = Scaling.of("so", "muscles", [(n, 50.0 + 0.4 * n) for n in (18, 80, 92, 300)])
    assert scaling.base_us == pytest.approx(50.0)
    assert scaling.slope_us == pytest.approx(0.4)
    assert scaling.deviation == pytest.approx(0.0, abs=1e-9)  # rounding of the fit


def test_what_is_not_linear_shows_as_distance_from_the_line() -> None:
    cubic = Scaling.of("ik", "coordinates", [(n, float(n) ** 3) for n in (10, 20, 40)])
    assert cubic.deviation > 0.2  # the first point lies off by more than itself


def test_the_floor_takes_the_longer_of_arithmetic_and_memory() -> None:
    peak = Peak(flops_per_s=1e9, bytes_per_s=1e9)
    assert Floor(flops=2000.0, bytes=500.0).seconds(peak) == pytest.approx(2e-6)
    assert Floor(flops=200.0, bytes=500.0).seconds(peak) == pytest.approx(5e-7)


def test_a_core_computes_and_copies() -> None:
    peak = Peak.measure(repeats=2)
    assert peak.flops_per_s > 1e6
    assert peak.bytes_per_s > 1e6


def test_the_networks_floor_counts_every_weight_and_what_is_kept_once_per_limb() -> None:
    architecture = GruArchitecture(d_model=8, members=2)
    card = SimpleNamespace(architecture=architecture)
    weights = {"w": np.zeros((8, 54), np.float32), "bias": np.zeros(8, np.float32)}
    checkpoint = SimpleNamespace(card=card, weights=lambda: weights)
    floor = network_floor(checkpoint)  # type: ignore[arg-type]
    assert floor.flops == 2 * 2 * (8 * 54 + 2 * 20)  # 16 of the states, 4 running means
    assert floor.bytes == 4 * (8 * 54 + 2 * 2 * 20)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, opensim: ModuleType) -> Path:
    del opensim  # asked for so that nothing is printed, and to skip without it
    return tmp_path_factory.mktemp("variants")


@pytest.fixture(scope="module")
def demo_model() -> Path:
    return find_model(demo_walk())


@pytest.mark.parametrize("count", [5, 14, 33])
def test_a_model_gets_as_many_muscles_as_asked_for(
    folder: Path, demo_model: Path, count: int
) -> None:
    model = compile_model(with_muscles(demo_model, count, folder / "m.osim"), cache_dir=folder)
    original = compile_model(demo_model)
    assert len(model.muscle_names) == count
    assert len(set(model.muscle_names)) == count
    assert {name.partition("_copy")[0] for name in model.muscle_names} <= set(original.muscle_names)


def test_marker_copies_lie_where_their_originals_do(folder: Path, demo_model: Path) -> None:
    model = compile_model(with_marker_copies(demo_model, 3, folder / "k.osim"), cache_dir=folder)
    n = len(compile_model(demo_model).marker_names)
    assert len(model.marker_names) == 3 * n
    station = dict(zip(model.marker_names, model.markers.station, strict=True))
    for name in model.marker_names[:n]:
        np.testing.assert_array_equal(station[f"{name}_copy2"], station[name])


def test_a_tree_has_six_coordinates_a_leg_and_its_swing_is_found_again(folder: Path) -> None:
    model = compile_model(tree(2, MARKERS, folder / "t.osim"), cache_dir=folder)
    assert len(model.coordinate_names) == 6 + 2 * HINGES
    assert len(model.marker_names) == MARKERS
    free, markers = swing(model, 30, 100.0, seed=0)
    bridge = Bridge(model, model.marker_names, (), BridgeSettings(100.0))
    for frame in markers:
        bridge.track(frame)
    # 5 mm of noise on 30 markers of bodies some 0.2 m long: a few degrees at most
    assert np.abs(bridge.output.ik_q - free[-1]).max() < 0.2


def test_the_floor_of_dynamics_grows_by_the_same_for_every_leg(folder: Path) -> None:
    found = []
    for legs in (1, 2, 3):
        osim = tree(legs, MARKERS, folder / f"f{legs}.osim")
        found.append(floors(compile_model(osim, cache_dir=folder), MARKERS, 0, window=24))
    for stage in ("id", "filter"):
        steps = np.diff([floor[stage].flops for floor in found])
        assert steps[0] > 0
        # the first leg points along its parent's axes, and needs one product less
        assert steps[1] == pytest.approx(steps[0], rel=0.05)


def test_every_stage_of_the_demo_subject_has_a_floor() -> None:
    subject = Subject.of_trial(read_trial(demo_walk()))
    found = floors(subject.model, len(subject.marker_names), len(subject.loads), window=24)
    assert set(found) == {"ik", "filter", "id", "paths", "so"}
    assert all(f.flops > 0 and f.bytes > 0 for f in found.values())
