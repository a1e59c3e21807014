"""`nem2e prepare` on the demo subject with made-up EMG, and on recorded trials where they are."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference.emg.time_base import time_base_warnings
from inference.record import FeatureRecord, load_record
from streamer.commands import prepare
from streamer.config.features import FeatureSettings
from streamer.exceptions import ConfigError, StreamerError
from streamer.features.cluster import check_workers
from streamer.features.prepare import Outcome, prepare_trials
from streamer.features.records import MADE_BY, find_trials, load_features, record_path
from tests.data_sets import trial_dir
from tests.streamer.test_cli import ENVIRONMENT
from tests.streamer.test_train_evaluate import make_trial

STRIDE_S = 10.0 / 9.0  # the demo subject makes nine strides in ten seconds
AS_RECORDED = FeatureSettings()


def write_emg(trial: Path, clock: Callable[[np.ndarray], np.ndarray] = lambda t: t) -> None:
    """Bursts once a stride, by a clock of their own."""
    time = np.arange(0.0, 10.0, 0.01)
    bursts = np.maximum(np.sin(2.0 * np.pi * time[:, None] / STRIDE_S + [0.0, 2.0]), 0.0)
    rows = (f"{t:.4f},{a:.5f},{b:.5f}" for t, (a, b) in zip(clock(time), bursts, strict=True))
    (trial / "emg.csv").write_text("time,SOL_r,VM_r\n" + "\n".join(rows) + "\n")


@pytest.fixture
def trials(tmp_path: Path) -> Path:
    for subject in ("one", "two"):
        write_emg(make_trial(tmp_path / "trials", subject))
    return tmp_path / "trials"


def stamps(cache: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in cache.iterdir()}


def test_training_finds_what_was_prepared(
    trials: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = tmp_path / "cache"
    assert prepare.run([trials], cache, workers=1)
    out, err = capsys.readouterr()
    assert err == ""
    assert "2 records (2 as recorded): 2 made, 0 found" in out
    made = next(line.split() for line in out.splitlines() if line.strip().startswith("made"))
    assert made[:4] == ["made", "2", "2", "0.33"]  # trials, people, minutes
    before = stamps(cache)
    records = list(load_features(find_trials([trials]), cache_dir=cache))
    assert [record.name for record in records] == ["made/one/walk", "made/two/walk"]
    measured = sum(record.forces_measured.sum() for record in records) / 100.0
    assert float(made[4]) == pytest.approx(measured, abs=0.06)  # printed to 0.1 s
    assert stamps(cache) == before


def test_an_interrupted_run_continues(
    trials: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = tmp_path / "cache"
    directories = [trials / "made" / name / "walk" for name in ("one", "two")]
    (directories[1] / "notes.txt").write_text("larger than the other")
    outcomes = prepare_trials(directories, [AS_RECORDED], cache)
    assert next(outcomes).name == "made/two/walk"  # the longest first
    outcomes.close()  # type: ignore[attr-defined]
    kept = stamps(cache)
    assert len(kept) == 1
    assert prepare.run([trials], cache, workers=1)
    assert "2 records (2 as recorded): 1 made, 1 found" in capsys.readouterr().out
    assert kept.items() < stamps(cache).items()


def test_a_damaged_record_is_made_again(trials: Path, tmp_path: Path) -> None:
    directory = trials / "made" / "one" / "walk"
    path = record_path(directory, AS_RECORDED, tmp_path / "cache")
    assert prepare.run([directory], tmp_path / "cache", workers=1)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert prepare.run([directory], tmp_path / "cache", workers=1)
    assert load_record(path).name == "made/one/walk"


def test_bad_trials_cost_no_other_and_are_told_in_one_line_each(
    trials: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flat, torn, other_day, unmapped = (
        make_trial(trials, name) for name in ("flat", "torn", "other-day", "unmapped")
    )
    write_emg(other_day, lambda t: t + 86400.0)
    (flat / "emg.csv").write_text("time,SOL_r,VM_r\n0,1,1\n1,1,1\n2,1,1\n")
    (torn / "markers.trc").write_text("PathFileType\n")
    text = (unmapped / "trial.toml").read_text().replace("SOL_r = [", "HAND_r = [")
    (unmapped / "trial.toml").write_text(text)
    assert not prepare.run([trials], tmp_path / "cache", variants=["noise-1"], workers=1)
    out, err = capsys.readouterr()
    assert "4 records (2 as recorded, 2 noise-1): 4 made, 0 found" in out
    lines = err.splitlines()
    assert [line.split(": ")[1] for line in lines] == [
        f"made/{name}/walk" for name in ("flat", "other-day", "torn", "unmapped")
    ]
    for line, reason in zip(
        lines, ("SOL_r is flat", "do not overlap", "markers.trc", "HAND_r"), strict=True
    ):
        assert line.startswith("failed: ")
        assert reason in line


def test_trials_without_emg_are_left_out(
    trials: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = make_trial(trials, "silent")
    toml = (silent / "trial.toml").read_text().split("[emg]")[0]
    (silent / "trial.toml").write_text(toml)
    assert prepare.run([trials], tmp_path / "cache", workers=1)
    assert "1 trials without EMG left out, 0 failed" in capsys.readouterr().out
    found = load_features(find_trials([trials]), cache_dir=tmp_path / "cache")
    assert [record.subject for record in found] == ["one", "two"]


def test_clocks_that_disagree_are_told_with_the_trial(
    trials: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_emg(trials / "made" / "one" / "walk", lambda t: 1.1 * t)
    write_emg(trials / "made" / "two" / "walk", lambda t: t + 3.0)
    assert prepare.run([trials], tmp_path / "cache", workers=1)  # a warning is no failure
    rate, part = capsys.readouterr().err.splitlines()
    assert rate.startswith("warning: made/one/walk: EMG repeats every 1.22")
    assert "ground forces every 1.11" in rate
    assert part.startswith("warning: made/two/walk: EMG (3.00 to ")


def test_training_tells_of_clocks_too_as_it_makes_the_records(
    trials: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_emg(trials / "made" / "two" / "walk", lambda t: t + 3.0)
    settings = [AS_RECORDED, FeatureSettings.of_variant("noise-1")]
    for told in (1, 0):  # nothing is made the second time
        caplog.clear()
        records = load_features(find_trials([trials]), settings, cache_dir=tmp_path)
        assert len(list(records)) == 4
        lines = [r.getMessage() for r in caplog.records if r.name == "streamer.features.records"]
        assert len(lines) == told
        assert all(line.startswith("made/two/walk: EMG (3.00 to ") for line in lines)


def test_unknown_channels_and_electrodes_that_come_off_are_told(
    trials: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = (trials / "made" / name / "walk" for name in ("one", "two"))
    for file in (one / "emg.csv", one / "trial.toml"):
        file.write_text(file.read_text().replace("VM_r", "Vm_r"))
    rows = np.loadtxt(two / "emg.csv", delimiter=",", skiprows=1)
    rows[rows[:, 0] > 6.0, 1] = 0.0
    np.savetxt(two / "emg.csv", rows, delimiter=",", header="time,SOL_r,VM_r", comments="")
    for made in ("2 made, 0 found", "0 made, 2 found"):
        assert prepare.run([trials], tmp_path / "cache", workers=1)  # a warning is no failure
        out, err = capsys.readouterr()
        assert made in out
        typo, silent = err.splitlines()
        assert typo.startswith("warning: made/one/walk: EMG channel Vm_r is not a known channel")
        assert "VM_r" in typo
        assert silent.startswith("warning: made/two/walk: EMG channel SOL_r is silent for 4.")


def test_a_record_belongs_to_its_forces_wherever_they_are(trials: Path, tmp_path: Path) -> None:
    directory = trials / "made" / "one" / "walk"
    inside = record_path(directory, AS_RECORDED, tmp_path)
    forces, loads = directory.parent / "forces.mot", directory / "external_loads.xml"
    (directory / "grf.mot").rename(forces)
    loads.write_text(loads.read_text().replace("grf.mot", "../forces.mot"))
    before = record_path(directory, AS_RECORDED, tmp_path)
    assert before != inside
    assert record_path(directory, AS_RECORDED, tmp_path) == before
    forces.write_text(forces.read_text() + "\n")
    assert record_path(directory, AS_RECORDED, tmp_path) != before
    forces.unlink()
    with pytest.raises(StreamerError, match=r"forces\.mot: no such file"):
        record_path(directory, AS_RECORDED, tmp_path)


@pytest.mark.parametrize(
    "source",
    [
        "streamer/features/trial_features.py",
        "streamer/frames/force_ring.py",
        "streamer/frames/forces.py",
        "streamer/features/marker_noise.py",
        "streamer/formats/trc.py",
        "inference/emg/envelope.py",
        "inference/emg/recording.py",
        "inference/emg/reference_maximum.py",
        "sim_bridge/dynamics/force_delay.py",
    ],
)
def test_a_record_belongs_to_the_code_that_makes_it(source: str) -> None:
    made_by = {path for package, patterns in MADE_BY for p in patterns for path in package.glob(p)}
    (path,) = {path for path in made_by if path.as_posix().endswith(source)}
    assert path.is_file()


def test_a_model_without_feet_has_no_predicted_variant(
    trials: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = trials / "made" / "one" / "walk"
    assert not prepare.run([directory], tmp_path / "cache", variants=["predicted"], workers=1)
    out, err = capsys.readouterr()
    assert "1 records (1 as recorded, 0 predicted): 1 made" in out
    assert err.startswith("failed: made/one/walk (predicted): no feet to predict forces under")


def test_marker_noise_differs_by_seed_and_trial_alone(trials: Path, tmp_path: Path) -> None:
    names = ("", "noise-1", "noise-2")
    settings = [FeatureSettings.of_variant(name) for name in names]
    records = list(load_features(find_trials([trials]), settings, cache_dir=tmp_path / "cache"))
    assert [record.variant for record in records] == [*names, *names]
    plain, first, second, other_plain, other_first, _ = records
    np.testing.assert_array_equal(plain.q, other_plain.q)  # the same walk under two names
    for a, b in ((plain, first), (first, second), (first, other_first)):
        assert np.abs(a.q - b.q)[a.usable].max() > 1e-3
        np.testing.assert_array_equal(a.foot_force, b.foot_force)  # plates have no marker noise
        np.testing.assert_array_equal(a.emg, b.emg)
    one = trials / "made" / "one" / "walk"
    (again,) = load_features([one], settings[1:2], cache_dir=tmp_path / "new")
    np.testing.assert_array_equal(again.q, first.q)


def test_force_under_a_foot_is_the_sum_of_its_loads(trials: Path, tmp_path: Path) -> None:
    (both,) = load_features([trials / "made" / "one" / "walk"], cache_dir=tmp_path)
    loads = trials / "made" / "two" / "walk" / "external_loads.xml"
    loads.write_text(loads.read_text().replace("calcn_l", "calcn_r"))
    (one_foot,) = load_features([trials / "made" / "two" / "walk"], cache_dir=tmp_path)
    np.testing.assert_allclose(one_foot.foot_force[:, 0], both.foot_force.sum(axis=1), rtol=1e-12)
    assert np.isnan(one_foot.foot_force[:, 1]).all()
    assert 0.9 < np.nanmean(one_foot.foot_force[:, 0]) < 1.1  # a walker's weight


def test_causal_target_changes_the_emg_alone(trials: Path, tmp_path: Path) -> None:
    settings = [FeatureSettings(), FeatureSettings(target="causal")]
    trial = trials / "made" / "one" / "walk"
    (plain, causal) = load_features([trial], settings, cache_dir=tmp_path)
    np.testing.assert_array_equal(plain.activation, causal.activation)
    peaks = [record.emg_t[np.argmax(record.emg[:, 0])] % STRIDE_S for record in (plain, causal)]
    assert 0.02 < peaks[1] - peaks[0] < 0.06  # the filter's 37 ms, to a few samples of 5 ms


def test_torch_is_not_loaded_nor_dask_needed_and_failure_is_status_1(
    trials: Path, tmp_path: Path
) -> None:
    (trials / "made" / "two" / "walk" / "markers.trc").unlink()
    code = (
        "import sys; sys.modules['distributed'] = None\n"
        "from streamer.cli import main\n"
        "try: main()\n"
        "finally: print('torch' in sys.modules)"
    )
    command = [sys.executable, "-c", code, "prepare", str(trials), "--out", str(tmp_path / "c")]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert done.returncode == 1
    assert "1 records (1 as recorded): 1 made" in done.stdout
    assert done.stdout.splitlines()[-1] == "False"
    (line,) = done.stderr.splitlines()
    assert line.startswith("failed: made/two/walk: ")
    refused = subprocess.run(
        [*command, "--workers", "2"], capture_output=True, text=True, env=ENVIRONMENT, check=False
    )
    assert refused.returncode == 1
    assert "pip install --editable '.[batch]'" in refused.stderr


def test_misuse_is_refused_before_work_begins(trials: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not both"):
        check_workers(2, "tcp://127.0.0.1:8786")
    with pytest.raises(ConfigError, match="--workers is 0"):
        check_workers(0, None)
    with pytest.raises(ConfigError, match="'loud' is unknown"):
        prepare.run([trials], tmp_path / "cache", variants=["loud"], workers=1)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(StreamerError, match=r"no trial\.toml"):
        prepare.run([empty], tmp_path / "cache", workers=1)
    with pytest.raises(StreamerError, match="nowhere: no such directory; give trial directories"):
        prepare.run([tmp_path / "nowhere"], tmp_path / "cache", workers=1)
    assert not (tmp_path / "cache").exists()


@pytest.mark.slow
def test_two_workers_make_what_one_makes(trials: Path, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    torn = make_trial(trials, "torn")
    (torn / "markers.trc").write_text("PathFileType\n")
    shutil.rmtree(trials / "made" / "two")
    write_emg(make_trial(trials, "three"))
    directories = sorted(path.parent for path in trials.rglob("trial.toml"))
    settings = [FeatureSettings(), FeatureSettings.of_variant("noise-1")]

    def outcomes(cache: Path, workers: int) -> list[Outcome]:
        found = prepare_trials(directories, settings, cache, workers=workers)
        return sorted(found, key=lambda outcome: outcome.name)

    alone = outcomes(tmp_path / "alone", 1)
    assert outcomes(tmp_path / "two", 2) == alone
    assert [len(outcome.records) for outcome in alone] == [2, 2, 0]
    assert set(stamps(tmp_path / "alone")) == set(stamps(tmp_path / "two"))
    for path in (tmp_path / "alone").iterdir():
        ours, theirs = load_record(path), load_record(tmp_path / "two" / path.name)
        np.testing.assert_array_equal(ours.activation, theirs.activation)


def recorded(name: str, variant: str, cache: Path) -> FeatureRecord:
    settings = [FeatureSettings.of_variant(variant)]
    (record,) = load_features([trial_dir(name)], settings, cache_dir=cache)
    return record


def test_predicted_variant_of_a_recorded_walk(tmp_path: Path) -> None:
    name = "rajagopal/walker/walk"
    plates, predicted = (recorded(name, variant, tmp_path) for variant in ("", "predicted"))
    assert not predicted.forces_measured.any()
    np.testing.assert_array_equal(predicted.forces_told, predicted.usable)
    np.testing.assert_array_equal(predicted.q, plates.q)
    both = plates.forces_measured
    assert plates.foot_force[both].max() == pytest.approx(1.15, abs=0.1)  # of a brisk walk
    error = (predicted.foot_force - plates.foot_force)[both]
    # docs/ground_reaction.md: 5.9 % of body weight on this trial, with all frames of the interval.
    assert 0.01 < np.sqrt(np.mean(error**2)) < 0.08


@pytest.mark.parametrize(
    "name",
    [
        "balance_exo/subject01/walk125",
        "balance_exo/subject04/walk125",
        "ceinms/subject06/run81",
        "uhlrich/subject1/walk",
    ],
)
def test_recorded_clocks_agree_until_one_is_changed(name: str, tmp_path: Path) -> None:
    record = recorded(name, "", tmp_path)
    assert time_base_warnings(record) == []
    wrong = replace(record, emg_t=record.emg_t[0] + 1.1 * (record.emg_t - record.emg_t[0]))
    (warning,) = time_base_warnings(wrong)
    assert "check the rate of the EMG's clock" in warning
