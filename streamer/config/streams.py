"""The streams of a session, as its configuration describes them."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from streamer.exceptions import ConfigError
from streamer.units import metres


class Stream(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which LSL stream to take.

    Attributes
    ----------
    type, name, source_id : str
        As the sender announces them; "" for any. The type is blind to case.
    timeout_s : float
        How long to wait for the stream [s].
    lag_ms : float
        Known delay from exposure to time stamp [ms], 0 or more.
    """

    type: str = ""
    name: str = ""
    source_id: str = ""
    timeout_s: float = 10.0
    lag_ms: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a time stamp that came before its exposure."""
        if not 0.0 <= self.lag_ms < float("inf"):
            raise ValueError(f"`lag_ms` is {self.lag_ms:g}, it must be 0 or more")

    @property
    def described(self) -> str:
        """What the stream is to be, in the words of a configuration."""
        said = {"type": self.type, "name": self.name, "source_id": self.source_id}
        return ", ".join(f"{key} {value}" for key, value in said.items() if value) or "any type"

    @property
    def remedy(self) -> str:
        """What to do when there is none."""
        return "start the sender or replay"


class PositionStream(Stream, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which LSL stream has positions, and what its metadata do not say; see `Stream`.

    Attributes
    ----------
    unit : str
        Unit of positions where the stream names none: m, cm or mm.
    up : {"y", "z"}
        Which laboratory axis points up.
    """

    unit: str = ""
    up: Literal["y", "z"] = "y"

    def __post_init__(self) -> None:
        """Refuse a unit that no position has."""
        super().__post_init__()
        if self.unit and metres(self.unit) is None:
            raise ValueError(f"`unit` is {self.unit!r}, it must be m, cm or mm")


class MarkerStream(PositionStream, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which LSL stream has the markers, see `PositionStream`.

    Attributes
    ----------
    dejitter : bool
        Smooth capture times.
    names : dict of str to str
        The model's marker to the stream's, of those that are not called alike.
    """

    type: str = "MoCap"
    dejitter: bool = True
    names: dict[str, str] = {}

    def __post_init__(self) -> None:
        """Refuse one marker of the stream for two of the model."""
        super().__post_init__()
        theirs = list(self.names.values())
        if twice := {name for name in theirs if theirs.count(name) > 1}:
            raise ValueError(f"`names` gives {min(twice)!r} to two markers of the model")

    def as_model(self, incoming: Sequence[str]) -> tuple[str, ...]:
        """Return the model's name of each marker, and of others their own.

        Parameters
        ----------
        incoming : sequence of str
            As the stream or a file names them; a prefix up to a colon does not count.

        Raises
        ------
        ConfigError
            If one of these is called as another one is to be.
        """
        ours = {theirs: name for name, theirs in self.names.items()}
        plain = [name if name in ours else name.rpartition(":")[2] for name in incoming]
        for name, theirs in self.names.items():
            if name in plain and name not in ours and theirs in plain:
                raise ConfigError(
                    f"`names` under `markers` turns {theirs!r} into {name}, but there is also a "
                    f"marker {name}; rename one in the capture software"
                )
        return tuple(ours.get(label, name) for label, name in zip(plain, incoming, strict=True))


Point = tuple[float, float, float]
"""x, y and z [m]."""
Corners = tuple[Point, Point, Point, Point]
"""Of a force plate, in turn, in ground."""


class PlateGeometry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a force plate is, and where in it forces are measured.

    Attributes
    ----------
    corners : tuple of four points [m], ground, y up
        As C3D files have them: in the plate's own axes the first lies at +x +y, the second at
        -x +y, the third at -x -y, the fourth at +x -y.
    origin : tuple of three float [m], the plate's own axes
        From the point about which moments are measured to the centre of the surface.
    """

    corners: Corners
    origin: Point = (0.0, 0.0, 0.0)


class ForceStream(PositionStream, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which LSL stream has the forces, see `PositionStream`.

    Attributes
    ----------
    transducers : str, list of PlateGeometry, or None
        For a stream of what plates themselves measure: a C3D file that says where they are, or
        that in numbers. None = the stream has centres of pressure.
    channels : list of list of str, or None
        Labels of each such plate: Fx, Fy, Fz, Mx, My, Mz in its own axes, or the eight forces of
        a plate of four sensors; None = the labels of the C3D file.
    """

    type: str = "Force"
    transducers: str | list[PlateGeometry] | None = None
    channels: list[list[str]] | None = None

    def __post_init__(self) -> None:
        """Refuse channels of no plate, and plates without channels."""
        super().__post_init__()
        if self.transducers is not None and self.up != "y":
            raise ValueError("`up` does not go with `transducers`, which are in ground; omit it")
        if self.transducers is None and self.channels is not None:
            raise ValueError("`channels` only go with `transducers`; add it, or leave them out")
        labels = [label for plate in self.channels or () for label in plate]
        if twice := {label for label in labels if labels.count(label) > 1}:
            raise ValueError(f"`channels` has {min(twice)!r} twice; give it to one plate only")
        if isinstance(self.transducers, list) and len(self.channels or ()) != len(self.transducers):
            raise ValueError(
                f"there are {len(self.transducers)} `transducers` but {len(self.channels or ())} "
                "`channels`; give each plate its list of labels"
            )

    @property
    def remedy(self) -> str:
        """What to do when there is none."""
        return f"{super().remedy}; if there are no force plates, leave out `plates` and `loads`"


class EmgStream(Stream, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which LSL stream carries measured EMG, for `nem2e calibrate` and `record`; see `Stream`.

    Attributes
    ----------
    kind : {"raw", "envelope"}
        What is sent.
    channels : dict of str to str, or None
        Network channel (``SOL_r``) to the stream's label; None = the labels are those names.
    """

    type: str = "EMG"
    kind: Literal["raw", "envelope"] = "raw"
    channels: dict[str, str] | None = None
