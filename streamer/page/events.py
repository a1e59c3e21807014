"""What a browser gets of a session: server-sent events with a JSON object each.

``session`` comes first and whenever another session or other names begin, ``health`` once a
second, ``here`` after a second of silence, and unnamed events are estimates.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec

from streamer.messaging.latest import Latest
from streamer.messaging.messages import Emg, values
from streamer.status import names

REFRESH_HZ: Final = 30.0
"""How often a browser gets the newest estimate, if there is a newer one."""

STILL_HERE_EVERY: Final = round(REFRESH_HZ)
"""After so many looks without news a browser is told that its server is still there: so both notice
a connection that is none any more."""


class Told:
    """What one browser has been sent of a session.

    Parameters
    ----------
    latest : Latest
        Somebody else receives into it.
    """

    def __init__(self, latest: Latest) -> None:
        self._latest = latest
        self._names: dict[str, Any] = {}
        # what came before the browser did may be of a session long over
        self._health, self._emg = latest.health, latest.emg

    def news(self) -> bytes:
        """Return the events of what has come since the last time; nothing if nothing has."""
        latest, told = self._latest, b""
        if latest.meta.session and self._names != (fields := _names(latest)):
            self._names = fields
            told += event("session", fields)
        if latest.health is not self._health:
            self._health = latest.health
            told += event("health", _health(latest))
        if latest.emg is not self._emg:
            self._emg = latest.emg
            told += event("", _estimate(latest.emg))
        return told


async def events(latest: Latest) -> AsyncIterator[bytes]:
    """Yield one browser's events for as long as it listens; see `Told`."""
    told, silent = Told(latest), 0
    while True:
        news = told.news()
        silent = 0 if news else silent + 1
        if news:
            yield news
        elif silent % STILL_HERE_EVERY == 0:
            yield event("here", {})
        await asyncio.sleep(1.0 / REFRESH_HZ)


def event(kind: str, fields: dict[str, Any]) -> bytes:
    """One server-sent event."""
    head = f"event: {kind}\n".encode() if kind else b""
    return head + b"data: " + msgspec.json.encode(fields) + b"\n\n"


def _names(latest: Latest) -> dict[str, Any]:
    meta = latest.meta
    return {
        "session": meta.session,
        "channels": meta.channel_names,
        "model": meta.model_name,
        "subject": meta.subject,
    }


def _health(latest: Latest) -> dict[str, Any]:
    health = latest.health
    return {
        "rate_in_hz": health.rate_in_hz,
        "rate_out_hz": health.rate_out_hz,
        "p99_ms": health.latency_ms.get("p99", 0.0),
        "on_time_percent": latest.on_time_percent(),
        "doubts": health.doubts + [f"force plate {k}: {v}" for k, v in health.plate_faults.items()],
    }


def _estimate(emg: Emg) -> dict[str, Any]:
    return {
        "t": emg.t,
        "emg": _numbers(emg.emg),
        "sigma": _numbers(emg.sigma),
        "activity_age_ms": emg.age_ms - emg.lead_ms,
        "flags": names(emg.status),
    }


def _numbers(field: bytes) -> list[float]:
    return [round(float(x), 4) for x in values(field)]
