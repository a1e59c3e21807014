"""`nem2e train` and `nem2e evaluate` from trial directories on disk to tables and checkpoints.

The trials are the demo subject's walk with made-up EMG beside it: they show that the whole way
works, not how well.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from configs import demo
from inference.architecture import GruArchitecture
from inference.checkpoint import load_checkpoint
from inference.exceptions import EmgError, FeatureError
from inference.training.train_settings import TrainSettings
from sim_bridge import Bridge, BridgeSettings, BridgeStatus, ExternalForce, compile_model
from sim_bridge.cache_dir import default_cache_dir as bridge_cache_dir
from streamer.config.features import FeatureSettings
from streamer.config.training import TrainConfig
from streamer.exceptions import ConfigError, FormatError, StreamerError
from streamer.features.records import default_cache_dir, find_trials, load_features, record_path
from streamer.formats import read_trial
from streamer.frames.force_ring import ForceRing
from tests.data_sets import trial_dir
from tests.streamer.test_cli import ENVIRONMENT

SUBJECT = Path(demo.__file__).parent / "subject"
EMG_TOML = """
licence = "ours"
valid = [[1.0, 8.0]]

[emg]
kind = "envelope"

[emg.muscles]
SOL_r = ["SOL_r"]
VM_r = ["VAS_r"]
"""
KEPT = ("source", "motion", "mass_kg", "marker_rate_hz")


def write_emg(trial: Path, spoil: Callable[[np.ndarray], None] = lambda _: None) -> None:
    time = np.arange(0.0, 9.9, 0.01)
    # as often as the demo subject strides, so that no maximum falls on samples again and again
    data = np.abs(np.sin(1.8 * np.pi * time[:, None] + np.array([0.0, 1.0])))
    spoil(data)
    rows = (f"{t:.2f},{a:.5f},{b:.5f}" for t, (a, b) in zip(time, data, strict=True))
    (trial / "emg.csv").write_text("time,SOL_r,VM_r\n" + "\n".join(rows) + "\n")


def make_trial(root: Path, subject: str) -> Path:
    trial = root / "made" / subject / "walk"
    shutil.copytree(SUBJECT / "walk", trial)
    shutil.copy(SUBJECT / "model.osim", trial.parent)
    lines = (SUBJECT / "walk" / "trial.toml").read_text().splitlines()
    kept = [line for line in lines if line.split("=")[0].strip() in KEPT]
    (trial / "trial.toml").write_text("\n".join(kept) + EMG_TOML)
    write_emg(trial)
    return trial


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("trials")
    for subject in ("one", "two", "three"):
        make_trial(root, subject)
    return root


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("features")


def test_features_are_what_a_live_session_computes(trials: Path, cache: Path) -> None:
    directory = trials / "made" / "one" / "walk"
    (record,) = load_features([directory], cache_dir=cache)
    trial = read_trial(directory)
    model = compile_model(trial.model)
    assert trial.loads is not None
    assert trial.forces is not None
    loads = [ExternalForce(load.name, load.body) for load in trial.loads.forces]
    settings = BridgeSettings(trial.markers.rate_hz, forces_in_step=True)
    bridge = Bridge(model, trial.markers.names, loads, settings)
    rows = trial.loads.select(trial.forces)
    ring = ForceRing(rows.shape[1], capacity=len(rows))
    ring.extend(trial.forces.time, rows)
    assert [load.body for load in loads] == ["calcn_r", "calcn_l"]
    weight = model.mass * np.linalg.norm(model.gravity)
    forces = np.zeros(rows.shape[1:])
    for i in range(220):
        t = float(trial.markers.time[i])
        about = t - bridge.filter_delay_s
        ring.at(about, forces)
        if about < 1.0:
            forces[:] = np.nan  # outside the valid interval
        out = bridge.step(t, trial.markers.positions[i], forces)
        np.testing.assert_array_equal(record.activation[i], out.activation)
        np.testing.assert_array_equal(record.tau[i], out.tau)
        warm = not out.status & BridgeStatus.WARMING_UP
        assert record.forces_told[i] == (about >= 1.0 and warm)
        under = out.forces[:, 1] / weight if about >= 1.0 else [np.nan, np.nan]
        np.testing.assert_allclose(record.foot_force[i], under, rtol=1e-12)
        assert (record.t[i], record.usable[i]) == (t, warm)
    assert record.filter_delay_s == bridge.filter_delay_s


def test_forces_count_only_in_valid_intervals(trials: Path, cache: Path) -> None:
    (record,) = load_features([trials / "made" / "one" / "walk"], cache_dir=cache)
    counted = record.t[record.forces_measured]
    about = counted - record.filter_delay_s  # the instants that these frames describe
    assert 1.05 <= about[0] < 1.07  # the filter and the solver settle first
    assert 7.97 < about[-1] <= 8.0


def test_records_are_cached_until_the_trial_changes(tmp_path: Path) -> None:
    trial = make_trial(tmp_path, "one")
    cache = tmp_path / "cache"
    list(load_features([trial], cache_dir=cache))
    (first,) = cache.iterdir()
    stamp = first.stat().st_mtime_ns
    list(load_features([trial], cache_dir=cache))
    assert [p.stat().st_mtime_ns for p in cache.iterdir()] == [stamp]
    write_emg(trial, lambda data: data.__imul__(2.0))
    list(load_features([trial], cache_dir=cache))
    assert len(list(cache.iterdir())) == 2


def test_a_file_that_may_not_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    trial = make_trial(tmp_path, "one")
    record_path(trial, FeatureSettings(), tmp_path)  # the bridge's own sources are read once
    monkeypatch.setattr(Path, "read_bytes", forbidden)
    with pytest.raises(FormatError, match=r"cannot be read \(Permission denied\)"):
        record_path(trial, FeatureSettings(), tmp_path)


def test_one_variable_moves_every_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from inference.backends.tensorrt_engine import engine_dir

    monkeypatch.setenv("NEM2E_CACHE", str(tmp_path))
    assert default_cache_dir() == tmp_path / "features"
    assert engine_dir() == tmp_path / "engines"
    assert bridge_cache_dir() == tmp_path


def test_unusable_emg_names_trial_and_channel(tmp_path: Path) -> None:
    trial = make_trial(tmp_path, "one")
    write_emg(trial, lambda data: data[:, 1].fill(0.0))
    with pytest.raises(EmgError, match=r"made/one/walk: EMG channel VM_r is flat"):
        list(load_features([trial], cache_dir=tmp_path / "cache"))
    assert not (tmp_path / "cache").exists()


def test_directories_without_trials_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StreamerError, match=r"no trial\.toml"):
        find_trials([tmp_path])
    with pytest.raises(StreamerError, match="no such directory"):
        find_trials([tmp_path / "absent"])


def test_train_then_evaluate(
    trials: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    from streamer.commands import evaluate, train

    people = [trials / "made" / name for name in ("one", "two")]
    stranger = trials / "made" / "three"
    out = tmp_path / "checkpoint"
    config = TrainConfig(
        trials=tuple(map(str, people)),
        unseen=(str(stranger),),
        variants=("noise-1",),
        exchanged={"made/three": (("SOL_r", "VM_r"),)},
        validation_people=1,
        architecture=GruArchitecture(d_model=8, members=2),
        training=TrainSettings(epochs=1, batches=4),
    )
    train.run(config, out, cache)
    assert "wrote" in capsys.readouterr().out
    card = load_checkpoint(out).card
    assert load_checkpoint(out).reference() is not None  # so that backends can be proven on it
    assert card.training["data_sets"]["made"]["trials"] == ["one/walk", "two/walk"]
    assert card.training["data_sets"]["made"]["licence"] == "ours"
    assert card.metrics["held_out"]["people"] == ["made/three"]

    report = tmp_path / "report.json"
    evaluate.run([stranger], cache, out, report=report)
    printed = capsys.readouterr().out
    assert "SOL" in printed
    assert "made/three: SOL_r with VM_r" in printed
    assert "trained on" not in printed
    written = json.loads(report.read_text())
    methods, within = written["methods"], written["coverage"]["network"]
    assert methods == card.metrics["held_out"]["methods"]  # the card says what evaluation finds
    assert {row["channel"] for row in methods["network"]} == {"SOL", "VM", "common", "all"}
    assert set(within) == {"SOL", "VM", "all"}
    half, most = within["all"]
    assert half == pytest.approx((within["SOL"][0] + within["VM"][0]) / 2.0)  # one person
    assert 0.0 <= half <= most <= 1.0
    assert f"Intervals of 50 % and 90 % by sigma hold {100 * half:.0f} % and" in printed

    evaluate.run(people, cache, out)
    assert "do not tell how it does on others" in capsys.readouterr().out


def test_evaluation_exchanges_channels_as_the_training_did(
    trials: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from rich.console import Console

    from streamer.commands.evaluate import as_taught

    walks = [trials / "made" / name / "walk" for name in ("one", "two", "three")]
    records = list(load_features(walks, cache_dir=cache))
    names = records[0].emg_names
    assert names == ("SOL_r", "VM_r")
    training = {
        "exchanged": {
            "made/one": [["SOL_r", "VM_r"]],
            "made/two": [["SOL_l", "VM_l"]],  # that are not measured here
            "made/four": [["SOL_r", "VM_r"]],
        }
    }
    righted = as_taught(records, training, Console(soft_wrap=True))
    assert {r.person: r.emg_names for r in righted} == {
        "made/one": names[::-1],
        "made/two": names,
        "made/three": names,
    }
    said = "exchanged as in the training of the network: made/one: SOL_r with VM_r\n"
    assert capsys.readouterr().out == said
    assert as_taught(records, {}, Console()) == records
    assert capsys.readouterr().out == ""


def training_of_three(trials: Path, cache: Path, folder: Path, settings: str) -> list[str]:
    """The command that trains on all three people, its file and its checkpoint in a folder."""
    config = folder / "train.yaml"
    people = ", ".join(f"{trials}/made/{name}" for name in ("one", "two", "three"))
    config.write_text(f"trials: [{people}]\n{settings}")
    options = ["--config", str(config), "--cache", str(cache), "--out", str(folder / "out")]
    return [sys.executable, "-m", "streamer.cli", "train", *options]


@pytest.mark.slow
def test_two_processes_train_one_network_and_write_it_once(
    trials: Path, cache: Path, tmp_path: Path
) -> None:
    """As several GPUs do; here two processes on the CPU."""
    pytest.importorskip("torch")
    command = training_of_three(
        trials,
        cache,
        tmp_path,
        "validation_people: 1\n"
        "folds: 3\n"
        "architecture: {kind: gru, d_model: 8, members: 2}\n"
        "training: {accelerator: cpu, devices: 2, epochs: 2, batches: 3}\n",
    )
    ran = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert ran.returncode == 0, ran.stderr
    (wrote,) = (line for line in ran.stdout.splitlines() if line.startswith("wrote"))
    assert load_checkpoint(tmp_path / "out").digest[:12] in wrote
    assert ran.stdout.count("fold 1/3") == 1


def wait_while_alive(group: int) -> None:
    """Ten seconds at most: multiprocessing's own helper takes a moment to leave."""
    for _ in range(100):
        os.killpg(group, 0)
        time.sleep(0.1)


