"""Force plates whose stream has what they measure, Fx to Mz, and not where the force acts.

Where each plate is comes from a C3D file or from the configuration; forces, points and torques in
ground from its channels.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamer.channels import Channel, check_once
from streamer.config import ForceStream
from streamer.exceptions import ConfigError, StreamLayoutError, nearest
from streamer.formats.c3d import read_plates
from streamer.formats.plates import (
    CHANNELS_OF_TYPE,
    Plate,
    at_centre_of_pressure,
    plate_columns,
)
from streamer.units import METRES_PER_UNIT, NEWTON_METRES_PER_UNIT, NEWTONS_PER_UNIT, spelled

F64 = NDArray[np.float64]

TELLING_N: Final = 50.0
"""A plate cannot pull: so much vertical force [N] tells whether a stream has the force on the plate
or that on the person. Lighter ones may be noise, or a plate that was not zeroed."""
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


def described_plates(settings: ForceStream) -> list[tuple[Plate, tuple[str, ...]]]:
    """Return the configured plates in ground, each with the labels of its channels.

    Raises
    ------
    ConfigError, FormatError
        As `open_transducers`.
    """
    given, labels = settings.transducers, settings.channels
    if isinstance(given, str):
        plates = read_plates(given)
    else:
        plates = [
            (Plate(2, np.array(g.corners), np.array(g.origin), np.eye(6)), ()) for g in given or ()
        ]
    if labels is not None and len(labels) != len(plates):
        raise ConfigError(
            f"`channels` under `forces` has {len(labels)} plates, {given} has {len(plates)}; "
            "give for each plate its list of labels"
        )
    own = [tuple(each) for each in labels] if labels is not None else [each for _, each in plates]
    if not own:
        raise ConfigError(f"`transducers` under `forces`: no force plates in {given}; give some")
    return [
        (_calibrated(k, plate, each), each)
        for k, ((plate, _), each) in enumerate(zip(plates, own, strict=True), start=1)
    ]


def _calibrated(number: int, plate: Plate, labels: tuple[str, ...]) -> Plate:
    """Take the channels of a stream for N and N m, which need no calibration matrix any more."""
    kind = 2 if plate.kind == 4 else plate.kind
    if kind == 1:
        raise ConfigError(
            f"`transducers` under `forces`: plate {number} is of type 1, which has centres of "
            "pressure and no moments; send these in the laboratory's axes, without `transducers`"
        )
    if len(labels) != CHANNELS_OF_TYPE[kind]:
        raise ConfigError(
            f"`channels` under `forces`: plate {number} has {len(labels)} labels; "
            f"give its {CHANNELS_OF_TYPE[kind]}"
        )
    return Plate(kind, plate.corners, plate.origin, plate.calibration)


class Transducers:
    """The plates of one stream.

    Parameters
    ----------
    plates : sequence of (Plate, tuple of str)
        See `described_plates`.
    channels : sequence of Channel
        Of the stream.
    length_unit : str
        Of moments, N times that, where the stream names none; default m.

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
        length_unit: str = "",
    ) -> None:
        self._columns: list[NDArray[np.int64]] = []
        self._to_ground: list[F64] = []
        for plate, labels in plates:
            columns = _columns(labels, channels)
            scale = [
                _scale(channels[c], plate.kind == 2 and i >= 3, length_unit)
                for i, c in enumerate(columns)
            ]
            self._columns.append(np.array(columns))
            self._to_ground.append(plate.about_centre(np.diag(scale)))
        self._normal = np.array([plate.axes[:, 2] for plate, _ in plates])
        self._centre = np.array([plate.centre for plate, _ in plates])
        self._sign = np.zeros(len(plates))
        self.corners = np.array([plate.corners for plate, _ in plates])
        self.described = [
            Channel(label, unit=unit)
            for k in range(len(plates))
            for label, unit in zip(plate_columns(k + 1), _UNITS, strict=True)
        ]
        self.wrenches(np.zeros((1, len(channels))))  # its kernel is compiled or loaded now

    def wrenches(self, samples: NDArray[np.float64] | NDArray[np.float32]) -> F64:
        """Return force on the person, centre of pressure and free torque.

        Parameters
        ----------
        samples : ndarray of shape (n, n_channel)
            Of the stream, one after the other; a plate's first load tells the sign of its forces.

        Returns
        -------
        ndarray of shape (n, 9 k), float64 [N], [m], [N m]
            See `described`. Where a plate's sample is broken it is NaN.
        """
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
        """Return the sign of each sample, (n, k) or (k,): of its plate's first load, if any yet."""
        if self._sign.all():
            return self._sign
        telling = np.abs(vertical) >= TELLING_N
        for k in np.flatnonzero((self._sign == 0.0) & telling.any(axis=0)):
            self._sign[k] = np.sign(vertical[telling[:, k].argmax(), k])
        return np.where(self._sign == 0.0, np.sign(vertical), self._sign)


def _columns(labels: Sequence[str], channels: Sequence[Channel]) -> list[int]:
    """Where the stream has the channels of a plate."""
    names = [channel.label for channel in channels]
    for label in labels:
        if label not in names:
            raise StreamLayoutError(
                f"the force stream has no channel {label!r} ({nearest(label, names)}); "
                "name the channels of each plate under `forces` in the configuration "
                "(`channels: [[Fx, Fy, Fz, Mx, My, Mz]]`)"
            )
        check_once(label, names, "force")
    return [names.index(label) for label in labels]


def _scale(channel: Channel, moment: bool, length_unit: str) -> float:
    """Factor to N or N m."""
    if not channel.unit:
        return METRES_PER_UNIT[spelled(length_unit or "m")] if moment else 1.0
    factor = (NEWTON_METRES_PER_UNIT if moment else NEWTONS_PER_UNIT).get(spelled(channel.unit))
    if factor is None:
        raise StreamLayoutError(
            f"channel {channel.label!r} of the force stream has the unit {channel.unit!r}; "
            "send forces in N, moments in N m or N mm"
        )
    return factor
