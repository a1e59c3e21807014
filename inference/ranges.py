"""Ranges that the numbers of settings lie in; what lies outside is refused by name."""

from __future__ import annotations

import math

__all__ = ["check_least", "check_share"]


def check_least(settings: object, least: float, *names: str) -> None:
    """Refuse numbers below `least`, and those that are not finite.

    Raises
    ------
    ValueError
        If there is one; the message names the first.
    """
    for name in names:
        value = getattr(settings, name)
        if not least <= value < math.inf:
            finite = " and finite" if isinstance(value, float) else ""
            raise ValueError(f"`{name}` is {value:g}, it must be {least:g} or more{finite}")


def check_share(settings: object, *names: str) -> None:
    """Refuse numbers that are no share of a whole.

    Raises
    ------
    ValueError
        If there is one; the message names the first.
    """
    for name in names:
        value = getattr(settings, name)
        if not 0.0 <= value <= 1.0:
            raise ValueError(f"`{name}` is {value:g}, it must be between 0 and 1")
