"""`nem2e calibrate` from a trial on disk, and live over LSL, to a subject file in use.

The network has random weights; the demo subject's EMG is made from what it estimates, weaker and
later, so that there is something to find. It shows that the whole way works, not how well.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from configs import demo
from inference import LimbInputs, Refiner
from inference.architecture import GruArchitecture
from inference.calibration.calibrate import LEAST_S
from inference.channels import CHANNELS
from inference.checkpoint import Checkpoint, save_checkpoint
from inference.subject import load_subject
from sim_bridge import compile_model
from streamer.commands.calibrate import Watch, live, replay
from streamer.exceptions import StreamNotFound
from streamer.features.trial_features import trial_features
from streamer.formats import read_storage, read_trial
from tests.data_sets import trial_dir
from tests.inference.conftest import blank_card, random_network
from tests.streamer.stand_ins import HandClock

REPOSITORY = Path(__file__).resolve().parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(REPOSITORY), "NO_COLOR": "1", "COLUMNS": "100"}
SUBJECT = Path(demo.__file__).parent / "subject"
NAMES = ("TA_r", "SOL_r", "VM_r")
LAG_S, GAIN = 0.04, 0.3
EMG_TOML = '\n[emg]\nkind = "envelope"\n[emg.muscles]\n' + "".join(
    f'{name} = ["{muscle}_r"]\n' for name, muscle in zip(NAMES, ("TA", "SOL", "VAS"), strict=True)
)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    from inference.backends.export import export_step
    from inference.backends.reference import reference_stream
    from inference.networks.weights import network_arrays

    net = random_network(GruArchitecture(members=2))
    card = blank_card(net.arch, lead_s=0.02)
    graph, reference = export_step(net), reference_stream(net)
    folder = tmp_path_factory.mktemp("checkpoints") / "random"
    return save_checkpoint(folder, card, network_arrays(net), graph, reference)


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory, checkpoint: Checkpoint) -> Path:
    folder = tmp_path_factory.mktemp("trials") / "made" / "one" / "walk"
    shutil.copytree(SUBJECT / "walk", folder)
    shutil.copy(SUBJECT / "model.osim", folder.parent)
    record = trial_features(
        read_trial(folder), compile_model(SUBJECT / "model.osim"), with_emg=False
    )
    refiner = Refiner(
        LimbInputs(record.muscle_names, record.coordinate_names, record.mass_kg), checkpoint.path
    )
    states = replay(record, refiner).states()
    t = states.t - record.filter_delay_s + refiner.lead_s + LAG_S
    columns = [CHANNELS.index(name[:-2]) for name in NAMES]
    write_emg(folder, t, GAIN * states.y[:, 0, columns])
    facts, table, _ = (folder / "trial.toml").read_text().partition("\n[emg]")
    assert table  # the demo's own, which says that it has none
    (folder / "trial.toml").write_text(facts + EMG_TOML)
    return folder


def write_emg(folder: Path, t: np.ndarray, data: np.ndarray) -> None:
    rows = (",".join(f"{v:.6f}" for v in (at, *row)) for at, row in zip(t, data, strict=True))
    (folder / "emg.csv").write_text(f"time,{','.join(NAMES)}\n" + "\n".join(rows) + "\n")


def nem2e(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "streamer.cli", *map(str, arguments)],
        capture_output=True, text=True, env=ENVIRONMENT, timeout=280, check=False,
    )  # fmt: skip


def refused(done: "subprocess.CompletedProcess[str]") -> str:
    own = [line for line in done.stderr.splitlines() if line.startswith("nem2e: ")]
    assert done.returncode == 1
    assert len(own) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return own[0]


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory, trial: Path, checkpoint: Checkpoint) -> Path:
    out = tmp_path_factory.mktemp("out") / "me.subject"
    done = nem2e("calibrate", "--trial", trial, "--checkpoint", checkpoint.path, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "+40 ms" in done.stdout
    assert f"wrote {out}; use it with `subject: {out}`" in done.stdout
    assert all(name in done.stdout for name in NAMES)
    return out


def test_a_trial_on_disk_becomes_a_subject_file(subject: Path, checkpoint: Checkpoint) -> None:
    facts = load_subject(subject).facts
    assert facts.checkpoint == checkpoint.digest
    assert facts.sources == ("made/one/walk",)
    assert facts.lag_s == pytest.approx(LAG_S)
    assert facts.seconds > 9.0
    assert [fit.name for fit in facts.channels] == list(NAMES)
    for fit in facts.channels:
        assert fit.r_after > max(0.8, fit.r_before)  # 0.89 to 0.99 in ten seconds of one stride
        assert fit.rmse_after < fit.rmse_before


def test_offline_with_the_subject_comes_closer(
    subject: Path, trial: Path, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    recording = read_trial(trial)
    assert recording.emg is not None
    errors = []
    for name, extra in (("plain", ()), ("own", ("--subject", subject))):
        done = nem2e(
            "offline", "--model", recording.model, "--markers", trial / "markers.trc",
            "--grf", trial / "grf.mot", "--loads", trial / "external_loads.xml",
            "--checkpoint", checkpoint.path, "--out", tmp_path / name, *extra,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        table = read_storage(tmp_path / name / "emg.sto")
        at = table.time - load_subject(subject).facts.filter_delay_s + 0.02
        inside = (at > recording.emg.time[50]) & (at < recording.emg.time[-50])
        for i, channel in enumerate(NAMES):
            estimate = table.data[inside, table.names.index(channel)]
            maximum = load_subject(subject).facts.channels[i].maximum
            measured = np.interp(at[inside], recording.emg.time, recording.emg.data[:, i]) / maximum
            errors.append(float(np.sqrt(np.mean((estimate - measured) ** 2))))
    plain, own = np.split(np.array(errors), 2)
    assert (own < 0.7 * plain).all()


def test_a_subject_fits_its_checkpoint_and_filter_alone(
    subject: Path, trial: Path, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    common = (
        "offline", "--model", trial.parent / "model.osim", "--markers", trial / "markers.trc",
        "--checkpoint", checkpoint.path, "--out", tmp_path / "out",
    )  # fmt: skip
    done = nem2e(*common, "--subject", subject, "--filter", "zero-phase:6")
    assert "calibrated behind a filter" in refused(done)
    assert "no such file" in refused(nem2e(*common, "--subject", tmp_path / "none"))
    assert not (tmp_path / "out").exists()


def test_emg_that_does_not_serve_is_refused_and_nothing_written(
    trial: Path, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    spoiled = tmp_path / "made" / "one" / "walk"
    shutil.copytree(trial.parent, spoiled.parent)
    t = read_trial(trial).emg.time  # type: ignore[union-attr]
    rng = np.random.default_rng(1)
    noise = np.repeat(rng.uniform(size=(len(t) // 10 + 1, 3)), 10, axis=0)[: len(t)]
    common = ("--checkpoint", checkpoint.path, "--out", tmp_path / "me.subject")
    for data, words in (
        (np.ones((len(t), 3)), "TA_r is flat at 1"),
        (noise, "does not belong to this motion"),
    ):
        write_emg(spoiled, t, data)
        assert words in refused(nem2e("calibrate", "--trial", spoiled, *common))
    folder = nem2e("calibrate", "--trial", trial, "--out", tmp_path)
    assert "cannot be written" in refused(folder)
    walk = nem2e("calibrate", "--trial", SUBJECT / "walk", *common)
    assert "has no EMG" in refused(walk)
    assert not (tmp_path / "me.subject").exists()


def test_one_person_at_a_time(trial: Path, checkpoint: Checkpoint, tmp_path: Path) -> None:
    shutil.copytree(trial.parent, tmp_path / "made" / "two")
    both = ("--trial", trial, "--trial", tmp_path / "made" / "two" / "walk")
    done = nem2e("calibrate", *both, "--checkpoint", checkpoint.path, "--out", tmp_path / "me")
    assert "trials of made/one, made/two" in refused(done)


def test_a_trial_counts_once(trial: Path, checkpoint: Checkpoint, tmp_path: Path) -> None:
    link = tmp_path / "again"
    link.symlink_to(trial)
    for again in (trial, trial.parent / "." / "x" / ".." / "walk", link):
        done = nem2e(
            "calibrate", "--trial", trial, "--trial", again, "--checkpoint", checkpoint.path,
            "--out", tmp_path / "me",
        )  # fmt: skip
        assert f"--trial {trial} is given more than once" in refused(done)


def test_no_other_file_is_replaced(trial: Path, checkpoint: Checkpoint, tmp_path: Path) -> None:
    own = tmp_path / "made" / "one" / "walk"
    shutil.copytree(trial.parent, own.parent)
    config = rig(tmp_path, trial, checkpoint, uuid.uuid4().hex)
    for source, out in ((("--trial", own), own / "emg.csv"), (("--config", config), config)):
        content = out.read_bytes()
        done = nem2e("calibrate", *source, "--out", out)
        assert f"{out} exists and is no subject file" in refused(done)
        assert out.read_bytes() == content


def test_it_needs_no_torch(trial: Path, checkpoint: Checkpoint, tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\n"
        "from streamer.commands import calibrate\n"
        "trial, checkpoint, out = map(pathlib.Path, sys.argv[1:])\n"
        "calibrate.offline([trial], checkpoint, out)\n"
        "assert not {'torch', 'lightning'} & set(sys.modules)\n"
    )
    command = [sys.executable, "-c", code, trial, checkpoint.path, tmp_path / "me.subject"]
    done = subprocess.run(
        [*map(str, command)], env=ENVIRONMENT, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("steps", "newest_s", "what"), [(0, 5.0, "markers"), (9, -np.inf, "EMG")])
def test_silence_ends_a_recording(
    steps: int, newest_s: float, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = HandClock()
    monkeypatch.setattr("streamer.commands.calibrate.time", SimpleNamespace(monotonic=clock.now))
    shares: list[float] = []
    watch = Watch(
        SimpleNamespace(log=range(steps)),  # type: ignore[arg-type]
        SimpleNamespace(newest_s=newest_s, check=lambda: None),  # type: ignore[arg-type]
        30.0,
        lambda _, share: shares.append(share),
    )
    clock.t += 4.5
    assert not watch.stopped()
    assert shares == [pytest.approx(0.15)]
    clock.t += 1.0
    with pytest.raises(StreamNotFound, match=f"{what} with data .* start the capture"):
        watch.stopped()


def test_emg_that_falls_silent_is_told_of_and_the_recording_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock, emg = HandClock(), SimpleNamespace(newest_s=1.0, check=lambda: None)
    monkeypatch.setattr("streamer.commands.calibrate.time", SimpleNamespace(monotonic=clock.now))
    recorder = cast(Any, SimpleNamespace(log=range(9)))
    watch = Watch(recorder, cast(Any, emg), 300.0, lambda *_: None)
    said = []
    for silent_s in (20, 20, 3, 20):
        emg.newest_s += 1.0
        for _ in range(silent_s):
            clock.t += 1.0
            assert not watch.stopped()
        said.append(capsys.readouterr().err.count("no EMG for 5 s"))
    assert said == [1, 1, 0, 1]


def test_who_stops_it_before_it_records_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "model.osim").touch()
    (tmp_path / "rig.yaml").write_text("model: model.osim\n")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("streamer.commands.calibrate.find", interrupted)
    monkeypatch.setattr("streamer.commands.calibrate.let_signals_interrupt", lambda: None)
    with pytest.raises(KeyboardInterrupt):
        live(tmp_path / "rig.yaml", 60.0, tmp_path / "me.subject", cast(Any, None))
    assert capsys.readouterr().err == "stopped before the recording was over; nothing is written\n"


def test_wrong_usage_is_status_2(tmp_path: Path) -> None:
    out = ("--out", tmp_path / "me.subject")
    assert nem2e("calibrate", *out).returncode == 2
    assert nem2e("calibrate", *out, "--trial", "a", "--config", "b").returncode == 2
    assert nem2e("calibrate", *out, "--config", "b", "--checkpoint", "c").returncode == 2
    ignored = nem2e("calibrate", *out, "--trial", "a", "--seconds", "10")
    assert ignored.returncode == 2
    assert "trials are used whole" in ignored.stderr


def test_help_and_guide_tell_the_least_of_motion() -> None:
    shown = " ".join(nem2e("calibrate", "--help").stdout.replace("│", " ").split())
    guide = " ".join((REPOSITORY / "docs" / "calibration.md").read_text().split())
    assert f"repeatable; {LEAST_S:g} s or more in total" in shown
    assert f"short ones add up, {LEAST_S:g} s in all are the least" in guide


def rig(folder: Path, trial: Path, checkpoint: Checkpoint, source_id: str) -> Path:
    content = {
        "model": str(trial.parent / "model.osim"),
        "loads": str(trial / "external_loads.xml"),
        "checkpoint": str(checkpoint.path),
        "subject": "me.subject",  # not there yet: a calibration passes it over
        "markers": {"source_id": source_id, "timeout_s": 60},
        "forces": {"source_id": f"{source_id}-forces", "timeout_s": 60},
        "emg": {"source_id": f"{source_id}-emg", "timeout_s": 60, "kind": "envelope"},
        "endpoint": f"ipc://{folder}/out",
        "budget_ms": 500,
        "align_wait_ms": 100,
        "realtime_priority": None,
    }
    config = folder / "rig.yaml"
    config.write_text(json.dumps(content))  # JSON is YAML
    return config


@pytest.mark.timeout(600)
def test_live_streams_become_a_subject_file_that_a_session_uses(
    trial: Path, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    source_id = uuid.uuid4().hex
    config = rig(tmp_path, trial, checkpoint, source_id)
    command = ["replay", str(trial), "--loop", "--emg", "--source-id", source_id]
    sender = subprocess.Popen([sys.executable, "-m", "streamer.cli", *command], env=ENVIRONMENT)
    try:
        out = tmp_path / "me.subject"
        done = nem2e("calibrate", "--config", config, "--seconds", "12", "--out", out)
        assert done.returncode == 0, done.stderr
        session = nem2e("run", "--config", config, "--duration", "2")
    finally:
        sender.send_signal(signal.SIGINT)
        sender.wait(60)
    facts = load_subject(out).facts
    assert facts.sources == ("replay-emg",)
    assert facts.lag_s == pytest.approx(LAG_S, abs=0.011)  # clocks agree to 1 ms, steps are 10 ms
    assert facts.seconds > 8.0
    for fit in facts.channels:
        assert fit.r_after > 0.8
        assert fit.rmse_after < fit.rmse_before
    assert session.returncode == 0, session.stderr
    assert "estimates published" in session.stdout


def test_a_silent_laboratory_is_one_clear_line(
    trial: Path, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    config = rig(tmp_path, trial, checkpoint, uuid.uuid4().hex)
    config.write_text(config.read_text().replace('"timeout_s": 60', '"timeout_s": 0.5'))
    common = ("--config", config, "--out", tmp_path / "me.subject")
    assert "no LSL stream of type EMG" in refused(nem2e("calibrate", *common))
    assert "--seconds is 3" in refused(nem2e("calibrate", *common, "--seconds", "3"))


@pytest.mark.parametrize("name", ["uhlrich/subject1/walk", "ceinms/subject06/walk36"])
def test_the_shipped_network_is_calibrated_on_a_minute_of_walking(
    name: str, tmp_path: Path
) -> None:
    directory = trial_dir(name)
    out = tmp_path / "me.subject"
    done = nem2e("calibrate", "--trial", directory, "--out", out)
    assert done.returncode == 0, done.stderr
    fits = load_subject(out).facts.channels
    before, after = np.mean([(fit.r_before, fit.r_after) for fit in fits], axis=0)
    assert len(fits) >= 6
    assert after > max(0.85, before)  # 0.87 and 0.94 with a network trained for half a minute


def test_a_recording_is_stepped_through_as_live() -> None:
    """A pose that is held is no motion: the network is told, and nothing of it is fitted.

    Nor is it given moments that a session would withhold.
    """
    usable = np.array([True, True, False, True])
    forces = np.array([True, False, True, True])
    rows = np.zeros((4, 1))
    record: Any = SimpleNamespace(
        t=0.01 * np.arange(4), usable=usable, forces_told=forces,
        activation=rows, q=rows, qd=rows, tau=rows,
    )  # fmt: skip
    told: list[bool] = []
    believed: list[bool] = []

    class Network:
        rate_hz, state_width = 100.0, 1

        def warm_up(self) -> None: ...

        def step(self, t: float, *_: object, forces_valid: bool, seen: bool) -> None:
            believed.append(forces_valid)
            told.append(seen)
            self.on_step(t, SimpleNamespace(alone=0.0, state=0.0, distance=0.0))

        on_step: Any = None

    states = replay(record, cast(Any, Network())).states()
    assert (told, believed) == (usable.tolist(), forces.tolist())
    assert states.usable.tolist() == usable.tolist()
