from xml.sax.saxutils import escape

import numpy as np
import pytest

from streamer.channels import (
    Channel,
    force_layout,
    marker_layout,
    read_channels,
    remaining_lag_s,
)
from streamer.exceptions import StreamLayoutError

AXES = "XYZ"
NINE = [f"f_v{a}" for a in "xyz"] + [f"f_p{a}" for a in "xyz"] + [f"m_{a}" for a in "xyz"]


def xdf(names: list[str], unit: str = "millimeters") -> list[Channel]:
    return [Channel(f"{n}_{a}", n, f"Position{a}", unit) for n in names for a in AXES]


def placed(channels: list[Channel], sample: list[float], **options: str) -> dict[str, list[float]]:
    layout = marker_layout(channels, **options)
    flat = np.asarray(sample)[layout.columns] * layout.scale
    return dict(zip(layout.names, flat.reshape(-1, 3).tolist(), strict=True))


def test_xdf_metadata_in_millimetres_become_metres() -> None:
    found = placed(xdf(["R.ASIS", "L.ASIS"]), [1000, 2000, 3000, 4, 5, 6])
    assert found["R.ASIS"] == pytest.approx([1, 2, 3])
    assert found["L.ASIS"] == pytest.approx([0.004, 0.005, 0.006])


@pytest.mark.parametrize(
    "labels",
    [
        ["KNEE_X", "KNEE_Y", "KNEE_Z"],
        ["KNEE.X", "KNEE.Y", "KNEE.Z"],
        ["KNEE:X", "KNEE:Y", "KNEE:Z"],
        ["KNEE x", "KNEE y", "KNEE z"],
        ["KNEE_PosX", "KNEE_PosY", "KNEE_PosZ"],
    ],
)
def test_plain_labels_are_understood(labels: list[str]) -> None:
    found = placed([Channel(label) for label in labels], [1, 2, 3], unit="m")
    assert found == {"KNEE": [1, 2, 3]}


def test_axes_are_taken_from_the_metadata_in_any_order() -> None:
    channels = [Channel("", "K", f"Position{a}", "m") for a in "ZXY"]
    assert placed(channels, [3, 1, 2]) == {"K": [1, 2, 3]}


def test_a_type_may_be_the_axis_alone() -> None:
    channels = [Channel("", "K", a, "m") for a in "zXY"]
    assert placed(channels, [3, 1, 2]) == {"K": [1, 2, 3]}


def test_a_unit_of_the_stream_goes_before_one_that_is_said() -> None:
    assert placed(xdf(["K"]), [1000, 2000, 3000], unit="m")["K"] == pytest.approx([1, 2, 3])


@pytest.mark.parametrize("unit", ["m", "meters", "Metre", "metres"])
def test_metres_in_any_spelling(unit: str) -> None:
    assert placed(xdf(["K"], unit), [1, 2, 3])["K"] == [1, 2, 3]


def test_what_is_no_position_is_passed_over() -> None:
    channels = [
        *xdf(["K"]),
        Channel("K_Residual", "K", "Residual", "millimeters"),
        Channel("Rig_X", "Rig", "OrientationX", "degrees"),
        Channel("HALF_X", "HALF", "PositionX", "millimeters"),
    ]
    assert marker_layout(channels).names == ("K",)


def test_z_up_is_turned_about_x() -> None:
    # a point 1 m up and 2 m to the left (y) of a z-up laboratory: right is +z in ground, so -2
    assert placed(xdf(["K"], "m"), [0.5, 2, 1], up="z")["K"] == [0.5, 1, -2]


def test_a_missing_unit_is_asked_for_not_guessed() -> None:
    with pytest.raises(StreamLayoutError, match="unit: mm"):
        marker_layout(xdf(["K"], ""))
    with pytest.raises(StreamLayoutError, match="'furlong'"):
        marker_layout(xdf(["K"], "furlong"))


def test_a_stream_without_markers_says_what_it_has() -> None:
    with pytest.raises(StreamLayoutError, match=r"2 channels describe no marker \(Fz, Mz\)"):
        marker_layout([Channel("Fz"), Channel("Mz")])
    with pytest.raises(
        StreamLayoutError, match=r"'s channels describe no marker \(no labels at all"
    ):
        marker_layout([])


