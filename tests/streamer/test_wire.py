"""What a session says before its first frame."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from msgspec import structs

from configs.demo.build import SUBJECT
from sim_bridge import Bridge, BridgeStatus, ExternalForce, compile_model
from streamer.commands.bridges import live_bridge, open_bridge
from streamer.config.session import RunConfig
from streamer.formats import plates_by_name
from tests.data_sets import trial_dir


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


def test_plates_on_whichever_foot_have_the_corners_that_their_stream_tells() -> None:
    model = compile_model(trial_dir("rajagopal/walker/walk").parent / "model.osim")
    labels = [f"ground_force_1_{kind}{axis}" for kind in "vp" for axis in "xyz"]
    (found,), corners = plates_by_name(labels), np.zeros((1, 4, 3))
    plate = replace(found, body="calcn_r")
    markers: Any = SimpleNamespace(names=model.marker_names, rate_hz=100.0)
    forces: Any = SimpleNamespace(loads=(plate,), corners=corners)
    config = RunConfig(model=Path("me.osim"), plates="auto")
    own = live_bridge(config, model, markers, forces)
    assert [load.body for load in own.loads] == ["calcn_r", "calcn_l"]
    assert own.settings.corners is corners
    given = [[[x, 0.0, z] for x, z in ((0, 0), (0, 1), (1, 1), (1, 0))]]
    known = live_bridge(structs.replace(config, corners=given), model, markers, forces)
    np.testing.assert_array_equal(known.settings.corners, given)
    named = live_bridge(structs.replace(config, plates="named"), model, markers, forces)
    assert named.loads[0].body == "calcn_r"


def test_a_torque_alone_carries_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    model = compile_model(SUBJECT / "model.osim")
    exo = ExternalForce("exo", "tibia_r", pure_torque=True)
    bridge = open_bridge(
        RunConfig(model=SUBJECT / "model.osim"), model, model.marker_names, 100.0, (exo,), None
    )
    n = len(model.coordinate_names)
    out = bridge.solve(*np.zeros((3, n)), np.zeros((1, 9)))
    assert out.status & BridgeStatus.FORCE_STALE
    assert out.force_ignored
    assert "no ground reaction" in capsys.readouterr().err


def test_a_session_takes_the_weights_of_an_ik_setup(tmp_path: Path) -> None:
    names = compile_model(SUBJECT / "model.osim").marker_names
    task = '<IKMarkerTask name="{}"><apply>true</apply><weight>2</weight></IKMarkerTask>'
    tasks = "".join(task.format(name) for name in names[:5])
    setup = tmp_path / "ik.xml"
    setup.write_text(f"<OpenSimDocument><IKTaskSet>{tasks}</IKTaskSet></OpenSimDocument>")
    assert demo_bridge().ik.n_markers == len(names)
    assert demo_bridge(ik_setup=setup).ik.n_markers == 5


def test_reserves_are_as_strong_as_the_session_says() -> None:
    moments = []
    for force in (1.0, 10.0):
        bridge = demo_bridge(reserve=force, residual=50.0)
        assert (bridge.settings.reserve, bridge.settings.residual) == (force, 50.0)
        still = np.zeros(len(bridge.model.coordinate_names))
        out = bridge.solve(still, still, still + 10.0, np.zeros((0, 9)))
        knee = bridge.model.coordinate_names.index("knee_angle_r")
        moments.append(abs(force * out.reserve[knee]))
    assert moments[1] > 10.0 * moments[0]  # of the same moment a stronger reserve takes more
