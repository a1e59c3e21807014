"""Which incoming marker is which marker of the model."""

import difflib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim_bridge._jit import I64
from sim_bridge.exceptions import MarkerMismatch

from .marker_normal import MINIMUM_MARKERS
from .marker_sites import alike

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
        if guess := _guess(self.absent, self.unknown):
            lines.append(f"perhaps these are the same under other names: {guess}")
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
    guess = _guess([name for name in model if name not in matched], unknown)
    named = unknown[:_NAMED] if guess else [_beside_nearest(x, model) for x in unknown[:_NAMED]]
    remedy = (
        f"if these are the same, pair them ({guess})"
        if guess
        else "rename the labels or the model's markers, or pair them (`names`)"
    )
    return (
        f"{len(matched)} of {len(matched) + len(unknown)} incoming markers are in the model"
        f" (matched: {', '.join(matched) or 'none'};"
        f" unknown: {_listed(named, len(unknown)) or 'none'});"
        f" at least {MINIMUM_MARKERS} must match: {remedy}"
    )


def _beside_nearest(label: str, model: Sequence[str]) -> str:
    near = difflib.get_close_matches(label.rpartition(":")[2], model, n=1, cutoff=0.5)
    return f"{label} (nearest: {near[0]})" if near else label


def _guess(absent: Sequence[str], unknown: Sequence[str]) -> str:
    """Names that may belong together, as a session's file takes them; empty if there are none."""
    pairs = (f"{_quoted(ours)}: {_quoted(label)}" for ours, label in alike(absent, unknown).items())
    listed = ", ".join(pairs)
    return listed and f"names: {{{listed}}}"


def _quoted(name: str) -> str:
    """As YAML takes it within braces."""
    return name if re.fullmatch(r"[A-Za-z][\w.-]*", name) else json.dumps(name, ensure_ascii=False)


def _listed(names: Sequence[str], n: int) -> str:
    """Name the first of so many."""
    more = f" and {n - _NAMED} more" if n > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