def test_two_people_with_the_same_marker_names_are_refused() -> None:
    with pytest.raises(StreamLayoutError, match=r"two markers named 'A'; rename .* send one alone"):
        marker_layout([*xdf(["A", "B"]), *xdf(["A", "B"])])


def test_channels_are_read_from_the_streams_xml() -> None:
    label = "R.ASIS <1>"
    xml = (
        "<info><desc><channels><channel>"
        f"<label>{escape(label)}</label><marker>R</marker><type>PositionX</type><unit>mm</unit>"
        "</channel><channel/></channels></desc></info>"
    )
    assert read_channels(xml) == [Channel(label, "R", "PositionX", "mm"), Channel()]
    assert read_channels("<info><desc/></info>") == []


def test_a_description_that_is_no_xml_is_refused() -> None:
    """As pylsl writes a label with a control character."""
    xml = "<info><desc><channels><channel><label>A&#1;</label></channel></channels></desc></info>"
    for read in (read_channels, lambda text: remaining_lag_s(text, 8.0)):
        with pytest.raises(StreamLayoutError, match="leave control characters out of its labels"):
            read(xml)


@pytest.mark.parametrize(
    ("desc", "remaining_s"),
    [
        ("", 0.010),
        ("<acquisition><compensated_lag>0.008</compensated_lag></acquisition>", 0.002),
        ("<synchronization><compensated_lag>0.002</compensated_lag></synchronization>", 0.008),
        ("<acquisition><compensated_lag>unknown</compensated_lag></acquisition>", 0.010),
        ("<acquisition><compensated_lag>0.020</compensated_lag></acquisition>", 0.0),
    ],
)
def test_a_lag_that_the_sender_compensates_counts_once(desc: str, remaining_s: float) -> None:
    left = remaining_lag_s(f"<info><desc>{desc}</desc></info>", 10.0)
    assert left == pytest.approx(remaining_s, abs=1e-15)  # one rounding of 0.01


def test_forces_are_found_by_label_in_any_order() -> None:
    labels = list(reversed(NINE))
    layout = force_layout([Channel(label) for label in labels], [NINE])
    sample = np.arange(9.0)
    assert (sample[layout.columns] * layout.scale).tolist() == list(range(8, -1, -1))


def test_force_units_become_si() -> None:
    units = ["kN"] * 3 + ["mm"] * 3 + ["N mm"] * 3
    layout = force_layout([Channel(n, "", "", u) for n, u in zip(NINE, units, strict=True)], [NINE])
    assert layout.scale.tolist() == [1e3] * 3 + [1e-3] * 6


def test_a_unit_that_is_said_is_that_of_points_alone() -> None:
    layout = force_layout([Channel(n) for n in NINE], [NINE], length_unit="mm")
    assert layout.scale.tolist() == [1.0] * 3 + [1e-3] * 3 + [1.0] * 3


def test_a_force_without_torque_gets_zero() -> None:
    wanted = [*NINE[:6], "", "", ""]
    layout = force_layout([Channel(n) for n in NINE], [wanted])
    assert layout.scale[6:].tolist() == [0, 0, 0]
    assert layout.absent.tolist() == [6, 7, 8]


def test_a_z_up_plate_is_turned_like_the_markers() -> None:
    layout = force_layout([Channel(n) for n in NINE], [NINE], up="z")
    sample = np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 9])
    assert (sample[layout.columns] * layout.scale).tolist() == [1, 3, -2, 4, 6, -5, 7, 9, -8]


def test_a_missing_force_channel_names_the_nearest() -> None:
    with pytest.raises(StreamLayoutError, match=r"no channel 'm_z' \(nearest: m_y"):
        force_layout([Channel(n) for n in NINE[:8]], [NINE])


def test_a_force_channel_that_stands_twice_is_refused_if_it_is_wanted() -> None:
    twice = [Channel(n) for n in (*NINE, "sync", "sync", *NINE[3:4])]
    with pytest.raises(StreamLayoutError, match=r"two channels named 'f_px'; rename or remove one"):
        force_layout(twice, [NINE])
    assert force_layout(twice[:-1], [NINE]).columns.tolist() == list(range(9))