@pytest.mark.slow
def test_an_interrupt_stops_the_workers_and_writes_nothing(
    trials: Path, cache: Path, tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    command = training_of_three(
        trials,
        cache,
        tmp_path,
        "folds: 3\n"
        "workers: 2\n"
        "architecture: {kind: gru, d_model: 8, members: 1}\n"
        "training: {epochs: 20, batches: 10}\n",
    )
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    running = subprocess.Popen(command, text=True, env=ENVIRONMENT, start_new_session=True, **pipes)
    assert running.stdout is not None
    next(line for line in running.stdout if "1/3 estimated" in line)  # the third is under way
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does, to all of them
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in said
    with pytest.raises(ProcessLookupError):
        wait_while_alive(running.pid)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("few_crops", "stepped_by_torch")
def test_comparison_writes_the_page_and_figures(
    trials: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    from inference.evaluation import compare as methods
    from streamer.commands import compare
    from tests.inference.evaluation.test_compare import TINY_RIVALS

    monkeypatch.setattr(methods, "RIVALS", TINY_RIVALS)
    config = TrainConfig(
        trials=tuple(str(trials / "made" / name) for name in ("one", "two")),
        unseen=(str(trials / "made" / "three"),),
        folds=2,
        architecture=GruArchitecture(d_model=8, members=1),
        training=TrainSettings(epochs=1, batches=2, batch_size=2, crop=40),
    )
    page = tmp_path / "results.md"
    with pytest.raises(ConfigError, match="cannot read"):
        compare.run(config, cache, docs=tmp_path)  # before any training
    page.write_text("before\n<!-- measured -->\nof before\n<!-- end of measured -->\nafter\n")
    compare.run(config, cache, docs=tmp_path)
    text = page.read_text()
    assert (text[:7], text[-6:]) == ("before\n", "after\n")
    assert "| STDR-Net |" in text
    assert "of before" not in text
    assert {p.name for p in tmp_path.glob("*.png")} == {
        "results_walk.png",
        "results_walk_unseen.png",
    }


def test_trials_without_emg_are_refused(tmp_path: Path) -> None:
    from streamer.commands import evaluate

    trial = make_trial(tmp_path, "one")
    (trial / "emg.csv").unlink()
    toml = (trial / "trial.toml").read_text().split("[emg]")[0]
    (trial / "trial.toml").write_text(toml)
    with pytest.raises(StreamerError, match=r"none of the 1 trials below .* has measured EMG"):
        evaluate.run([tmp_path], tmp_path)


def test_too_few_people_is_refused_and_writes_nothing(
    trials: Path, cache: Path, tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    from streamer.commands import train

    one = TrainConfig(trials=(str(trials / "made" / "one"),), validation_people=1)
    with pytest.raises(FeatureError, match="nobody is left to train on"):
        train.run(one, tmp_path / "c", cache)
    assert list(tmp_path.iterdir()) == []


def test_real_trial_gives_plausible_features(cache: Path) -> None:
    (record,) = load_features([trial_dir("rajagopal/walker/walk")], cache_dir=cache)
    assert record.emg_names[:2] == ("SOL_r", "GAS_r")
    np.testing.assert_array_equal(record.forces_told, record.usable)  # off the plates predicted
    valid = record.forces_measured
    assert 1.3 < np.diff(record.t[valid][[0, -1]])[0] < 1.5  # 0.46 to 1.96 s less the settling
    knee = record.coordinate_names.index("knee_angle_r")
    assert 0.7 < record.q[valid, knee].max() < 1.4  # 40 to 80 degrees in swing
    soleus = record.activation[valid][:, record.muscle_names.index("soleus_r")]
    assert 0.1 < soleus.max() <= 1.0
