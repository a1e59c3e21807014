"""The one clock of a session: LSL's local clock, monotonic, in seconds.

Capture times, receipt times, deadlines and the ``sent`` field are all in this domain. Objects
that need time get a `Clock`, so that a test can hand them one that it moves by hand.
"""

import time
from pathlib import Path
from typing import Final, Protocol

import pylsl

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """Random id of this machine's start, from which its clock counts; "" if the system has none."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


class Clock(Protocol):
    """Something that tells the time and can wait for it."""

    def now(self) -> float:
        """Return the time [s]."""
        ...

    def sleep_until(self, t: float) -> None:
        """Return when it is `t` [s], at once if that has passed."""
        ...


class LslClock:
    """``pylsl.local_clock``: on Linux the monotonic clock since boot [s]."""

    def now(self) -> float:
        """Return the time [s], LSL local clock."""
        return float(pylsl.local_clock())

    def sleep_until(self, t: float) -> None:
        """Sleep until `t` [s], LSL local clock; overshoots by about 0.1 ms on stock Linux."""
        remaining = t - self.now()
        if remaining > 0.0:
            time.sleep(remaining)
