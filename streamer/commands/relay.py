"""`nem2e relay`: a session's messages as LSL streams, for programs that know LSL alone."""

import threading
from pathlib import Path

from streamer.commands.behind import Behind
from streamer.commands.session_names import check_clock, first_meta
from streamer.commands.silence import Silence
from streamer.console.terminal import asked_to_stop, say
from streamer.lsl.estimate_outlets import TYPES, EstimateOutlets
from streamer.messaging.messages import Meta
from streamer.messaging.subscriber import Subscriber


def run(endpoint: str, keys: Path | None) -> None:
    """Relay until interrupted.

    Parameters
    ----------
    endpoint : str
        Where the session publishes; on this machine.
    keys : Path or None
        Client's key directory.

    Raises
    ------
    StreamerError
        If the session runs on another machine.
    """
    with Subscriber(endpoint, ("meta", *TYPES), keys=keys) as subscriber:
        meta = first_meta(subscriber, "relay")
        stop = asked_to_stop()
        sent = relay(subscriber, meta, stop)
    say(f"{sent} samples sent")


def relay(subscriber: Subscriber, meta: Meta, stop: threading.Event) -> int:
    """Hand on what a session publishes, and the sessions after it; returns the samples sent.

    Streams stay what they are while sessions have the same names; others get streams of their own.

    Parameters
    ----------
    subscriber : Subscriber
        Of the session.
    meta : Meta
        Its names.
    stop : threading.Event
        Set when the user asks to stop.

    Raises
    ------
    StreamerError
        If a later session runs on another machine.
    """
    outlets, sent = _opened(meta), 0
    silence, behind = Silence(subscriber, TYPES), Behind()
    while not stop.is_set():
        received = silence.receive(at_most_s=0.2)
        if received is None:
            continue
        topic, message = received
        behind.see(message)
        if isinstance(message, Meta) and message.session != meta.session:
            check_clock(message, subscriber.endpoint, "relay")
            meta = message
            say("another session began")
            if not outlets.fit(meta):
                sent += outlets.sent
                outlets = _opened(meta)
        if message.session == meta.session:  # a new one's frames wait for its names
            outlets.push(topic, message)
    return sent + outlets.sent


def _opened(meta: Meta) -> EstimateOutlets:
    outlets = EstimateOutlets(meta)
    say(f"LSL streams: {', '.join(outlet.name for outlet in outlets.outlets.values())}")
    return outlets
