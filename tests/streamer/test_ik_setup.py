"""An IK setup means to the bridge what it means to OpenSim's InverseKinematicsTool."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim_bridge import BridgeSettings, CoordinateTask, compile_model
from sim_bridge.pose.inverse_kinematics import InverseKinematics
from streamer.commands.bridges import with_ik_setup
from streamer.exceptions import FormatError
from streamer.formats import read_storage, read_trc
from streamer.formats.ik_setup import read_ik_setup
from tests.data_sets import trial_dir

SETUP = """<?xml version="1.0"?>
<OpenSimDocument Version="40000"><InverseKinematicsTool name="ik"><IKTaskSet><objects>
{tasks}
</objects></IKTaskSet></InverseKinematicsTool></OpenSimDocument>
"""
FRAMES = 12


def marker_task(name: str, weight: float, apply: str = "true") -> str:
    inner = f"<apply>{apply}</apply><weight>{weight}</weight>"
    return f'<IKMarkerTask name="{name}">{inner}</IKMarkerTask>'


def coordinate_task(name: str, weight: float, kind: str, value: float) -> str:
    return (
        f'<IKCoordinateTask name="{name}"><apply>true</apply><weight>{weight}</weight>'
        f"<value_type>{kind}</value_type><value>{value}</value></IKCoordinateTask>"
    )


@pytest.fixture
def setup_file(tmp_path: Path) -> Path:
    """Uneven weights, two markers left out, one angle held near a value and one at its default."""
    names = read_trc(trial_dir("gait1992/subject01/walk") / "markers.trc").names
    tasks = [marker_task(n, 1.0 + 3.0 * (i % 3)) for i, n in enumerate(names) if i not in (4, 9)]
    tasks.append(marker_task(names[4], 7.0, apply="false"))
    tasks.append(coordinate_task("lumbar_extension", 0.05, "manual_value", -0.2))
    tasks.append(coordinate_task("hip_rotation_r", 0.02, "default_value", 3.0))
    path = tmp_path / "setup.xml"
    path.write_text(SETUP.format(tasks="\n".join(tasks)))
    return path


def test_a_task_without_a_weight_weighs_one_and_one_that_does_not_apply_is_left_out(
    tmp_path: Path,
) -> None:
    off = coordinate_task("knee_angle_r", 5.0, "manual_value", 1.0).replace(">true<", ">false<")
    on = coordinate_task("hip_flexion_r", 2.0, "manual_value", 0.1)
    path = tmp_path / "setup.xml"
    path.write_text(SETUP.format(tasks='<IKMarkerTask name="SACR"/>' + off + on))
    setup = read_ik_setup(path)
    assert setup.marker_weights == {"SACR": 1.0}
    assert setup.coordinate_tasks == (CoordinateTask("hip_flexion_r", 2.0, 0.1),)


def test_weights_and_coordinate_tasks_act_as_in_opensim(
    setup_file: Path, tmp_path: Path, opensim: Any
) -> None:
    trial = trial_dir("gait1992/subject01/walk")
    table = read_trc(trial / "markers.trc")
    tool = opensim.InverseKinematicsTool(str(setup_file))
    model = opensim.Model(str(trial.parent / "model.osim"))
    model.initSystem()
    tool.setModel(model)
    tool.setMarkerDataFileName(str(trial / "markers.trc"))
    tool.setStartTime(table.time[0])
    tool.setEndTime(table.time[FRAMES - 1])
    tool.set_accuracy(1e-9)
    tool.set_report_errors(False)
    tool.setOutputMotionFileName(str(tmp_path / "ik.mot"))
    tool.run()
    theirs = read_storage(tmp_path / "ik.mot")

    compiled = compile_model(trial.parent / "model.osim")
    settings = with_ik_setup(BridgeSettings(100.0), read_ik_setup(setup_file), compiled)
    ik = InverseKinematics(
        compiled, table.names, settings.marker_weights, tasks=settings.coordinate_tasks
    )
    rotation = compiled.coordinate_is_rotation
    reference = theirs.data[:, [theirs.names.index(n) for n in compiled.coordinate_names]]
    reference[:, rotation] = np.radians(reference[:, rotation])
    for frame in range(FRAMES):
        ik.step(table.positions[frame])
        # 1e-4 rad: what OpenSim at accuracy 1e-9 leaves of its own optimum
        np.testing.assert_allclose(ik.q, reference[frame], atol=1e-4)


def test_a_task_without_markers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "setup.xml"
    path.write_text(SETUP.format(tasks=coordinate_task("knee_angle_r", 1.0, "default_value", 0.0)))
    with pytest.raises(FormatError, match="no marker task"):
        read_ik_setup(path)


def test_a_value_from_a_file_is_refused_by_name(tmp_path: Path) -> None:
    tasks = marker_task("R.ASIS", 1.0) + coordinate_task("knee_angle_r", 1.0, "from_file", 0.0)
    path = tmp_path / "setup.xml"
    path.write_text(SETUP.format(tasks=tasks))
    with pytest.raises(FormatError, match="knee_angle_r"):
        read_ik_setup(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no such file"):
        read_ik_setup(tmp_path / "absent.xml")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"cannot be read \(Is a directory\)"):
        read_ik_setup(tmp_path)


def test_what_is_no_xml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "setup.xml"
    path.write_bytes(b"\x89PNG\r\n")
    with pytest.raises(FormatError, match="not valid XML"):
        read_ik_setup(path)


def test_a_setup_that_scales_is_refused(tmp_path: Path) -> None:
    """Its tasks hold joints where a person who stands has them."""
    path = tmp_path / "scale.xml"
    scale = SETUP.replace("InverseKinematicsTool", "ScaleTool")
    path.write_text(scale.format(tasks=marker_task("R.ASIS", 1000.0)))
    with pytest.raises(FormatError, match=r"scale\.xml.*ScaleTool.*IK setup of the motion"):
        read_ik_setup(path)
