"""What a configuration says to the bridge."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from streamer.commands.bridges import open_bridge
from streamer.config import RunConfig

MODEL: Any = SimpleNamespace(mass=50.8)


@pytest.mark.parametrize(
    ("mass_kg", "said"), [(None, False), (50.8, False), (65.0, False), (85.27, True), (35.0, True)]
)
def test_a_mass_far_from_the_models_is_said(
    mass_kg: float | None,
    said: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bridge = SimpleNamespace(carried=True)
    monkeypatch.setattr("streamer.commands.bridges.Bridge", lambda *_: bridge)
    config = RunConfig(model=Path("me.osim"), mass_kg=mass_kg)
    assert open_bridge(config, MODEL, (), 100.0, (), None) is bridge
    message = capsys.readouterr().err
    assert bool(message) == said
    if said:
        assert f"`mass_kg` is {mass_kg:g}, but the model weighs 50.8 kg" in message
