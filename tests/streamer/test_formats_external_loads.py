"""ExternalLoads XML: identifiers become columns; what we cannot apply is refused by name."""

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from sim_bridge import ON_FEET
from streamer.exceptions import FormatError
from streamer.formats import (
    Storage,
    external_forces,
    plates_by_name,
    read_external_loads,
    read_storage,
)
from tests.data_sets import trial_dir

FORCE = """<ExternalForce name="right">
  <applied_to_body>calcn_r</applied_to_body>
  <force_expressed_in_body>ground</force_expressed_in_body>
  <point_expressed_in_body>ground</point_expressed_in_body>
  <force_identifier>ground_force_v</force_identifier>
  <point_identifier>ground_force_p</point_identifier>
  <torque_identifier>ground_torque_</torque_identifier>
</ExternalForce>"""


def document(*forces: str, tail: str = "<datafile>grf.mot</datafile>") -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8" ?><OpenSimDocument Version="40000">'
        f'<ExternalLoads name="loads"><objects>{"".join(forces)}</objects>{tail}'
        "</ExternalLoads></OpenSimDocument>"
    )


def write(folder: Path, text: str) -> Path:
    path = folder / "external_loads.xml"
    path.write_text(text)
    return path


def test_identifiers_become_the_columns_opensim_applies(opensim: ModuleType) -> None:
    directory = trial_dir("rajagopal/walker/walk")
    loads = read_external_loads(directory / "external_loads.xml")
    storage = read_storage(directory / "grf.mot")
    selected = loads.select(storage)
    assert loads.data_file == directory / "grf.mot"
    assert selected.shape == (storage.time.size, 2, 9)

    oracle = opensim.ExternalLoads(str(directory / "external_loads.xml"), True)
    table = opensim.TimeSeriesTable(str(directory / "grf.mot"))
    for k, force in enumerate(loads.forces):
        theirs = opensim.ExternalForce.safeDownCast(oracle.get(k))
        assert force.name == theirs.getName()
        assert force.body == theirs.get_applied_to_body()
        identifiers = (
            theirs.get_force_identifier(),
            theirs.get_point_identifier(),
            theirs.get_torque_identifier(),
        )
        labels = [identifier + axis for identifier in identifiers for axis in "xyz"]
        columns = [table.getDependentColumn(label).to_numpy() for label in labels]
        np.testing.assert_array_equal(selected[:, k], np.column_stack(columns))


def test_force_without_torque_gets_zeros(tmp_path: Path) -> None:
    text = FORCE.replace("ground_torque_", "Unassigned")
    loads = read_external_loads(write(tmp_path, document(text)))
    names = tuple(f"ground_force_{part}{axis}" for part in "vp" for axis in "xyz")
    data = np.arange(12.0).reshape(2, 6)
    selected = loads.select(Storage(np.array([0.0, 1.0]), names, data))
    np.testing.assert_array_equal(selected[:, 0, :6], data)
    np.testing.assert_array_equal(selected[:, 0, 6:], 0.0)


@pytest.mark.parametrize("point", ["", "ground_force_p"])
def test_pure_torque_has_no_point(tmp_path: Path, point: str) -> None:
    text = FORCE.replace("ground_force_v", "").replace("ground_force_p", point)
    (force,) = read_external_loads(write(tmp_path, document(text))).forces
    assert force.force_columns == force.point_columns == ()
    assert force.torque_columns == ("ground_torque_x", "ground_torque_y", "ground_torque_z")


@pytest.mark.parametrize(
    "switch", ["<appliesForce>false</appliesForce>", "<isDisabled>true</isDisabled>"]
)
def test_force_that_is_switched_off_is_left_out(tmp_path: Path, switch: str) -> None:
    left = FORCE.replace('"right"', '"left"').replace("<applied", switch + "<applied")
    loads = read_external_loads(write(tmp_path, document(FORCE, left)))
    assert [force.name for force in loads.forces] == ["right"]


