"""Units as streams and files spell them, lower case, and their size in SI units."""

import re

METRES_PER_UNIT = {
    "m": 1.0,
    "meter": 1.0,
    "meters": 1.0,
    "metre": 1.0,
    "metres": 1.0,
    "cm": 1e-2,
    "centimeter": 1e-2,
    "centimeters": 1e-2,
    "centimetre": 1e-2,
    "centimetres": 1e-2,
    "mm": 1e-3,
    "millimeter": 1e-3,
    "millimeters": 1e-3,
    "millimetre": 1e-3,
    "millimetres": 1e-3,
    "in": 0.0254,
    "inch": 0.0254,
    "inches": 0.0254,
}
"""Lengths [m]."""

NEWTONS_PER_UNIT = {"n": 1.0, "newton": 1.0, "newtons": 1.0, "kn": 1e3}
"""Forces [N]."""

NEWTON_METRES_PER_UNIT = {"nm": 1.0, "newtonmeters": 1.0, "nmm": 1e-3, "ncm": 1e-2, "knm": 1e3}
"""Moments [N m]."""

_BETWEEN = re.compile(r"[\s*·.-]")


def spelled(unit: str) -> str:
    """Spell a unit as the tables do: lower case, nothing between N and m."""
    return _BETWEEN.sub("", unit.lower())


def metres(unit: str) -> float | None:
    """Size of a unit of length [m]; None if it is none."""
    return METRES_PER_UNIT.get(spelled(unit))
