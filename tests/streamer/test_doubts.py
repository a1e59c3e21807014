"""What cannot be right with a trial is told of its record, and stops a calibration."""

from __future__ import annotations

import logging
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from inference.record import FeatureRecord, load_record, save_record
from streamer.commands.calibrate import live, offline, trial_take
from streamer.doubts import lying_doubt, mass_doubt
from streamer.exceptions import FormatError, StreamerError
from streamer.features.named_log import named_log
from streamer.features.records import find_trials, load_features, record_warnings
from streamer.features.trial_features import trial_features
from streamer.formats import MarkerTable, Storage, Trial, read_trial
from tests.data_sets import trial_dir
from tests.streamer.test_offline_live import WITH_FEET, WITHOUT_FEET, walk
from tests.streamer.test_train_evaluate import make_trial
from tests.streamer.test_trial_features import as_trial, raw_burst, smooth_burst

TIME = np.arange(0.0, 3.0, 0.001)


def with_emg(name: str, data: np.ndarray, kind: str) -> Trial:
    trial = as_trial(name)
    time = trial.markers.time[0] - 0.5 + TIME
    muscles: dict[str, tuple[str, ...]] = {"SOL_r": ()}
    return replace(
        trial, emg=Storage(time, ("SOL_r",), data[:, None]), emg_kind=kind, emg_muscles=muscles
    )


def good(name: str = WITHOUT_FEET) -> Trial:
    return with_emg(name, smooth_burst(TIME), "envelope")


def moved(trial: Trial, positions: np.ndarray) -> Trial:
    table = trial.markers
    return replace(trial, markers=MarkerTable(table.time, table.names, positions, table.rate_hz))


def z_up(trial: Trial) -> Trial:
    x, y, z = np.moveaxis(trial.markers.positions, -1, 0)
    return moved(trial, np.stack([x, -z, y], axis=-1))


def metres_as_millimetres(trial: Trial) -> Trial:
    return moved(trial, 1e3 * trial.markers.positions)


def of_another(trial: Trial) -> Trial:
    return replace(trial, mass_kg=30.0)


def warned(trial: Trial, name: str = WITHOUT_FEET) -> list[str]:
    return record_warnings(trial_features(trial, walk(name)[1]))


def test_a_trial_that_is_right_is_told_nothing_of() -> None:
    assert warned(good()) == []


def test_markers_and_mass_of_another_are_told_of_a_record() -> None:
    assert any(
        "the person seems to lie down: markers reach" in line for line in warned(z_up(good()))
    )
    markers = good().markers
    turned = replace(markers, positions=markers.positions[..., [1, 0, 2]])
    along_x = replace(good(), markers=turned)
    assert any("m along x, only" in line for line in warned(along_x))
    line = warned(metres_as_millimetres(good()))[0]
    assert "mm from the model's, 60 mm is too much" in line
    (line,) = warned(of_another(good()))
    assert line.startswith("`mass_kg` is 30, but the model weighs ")


NAMES = tuple(f"M{i}" for i in range(20))


def markers_of(along: float, up: float, across: float, seen: float = 1.0) -> np.ndarray:
    """Frames of twenty markers within a box [m], of which a share is seen."""
    inside = np.random.default_rng(5).uniform(size=(50, 20, 3))
    inside[:, :2] = [[0.0] * 3, [1.0] * 3]  # in two of its corners
    inside[:, round(20 * seen) :] = np.nan
    return inside * [along, up, across]


@pytest.mark.parametrize("seen", [1.0, 0.6, 0.5])
def test_who_lies_along_either_axis_of_the_floor_is_told_to_lie(seen: float) -> None:
    assert lying_doubt(markers_of(1.7, 0.4, 0.5, seen), NAMES, NAMES).startswith(
        "the person seems to lie down: markers reach 1.70 m along x, only 0.40 m along y"
    )
    assert "1.70 m along z, only 0.40 m" in lying_doubt(
        markers_of(0.3, 0.4, 1.7, seen), NAMES, NAMES
    )
    assert not lying_doubt(markers_of(0.8, 1.7, 0.6, seen), NAMES, NAMES)


def test_points_that_are_no_markers_of_the_model_tell_nothing() -> None:
    points = markers_of(0.8, 1.7, 0.6, seen=0.6)
    points[:, 3] = [3.0, 0.0, 0.0]  # an axis that a gait model computed, say
    assert lying_doubt(points, NAMES, NAMES)
    assert not lying_doubt(points, NAMES, [name for name in NAMES if name != "M3"])


