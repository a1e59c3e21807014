"""The whole of it: replay, loop and client, each in a process of its own, over real LSL and ZeroMQ.

The budget is generous and no latency is asserted: a test machine may be busy.
"""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from inference.backends import BACKENDS
from inference.checkpoint import DEFAULT_CHECKPOINT
from streamer.commands.run import demo_config
from streamer.config.session import load_config
from streamer.messaging.messages import Dyn, Emg, Health, Kin, Message, Meta, values
from streamer.messaging.subscriber import Subscriber
from streamer.status import Status

REPOSITORY = Path(__file__).resolve().parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(REPOSITORY), "NO_COLOR": "1"}
START_S = 180.0  # the demo's model may have to be compiled first

pytestmark = [
    pytest.mark.skipif(not DEFAULT_CHECKPOINT.exists(), reason="no default checkpoint"),
    pytest.mark.timeout(600),
]


@dataclass
class Laboratory:
    """A replay of the demo subject, and a configuration that listens to it alone."""

    config: Path
    endpoint: str


@pytest.fixture
def laboratory(tmp_path: Path) -> Iterator[Laboratory]:
    demo = load_config(demo_config())
    source_id, endpoint = uuid.uuid4().hex, f"ipc://{tmp_path}/out"
    content = {
        "model": str(demo.model),
        "loads": str(demo.loads),
        "markers": {"source_id": source_id, "timeout_s": 60},
        "forces": {"source_id": f"{source_id}-forces", "timeout_s": 60},
        "endpoint": endpoint,
        "budget_ms": 500,
        "align_wait_ms": 100,
        "realtime_priority": None,
    }
    config = tmp_path / "rig.yaml"
    config.write_text(json.dumps(content))  # JSON is YAML
    replay = [sys.executable, "-m", "streamer.cli", "replay", str(demo.trial), "--loop"]
    process = subprocess.Popen([*replay, "--source-id", source_id], env=ENVIRONMENT)
    yield Laboratory(config, endpoint)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0


def start_run(laboratory: Laboratory, *arguments: str | Path) -> "subprocess.Popen[str]":
    command = [sys.executable, REPOSITORY / "run_realtime.py", "--config", laboratory.config]
    return subprocess.Popen(
        [*map(str, command), *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT,
    )  # fmt: skip


def listen(process: "subprocess.Popen[str]", subscriber: Subscriber) -> dict[str, list[Message]]:
    """Collect messages until the process is over."""
    heard: dict[str, list[Message]] = {}
    while process.poll() is None:
        while (received := subscriber.receive(0.1)) is not None:
            heard.setdefault(received[0], []).append(received[1])
    return heard


def test_live_markers_become_published_estimates(laboratory: Laboratory, tmp_path: Path) -> None:
    path = tmp_path / "folder" / "report.json"
    with Subscriber(laboratory.endpoint) as subscriber:
        process = start_run(laboratory, "--duration", "4", "--report", path)
        heard = listen(process, subscriber)
        out, err = process.communicate()
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert err.count("differs from torch by at most") == 1  # which backend, and its proof
    report = json.loads(path.read_text())
    assert report["published"] > 100
    assert report["published"] + report["skipped"] == report["frames_in"]
    assert f"{report['published']} estimates published" in " ".join(out.split())
    stages = {"align", "ik", "filter", "grf", "id", "paths", "so", "refine", "publish", "total"}
    assert set(report["stage_us"]) == stages
    assert_messages_agree(heard)


def assert_messages_agree(heard: dict[str, list[Message]]) -> None:
    """What a client may rely on."""
    assert set(heard) == {"emg", "act", "kin", "dyn", "health", "meta"}
    meta, health = heard["meta"][-1], heard["health"][-1]
    assert isinstance(meta, Meta)
    assert isinstance(health, Health)
    assert {m.session for messages in heard.values() for m in messages} == {meta.session}
    assert len(meta.model_hash) >= 32
    assert meta.rate_hz == 100.0
    for topic in ("emg", "act", "kin", "dyn"):
        assert (np.diff([m.seq for m in heard[topic]]) > 0).all()
        steps = np.diff([m.t for m in heard[topic]]) * meta.rate_hz
        # capture times are those of the recording, through clocks that agree to 0.5 ms
        np.testing.assert_allclose(steps, np.round(steps), atol=0.05)
    held_ms = []  # 0, or more while the network catches up on frames that the machine missed
    for emg in heard["emg"]:
        assert isinstance(emg, Emg)
        levels = values(emg.emg)
        assert levels.shape == (len(meta.channel_names),)
        assert np.isfinite(levels).all()
        assert emg.sent >= emg.t
        held_ms.append(emg.age_ms - 1e3 * (emg.sent - emg.t) - meta.filter_delay_ms)
    assert min(held_ms) > -1e-3
    assert np.median(held_ms) == pytest.approx(0.0, abs=1e-3)
    settled = [m for m in heard["kin"] if not m.status & (Status.WARMING_UP | Status.GAP)]
    assert settled
    for kin in settled:
        assert isinstance(kin, Kin)
        assert values(kin.q).shape == (len(meta.coordinate_names),)
        assert kin.marker_rms < 0.02  # a computed subject: markers fit their model
    assert all(isinstance(m, Dyn) and m.grf_source == "plate" for m in heard["dyn"])


def test_interrupting_ends_with_a_report(laboratory: Laboratory, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    with Subscriber(laboratory.endpoint, ("emg",)) as subscriber:
        process = start_run(laboratory, "--report", path)
        assert subscriber.receive(START_S) is not None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert json.loads(path.read_text())["published"] > 0


def test_interrupting_while_streams_are_looked_for_ends_at_once(tmp_path: Path) -> None:
    bound = tmp_path / "out"
    rig = Laboratory(tmp_path / "rig.yaml", f"ipc://{bound}")
    content = {
        "model": str(load_config(demo_config()).model),
        "markers": {"source_id": uuid.uuid4().hex, "timeout_s": START_S},
        "endpoint": rig.endpoint,
    }
    rig.config.write_text(json.dumps(content))
    process = start_run(rig)
    while not bound.exists():  # the loop's process binds it, opens model and network, and looks
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "stopping"
    assert "Traceback" not in err


@pytest.mark.skipif(
    not BACKENDS["tensorrt"].lack(),
    reason="TensorRT is here: `backend: auto` tries it, with torch",
)
def test_the_loops_process_loads_neither_opensim_nor_torch(
    laboratory: Laboratory, tmp_path: Path
) -> None:
    code = (
        "import sys, pathlib, run_realtime\n"
        "from streamer.config.session import load_config\n"
        "config, report = map(pathlib.Path, sys.argv[1:])\n"
        "run_realtime.serve(load_config(config), 0.5, report)\n"
        "print([m for m in ('opensim', 'torch') if m in sys.modules])\n"
    )
    command = [sys.executable, "-c", code, str(laboratory.config), str(tmp_path / "r.json")]
    for _ in range(2):  # the first may have to compile
        done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=True)
    assert done.stdout.strip() == "[]"