def test_body_may_be_given_as_a_path(tmp_path: Path) -> None:
    text = FORCE.replace(">calcn_r<", ">/bodyset/calcn_r<").replace(">ground<", ">/ground<")
    (force,) = read_external_loads(write(tmp_path, document(text))).forces
    assert force.body == "calcn_r"


@pytest.mark.parametrize("tail", ["", "<datafile></datafile>", "<datafile>Unassigned</datafile>"])
def test_data_file_may_be_absent(tmp_path: Path, tail: str) -> None:
    assert read_external_loads(write(tmp_path, document(FORCE, tail=tail))).data_file is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            document(FORCE.replace("ground</force_exp", "calcn_r</force_exp")),
            "force_expressed_in_body of force 'right' is 'calcn_r'; transform",
        ),
        (
            document(FORCE.replace("ground</point_exp", "pelvis</point_exp")),
            "point_expressed_in_body of force 'right' is 'pelvis'",
        ),
        (document(FORCE.replace("calcn_r", "")), "has no applied_to_body"),
        (document(FORCE.replace("ground_force_p", "")), "has no point_identifier"),
        (
            document(FORCE.replace("ground_force_v", "").replace("ground_torque_", "")),
            "neither force_identifier nor torque_identifier",
        ),
        (document(), "no external force"),
        (document('<PrescribedForce name="push"/>'), "PrescribedForce 'push' is not supported"),
        ("<OpenSimDocument/>", "no ExternalLoads"),
        ("<OpenSimDocument>", "not valid XML"),
        ("", "not valid XML"),
        ('<?xml version="1.0" encoding="gbk"?><a/>', "not valid XML (multi-byte encodings"),
        ('<?xml version="1.0" encoding="ours"?><a/>', "not valid XML (unknown encoding: ours)"),
    ],
)
def test_loads_that_cannot_be_applied_are_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(FormatError) as refusal:
        read_external_loads(write(tmp_path, text))
    assert says in str(refusal.value)
    assert "external_loads.xml" in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("on_feet", [False, True])
def test_forces_act_on_the_body_that_they_name_or_on_whoever_stands_there(on_feet: bool) -> None:
    columns = plates_by_name([f"ground_force_1_{kind}{axis}" for kind in "vp" for axis in "xyz"])
    named = replace(columns[0], body="calcn_r")
    torque = replace(named, force_columns=(), point_columns=())
    found = external_forces([*columns, named, torque], on_feet=on_feet)
    own = ON_FEET if on_feet else "calcn_r"
    assert [load.body for load in found] == [ON_FEET, own, "calcn_r"]  # a device stays where it is
    assert [load.pure_torque for load in found] == [False, False, True]


def test_missing_column_is_named_with_the_nearest(tmp_path: Path) -> None:
    loads = read_external_loads(write(tmp_path, document(FORCE)))
    storage = Storage(np.zeros(1), ("ground_force_vx", "ground_force_vY"), np.zeros((1, 2)))
    with pytest.raises(FormatError, match=r"'right' wants column 'ground_force_vy'.*nearest"):
        loads.select(storage)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no such file"):
        read_external_loads(tmp_path / "absent.xml")


def test_plates_are_known_by_the_names_of_their_columns() -> None:
    nine = [f"ground_force_1_{kind}{axis}" for kind in "vp" for axis in "xyz"]
    nine += [f"ground_torque_1_{axis}" for axis in "xyz"]
    six = [f"2_ground_force_{kind}{axis}" for kind in "vp" for axis in "xyz"]
    half = [f"ground_force_3_v{axis}" for axis in "xyz"]
    one, two = plates_by_name(["time", *six, *nine, *half, "emg"])[::-1]
    assert (one.name, two.name) == ("ground_force_1", "2_ground_force")
    assert [*one.force_columns, *one.point_columns, *one.torque_columns] == nine
    assert [*two.force_columns, *two.point_columns] == six
    assert two.torque_columns == ()
