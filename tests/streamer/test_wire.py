"""What a session says before its first frame."""

from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import run_realtime
from configs.demo.build import SUBJECT
from sim_bridge import Bridge, BridgeStatus, compile_model
from streamer.commands.bridges import open_bridge
from streamer.config import RunConfig


class Warm(Exception):
    """Everything is set up."""


def warm(*_: object) -> None:
    raise Warm


def set_up(labels: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """Wire a session of a stream with these labels and a model with markers A to I."""
    stage = SimpleNamespace(
        warm_up=lambda: None, filter_delay_s=0.0, check_filter_delay=lambda _: None
    )
    model = SimpleNamespace(markers=SimpleNamespace(names=tuple("ABCDEFGHI")))
    markers = SimpleNamespace(names=labels, close=lambda: None)
    monkeypatch.setattr("streamer.lsl_inlet.find", lambda _: None)
    monkeypatch.setattr("streamer.lsl_inlet.MarkerInlet", lambda *_, **__: markers)
    monkeypatch.setattr("sim_bridge.compile_model", lambda *_, **__: model)
    monkeypatch.setattr("streamer.commands.bridges.live_bridge", lambda *_: stage)
    monkeypatch.setattr(run_realtime, "open_refiner", lambda *_: stage)
    config = RunConfig(model=Path("me.osim"), endpoint=endpoint)
    with ExitStack() as resources, pytest.raises(Warm):
        run_realtime.wire(config, resources, warm)


def test_markers_without_a_partner_are_said_at_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    set_up(("A", "B", "C", "wand 1", "head"), monkeypatch, f"ipc://{tmp_path}/out")
    lines = capsys.readouterr().err.splitlines()
    assert "2 of 5 incoming markers are not in the model: wand 1, head" in lines
    assert "6 of 9 markers of the model do not come in: D, E, F, G, H and 1 more" in lines


def test_where_all_markers_match_nothing_is_said_of_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    set_up(tuple("ABCDEFGHI"), monkeypatch, f"ipc://{tmp_path}/out")
    assert "markers" not in capsys.readouterr().err


def demo_bridge(**settings: Any) -> Bridge:
    """The bridge of a session of the demo's subject, who has no toes, without plates."""
    config = RunConfig(model=SUBJECT / "model.osim", **settings)
    model = compile_model(config.model)
    return open_bridge(config, model, model.marker_names, 100.0, (), None)


def test_where_nothing_carries_the_body_it_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    bridge = demo_bridge()
    assert bridge.loads == ()
    assert "no ground reaction" in capsys.readouterr().err
    n = len(bridge.model.coordinate_names)
    out = bridge.solve(*np.zeros((3, n)), np.zeros((0, 9)))
    assert out.status & BridgeStatus.FORCE_STALE


def test_a_session_takes_the_weights_of_an_ik_setup(tmp_path: Path) -> None:
    names = compile_model(SUBJECT / "model.osim").marker_names
    task = '<IKMarkerTask name="{}"><apply>true</apply><weight>2</weight></IKMarkerTask>'
    tasks = "".join(task.format(name) for name in names[:5])
    setup = tmp_path / "ik.xml"
    setup.write_text(f"<OpenSimDocument><IKTaskSet>{tasks}</IKTaskSet></OpenSimDocument>")
    assert demo_bridge().ik.n_markers == len(names)
    assert demo_bridge(ik_setup=setup).ik.n_markers == 5
