"""Faults that a replay can put into its streams, to see what the other end makes of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from streamer.arrays import F64
from streamer.exceptions import ConfigError, nearest

SILENCE_EVERY_S = 5.0
"""A ``silence``, ``mute`` or ``exchange`` begins this often [s]."""

_KINDS = {
    "drop": "probability that a marker frame is not sent",
    "occlude": "probability that a marker disappears at a frame; it stays away for 0.2 s",
    "again": "probability that a frame is the one before, sent again under the new time",
    "exchange": f"seconds in which two markers exchange labels, every {SILENCE_EVERY_S:g} s",
    "silence": f"seconds without markers, every {SILENCE_EVERY_S:g} s",
    "mute": f"seconds without forces, every {SILENCE_EVERY_S:g} s",
    "late": "seconds by which force samples come after their time",
    "jitter": "seconds by which the markers' time stamps are late: the size of a normal variable",
}
_PROBABILITIES = ("drop", "occlude", "again")
_OCCLUDED_S = 0.2


@dataclass
class Faults:
    """What is done to the streams; all zero = nothing, and the same random faults every time.

    Attributes
    ----------
    drop, occlude, again : float
        Probabilities per frame; of ``occlude`` per frame and marker.
    exchange, silence, mute, late, jitter : float
        Durations [s].
    """

    drop: float = 0.0
    occlude: float = 0.0
    again: float = 0.0
    exchange: float = 0.0
    silence: float = 0.0
    mute: float = 0.0
    late: float = 0.0
    jitter: float = 0.0
    _random: np.random.Generator = field(init=False, repr=False)
    _hidden_until: F64 = field(init=False, repr=False)
    _sent: F64 | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(0)
        self._hidden_until = np.zeros(0)

    def sends_frame(self, elapsed_s: float) -> bool:
        """Whether the marker frame at this time since the start [s] is sent."""
        if _within(elapsed_s, self.silence):
            return False
        return not (self.drop and self._random.random() < self.drop)

    def sends_forces(self, elapsed_s: float) -> bool:
        """Whether force samples of this time since the start [s] are sent."""
        return not _within(elapsed_s, self.mute)

    def spoil(self, elapsed_s: float, positions: F64) -> F64:
        """Exchange and hide markers of a frame, or give the one before again.

        Parameters
        ----------
        elapsed_s : float
            Time since the start [s].
        positions : ndarray of shape (n, 3), float64
            Not changed.

        Returns
        -------
        ndarray of shape (n, 3), float64
            With NaN where a marker is hidden.
        """
        if self._sent is not None and self.again and self._random.random() < self.again:
            return self._sent
        self._sent = self._hide(elapsed_s, self._exchange(elapsed_s, positions))
        return self._sent

    def _exchange(self, elapsed_s: float, positions: F64) -> F64:
        """Another pair each time."""
        if not _within(elapsed_s, self.exchange):
            return positions
        order = np.arange(len(positions))
        pair = np.random.default_rng(int(elapsed_s / SILENCE_EVERY_S)).permutation(order)[:2]
        order[pair] = pair[::-1]
        return positions[order]

    def _hide(self, elapsed_s: float, positions: F64) -> F64:
        if not self.occlude:
            return positions
        if len(self._hidden_until) != len(positions):
            self._hidden_until = np.zeros(len(positions))
        struck = self._random.random(len(positions)) < self.occlude
        self._hidden_until[struck] = elapsed_s + _OCCLUDED_S
        return np.where(self._hidden_until[:, None] > elapsed_s, np.nan, positions)

    def stamp(self, t: float) -> float:
        """Time stamp of a frame [s], with its jitter; only ever late, as arrival is."""
        return t + abs(self._random.normal(0.0, self.jitter)) if self.jitter else t


def _within(elapsed_s: float, length_s: float) -> bool:
    """Whether a fault that comes again and again is there."""
    return elapsed_s >= SILENCE_EVERY_S and elapsed_s % SILENCE_EVERY_S < length_s


def parse_faults(texts: Sequence[str]) -> Faults:
    """Read ``kind:amount`` texts, as given on the command line.

    Parameters
    ----------
    texts : sequence of str
        E.g. ``["drop:0.01", "silence:0.5"]``.

    Returns
    -------
    Faults
        With these amounts.

    Raises
    ------
    ConfigError
        If a kind is unknown or an amount cannot be.
    """
    amounts: dict[str, float] = {}
    for text in texts:
        kind, _, amount = text.partition(":")
        if kind not in _KINDS:
            known = "; ".join(f"{k}: {v}" for k, v in _KINDS.items())
            hint = nearest(kind, list(_KINDS))
            raise ConfigError(f"unknown fault {kind!r} ({hint}); known: {known}")
        try:
            amounts[kind] = float(amount)
        except ValueError:
            raise ConfigError(
                f"fault {text!r} has no amount; write it as {kind}:0.01 ({_KINDS[kind]})"
            ) from None
        top = 1.0 if kind in _PROBABILITIES else SILENCE_EVERY_S
        if not 0.0 <= amounts[kind] <= top:
            raise ConfigError(f"fault {text!r} is out of range; give 0 to {top:g} ({_KINDS[kind]})")
    return Faults(**amounts)
