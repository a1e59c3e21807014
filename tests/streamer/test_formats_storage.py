"""Storage files: read like OpenSim reads them, written so that OpenSim reads them."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from streamer.exceptions import FormatError
from streamer.formats import Storage, read_storage, write_storage
from tests.data_sets import trial_dir

BODY = "time\ta\tb\n0\t1\t2\n0.5\t3\t4\n"
TAIL = "endheader\n" + BODY
HEAD = "walk\nversion=1\nnRows=2\nnColumns=3\ninDegrees=no\n"


def write(folder: Path, text: str, name: str = "s.sto") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize(
    "file",
    ["grf.mot", "reference/ik.mot", "reference/id.sto", "reference/so_activation.sto"],
)
def test_reads_what_opensim_reads(opensim: ModuleType, file: str) -> None:
    path = trial_dir("rajagopal/walker/walk") / file
    oracle = opensim.TimeSeriesTable(str(path))
    storage = read_storage(path)
    assert storage.names == tuple(oracle.getColumnLabels())
    # the same decimal text parsed twice must give the same float64
    np.testing.assert_array_equal(storage.time, np.array(oracle.getIndependentColumn()))
    np.testing.assert_array_equal(storage.data, oracle.getMatrix().to_numpy())
    assert storage.in_degrees == (oracle.getTableMetaDataString("inDegrees") == "yes")


def test_the_rate_is_that_of_rows_that_follow_one_another() -> None:
    time = np.round(np.arange(400) / 120.0, 3)
    holed = np.delete(time, np.r_[50:52, 200:290])
    storage = Storage(holed, ("a",), np.zeros((len(holed), 1)))
    assert storage.rate_hz == pytest.approx(120.0, rel=1e-3)  # times have three decimals
    assert Storage(time[:1], ("a",), np.zeros((1, 1))).rate_hz == 0.0


@pytest.mark.parametrize("in_degrees", [False, True])
def test_opensim_reads_what_we_write(opensim: ModuleType, tmp_path: Path, in_degrees: bool) -> None:
    rng = np.random.default_rng(1)
    time = np.cumsum(rng.uniform(0.001, 0.02, 300))
    data = rng.normal(size=(300, 7)) * 10.0 ** rng.integers(-12, 12, (300, 7))
    names = tuple(f"/jointset/hip_r/q{i}/value" for i in range(7))
    path = tmp_path / "deep" / "q.sto"
    write_storage(path, Storage(time, names, data, in_degrees=in_degrees, name="coordinates"))

    table = opensim.TimeSeriesTable(str(path))
    assert tuple(table.getColumnLabels()) == names
    np.testing.assert_array_equal(np.array(table.getIndependentColumn()), time)
    np.testing.assert_array_equal(table.getMatrix().to_numpy(), data)

    storage = opensim.Storage(str(path))
    assert storage.isInDegrees() == in_degrees
    assert storage.getSize() == 300
    assert storage.getName() == "coordinates"
    assert storage.getColumnLabels().getSize() == 8


def test_missing_values_survive_opensim(opensim: ModuleType, tmp_path: Path) -> None:
    data = np.array([[1.0, np.nan], [np.nan, 2.0]])
    write_storage(tmp_path / "n.sto", Storage(np.array([0.0, 1.0]), ("a", "b"), data))
    table = opensim.TimeSeriesTable(str(tmp_path / "n.sto"))
    np.testing.assert_array_equal(table.getMatrix().to_numpy(), data)
    np.testing.assert_array_equal(read_storage(tmp_path / "n.sto").data, data)


def test_what_is_written_is_read_back_bit_for_bit(tmp_path: Path) -> None:
    extremes = [0.1, 1 / 3, 5e-324, 1.7976931348623157e308, -0.0, np.pi]
    data = np.array([extremes, extremes[::-1]])
    names = tuple("abcdef")
    write_storage(tmp_path / "x.sto", Storage(np.array([0.1, 0.2]), names, data, True, "n"))
    back = read_storage(tmp_path / "x.sto")
    assert back.data.tobytes() == data.tobytes()
    assert (back.names, back.in_degrees, back.name) == (names, True, "n")


@pytest.mark.parametrize(
    ("variant", "text"),
    [
        ("as OpenSim writes", HEAD + TAIL),
        ("CRLF", (HEAD + TAIL).replace("\n", "\r\n")),
        ("blanks", HEAD + TAIL.replace("\t", " ")),
        ("many blanks", HEAD + TAIL.replace("\t", "     ")),
        ("trailing tabs", HEAD + TAIL.replace("\n", "\t\n")),
        ("blank line after endheader", HEAD + TAIL.replace("endheader\n", "endheader\n\n")),
        ("capital letters", HEAD + TAIL.replace("time", "Time").replace("end", "End")),
        ("version 3", "inDegrees=no\nDataType=double\nversion=3\nOpenSimVersion=4.6\n" + TAIL),
        ("no inDegrees", "walk\nversion=1\nnRows=2\nnColumns=3\n" + TAIL),
        ("wrong counts", "walk\nnRows=99\nnColumns=99\ninDegrees = no\n" + TAIL),
        ("a comment in the header", HEAD + "Units are S.I. units (second, meters, ...)\n\n" + TAIL),
        ("header alone", TAIL),
        ("exponents", HEAD + "endheader\ntime\ta\tb\n0\t1e0\t+2.0\n5.0E-01\t3\t4.\n"),
    ],
)
def test_variants_of_the_format_read_alike(tmp_path: Path, variant: str, text: str) -> None:
    storage = read_storage(write(tmp_path, text))
    assert storage.names == ("a", "b"), variant
    assert storage.in_degrees is False, variant
    np.testing.assert_array_equal(storage.time, [0.0, 0.5])
    np.testing.assert_array_equal(storage.data, [[1.0, 2.0], [3.0, 4.0]])


@pytest.mark.parametrize(
    "head",
    [
        "walk\nnRows=2\nnColumns=3\ninDegrees=yes\n",
        "walk\nnRows=2\nnColumns=3\ninDegrees = Yes\n",
        "walk\nnRows=2\nnColumns=3\ninDegrees=y\n",
        "walk\nnRows=2\nnColumns=3\ninDegrees=true\n",
        "walk\nnRows=2\nnColumns=3\ninDegrees=1\n",
        "name walk\ndatacolumns 3\ndatarows 2\nrange 0 0.5\n",
        "walk\nnRows=2\nnColumns=3\nrange 0 0.5\n",
    ],
)
def test_degrees_are_declared_as_opensim_understands_it(
    opensim: ModuleType, tmp_path: Path, head: str
) -> None:
    path = write(tmp_path, head + TAIL, "walk.mot")
    storage = read_storage(path)
    assert storage.in_degrees == opensim.Storage(str(path)).isInDegrees()
    assert storage.name == "walk"


def test_labels_with_blanks_are_split_at_tabs(tmp_path: Path) -> None:
    storage = read_storage(write(tmp_path, HEAD + TAIL.replace("\ta\t", "\tleft knee\t")))
    assert storage.names == ("left knee", "b")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BODY, "no line 'endheader'"),
        (HEAD + "endheader\n", "no column labels"),
        (HEAD + "endheader\ntime\ta\tb\n", "no rows"),
        (HEAD + "endheader\ntime\n0\n1\n", "no columns beside time"),
        (HEAD + "endheader\nt\ta\tb\n0\t1\t2\n", "the first column is 't'"),
        (HEAD + TAIL.replace("\tb", "\ta"), "two columns are named 'a'"),
        (HEAD + TAIL.replace("0.5", "0"), "line 9: time 0 s appears twice"),
        (HEAD + TAIL.replace("\t4\n", "\n"), "line 9: 2 fields where the header promises 3"),
        (HEAD + TAIL.replace("\t4\n", "\tx4\n"), "line 9: column 3: 'x4' is not a number"),
        (HEAD + TAIL.replace("\t4\n", "\t4,5\n"), "decimal point"),
        ("q\nDataType=Vec3\n" + TAIL, "DataType is Vec3"),
    ],
)
def test_unusable_file_is_refused_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(FormatError) as refusal:
        read_storage(path)
    assert says in str(refusal.value)
    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_label_that_would_break_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="tabs"):
        write_storage(tmp_path / "x.sto", Storage(np.zeros(1), ("a\tb",), np.zeros((1, 1))))
    assert list(tmp_path.iterdir()) == []


def test_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FormatError, match="cannot be written"):
        write_storage(tmp_path / "file" / "x.sto", Storage(np.zeros(1), ("a",), np.zeros((1, 1))))


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match="wanted"):
        Storage(np.zeros(2), ("a",), np.zeros((2, 2)))


def test_a_file_that_cannot_be_finished_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(FormatError, match="No space left on device"):
        write_storage(tmp_path / "x.sto", Storage(np.zeros(1), ("a",), np.zeros((1, 1))))
    assert list(tmp_path.iterdir()) == []
