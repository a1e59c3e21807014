"""One recorded file of any format that has markers in it."""

from pathlib import Path

from streamer.config import RunConfig
from streamer.exceptions import FormatError
from streamer.formats.c3d import read_c3d
from streamer.formats.tables import Recording
from streamer.formats.trc import read_trc
from streamer.formats.xdf import read_xdf

MARKER_SUFFIXES = (".trc", ".c3d", ".xdf", ".xdfz")


def read_recording(path: Path | str, config: RunConfig | None = None) -> Recording:
    """Read a file by what its suffix says it is.

    Parameters
    ----------
    path : Path or str
        A ``.trc``, ``.c3d`` or ``.xdf`` file.
    config : RunConfig, optional
        Of the session, for what a file does not say: which streams of an XDF file, their units,
        axes and lags; the axis that points up in a C3D file. TRC files are taken as they are.

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
        return read_c3d(path, config.markers.up if config is not None else None)
    if suffix in (".xdf", ".xdfz"):
        if config is None:
            return read_xdf(path)
        return read_xdf(path, markers=config.markers, forces=config.forces, emg=config.emg)
    problem = f"files of type {suffix or 'none'} hold no markers"
    raise FormatError(path, problem, f"give one of {', '.join(MARKER_SUFFIXES)}")
