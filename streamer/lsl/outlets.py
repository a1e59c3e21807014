"""LSL outlets that announce themselves as a motion capture system would: XDF metadata."""

from collections.abc import Sequence

import pylsl

from streamer.arrays import F32, F64
from streamer.channels import Channel

_BUFFERED_S = 5  # liblsl keeps at most so much for a slow inlet [s]
_AXES = ("X", "Y", "Z")


class Outlet:
    """A numeric LSL stream.

    Parameters
    ----------
    name, kind, source_id : str
        As announced. A session takes a sender that restarts back by its name, host and channels,
        and by the source id if its configuration names one.
    channels : sequence of Channel
        One per channel.
    rate_hz : float
        Nominal rate [Hz]; 0 = irregular.
    manufacturer : str
        Of what makes the samples.

    Attributes
    ----------
    uid : str
        By which exactly this outlet can be found.
    """

    def __init__(
        self,
        name: str,
        kind: str,
        channels: Sequence[Channel],
        rate_hz: float,
        source_id: str,
        manufacturer: str = "nem2e replay",
    ) -> None:
        self.name, self.rate_hz = name, rate_hz
        info = pylsl.StreamInfo(name, kind, len(channels), rate_hz, pylsl.cf_float32, source_id)
        description = info.desc()
        description.append_child("acquisition").append_child_value("manufacturer", manufacturer)
        parent = description.append_child("channels")
        for channel in channels:
            child = parent.append_child("channel")
            child.append_child_value("label", channel.label)
            if channel.marker:
                child.append_child_value("marker", channel.marker)
            child.append_child_value("type", channel.type)
            child.append_child_value("unit", channel.unit)
        self._outlet = pylsl.StreamOutlet(info, 0, _BUFFERED_S)
        self.uid = str(self._outlet.get_info().uid())

    def push(self, samples: F32, stamps: F64) -> None:
        """Send samples at once.

        Parameters
        ----------
        samples : ndarray of shape (n, n_channels), float32
            In the units announced.
        stamps : ndarray of shape (n,), float64
            Capture times [s], LSL local clock.
        """
        if len(stamps):
            self._outlet.push_chunk(samples, stamps.tolist())


def marker_channels(names: Sequence[str], unit: str) -> list[Channel]:
    """Channels of a marker stream: x, y, z of one marker after the other.

    Parameters
    ----------
    names : sequence of str
        Markers.
    unit : str
        Of the positions: ``mm`` or ``m``.

    Returns
    -------
    list of Channel
        Labels ``<marker>_X``, types PositionX, PositionY, PositionZ.
    """
    long = {"mm": "millimeters", "m": "meters"}[unit]
    return [
        Channel(f"{name}_{axis}", name, f"Position{axis}", long) for name in names for axis in _AXES
    ]


def force_channels(labels: Sequence[str]) -> list[Channel]:
    """Channels of a force stream, labelled as in the force file.

    Parameters
    ----------
    labels : sequence of str
        OpenSim's: ``ground_force_r_vx``, ``ground_force_r_px``, ``ground_torque_r_x``.

    Returns
    -------
    list of Channel
        Types ForceX.., CoPX.., TorqueX.., units N, m, N m; what other labels are, these do not say.
    """
    described = []
    for label in labels:
        axis = label[-1].upper()
        if "torque" in label or "moment" in label:
            kind, unit = "Torque", "Nm"
        elif label[-2:-1] == "p":
            kind, unit = "CoP", "m"
        elif label[-2:-1] == "v":
            kind, unit = "Force", "N"
        else:
            kind = axis = unit = ""
        described.append(Channel(label, type=kind + axis, unit=unit))
    return described


def emg_channels(names: Sequence[str], unit: str = "") -> list[Channel]:
    """Channels of an EMG stream.

    Parameters
    ----------
    names : sequence of str
        E.g. ``SOL_r``.
    unit : str
        As the recording says; "" if it does not.

    Returns
    -------
    list of Channel
        Type EMG.
    """
    return [Channel(name, type="EMG", unit=unit) for name in names]
