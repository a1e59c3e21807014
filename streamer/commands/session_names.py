"""The names of a running session on this machine, for commands that hand its messages on."""

from typing import Final

from streamer.clock import LslClock, boot_id
from streamer.commands.silence import Silence
from streamer.exceptions import StreamerError
from streamer.messaging.messages import Meta
from streamer.messaging.subscriber import Subscriber

OTHER_CLOCK_S: Final = 5.0
"""A session whose time differs by so much [s] runs on another machine, or hangs. Machines that were
switched on together differ by less, but not in their `boot_id`."""


def first_meta(subscriber: Subscriber, verb: str) -> Meta:
    """Wait for a session's names; say so while there is none.

    Parameters
    ----------
    subscriber : Subscriber
        Of the topic ``meta``, among others.
    verb : str
        See `check_clock`.

    Raises
    ------
    StreamerError
        As `check_clock`.
    """
    silence = Silence(subscriber, ("meta",))
    while True:
        received = silence.receive()
        if received is not None and isinstance(meta := received[1], Meta):
            check_clock(meta, subscriber.endpoint, verb)
            return meta


def check_clock(meta: Meta, endpoint: str, verb: str) -> None:
    """Refuse a session whose times are not of this machine's clock.

    Parameters
    ----------
    meta : Meta
        As it has just come.
    endpoint : str
        Where from.
    verb : str
        What to do on that machine instead, for the message.

    Raises
    ------
    StreamerError
        If they are not.
    """
    elsewhere = meta.boot_id not in ("", boot_id())  # "" of an older session, or no Linux
    if elsewhere or abs(LslClock().now() - meta.sent) > OTHER_CLOCK_S:
        raise StreamerError(
            f"the session at {endpoint} has a different clock from this machine; "
            f"{verb} on the machine it runs on"
        )
