"""`nem2e record`: what goes into a session and what comes out of it, in one XDF file."""

import math
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pylsl

from streamer.commands.session_names import first_meta
from streamer.commands.silence import Silence
from streamer.commands.xdf_recorder import XdfRecorder
from streamer.config.session import RunConfig, check_duration, load_config
from streamer.config.streams import Stream
from streamer.console.outputs import check_output
from streamer.console.terminal import asked_to_stop, say
from streamer.exceptions import ConfigError, StreamerError
from streamer.lsl.estimate_outlets import TYPES, EstimateOutlets
from streamer.lsl.finding import SECOND_ANSWER_S, answering, find
from streamer.messaging.endpoint import DEFAULT_ENDPOINT, as_reached
from streamer.messaging.messages import Meta
from streamer.messaging.subscriber import WAIT_S, Subscriber

LOOK_EVERY_S = 1.0
"""The recorder and its disk are looked at this often [s]."""


def run(
    out: Path,
    endpoint: str | None,
    config: Path | None,
    duration_s: float | None,
    keys: Path | None,
) -> None:
    """Record until interrupted.

    Parameters
    ----------
    out : Path
        The ``.xdf`` file; must not exist.
    endpoint : str or None
        Where the session publishes; on this machine. None = where its file says, or the default.
    config : Path or None
        The session's file: its marker and force streams are recorded, and EMG where there is some.
        None = every LSL stream that can be seen.
    duration_s : float or None
        How long [s]; None = until interrupted.
    keys : Path or None
        Client's key directory.

    Raises
    ------
    ConfigError, StreamerError
        If the file exists, is no ``.xdf`` or cannot be written, a stream or the session is not
        there, the recorder or the disk fails on the way, or see `follow`.
    """
    _check(out, duration_s)
    settings = None if config is None else load_config(config)
    with Subscriber(endpoint or _published(settings), ("meta", *TYPES), keys=keys) as subscriber:
        meta = first_meta(subscriber, "record")
        outlets = EstimateOutlets(meta)
        inputs = _inputs(settings)
        own = {outlet.uid: outlet.name for outlet in outlets.outlets.values()}
        recorder = XdfRecorder(out, inputs | own)
        stop = asked_to_stop()
        say(f"recording {len(inputs)} streams and the session's {len(TYPES)}; Ctrl-C ends it")
        while subscriber.receive(0.0) is not None:
            pass  # of the time before the recording
        try:
            follow(subscriber, meta, outlets, stop, duration_s, lambda: recorder.look(outlets.sent))
            say("the file is being ended, which takes some 6 s")
        finally:
            recorder.stop()
    say(f"{out}: {len(inputs)} streams, {outlets.sent} samples of the session")


def _check(out: Path, duration_s: float | None) -> None:
    if out.suffix.lower() != ".xdf":
        raise ConfigError(f"--out is {out}; give a name that ends in .xdf")
    check_output(out, "--out")
    if out.exists():
        raise ConfigError(f"{out} exists and is not overwritten; give another --out")
    check_duration(duration_s)


def _published(settings: RunConfig | None) -> str:
    """Where a client on this machine finds a session of these settings."""
    return DEFAULT_ENDPOINT if settings is None else as_reached(settings.endpoint, "127.0.0.1")


def _inputs(settings: RunConfig | None) -> dict[str, str]:
    """Uids and names of the streams to record beside the session's own."""
    if settings is None:
        own = set(TYPES.values())
        seen = pylsl.resolve_streams(wait_time=2 * SECOND_ANSWER_S)
        return {s.uid(): s.name() for s in seen if s.type() not in own}
    wanted: list[Stream] = [settings.markers]
    if settings.has_plates:
        wanted.append(settings.forces)
    streams = [find(stream) for stream in wanted] + answering(settings.emg)
    return {stream.uid(): stream.name() for stream in streams}


def follow(
    subscriber: Subscriber,
    meta: Meta,
    outlets: EstimateOutlets,
    stop: threading.Event,
    duration_s: float | None,
    look: Callable[[], None],
) -> None:
    """Hand on what the session publishes, until it is enough.

    Parameters
    ----------
    subscriber : Subscriber
        Of the session.
    meta : Meta
        Its names; another session may have others, and ends the recording.
    outlets : EstimateOutlets
        Where its messages go.
    stop : threading.Event
        Set when the user asks to stop.
    duration_s : float or None
        How long [s]; None = until then.
    look : callable
        Asked now and then; raises if nothing is written any more.

    Raises
    ------
    StreamerError
        If the time is over and the session had fallen silent; a user who ends the recording is
        only told so.
    """
    looked, heard = -math.inf, time.monotonic()
    end = heard + (duration_s if duration_s is not None else threading.TIMEOUT_MAX)
    silence = Silence(subscriber, TYPES)
    while not stop.is_set() and (now := time.monotonic()) < end:
        if now - looked > LOOK_EVERY_S:
            look()
            looked = now
        received = silence.receive(at_most_s=0.2)
        if received is None:
            continue
        topic, message = received
        if topic in TYPES:
            heard = now
        if message.session != meta.session:
            say("another session began: the recording ends here")
            return
        outlets.push(topic, message)
    if (silent_s := time.monotonic() - heard) > WAIT_S:
        problem = f"the session sent no estimates in the last {silent_s:.0f} s of the recording"
        if not stop.is_set():
            raise StreamerError(f"{problem}; what came before is in the file; find out why")
        say(problem)
