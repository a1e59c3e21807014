"""What recordings are in memory: marker positions, and tables of named columns over time."""

from dataclasses import dataclass

import numpy as np

from streamer.arrays import F64

EXACT_S = 1e-5
"""Times that are nearer to an even series [s] are left as they are."""
STAMPED_S = 2e-3
"""Frames that are further from one [s], or by a quarter of a frame, were not taken evenly."""


@dataclass(frozen=True, eq=False)
class MarkerTable:
    """Marker trajectories of one recording.

    Attributes
    ----------
    time : ndarray of shape (n,), float64 [s]
        Strictly increasing, clock of the recording. Read-only.
    names : tuple of str
        Labels, in column order, each once.
    positions : ndarray of shape (n, m, 3), float64 [m]
        Laboratory frame of the file, Y up for OpenSim; NaN where a marker was not seen.
        Read-only.
    rate_hz : float
        Frames per second, nominal.
    """

    time: F64
    names: tuple[str, ...]
    positions: F64
    rate_hz: float

    def __post_init__(self) -> None:
        wanted = (self.time.size, len(self.names), 3)
        if self.positions.shape != wanted:
            raise ValueError(f"{self.positions.shape=}, wanted {wanted}")
        self.time.setflags(write=False)
        self.positions.setflags(write=False)

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return self.time.size

    def between(self, start: float | None, end: float | None) -> "MarkerTable":
        """Frames from one time [s] to another, both included; None is the end of the table."""
        low = -np.inf if start is None else start - 1e-9
        high = np.inf if end is None else end + 1e-9
        inside = (self.time >= low) & (self.time <= high)
        return MarkerTable(self.time[inside], self.names, self.positions[inside], self.rate_hz)


@dataclass(frozen=True, eq=False)
class Storage:
    """Named columns over time, as in OpenSim's ``.sto`` and ``.mot`` files.

    Attributes
    ----------
    time : ndarray of shape (n,), float64 [s]
        Strictly increasing, clock of the recording. Read-only.
    names : tuple of str
        Column labels without ``time``, each once.
    data : ndarray of shape (n, c), float64
        Values in the units of the file. Read-only.
    in_degrees : bool
        Whether rotational columns are in degrees. Which ones are, only the model knows, so
        nothing is converted here.
    name : str
        First line of the file.
    """

    time: F64
    names: tuple[str, ...]
    data: F64
    in_degrees: bool = False
    name: str = "storage"

    def __post_init__(self) -> None:
        wanted = (self.time.size, len(self.names))
        if self.data.shape != wanted:
            raise ValueError(f"{self.data.shape=}, wanted {wanted}")
        self.time.setflags(write=False)
        self.data.setflags(write=False)

    @property
    def rate_hz(self) -> float:
        """Rows per second, from the median step of the time column (0 for fewer than 2 rows)."""
        return nominal_rate(self.time)


@dataclass(frozen=True, eq=False)
class Recording:
    """All that one recorded file holds.

    Attributes
    ----------
    markers : MarkerTable
        Markers, ground frame, Y up.
    forces : Storage or None
        Per plate ``k`` the columns ``ground_force_k_vx..vz`` [N], ``ground_force_k_px..pz``
        [m] and ``ground_torque_k_x..z`` [N m], ground frame, on the person. ``k`` counts the
        plates from 1: which foot stood on which plate is not in the file.
    analogs : Storage or None
        The other analog channels (EMG) in the units of the file.
    corners : ndarray of shape (n_plate, 4, 3), float64 [m], ground, or None
        Corners of the plates of ``forces``, each in turn; None where the file has none.
    """

    markers: MarkerTable
    forces: Storage | None = None
    analogs: Storage | None = None
    corners: F64 | None = None


def nominal_rate(time: F64) -> float:
    """Rate of a time column, robust against rounded times and dropped rows.

    Parameters
    ----------
    time : ndarray of shape (n,), float64 [s]
        Increasing times of any clock.

    Returns
    -------
    float
        [Hz]: the mean step among those within half of the median step, inverted; 0 where
        there are fewer than two rows.
    """
    if time.size < 2:
        return 0.0
    steps = np.diff(time)
    median = float(np.median(steps))
    regular = steps[np.abs(steps - median) <= 0.5 * median]
    return float(1.0 / regular.mean())


def even_frames(time: F64) -> F64:
    """Times of frames as cameras took them, freed of rounding and jitter in their file.

    Cameras keep time to microseconds. Times that are rounded to 1 ms put the frames of a camera of
    120 Hz up to 0.5 ms off, which makes motion noisy by speed times that, and moments by 30 %.

    Parameters
    ----------
    time : ndarray of shape (n,), float64 [s]
        Increasing times of any clock; frames may be missing.

    Returns
    -------
    ndarray of shape (n,), float64 [s]
        Even but for the missing frames; as given if they are so already, or are not at all.
    """
    rate = nominal_rate(time)
    frame = np.rint(np.diff(time, prepend=time[:1]) * rate).cumsum()
    centred = frame - frame.mean()
    slope = float(centred @ time) / max(float(centred @ centred), 1.0)
    even: F64 = time.mean() + slope * centred
    off_s = float(np.abs(time - even).max())
    within = off_s <= STAMPED_S and off_s * rate <= 0.25
    return even if within and off_s > EXACT_S else time
