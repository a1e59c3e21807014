"""`nem2e subscribe`: print what is published; the shortest complete client."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from streamer.commands.behind import Behind
from streamer.commands.silence import Silence
from streamer.console.terminal import plain_console
from streamer.exceptions import ConfigError
from streamer.messaging.messages import Emg, Message, Meta, values
from streamer.messaging.subscriber import Subscriber
from streamer.status import names


def run(
    endpoint: str,
    topics: Sequence[str],
    *,
    as_json: bool = False,
    count: int | None = None,
    keys: Path | None = None,
) -> None:
    """Print messages until interrupted.

    Parameters
    ----------
    endpoint : str
        Where the publisher is bound.
    topics : sequence of str
        What to print; ``meta`` is always received, for the names.
    as_json : bool
        One JSON object per line instead of text.
    count : int, optional
        Stop after so many messages.
    keys : Path, optional
        Client's key directory.

    Raises
    ------
    StreamerError
        If `count` is not positive, or the endpoint or the keys cannot be used.
    """
    if count is not None and count < 1:
        raise ConfigError(f"--count is {count}; give 1 or more, or leave it out")
    console = plain_console()
    channel_names: Sequence[str] = ()
    shown = 0
    with Subscriber(endpoint, sorted({*topics, "meta"}), keys=keys) as subscriber:
        silence, behind = Silence(subscriber, topics), Behind()
        while count is None or shown < count:
            received = silence.receive()
            if received is None:
                continue
            topic, message = received
            behind.see(message)
            if isinstance(message, Meta):
                channel_names = message.channel_names
            if isinstance(message, Emg) and not as_json and not channel_names:
                continue  # `meta`, which names the channels, comes within two seconds
            if topic in topics:
                line = _json(topic, message) if as_json else _text(topic, message, channel_names)
                console.print(line)
                shown += 1


def _json(topic: str, message: Message) -> str:
    """One JSON object: the fields, arrays as lists of numbers, flags by name."""
    fields: dict[str, Any] = {"topic": topic} | msgspec.structs.asdict(message)
    fields |= _numbers(fields, 5) | {"flags": names(message.status)}
    return msgspec.json.encode(fields).decode()


def _numbers(fields: Mapping[str, Any], digits: int) -> dict[str, list[float]]:
    """The fields that are arrays, as lists."""
    return {
        key: [round(float(x), digits) for x in values(value)]
        for key, value in fields.items()
        if isinstance(value, bytes)
    }


def _text(topic: str, message: Message, channel_names: Sequence[str]) -> str:
    """One line for people."""
    flags = "|".join(names(message.status)) or "OK"
    head = f"{topic:6s} {message.seq:7d} t={message.t:.3f} {flags}"
    if isinstance(message, Emg):
        numbers = values(message.emg)
        labels = channel_names if len(channel_names) == len(numbers) else range(len(numbers))
        pairs = " ".join(f"{n}={x:.2f}" for n, x in zip(labels, numbers, strict=True))
        return f"{head} age={message.age_ms:.1f}ms {pairs}"
    fields = msgspec.structs.asdict(message)
    rest = {k: v for k, v in fields.items() if k not in Message.__struct_fields__}
    if isinstance(message, Meta):
        rest["subject"] = message.subject or "(none)"  # an empty one would look like a fault
    rest |= _numbers(rest, 3)
    return f"{head} " + " ".join(f"{k}={v}" for k, v in rest.items())
