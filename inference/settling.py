"""Whether the network has seen enough of the present motion to be believed."""

from __future__ import annotations

import math
from typing import Final

from inference.schedule import LONGEST_GAP_S

__all__ = ["Settling"]

UNHARMED_S: Final = 0.045
"""A pause up to this [s], three frames of 100 Hz, costs the estimate less than a tenth of the
reference maximum."""
BRIDGED_S: Final = 0.2
"""After a longer pause, and the network's memory spared, less than a tenth is left of the error
after this long [s]: 0.05 to 0.18 of the peaks of walking and running 90 ms after one of 0.15 to
0.24 s, 0.02 to 0.10 of them 250 ms after it."""
SHORTEST_MEMORY_S: Final = 0.3
"""What a network's own state remembers [s]: within this long estimates from nothing come to within
0.06 of those of a network that saw everything, in walking."""


class Settling:
    """Counts how long the motion has been seen without a pause that the estimate would tell.

    Parameters
    ----------
    memory_s : float
        How far back the network looks for how large its estimate is [s].
    """

    def __init__(self, memory_s: float) -> None:
        self._memory_s = max(memory_s, SHORTEST_MEMORY_S)
        self._seen_t = math.nan
        self._until = -math.inf
        self.settled = False

    def reset(self) -> None:
        """Everything before is forgotten."""
        self._seen_t, self._until, self.settled = math.nan, -math.inf, False

    def step(self, t: float, seen: bool) -> None:
        """Take a frame.

        Parameters
        ----------
        t : float
            Its time [s, the stream's clock].
        seen : bool
            Whether it tells of the motion; false where the last pose is held, or a guess.
        """
        pause = t - self._seen_t
        if seen:
            if not pause <= LONGEST_GAP_S:
                self._until = t + self._memory_s
            elif pause > UNHARMED_S:
                self._until = max(self._until, t + BRIDGED_S)
            self._seen_t = t
        self.settled = t >= self._until and (seen or pause <= UNHARMED_S)
