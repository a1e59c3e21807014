"""What methods that know a person learn from, and what they are judged on: one trial and the rest.

One trial alone teaches, so that whatever it teaches is the same wherever it is judged. If instead
each of two trials taught the other, a louder first one would make the second's estimate louder and
its own softer, and the correlation over both would fall for no fault of the method.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from inference.data.dataset import LimbSequence
from inference.data.strides import cut_strides

__all__ = ["Lesson", "Part", "lessons"]


class Part(NamedTuple):
    """Frames of one of the sequences."""

    sequence: int
    frames: slice


class Lesson(NamedTuple):
    """Where a person's EMG may be looked at, and where it is estimated."""

    teaches: Part
    judged: tuple[Part, ...]


def lessons(held: Sequence[LimbSequence]) -> Iterator[Lesson]:
    """Yield a lesson per person, motion and limb.

    The first trial teaches, the others are judged; of a single trial with two strides or more the
    first half teaches and the second is judged. Others have no lesson.
    """
    groups: dict[tuple[str, str, str], list[int]] = {}
    for i, s in enumerate(held):
        groups.setdefault((s.person, s.motion, s.side), []).append(i)
    for first, *others in groups.values():
        if others:
            yield Lesson(Part(first, slice(None)), tuple(Part(i, slice(None)) for i in others))
        elif len(strides := cut_strides(held[first])) > 1:
            middle = strides[len(strides) // 2].start
            yield Lesson(Part(first, slice(None, middle)), (Part(first, slice(middle, None)),))