def test_frames_of_which_little_is_seen_tell_of_nobody_who_lies() -> None:
    assert not lying_doubt(markers_of(1.7, 0.4, 0.5, seen=0.45), NAMES, NAMES)


@pytest.mark.parametrize("mass_kg", [53.9, 66.1])
def test_a_mass_that_is_off_by_a_tenth_of_the_models_is_another_persons(
    mass_kg: float,
) -> None:
    assert mass_doubt(mass_kg, 60.0) == f"`mass_kg` is {mass_kg}, but the model weighs 60.0 kg"
    assert not mass_doubt(mass_kg + np.sign(60.0 - mass_kg) * 0.2, 60.0)


def test_plates_of_the_wrong_feet_are_told_of_a_record() -> None:
    trial = good(WITH_FEET)
    assert trial.loads is not None
    first, second = trial.loads.forces
    swapped = (replace(first, body=second.body), replace(second, body=first.body))
    told = warned(replace(trial, loads=replace(trial.loads, forces=swapped)), WITH_FEET)
    assert any(line.startswith("force plate ") and "exchanged" in line for line in told)


@pytest.mark.parametrize(("every", "lines"), [(1, 0), (4, 1)])
def test_raw_emg_that_is_sampled_slowly_is_told_of_a_record(every: int, lines: int) -> None:
    trial = with_emg(WITHOUT_FEET, raw_burst(TIME), "raw")
    assert trial.emg is not None
    slow = replace(trial.emg, time=trial.emg.time[::every], data=trial.emg.data[::every])
    told = [line for line in warned(replace(trial, emg=slow)) if line.startswith("raw EMG at 250")]
    assert len(told) == lines


def test_hum_and_restlessness_are_told_of_a_record() -> None:
    hum = raw_burst(TIME) + 3.0 * np.sin(2.0 * np.pi * 50.0 * TIME)
    (line,) = warned(with_emg(WITHOUT_FEET, hum, "raw"))
    assert line.startswith("EMG channel SOL_r is ")
    assert "mains hum (50 Hz" in line
    (line,) = warned(with_emg(WITHOUT_FEET, smooth_burst(TIME) + 2.0, "envelope"))
    assert line.startswith("EMG channel SOL_r never rests")
    assert line.endswith("; check its electrode and the ground")


def test_doubts_are_kept_with_a_record(tmp_path: Path) -> None:
    record = trial_features(of_another(good()), walk(WITHOUT_FEET)[1])
    assert record_warnings(record)
    assert record_warnings(replace(record, variant="noise-1")) == []  # once is enough
    for kept in (record, replace(record, doubts=())):
        save_record(tmp_path / "r.npz", kept)
        found: FeatureRecord = load_record(tmp_path / "r.npz")
        assert found.doubts == kept.doubts
        assert found.marker_rms_m == kept.marker_rms_m > 0.0


