"""Finding LSL streams by a configuration's description."""

import time

import pylsl

from streamer.config.streams import Stream
from streamer.exceptions import StreamAmbiguous, StreamNotFound

SECOND_ANSWER_S = 0.8
"""How long to listen for other streams [s]: liblsl asks again after 0.5 s, and several outlets of
one machine do not all hear the first question."""

_HEARS_S = 1.0
"""While a stream is waited for, Ctrl-C is heard after so long [s]."""


def find(stream: Stream) -> pylsl.StreamInfo:
    """Wait for the one stream that a configuration describes.

    Parameters
    ----------
    stream : Stream
        Its type, name and source_id, and how long to wait.

    Returns
    -------
    pylsl.StreamInfo
        Without its extended description.

    Raises
    ------
    StreamNotFound, StreamAmbiguous
        If none answers in time (the visible streams are listed), or more than one does.
    """
    asked = predicate(stream.type, stream.name, stream.source_id)
    found = _first(asked, stream.timeout_s)
    if len(found) == 1:  # the first to answer need not be the only one, of a source_id neither
        found = pylsl.resolve_bypred(asked, minimum=2, timeout=SECOND_ANSWER_S) or found
    said, waited_s = stream.described, stream.timeout_s
    if not found:
        listed = visible_streams(" (if it is one of these, set its `type` or `name`)")
        raise StreamNotFound(said, waited_s, f"{listed}; {stream.remedy}")
    if len(streams := _distinct(found)) > 1:
        several = ", ".join(f"{i.name()} ({who(i)})" for i in streams)
        raise StreamAmbiguous(said, several, _how_to_choose(streams))
    return found[0]


def _first(asked: str, timeout_s: float) -> list[pylsl.StreamInfo]:
    """Wait for a stream, in parts, between which Python hears Ctrl-C."""
    found: list[pylsl.StreamInfo] = []
    end = time.monotonic() + timeout_s
    while not found and (left_s := end - time.monotonic()) > 0.0:
        found = pylsl.resolve_bypred(asked, minimum=1, timeout=min(left_s, _HEARS_S))
    return found


def _how_to_choose(streams: list[pylsl.StreamInfo]) -> str:
    """What tells each of these from the others."""
    keys = {"name": [s.name() for s in streams], "source_id": [s.source_id() for s in streams]}
    each_its_own = [f"`{key}`" for key, said in keys.items() if len(set(said)) == len(said)]
    return f"set {' or '.join(each_its_own)}" if each_its_own else "stop all but one"


def answering(stream: Stream) -> list[pylsl.StreamInfo]:
    """Every stream that answers a configuration's description now; none is no error."""
    asked = predicate(stream.type, stream.name, stream.source_id)
    return _distinct(pylsl.resolve_bypred(asked, minimum=1, timeout=SECOND_ANSWER_S))


def _distinct(found: list[pylsl.StreamInfo]) -> list[pylsl.StreamInfo]:
    """Each stream once: it answers by IPv4 and by IPv6."""
    return list({info.uid(): info for info in found}.values())


def visible_streams(remark: str = "") -> str:
    """One phrase about the LSL streams that can be seen now; a remark if there are some."""
    streams = pylsl.resolve_streams(wait_time=SECOND_ANSWER_S)
    if not streams:
        return (
            "no LSL stream at all is visible (those of other machines need UDP 16571, or "
            "KnownPeers in lsl_api.cfg)"
        )
    listed = ", ".join(f"{s.name()} ({s.type()}, {s.channel_count()} ch)" for s in streams)
    return f"visible: {listed}{remark}"


def predicate(kind: str, name: str, source_id: str) -> str:
    """Write the XPath 1.0 predicate that streams of a description answer.

    Parameters
    ----------
    kind : str
        LSL type, upper and lower case alike; "" for any.
    name, source_id : str
        Exact; "" for any.

    Returns
    -------
    str
    """
    upper, lower = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
    parts = []
    if kind:
        parts.append(f"translate(type,'{upper}','{lower}')={_quoted(kind.lower())}")
    if name:
        parts.append(f"name={_quoted(name)}")
    if source_id:
        parts.append(f"source_id={_quoted(source_id)}")
    return " and ".join(parts) or "channel_count>0"


def _quoted(text: str) -> str:
    """XPath string literal; XPath 1.0 knows no escapes, only two kinds of quotes."""
    return f'"{text}"' if "'" in text else f"'{text}'"


def who(info: pylsl.StreamInfo) -> str:
    """What tells streams of one name apart."""
    return f"source_id {info.source_id() or 'none'} on {info.hostname()}"
