"""What a client says when it reads more slowly than a session sends."""

import math
import time

from streamer.console.terminal import say
from streamer.messaging.messages import Message

TOLD_S = 1.0
"""A reader that is further behind [s] is told."""
AGAIN_S = 10.0
"""How long it is not told again [s]."""
DRIFT = 1e-4
"""By which clocks of two machines may run apart; a computer's own is right to some 50 ppm."""


class Behind:
    """Tells the user when messages are read later and later after they were sent.

    The session's clock may be that of another machine, so that only what the time from sending to
    reading has grown by is known: since the session was first heard, less what clocks drift.
    """

    def __init__(self) -> None:
        self._session = ""
        self._soonest, self._at, self._quiet_until = math.inf, 0.0, -math.inf

    def see(self, message: Message) -> None:
        """Take a message that was read now."""
        now = time.monotonic()
        if message.session != self._session:
            self._session, self._soonest = message.session, math.inf
        taken_s = now - message.sent
        self._soonest = min(taken_s, self._soonest + DRIFT * (now - self._at))
        self._at = now
        behind_s = taken_s - self._soonest
        if behind_s > TOLD_S and now >= self._quiet_until:
            self._quiet_until = now + AGAIN_S
            say(
                f"reading {behind_s:.0f} s behind the session: "
                "this machine, or whatever takes these lines, is too slow for them"
            )
