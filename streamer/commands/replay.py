"""`nem2e replay`: a trial out over LSL, as a motion capture system would send it."""

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from msgspec.structs import replace

from streamer.clock import LslClock
from streamer.config.session import PATHS, RunConfig, load_config
from streamer.console.terminal import asked_to_stop, say
from streamer.exceptions import ConfigError, FormatError
from streamer.formats import (
    MARKER_SUFFIXES,
    Recording,
    Storage,
    read_recording,
    read_storage,
    read_trial,
)
from streamer.lsl.faults import parse_faults
from streamer.lsl.outlets import Outlet, emg_channels, force_channels, marker_channels
from streamer.lsl.replay import Player
from streamer.session.realtime import prefer

REPLAY_PRIORITY = 10
"""SCHED_FIFO priority, where the system permits it."""
FASTEST = 100.0
"""Times as fast as recorded: what a sender can keep up with."""
FORCE_SUFFIXES = (".mot", ".sto")
UNUSED = tuple(key for key in PATHS if key != "model")
"""Keys of a configuration whose files a replay has no use for."""


def run(
    paths: Sequence[Path],
    *,
    config: Path | None = None,
    speed: float = 1.0,
    loop: bool = False,
    fault: Sequence[str] = (),
    unit: Literal["mm", "m"] = "mm",
    emg: bool = False,
    name: str = "replay",
    source_id: str = "",
    start_s: float | None = None,
    end_s: float | None = None,
) -> None:
    """Replay until the end of the recording, or until interrupted.

    Parameters
    ----------
    paths : sequence of Path
        One trial directory, or one marker file and optionally a force file.
    config : Path or None
        The configuration of the session that listens, see `open_source`.
    speed : float
        1 = as recorded.
    loop : bool
        Start again at the end, with time going on.
    fault : sequence of str
        ``kind:amount``, see `streamer.lsl.faults`.
    unit : {"mm", "m"}
        Of the sent positions.
    emg : bool
        Send measured EMG too.
    name, source_id : str
        Of the marker stream; the others append ``-forces`` and ``-emg``.
    start_s, end_s : float, optional
        Part of the recording to send [s], its own clock.
    """
    if not 0.0 < speed <= FASTEST:
        raise ConfigError(f"--speed is {speed:g}; give a number above 0, at most {FASTEST:g}")
    if not name:
        raise ConfigError("--name is empty; give the stream a name, or leave it out")
    faults = parse_faults(fault)
    source = cut(open_source(paths, config), start_s, end_s)
    if emg and source.analogs is None:
        raise ConfigError(f"--emg: {paths[0]} has no EMG; leave --emg out")
    source_id = source_id or uuid.uuid4().hex
    rate_hz = source.markers.rate_hz * speed
    outlet = Outlet(name, "MoCap", marker_channels(source.markers.names, unit), rate_hz, source_id)
    analogs = []
    if source.forces is not None:
        analogs.append(_analog(source.forces, "Force", f"{name}-forces", source_id, speed))
    if emg and source.analogs is not None:
        analogs.append(_analog(source.analogs, "EMG", f"{name}-emg", source_id, speed))
    player = Player(
        source.markers, outlet, analogs, LslClock(),
        unit=unit, speed=speed, loop=loop, faults=faults,
    )  # fmt: skip
    stop = asked_to_stop()
    prefer(REPLAY_PRIORITY)  # in the place of a device, which is not kept waiting either
    _announce(outlet, analogs, source, player)
    player.run(stop.is_set)
    say(f"{player.frames_sent} frames sent, {player.stalls} stalls")


def open_source(paths: Sequence[Path], config: Path | None = None) -> Recording:
    """Read what is to be replayed.

    Parameters
    ----------
    paths : sequence of Path
        One trial directory; or a .trc, .c3d or .xdf file, a .trc with a .mot or .sto of forces.
    config : Path or None
        The configuration of the session that listens: which streams of an XDF file are sent, and
        their units where it names none. That session names markers, turns axes and takes off lags
        itself, so they are sent as recorded; of plates' transducers forces are sent.

    Raises
    ------
    FormatError
        If a file cannot be read or its ending is unknown.
    ConfigError
        If the configuration cannot be used.
    """
    session = None if config is None else as_recorded(load_config(config, without=UNUSED))
    if len(paths) == 1 and paths[0].is_dir():
        trial = read_trial(paths[0])
        return Recording(trial.markers, trial.forces, trial.emg)
    markers: Recording | None = None
    forces: Storage | None = None
    for path in paths:
        ending = path.suffix.lower()
        if ending in MARKER_SUFFIXES and markers is not None:
            raise FormatError(path, "is a second file of markers", "give one at a time")
        if ending in FORCE_SUFFIXES and forces is not None:
            raise FormatError(path, "is a second file of forces", "give one at a time")
        if ending in MARKER_SUFFIXES:
            markers = read_recording(path, session)
        elif ending in FORCE_SUFFIXES:
            forces = read_storage(path)
        else:
            raise FormatError(
                path, "cannot be replayed" if path.exists() else "no such file",
                f"give a trial directory, or {', '.join(MARKER_SUFFIXES)}, .mot or .sto files",
            )  # fmt: skip
    if markers is None:
        raise FormatError(
            paths[0], "holds no markers", f"give a file of {', '.join(MARKER_SUFFIXES)} beside it"
        )
    return Recording(markers.markers, forces or markers.forces, markers.analogs)


def as_recorded(session: RunConfig) -> RunConfig:
    """Take names, axes and lags out of the streams of a configuration."""
    markers = replace(session.markers, up="y", lag_ms=0.0, names={})
    forces = replace(session.forces, up="y", lag_ms=0.0)
    return replace(session, markers=markers, forces=forces, emg=replace(session.emg, lag_ms=0.0))


def cut(source: Recording, start_s: float | None, end_s: float | None) -> Recording:
    """Keep a part of the markers; analog tables are cut to it by the player.

    Parameters
    ----------
    source : Recording
        Whole recording.
    start_s, end_s : float or None
        First and last time [s] to keep, clock of the recording.

    Raises
    ------
    ConfigError
        If fewer than two frames remain, or there are no more.
    """
    table = source.markers
    if table.n_frames < 2:
        raise ConfigError(
            f"the recording has one frame, at {table.time[0]:g} s; give one of two or more"
        )
    part = table.between(start_s, end_s)
    if part.n_frames < 2:
        raise ConfigError(
            f"fewer than two frames between --start and --end; the recording runs from "
            f"{table.time[0]:g} to {table.time[-1]:g} s"
        )
    return Recording(part, source.forces, source.analogs)


def _analog(
    table: Storage, kind: str, name: str, source_id: str, speed: float
) -> tuple[Storage, Outlet]:
    """Table and outlet of an analog stream."""
    channels = force_channels(table.names) if kind == "Force" else emg_channels(table.names)
    identifier = f"{source_id}-{'forces' if kind == 'Force' else 'emg'}"
    return table, Outlet(name, kind, channels, table.rate_hz * speed, identifier)


def _announce(
    outlet: Outlet, analogs: list[tuple[Storage, Outlet]], source: Recording, player: Player
) -> None:
    """Say what is being sent."""
    parts = [f"{len(source.markers.names)} markers at {outlet.rate_hz:g} Hz"]
    parts += [f"{o.name} {len(t.names)} channels at {o.rate_hz:g} Hz" for t, o in analogs]
    say(f"replaying {outlet.name}: {', '.join(parts)}; {player.period_s:.2f} s")
