"""One recorded file of any format that has markers in it."""

from pathlib import Path

from streamer.exceptions import FormatError
from streamer.formats.c3d import read_c3d
from streamer.formats.tables import Recording
from streamer.formats.trc import read_trc
from streamer.formats.xdf import read_xdf

MARKER_SUFFIXES = (".trc", ".c3d", ".xdf", ".xdfz")


def read_recording(path: Path | str, *, up: str | None = None, unit: str = "") -> Recording:
    """Read a file by what its suffix says it is.

    Parameters
    ----------
    path : Path or str
        A ``.trc``, ``.c3d`` or ``.xdf`` file.
    up : {"y", "z"}, optional
        Axis of the laboratory that points up: of C3D files that do not say it, and of XDF
        files, where None means y. TRC files are taken as they are.
    unit : str
        Unit of an XDF file's markers where it names none.

    Returns
    -------
    Recording
        Markers and, where the file has them, forces and other analog channels.

    Raises
    ------
    FormatError
        If the suffix is another, or the reader of the format refuses the file.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".trc":
        return Recording(read_trc(path))
    if suffix == ".c3d":
        return read_c3d(path, up)
    if suffix in (".xdf", ".xdfz"):
        return read_xdf(path, unit=unit, up="z" if up == "z" else "y")
    problem = f"files of type {suffix or 'none'} hold no markers"
    raise FormatError(path, problem, f"give one of {', '.join(MARKER_SUFFIXES)}")
