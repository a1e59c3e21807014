"""Markers of the same place that laboratories call differently."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

_SITES: Final = (
    ("asis", "asi", "ias"),
    ("psis", "psi", "ips"),
    ("knee", "kne", "kneelat", "latknee", "lfc", "lfe", "fle"),
    ("mknee", "mkne", "kneemed", "medknee", "mfc", "mfe", "fme"),
    ("ankle", "ank", "anklelat", "latankle", "lmal", "latmal", "fal"),
    ("mankle", "mank", "anklemed", "medankle", "mmal", "medmal", "tam"),
    ("heel", "hee", "cal", "calc", "fcc"),
    ("mt1", "1mt", "fm1"),
    ("mt5", "5mt", "fm5"),
    ("shoulder", "sho", "acr", "acromion", "acromium", "sae"),
)
"""Names without their side, in lower case: of Plug-in Gait, Van Sint Jan's landmarks, OpenSim's
models."""
_SITE: Final = {name: site[0] for site in _SITES for name in site}
_SIDES: Final = (("right", "r"), ("left", "l"), ("r", "r"), ("l", "l"))


def alike(absent: Sequence[str], unknown: Sequence[str]) -> dict[str, str]:
    """Return which unknown label may be which marker that is absent.

    Parameters
    ----------
    absent : sequence of str
        Markers of the model that are not received.
    unknown : sequence of str
        Labels that the model does not know; a prefix up to a colon does not count.

    Returns
    -------
    dict of str to str
        Label by marker, where a place has one of each: a guess, for a person to look at.
    """
    markers = _by_place(absent)
    labels = _by_place([label.rpartition(":")[2] for label in unknown])
    return {marker: labels[place] for place, marker in markers.items() if place in labels}


def _by_place(names: Sequence[str]) -> dict[tuple[str, str], str]:
    """Names by their place, where it has but one."""
    places = [_place(name) for name in names]
    counts = Counter(places)
    return {place: name for place, name in zip(places, names, strict=True) if counts[place] == 1}


def _place(name: str) -> tuple[str, str]:
    """Side and site; no side where the site is none that is known."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    for word, side in _SIDES:
        for rest in (plain.removeprefix(word), plain.removesuffix(word)):
            if rest != plain and rest in _SITE:
                return side, _SITE[rest]
    return "", plain
