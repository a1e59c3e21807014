"""TRC files as they come: against OpenSim's own reader, and every variant against the plain one."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from streamer.exceptions import FormatError
from streamer.formats import read_trc
from tests.data_sets import trial_dir

HEAD = (
    "PathFileType\t4\t(X/Y/Z)\tm.trc\n"
    "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames\n"
    "100\t100\t3\t2\tmm\t100\t1\t3\n"
    "Frame#\tTime\tR.ASIS\t\t\tL ASIS\t\t\n"
    "\t\tX1\tY1\tZ1\tX2\tY2\tZ2\n"
)
ROWS = (
    "1\t0.00\t1.5\t1000\t-3\t4\t5\t6\n"
    "2\t0.01\t1.6\t1001\t-3\t4\t5\t7\n"
    "3\t0.02\t1.7\t1002\t-3\t4\t5\t8\n"
)
METRES = np.array(
    [
        [[0.0015, 1.000, -0.003], [0.004, 0.005, 0.006]],
        [[0.0016, 1.001, -0.003], [0.004, 0.005, 0.007]],
        [[0.0017, 1.002, -0.003], [0.004, 0.005, 0.008]],
    ]
)


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "m.trc"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    "trial", ["rajagopal/walker/walk", "gait1992/subject01/walk", "balance_exo/subject02/walk125"]
)
def test_reads_what_opensim_reads(opensim: ModuleType, trial: str) -> None:
    path = trial_dir(trial) / "markers.trc"
    oracle = opensim.TimeSeriesTableVec3(str(path))
    table = read_trc(path)
    assert table.names == tuple(oracle.getColumnLabels())
    # both parse the same decimal text; a difference would be a wrong row, column or unit
    np.testing.assert_array_equal(table.time, np.array(oracle.getIndependentColumn()))
    flat = oracle.flatten()  # kept alive: its matrix is a view into it
    metres = flat.getMatrix().to_numpy().reshape(table.positions.shape) * 1e-3
    np.testing.assert_array_equal(table.positions, metres)
    assert table.rate_hz == float(oracle.getTableMetaDataString("DataRate"))


def test_millimetres_become_metres(tmp_path: Path) -> None:
    table = read_trc(write(tmp_path, HEAD + ROWS))
    assert table.names == ("R.ASIS", "L ASIS")
    assert table.rate_hz == 100.0
    # one rounding of x * 1e-3
    np.testing.assert_allclose(table.positions, METRES, rtol=1e-15)
    np.testing.assert_array_equal(table.time, [0.0, 0.01, 0.02])


@pytest.mark.parametrize(
    ("variant", "text"),
    [
        ("Times for Time", (HEAD + ROWS).replace("\tTime\t", "\tTimes\t")),
        ("lower case", (HEAD + ROWS).replace("Frame#\tTime", "frame\ttime")),
        ("blank line after the header", HEAD + "\n" + ROWS),
        ("line of tabs after the header", HEAD + "\t\t\t\t\t\t\t\n" + ROWS),
        ("CRLF", (HEAD + "\n" + ROWS).replace("\n", "\r\n")),
        ("CR alone", (HEAD + "\n" + ROWS).replace("\n", "\r")),
        ("trailing tabs", (HEAD + ROWS).replace("\n", "\t\t\n")),
        ("blanks around fields", HEAD + ROWS.replace("\t", " \t ")),
        ("byte-order mark", "\ufeff" + HEAD + ROWS),
        ("no axis labels", HEAD.rsplit("\n", 2)[0] + "\n" + ROWS),
        ("no newline at the end", HEAD + ROWS.rstrip("\n")),
        ("blank lines at the end", HEAD + ROWS + "\n\n"),
        ("rows separated by blanks", HEAD + ROWS.replace("\t", "  ")),
        ("capital unit", (HEAD + ROWS).replace("\tmm\t", "\tMM\t")),
        ("double tabs in the header", (HEAD + ROWS).replace("\tmm\t", "\t\t mm\t\t")),
        ("a count left empty", (HEAD + ROWS).replace("100\t3\t2\tmm", "100\t\t2\tmm")),
    ],
)
def test_variants_of_the_format_read_alike(tmp_path: Path, variant: str, text: str) -> None:
    table = read_trc(write(tmp_path, text))
    assert table.names == ("R.ASIS", "L ASIS"), variant
    np.testing.assert_allclose(table.positions, METRES, rtol=1e-15, err_msg=variant)


@pytest.mark.parametrize(
    ("unit", "metres"),
    [("m", 1.0), ("cm", 0.01), ("meters", 1.0), ("Millimeters", 1e-3), ("mm.", 1e-3)],
)
def test_units_line_is_honoured(tmp_path: Path, unit: str, metres: float) -> None:
    table = read_trc(write(tmp_path, (HEAD + ROWS).replace("\tmm\t", f"\t{unit}\t")))
    np.testing.assert_allclose(table.positions, METRES * 1000 * metres, rtol=1e-14)


@pytest.mark.parametrize(
    "row",
    [
        "2\t0.01\t1.6\t1001\t-3\t\t\t",
        "2\t0.01\t1.6\t1001\t-3",
        "2\t0.01\t1.6\t1001\t-3\tNaN\tnan\tNaN",
        "2\t0.01\t1.6\t1001\t-3\t4\t \t7",
        "2\t0.01\t1.6\t1001\t-3\t0\t0.000\t-0.0",
        "2\t0.01\t1.6\t1001\t-3\t1.#QNAN\t-1.#IND00\t-nan(ind)",
        "2\t0.01\t1.6\t1001\t-3\t-nan(ind)\tnan(snan)\t6",
    ],
)
def test_unseen_marker_is_nan_in_all_three_coordinates(tmp_path: Path, row: str) -> None:
    rows = ROWS.splitlines()
    table = read_trc(write(tmp_path, HEAD + "\n".join([rows[0], row, rows[2]])))
    assert np.isnan(table.positions[1, 1]).all()
    seen = np.isfinite(table.positions)
    assert seen.sum() == 15
    np.testing.assert_allclose(table.positions[seen], METRES[seen], rtol=1e-15)


def test_marker_never_seen_keeps_its_column(tmp_path: Path) -> None:
    rows = "1\t0\t\t\t\t4\t5\t6\n2\t0.01\t\t\t\t4\t5\t7\n3\t0.02\t\t\t\t4\t5\t8\n"
    table = read_trc(write(tmp_path, HEAD + rows))
    assert np.isnan(table.positions[:, 0]).all()
    np.testing.assert_allclose(table.positions[:, 1], METRES[:, 1], rtol=1e-15)


def test_rate_comes_from_the_times_where_the_header_is_wrong(tmp_path: Path) -> None:
    table = read_trc(write(tmp_path, (HEAD + ROWS).replace("100\t100\t3", "250\t250\t3")))
    # three times of two decimals: exact but for float rounding
    assert table.rate_hz == pytest.approx(100.0, rel=1e-12)


def test_times_rounded_to_milliseconds_keep_the_declared_rate(tmp_path: Path) -> None:
    rows = "".join(f"{i + 1}\t{round(i / 120, 3)}\t1\t2\t3\t4\t5\t6\n" for i in range(100))
    table = read_trc(write(tmp_path, HEAD.replace("100\t100\t3", "120\t120\t3") + rows))
    assert table.rate_hz == 120.0
    # a line through a hundred roundings of up to 0.5 ms
    np.testing.assert_allclose(table.time, np.arange(100) / 120.0, rtol=0, atol=5e-5)


@pytest.mark.parametrize(("declared", "rate_hz"), [("101", 101.0), ("103", 100.0), ("-", 100.0)])
def test_a_declared_rate_that_is_near_the_times_is_believed(
    tmp_path: Path, declared: str, rate_hz: float
) -> None:
    table = read_trc(write(tmp_path, (HEAD + ROWS).replace("100\t100\t3", f"{declared}\t100\t3")))
    assert table.rate_hz == pytest.approx(rate_hz, rel=1e-12)


def test_a_single_frame_has_the_rate_of_the_header(tmp_path: Path) -> None:
    assert read_trc(write(tmp_path, HEAD + ROWS.splitlines()[0])).rate_hz == 100.0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ((HEAD + ROWS).replace("R.ASIS\t\t\tL ASIS\t\t", ""), "no markers"),
        ((HEAD + ROWS).replace("L ASIS", "R.ASIS"), "two markers are named 'R.ASIS'"),
        ((HEAD + ROWS).replace("\tmm\t", "\tfurlong\t"), "Units is 'furlong'"),
        ((HEAD + ROWS).replace("\tmm\t", "\t\t"), "Units is ''"),
        (HEAD, "no frames"),
        (HEAD + ROWS.replace("0.02", "0.01"), "line 8: time 0.01 s appears twice"),
        (HEAD + ROWS.replace("0.02", "0.005"), "line 8: time goes back from 0.01 s to 0.005 s"),
        (HEAD + ROWS.replace("0.01", ""), "line 7: the time is missing"),
        (HEAD + ROWS.replace("1001", "10x1"), "line 7: column 4: '10x1' is not a number"),
        (HEAD + ROWS.replace("1.6", "1,6"), "decimal point"),
        (HEAD + ROWS.replace("\t7\n", "\t7\t9\n"), "line 7: 9 fields where the header promises 8"),
        ((HEAD + ROWS).replace("\tTime\t", "\tTimestamp\t"), "the second column is 'Timestamp'"),
        ("hello\n", "no line 'Frame#"),
        ("", "is empty; export it again"),
        (" \r\n", "is empty"),
        ((HEAD + ROWS).encode("utf-16"), "is text in UTF-16 ('Unicode' in Windows); save it as"),
        ("\ufeff".encode("utf-16-be") + HEAD.encode("utf-16-be"), "is text in UTF-16"),
        (b"\x02P\0\0" * 100, "is a binary file"),
    ],
)
def test_unusable_file_is_refused_in_one_line(tmp_path: Path, text: str | bytes, says: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(FormatError) as refusal:
        read_trc(path)
    message = str(refusal.value)
    assert says in message
    assert str(path) in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ("3\t2", []),
        ("\t", []),
        (
            "238\t2",
            ["NumFrames is 238 in the header, but there are 3; if some are missing, export again"],
        ),
        ("3\t41", ["NumMarkers is 41 in the header, but there are 2; if some"]),
        ("2\t1", ["NumFrames is 2 in", "NumMarkers is 1 in"]),
    ],
)
def test_a_header_that_counts_otherwise_is_told_and_believed_in_nothing(
    tmp_path: Path, counts: str, said: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path, (HEAD + ROWS).replace("\t3\t2\tmm", f"\t{counts}\tmm"))
    assert read_trc(path).positions.shape == (3, 2, 3)
    assert len(caplog.messages) == len(said)
    for line, part in zip(caplog.messages, said, strict=True):
        assert line.startswith(f"{path}: {part}")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no such file"):
        read_trc(tmp_path / "absent.trc")


def test_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="is a directory"):
        read_trc(tmp_path)


def test_arrays_are_read_only(tmp_path: Path) -> None:
    table = read_trc(write(tmp_path, HEAD + ROWS))
    with pytest.raises(ValueError, match="read-only"):
        table.positions[0] = 0.0
