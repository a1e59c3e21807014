"""Which incoming marker is which marker of the model."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim_bridge._jit import I64
from sim_bridge.exceptions import MarkerMismatch

from .marker_normal import MINIMUM_MARKERS

_NAMED = 5
"""So many of a list are named, the others are counted."""


@dataclass(frozen=True)
class MarkerMatch:
    """Pairs of incoming column and model marker, and what was left over on both sides."""

    names: tuple[str, ...]
    column: I64
    marker: I64
    unknown: tuple[str, ...]
    absent: tuple[str, ...]

    def left_over(self) -> list[str]:
        """Return one line on each side that has names without a partner; none where all match."""
        lines, matched = [], len(self.names)
        if n := len(self.unknown):
            which = _listed(self.unknown, n)
            lines.append(f"{n} of {n + matched} incoming markers are not in the model: {which}")
        if n := len(self.absent):
            which = _listed(self.absent, n)
            lines.append(f"{n} of {n + matched} markers of the model are not received: {which}")
        return lines


def match_markers(incoming: Sequence[str], model: Sequence[str]) -> MarkerMatch:
    """Pair labels by name.

    Parameters
    ----------
    incoming : sequence of str
        Labels as they arrive; ``Subject:LABEL`` matches ``LABEL``.
    model : sequence of str
        The model's marker names.

    Raises
    ------
    MarkerMismatch
        If fewer than three match (the message says which did and names the nearest), or if two
        labels are the same marker: two subjects in one stream would be averaged.
    """
    number = {name: i for i, name in enumerate(model)}
    labels = [name if name in number else name.rpartition(":")[2] for name in incoming]
    pairs = [(k, number[label]) for k, label in enumerate(labels) if label in number]
    unknown = tuple(
        name for name, label in zip(incoming, labels, strict=True) if label not in number
    )
    if len(pairs) < MINIMUM_MARKERS:
        raise MarkerMismatch(_explain([model[j] for _, j in pairs], unknown, model))
    found: dict[int, int] = {}
    for k, j in pairs:
        if j in found:
            raise MarkerMismatch(
                f"'{incoming[found[j]]}' and '{incoming[k]}' both match the marker {model[j]};"
                " rename one, or send one subject only"
            )
        found[j] = k
    return MarkerMatch(
        names=tuple(model[j] for _, j in pairs),
        column=np.array([k for k, _ in pairs], dtype=np.int64),
        marker=np.array([j for _, j in pairs], dtype=np.int64),
        unknown=unknown,
        absent=tuple(name for i, name in enumerate(model) if i not in found),
    )


def _explain(matched: list[str], unknown: tuple[str, ...], model: Sequence[str]) -> str:
    folded = {name.lower().replace(" ", "").replace("_", "."): name for name in model}
    hints = []
    for label in unknown[:_NAMED]:
        key = label.rpartition(":")[2].lower().replace(" ", "").replace("_", ".")
        near = difflib.get_close_matches(key, folded, n=1, cutoff=0.5)
        hints.append(f"{label} (nearest: {folded[near[0]]})" if near else label)
    said = _listed(hints, len(unknown)) or "none"
    return (
        f"{len(matched)} of {len(matched) + len(unknown)} incoming markers are in the model"
        f" (matched: {', '.join(matched) or 'none'}; unknown: {said});"
        f" at least {MINIMUM_MARKERS} must match: rename the labels or the model's markers, or pair"
        " them (`names`)"
    )


def _listed(names: Sequence[str], n: int) -> str:
    """Name the first of so many."""
    more = f" and {n - _NAMED} more" if n > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
