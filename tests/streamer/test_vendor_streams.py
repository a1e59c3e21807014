"""Streams described as public bridges describe them, word for word as their sources do it.

Read from qualisys_lsl_app e1ffbe2 (`qlsl/config.py`), vicon-lsl-sync 7a00d41 (`MarkerStream.cpp`,
`StreamSchema.cpp`, `ViconFrameMapper.cpp`) and App-AMTIForcePlate bfc0cf2 (`mainwindow.cpp`).
"""

import numpy as np
import pylsl
import pytest

from sim_bridge.pose.marker_match import match_markers
from streamer.channels import Channel, marker_layout, read_channels
from streamer.config.streams import ForceStream, PlateGeometry
from streamer.formats.transducers import open_transducers

NAN = float("nan")
SIX = ("Fx", "Fy", "Fz", "Mx", "My", "Mz")
GEOMETRY = PlateGeometry(corners=((0.3, 0, 0.2), (-0.3, 0, 0.2), (-0.3, 0, -0.2), (0.3, 0, -0.2)))


def as_received(kind: str, rate_hz: float, channels: list[dict[str, str]]) -> list[Channel]:
    """Channels as a session reads them from the description of such a stream."""
    info = pylsl.StreamInfo("bridge", kind, len(channels), rate_hz, pylsl.cf_float32, "id")
    parent = info.desc().append_child("channels")
    for channel in channels:
        child = parent.append_child("channel")
        for key, value in channel.items():
            child.append_child_value(key, value)
    return read_channels(info.as_xml())


def qualisys(names: list[str], bodies: list[str]) -> list[Channel]:
    channels = [
        {"label": f"{n}_{a}", "marker": n, "type": f"Position{a}", "unit": "meters"}
        for n in names
        for a in "XYZ"
    ]
    for body in bodies:
        channels += [
            {"label": f"{body}_{a}", "object": body, "type": f"Position{a}", "unit": "meters"}
            for a in "XYZ"
        ]
        channels += [
            {"label": f"{body}_{a}", "object": body, "type": f"Orientation{a}", "unit": "degrees"}
            for a in "RPH"
        ]
    return as_received("Mocap", 0.0, channels)


def vicon(people: list[str], names: list[str]) -> list[Channel]:
    axes = (("X", "mm"), ("Y", "mm"), ("Z", "mm"), ("Valid", "bool"))
    return as_received(
        "MoCap",
        100.0,
        [
            {"label": f"{person}:{name}:{axis}", "unit": unit}
            for person in people
            for name in names
            for axis, unit in axes
        ],
    )


def amti(n_plates: int) -> list[Channel]:
    kinds = {"F": "Force", "M": "Momentum"}
    channels = [
        {"label": f"{c}{k + 1}", "type": kinds[c[0]] + c[1].upper()}
        for k in range(n_plates)
        for c in SIX
    ]
    return as_received("Force", 200.0, [*channels, {"label": "Trig", "type": "Trigger"}])


def test_qualisys_sends_metres_and_rigid_bodies_beside_the_markers() -> None:
    layout = marker_layout(qualisys(["R.ASIS", "LKNE"], ["Box"]), up="z")
    assert layout.names == ("R.ASIS", "LKNE", "Box")
    sample = np.array([1.0, 2.0, 3.0, NAN, NAN, NAN, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0])
    places = (sample[layout.columns] * layout.scale).reshape(-1, 3)
    np.testing.assert_array_equal(places, [[1, 3, -2], [NAN, NAN, NAN], [7, 9, -8]])


def test_vicon_sends_millimetres_a_subject_and_whether_a_marker_is_seen() -> None:
    names = ["R.ASIS", "LKNE", "LANK"]
    layout = marker_layout(vicon(["Jane"], names), up="z")
    assert match_markers(layout.names, names).names == tuple(names)
    sample = np.array([1000.0, 2000.0, 3000.0, 1.0, NAN, NAN, NAN, 0.0, 0.0, 0.0, 9.0, 1.0])
    places = (sample[layout.columns] * layout.scale).reshape(-1, 3)
    np.testing.assert_allclose(places, [[1, 3, -2], [NAN, NAN, NAN], [0, 0.009, 0]])


@pytest.mark.parametrize("n_plates", [1, 2])
def test_amti_sends_what_plates_measure_in_the_order_of_the_plates(n_plates: int) -> None:
    labels = [[f"{c}{k + 1}" for c in SIX] for k in range(n_plates)]
    settings = ForceStream(transducers=[GEOMETRY] * n_plates, channels=labels)
    plates = open_transducers(settings, amti(n_plates))
    assert plates is not None
    sample = np.r_[np.tile([0.0, 0.0, 700.0, 70.0, 0.0, 0.0], n_plates), 1.0]
    rows = plates.wrenches(sample[None]).reshape(n_plates, 9)
    # 700 N on the plate, 0.1 m along its own y from the centre
    np.testing.assert_allclose(rows[:, 1], 700.0)
    np.testing.assert_allclose(np.linalg.norm(rows[:, 3:6], axis=1), 0.1)
