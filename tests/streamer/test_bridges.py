"""What a configuration says to the bridge."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from configs.demo.build import SUBJECT
from sim_bridge import CompiledModel, ExternalForce, compile_model
from sim_bridge.pose.marker_match import match_markers
from streamer.commands.bridges import live_bridge, open_bridge
from streamer.config.session import RunConfig
from streamer.config.streams import ForceStream, MarkerStream

MODEL: Any = SimpleNamespace(mass=50.8, marker_names=("A", "B", "C"))


@pytest.fixture(autouse=True)
def _of_stand_ins(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """They have no coordinates that could be locked."""
    if "compiled" not in request.fixturenames:
        monkeypatch.setattr("streamer.commands.bridges.locked_base", lambda _: ())


def ik_of(labels: tuple[str, ...], model: Any, unseen: tuple[str, ...]) -> SimpleNamespace:
    """What a bridge tells of the markers that come in."""
    return SimpleNamespace(unseen=unseen, match=match_markers(labels, model.marker_names))


@pytest.mark.parametrize(
    ("mass_kg", "said"),
    [(None, False), (50.8, False), (55.0, False), (57.0, True), (85.27, True), (35.0, True)],
)
def test_a_mass_far_from_the_models_is_said(
    mass_kg: float | None,
    said: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bridge = SimpleNamespace(carried=True, ik=ik_of(MODEL.marker_names, MODEL, ()))
    monkeypatch.setattr("streamer.commands.bridges.Bridge", lambda *_: bridge)
    config = RunConfig(model=Path("me.osim"), mass_kg=mass_kg)
    assert open_bridge(config, MODEL, MODEL.marker_names, 100.0, (), None) is bridge
    message = capsys.readouterr().err
    assert bool(message) == said
    if said:
        assert f"`mass_kg` is {mass_kg:g}, but the model weighs 50.8 kg" in message


def opened(labels: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
    """Open the bridge of a stream with these labels and a model with markers A to I."""
    model: Any = SimpleNamespace(mass=50.8, marker_names=tuple("ABCDEFGHI"))
    bridge = SimpleNamespace(carried=True, ik=ik_of(labels, model, ("knee_r", "ankle_r")))
    monkeypatch.setattr("streamer.commands.bridges.Bridge", lambda *_: bridge)
    open_bridge(RunConfig(model=Path("me.osim"), **settings), model, labels, 100.0, (), None)


def test_markers_without_a_partner_are_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = MarkerStream(names={"D": "dee", "Q": "head"})
    opened(("A", "B", "C", "wand 1", "head"), monkeypatch, markers=names)
    lines = capsys.readouterr().err.splitlines()
    assert "2 of 5 incoming markers are not in the model: wand 1, head" in lines
    assert "6 of 9 markers of the model are not received: D, E, F, G, H and 1 more" in lines
    assert "`names` under `markers`: no incoming marker is called 'dee', to be 'D'" in lines
    assert any(
        line.startswith("`names` under `markers`: the model has no marker 'Q'") for line in lines
    )
    assert any(line.startswith("no marker shows knee_r, ankle_r: ") for line in lines)


def test_where_all_markers_match_nothing_is_said_of_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened(tuple("ABCDEFGHI"), monkeypatch)
    assert "incoming markers" not in capsys.readouterr().err


def test_forces_that_are_described_and_not_read_are_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("streamer.commands.bridges.open_bridge", lambda *_: None)
    markers: Any = SimpleNamespace(names=(), rate_hz=100.0)
    for forces, said in ((ForceStream(up="z"), True), (ForceStream(), False)):
        live_bridge(RunConfig(model=Path("me.osim"), forces=forces), MODEL, markers, None)
        assert ("`forces` are described but not read" in capsys.readouterr().err) == said


@pytest.fixture
def compiled() -> CompiledModel:
    return compile_model(SUBJECT / "model.osim")


def test_a_model_without_feet_is_told_what_is_not_checked(
    compiled: CompiledModel, capsys: pytest.CaptureFixture[str]
) -> None:
    config = RunConfig(model=SUBJECT / "model.osim")
    loads = (ExternalForce("right", "calcn_r"),)
    open_bridge(config, compiled, compiled.marker_names, 100.0, loads, None)
    assert "which foot stands on which plate is not checked" in capsys.readouterr().err
    open_bridge(config, compiled, compiled.marker_names, 100.0, (), None)
    assert "is not checked" not in capsys.readouterr().err


def test_what_a_model_locks_of_the_pelvis_is_told(
    compiled: CompiledModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = RunConfig(model=SUBJECT / "model.osim")
    open_bridge(config, compiled, compiled.marker_names, 100.0, (), None)
    assert "locks" not in capsys.readouterr().err
    text = (SUBJECT / "model.osim").read_text(encoding="utf-8")
    for name in ("pelvis_ty", "knee_angle_r"):
        begin = text.index(f'<Coordinate name="{name}">') + len(f'<Coordinate name="{name}">')
        text = f"{text[:begin]}<locked>true</locked>{text[begin:]}"
    (tmp_path / "locked.osim").write_text(text, encoding="utf-8")
    locked = compile_model(tmp_path / "locked.osim")
    assert locked.coordinates.locked_names == ("pelvis_ty", "knee_angle_r")
    open_bridge(config, locked, locked.marker_names, 100.0, (), None)
    assert "the model locks pelvis_ty: markers lie off it" in capsys.readouterr().err
