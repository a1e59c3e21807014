"""Whether the network has seen enough of the present motion to be believed."""

from __future__ import annotations

import math
from typing import Final

from inference.inputs.schedule import LONGEST_GAP_S

__all__ = ["LOOKED_BACK_S", "USUAL_S", "Settling"]

UNHARMED_S: Final = 0.045
"""A pause up to this [s], three frames of 100 Hz, costs the estimate less than a tenth of the
reference maximum."""
BRIDGED_S: Final = 0.2
"""After a longer pause, and the network's memory spared, less than a tenth is left of the error
after this long [s]: 0.05 to 0.18 of the peaks of walking and running 90 ms after one of 0.15 to
0.24 s, 0.02 to 0.10 of them 250 ms after it."""
USUAL_S: Final = 0.5
"""After a start this is enough [s] in motion that the network was taught: of 366 starts in 34 walks
of 19 people, estimates were within 0.06 of those of a network that saw more in 95 %, within 0.08 in
all (worst of 24 channels each; 0.15 after 0.3 s)."""
LOOKED_BACK_S: Final = 1.6
"""In other motion the simulation is heard as well, which needs a stride to look back on: in
running, after 0.5, 1.2 and 1.6 s, estimates were off by 0.51, 0.22 and 0.10 of the peaks (95 %)."""
SHORTEST_MEMORY_S: Final = 0.3
"""What a network's own state remembers [s]: within this long estimates from nothing come to within
0.06 of those of a network that saw everything, in walking."""


class Settling:
    """Counts how long the motion has been seen without a pause that the estimate would tell.

    Parameters
    ----------
    memory_s : float
        How far back the estimate looks, where motion is not usual [s].
    """

    def __init__(self, memory_s: float) -> None:
        self._memory_s = max(memory_s, SHORTEST_MEMORY_S)
        self._usual_s = min(USUAL_S, self._memory_s)
        self.reset()

    def reset(self) -> None:
        """Everything before is forgotten."""
        self._seen_t, self._since, self._until = math.nan, math.inf, -math.inf
        self.settled = False

    def step(self, t: float, seen: bool, usual: bool) -> None:
        """Take a frame.

        Parameters
        ----------
        t : float
            Its time [s, the stream's clock].
        seen : bool
            Whether it tells of the motion; false where the last pose is held, or a guess.
        usual : bool
            Whether the motion since the start is known to be such as the network was taught.
        """
        pause = t - self._seen_t
        if seen:
            if not pause <= LONGEST_GAP_S:
                self._since = t
            elif pause > UNHARMED_S:
                self._until = t + BRIDGED_S
            self._seen_t = t
        enough = self._since + (self._usual_s if usual else self._memory_s)
        self.settled = t >= max(enough, self._until) and pause <= UNHARMED_S
