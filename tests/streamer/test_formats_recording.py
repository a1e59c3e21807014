"""The suffix chooses the reader."""

from pathlib import Path

import numpy as np
import pytest

from streamer.config.session import RunConfig
from streamer.config.streams import MarkerStream
from streamer.exceptions import FormatError
from streamer.formats import read_c3d, read_recording, read_trc, read_xdf
from tests.streamer.c3d_writing import C3dContent, write_c3d
from tests.streamer.xdf_writing import XdfStream, write_xdf

TRC = (
    "PathFileType\t4\t(X/Y/Z)\tm.trc\nDataRate\tNumMarkers\tUnits\n100\t1\tm\n"
    "Frame#\tTime\tSACR\n\t\tX1\tY1\tZ1\n1\t0.0\t1\t2\t3\n2\t0.01\t1\t2\t3\n"
)


def test_each_suffix_has_its_reader(tmp_path: Path) -> None:
    trc = tmp_path / "m.TRC"
    trc.write_text(TRC)
    c3d = write_c3d(tmp_path / "m.c3d", C3dContent(["SACR"], np.ones((5, 1, 3)), screen=""))
    labels = [{"label": f"SACR_{axis}", "unit": "m"} for axis in "XYZ"]
    stream = XdfStream("w", "MoCap", np.arange(5) / 100, np.ones((5, 3)), 100.0, labels)
    xdf = write_xdf(tmp_path / "m.xdf", [stream])
    z_up = MarkerStream(up="z")
    config = RunConfig(model=Path("me.osim"), markers=z_up)
    for read, expected in (
        (read_recording(trc), read_trc(trc)),
        (read_recording(c3d, config), read_c3d(c3d, "z").markers),
        (read_recording(xdf, config), read_xdf(xdf, markers=z_up).markers),
        (read_recording(xdf), read_xdf(xdf).markers),
    ):
        assert read.markers.names == ("SACR",)
        np.testing.assert_array_equal(read.markers.positions, expected.positions)


def test_every_format_gets_the_models_names(tmp_path: Path) -> None:
    trc = tmp_path / "m.trc"
    trc.write_text(TRC)
    c3d = write_c3d(tmp_path / "m.c3d", C3dContent(["SACR"], np.ones((5, 1, 3))))
    labels = [{"label": f"Jane:SACR_{axis}", "unit": "m"} for axis in "XYZ"]
    stream = XdfStream("w", "MoCap", np.arange(5) / 100, np.ones((5, 3)), 100.0, labels)
    xdf = write_xdf(tmp_path / "m.xdf", [stream])
    markers = MarkerStream(names={"V.Sacral": "SACR"})
    config = RunConfig(model=Path("me.osim"), markers=markers)
    for path in (trc, c3d, xdf):
        assert read_recording(path, config).markers.names == ("V.Sacral",)


def test_a_trc_file_is_turned_where_its_session_has_z_up(tmp_path: Path) -> None:
    trc = tmp_path / "m.trc"
    trc.write_text(TRC)
    y_up, z_up = MarkerStream(), MarkerStream(up="z")
    for stream, expected in ((y_up, [1.0, 2.0, 3.0]), (z_up, [1.0, 3.0, -2.0])):
        config = RunConfig(model=Path("me.osim"), markers=stream)
        positions = read_recording(trc, config).markers.positions
        np.testing.assert_array_equal(positions, np.broadcast_to(expected, (2, 1, 3)))


def test_a_c3d_file_that_does_not_say_what_is_up_asks_for_a_configuration(tmp_path: Path) -> None:
    content = C3dContent(["SACR"], np.ones((5, 1, 3)), screen="")
    with pytest.raises(FormatError, match="set `up` under `markers` in the --config"):
        read_recording(write_c3d(tmp_path / "m.c3d", content))


def test_other_suffix_is_refused_with_those_that_work(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"type \.mot hold no markers; give one of \.trc"):
        read_recording(tmp_path / "grf.mot")