def test_doubts_are_told_as_training_makes_records(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    toml = make_trial(tmp_path, "one") / "trial.toml"
    toml.write_text(toml.read_text().replace("mass_kg = 80", "mass_kg = 30"))
    list(load_features(find_trials([tmp_path]), cache_dir=tmp_path / "cache"))
    assert "made/one/walk: `mass_kg` is 30, but the model weighs" in caplog.text


@pytest.mark.parametrize("mass", ["72500", "1.2", "nan", "inf"])
def test_a_mass_of_nobody_is_refused(mass: str, tmp_path: Path) -> None:
    directory = make_trial(tmp_path, "one")
    toml = directory / "trial.toml"
    toml.write_text(toml.read_text().replace("mass_kg = 80.000", f"mass_kg = {mass}"))
    with pytest.raises(FormatError, match=rf"trial\.toml: mass_kg is {mass}; write the body mass"):
        read_trial(directory)


def doubts_of(trial: Trial) -> list[str]:
    return trial_take(trial, None, lambda *_: None)[2]


def test_a_calibration_refuses_motion_that_cannot_be_right() -> None:
    with pytest.raises(
        FormatError, match=r"markers\.trc: the person seems to lie down: .* y is up$"
    ):
        doubts_of(z_up(good()))
    with pytest.raises(StreamerError, match=r"walk: markers lie \d+ mm from the model's, 60 mm"):
        doubts_of(metres_as_millimetres(good()))


class Lab:
    """Session and EMG stream of a laboratory whose markers are a decimetre off the model's."""

    name, names, newest_s = "lab", ("SOL_r",), 0.0

    marker_rms, marker_spread = 0.1, 1.0

    def __init__(self, *_: object) -> None:
        self.refiner = SimpleNamespace(lead_s=0.0, digest="", rate_hz=100.0, state_width=1)

    def wire(self, _config: object, _resources: object) -> Any:
        output = SimpleNamespace(
            status=0, guessed=False, marker_rms=self.marker_rms, marker_spread=self.marker_spread
        )
        bridge = SimpleNamespace(filter_delay_s=0.0, output=output)
        return SimpleNamespace(session=self, bridge=bridge, refiner=self.refiner)

    def run(self, *_: object) -> None:
        step = SimpleNamespace(alone=0.0, state=0.0, distance=0.0)
        for t in (0.0, 0.01):
            self.refiner.on_step(t, step)

    def samples(self) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros(0), np.zeros((0, 1))

    def start(self, *_: object) -> None: ...

    stop = close = start


def test_a_live_calibration_refuses_markers_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, stand_in in (
        ("EmgInlet", Lab),
        ("find", lambda _: None),
        ("load_config", lambda *_, **__: SimpleNamespace(emg=SimpleNamespace(kind="raw"))),
        ("let_signals_interrupt", lambda: None),
    ):
        monkeypatch.setattr(f"streamer.commands.calibrate.{name}", stand_in)
    lab, out = Lab(), tmp_path / "me.subject"
    with pytest.raises(StreamerError, match=r"^lab\.yaml: markers lie 100 mm from the model's"):
        live(Path("lab.yaml"), 30.0, out, lab.wire)
    lab.marker_rms, lab.marker_spread = 0.02, 0.97
    with pytest.raises(StreamerError, match=r"^lab\.yaml: markers lie 3\.0 % nearer together"):
        live(Path("lab.yaml"), 30.0, out, lab.wire)


def test_a_calibration_warns_of_a_mass_that_is_not_the_models() -> None:
    lacks = doubts_of(good())
    assert "/walk: this model lacks hip_adduction_r, hip_rotation_r," in lacks[0]
    assert "/walk: no muscle of this model is known for RF_r, GMED_r," in lacks[1]
    line, *again = doubts_of(of_another(good()))
    assert "/walk: `mass_kg` is 30, but the model weighs" in line
    assert again == lacks


def test_two_people_of_one_name_are_refused(tmp_path: Path) -> None:
    for root in ("a", "b"):
        make_trial(tmp_path / root, "one")
    names = r"^made/one is the person of two folders, \S+/a/made/one and \S+/b/made/one; rename"
    with pytest.raises(StreamerError, match=names):
        find_trials([tmp_path])
    folders = find_trials([tmp_path / "a"]) + find_trials([tmp_path / "b"])
    with pytest.raises(StreamerError, match=names):
        offline(folders, None, tmp_path / "me.subject")
    shutil.copytree(folders[0], folders[0].parent / "again")
    assert len(find_trials([tmp_path / "a", tmp_path / "a" / "made"])) == 2


def test_frozen_markers_are_told_with_their_trial(caplog: pytest.LogCaptureFixture) -> None:
    trial = good()
    positions = trial.markers.positions.copy()
    positions[50:90] = positions[50]
    trial_features(moved(trial, positions), walk(WITHOUT_FEET)[1])
    assert f"{trial.subject}/walk: all markers stay the same to the last bit" in caplog.text


def test_a_name_is_put_before_lines_of_its_time_alone(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("any")
    with named_log("50 %/one/walk"):
        log.warning("%d of %s", 3, "them")
    log.warning("%d more", 1)
    assert caplog.messages == ["50 %/one/walk: 3 of them", "1 more"]


@pytest.mark.parametrize("name", ["uhlrich/subject1/walk", "ceinms/subject06/walk36"])
def test_real_walks_are_in_no_doubt(name: str, tmp_path: Path) -> None:
    (record,) = load_features([trial_dir(name)], cache_dir=tmp_path)
    assert record.doubts == ()
    assert record.marker_rms_m < 0.023  # the largest of real trials, see `MISFIT_M`
