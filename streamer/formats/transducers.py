"""Force plates whose stream has what they measure, Fx to Mz, and not where the force acts.

Forces, points and torques in ground from the channels of plates, see
`streamer.formats.described_plates`.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from streamer.arrays import F32, F64, I64
from streamer.channels import Channel, force_column, force_scale
from streamer.config.streams import ForceStream
from streamer.formats.described_plates import described_plates
from streamer.formats.plates import Plate, at_centre_of_pressure, plate_columns
from streamer.units import METRES_PER_UNIT, spelled

TELLING_N: Final = 50.0
"""A plate cannot pull: its vertical force tells whether a stream has the force on the plate or that
on the person. Samples of less [N] may be noise, or a plate that was not zeroed."""
STOOD_N: Final = 300.0
"""Once a plate has had so much [N] somebody has stood on it..."""
STANDING_N: Final = 150.0
"""... and samples of less than this [N] tell nothing any more: it may have drifted."""
SURE: Final = 1e8
"""The sum of squared forces that decides it is kept below this [N^2]: 0.2 s of a stance at 1000 Hz
outweigh what an empty plate said for however long."""
_REMEDY: Final = (
    "name the channels of each plate under `forces` in the configuration "
    "(`channels: [[Fx, Fy, Fz, Mx, My, Mz]]`)"
)
_UNITS: Final = ("N", "N", "N", "m", "m", "m", "Nm", "Nm", "Nm")


def open_transducers(settings: ForceStream, channels: Sequence[Channel]) -> "Transducers | None":
    """Return the plates of a stream whose channels are theirs.

    Parameters
    ----------
    settings : ForceStream
    channels : sequence of Channel
        Of the stream.

    Returns
    -------
    Transducers or None
        None where no transducers are configured, or the stream has centres of pressure already,
        as ``nem2e replay`` sends them.

    Raises
    ------
    ConfigError, FormatError
        If the plates are not described.
    StreamLayoutError
        If the stream lacks a channel, or has it twice or in a strange unit.
    """
    if settings.transducers is None:
        return None
    plates = described_plates(settings)
    names = [channel.label for channel in channels]
    if {label for k in range(len(plates)) for label in plate_columns(k + 1)[:6]} <= set(names):
        return None
    return Transducers(plates, channels, settings.unit)


class Transducers:
    """The plates of one stream.

    Parameters
    ----------
    plates : sequence of (Plate, tuple of str)
        See `described_plates`.
    channels : sequence of Channel
        Of the stream.
    length_unit : str
        Of moments, N times that, where the stream names none; "" for m.

    Attributes
    ----------
    described : list of Channel
        What `wrenches` returns, nine for each plate, in ground, Y up.
    corners : ndarray of shape (k, 4, 3), float64 [m], ground

    Raises
    ------
    StreamLayoutError
        As `open_transducers`.
    """

    def __init__(
        self,
        plates: Sequence[tuple[Plate, tuple[str, ...]]],
        channels: Sequence[Channel],
        length_unit: str,
    ) -> None:
        names = [channel.label for channel in channels]
        self._columns: list[I64] = []
        self._to_ground: list[F64] = []
        for plate, labels in plates:
            columns = [force_column(label, names, _REMEDY) for label in labels]
            scale = [
                _scale(channels[c], plate.kind == 2 and i >= 3, length_unit)
                for i, c in enumerate(columns)
            ]
            self._columns.append(np.array(columns))
            self._to_ground.append(plate.about_centre(np.diag(scale)))
        self._normal = np.array([plate.axes[:, 2] for plate, _ in plates])
        self._centre = np.array([plate.centre for plate, _ in plates])
        self._told, self._stood = np.zeros(len(plates)), np.zeros(len(plates), bool)
        self.corners = np.array([plate.corners for plate, _ in plates])
        self.described = [
            Channel(label, unit=unit)
            for k in range(len(plates))
            for label, unit in zip(plate_columns(k + 1), _UNITS, strict=True)
        ]
        self.wrenches(np.zeros((1, len(channels))))  # its kernel is compiled or loaded now

    def wrenches(self, samples: F64 | F32) -> F64:
        """Return force on the person, centre of pressure and free torque.

        Parameters
        ----------
        samples : ndarray of shape (n, n_channel)
            Of the stream, one after the other; the load of a plate tells the sign of its forces.

        Returns
        -------
        ndarray of shape (n, 9 k), float64 [N], [m], [N m]
            See `described`. Where a plate's sample is broken it is NaN.
        """
        samples = np.where(np.isfinite(samples), samples, np.nan)
        about = np.stack(
            [
                samples[:, columns] @ to_ground
                for columns, to_ground in zip(self._columns, self._to_ground, strict=True)
            ],
            axis=1,
        )
        about *= self._signs(about[..., 1])[..., None]
        found = at_centre_of_pressure(about, self._normal, self._centre)
        return found.reshape(len(samples), -1)

    def _signs(self, vertical: F64) -> F64:
        """Return the sign of each sample (n, k): its own until the plate's is known."""
        size = np.abs(vertical)
        self._stood |= (size >= STOOD_N).any(axis=0)
        telling = size >= np.where(self._stood, STANDING_N, TELLING_N)
        self._told += np.where(telling, vertical * size, 0.0).sum(axis=0)
        np.clip(self._told, -SURE, SURE, out=self._told)
        return np.where(self._told == 0.0, np.sign(vertical), np.sign(self._told))


def _scale(channel: Channel, moment: bool, length_unit: str) -> float:
    """Factor to N or N m."""
    if moment and not channel.unit:
        return METRES_PER_UNIT[spelled(length_unit or "m")]
    return force_scale(channel, 2 if moment else 0)
