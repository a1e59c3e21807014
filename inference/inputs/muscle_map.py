"""Which muscles of a model feed which canonical channel.

A muscle map has one entry per channel and side, ``{"VM_r": ("vasmed_r",), ...}``. The default one
is looked up by muscle name, channel by channel. It knows the Rajagopal family, that of Lai and
Arnold, the Gait2392 family and its 10-degree relative, and the lumped muscles of the demo subject
(soleus, tibialis anterior, gastrocnemius, vasti, hamstrings, glutei and hip flexors per leg, the
set of [GeyerHerr2010]_). Smaller models leave muscles out and let one of a group stand for it under
its own name: Gait2354 has ``vas_int`` for all vasti. It does so where the muscle itself is missing.

References
----------
.. [GeyerHerr2010] Geyer H, Herr H (2010). A muscle-reflex model that encodes principles of legged
   mechanics produces human walking dynamics and muscle activities. IEEE Trans Neural Syst Rehabil
   Eng 18(3):263-273. doi:10.1109/TNSRE.2010.2047592
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from inference.channels import CHANNELS, SIDES, with_sides
from inference.exceptions import MuscleMapError, nearest_names

__all__ = ["FAMILIES", "Family", "default_muscle_map", "knee_sign_by_name", "resolve_muscle_map"]

MuscleMap = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Family:
    """Names and sign convention shared by a family of models.

    Attributes
    ----------
    name : str
        For messages.
    muscles : mapping of str to tuple of str
        Canonical channel to muscle names without their side; channels that are absent are as in
        another family.
    knee_flexion_sign : float
        +1 where ``knee_angle`` grows in flexion, -1 where it falls.
    """

    name: str
    muscles: Mapping[str, tuple[str, ...]]
    knee_flexion_sign: float


def _three(stem: str) -> tuple[str, ...]:
    return tuple(f"{stem}{part}" for part in (1, 2, 3))


FAMILIES: Final = (
    Family(
        "Rajagopal",
        {
            "TA": ("tibant",), "SOL": ("soleus",), "GM": ("gasmed",), "GL": ("gaslat",),
            "VM": ("vasmed",), "VL": ("vaslat",), "RF": ("recfem",), "BFLH": ("bflh",),
            "SM": ("semimem",), "ST": ("semiten",), "GMAX": _three("glmax"),
            "GMED": _three("glmed"),
        },
        knee_flexion_sign=1.0,
    ),
    Family(
        "Gait2392",
        {
            "TA": ("tib_ant",), "SOL": ("soleus",), "GM": ("med_gas",), "GL": ("lat_gas",),
            "VM": ("vas_med",), "VL": ("vas_lat",), "RF": ("rect_fem",), "BFLH": ("bifemlh",),
            "SM": ("semimem",), "ST": ("semiten",), "GMAX": _three("glut_max"),
            "GMED": _three("glut_med"),
        },
        knee_flexion_sign=-1.0,
    ),
    Family(
        "Gait10dof18musc",
        {
            "TA": ("tib_ant",), "SOL": ("soleus",), "GM": ("gastroc",), "GL": ("gastroc",),
            "VM": ("vasti",), "VL": ("vasti",), "RF": ("rect_fem",), "BFLH": ("hamstrings",),
            "SM": ("hamstrings",), "ST": ("hamstrings",), "GMAX": ("glut_max",), "GMED": ("abd",),
        },
        knee_flexion_sign=-1.0,
    ),
    Family(
        "Lai and Arnold",
        {"GL": ("gaslat140",), "VL": ("vaslat140",), "BFLH": ("bflh140",)},
        knee_flexion_sign=1.0,
    ),
    Family(
        "demo",
        {
            "TA": ("TA",), "SOL": ("SOL",), "GM": ("GAS",), "GL": ("GAS",), "VM": ("VAS",),
            "VL": ("VAS",), "BFLH": ("HAM",), "SM": ("HAM",), "ST": ("HAM",), "GMAX": ("GLU",),
        },
        knee_flexion_sign=1.0,
    ),
    # from here on a muscle stands for its group; those above go before
    Family(
        "Gait2354",
        {
            "GL": ("med_gas",), "VM": ("vas_int",), "VL": ("vas_int",), "SM": ("bifemlh",),
            "ST": ("bifemlh",),
        },
        knee_flexion_sign=-1.0,
    ),
    Family(
        "nine muscles a leg, Rajagopal's names",
        {
            "GL": ("gasmed",), "VM": ("vasint",), "VL": ("vasint",), "BFLH": ("semimem",),
            "ST": ("semimem",),
        },
        knee_flexion_sign=1.0,
    ),
)  # fmt: skip


def _known(family: Family, channel: str, side: str, names: frozenset[str]) -> tuple[str, ...]:
    stems = family.muscles.get(channel, ())
    return tuple(name for stem in stems if (name := f"{stem}_{side}") in names)


def default_muscle_map(muscle_names: Sequence[str]) -> MuscleMap:
    """Return each channel's muscles by the first family that knows any; others are absent."""
    names, found = frozenset(muscle_names), MuscleMap()
    for side in SIDES:
        for channel in CHANNELS:
            by_family = (_known(family, channel, side, names) for family in FAMILIES)
            if muscles := next(filter(None, by_family), ()):
                found[f"{channel}_{side}"] = muscles
    return found


def knee_sign_by_name(muscle_names: Sequence[str]) -> float:
    """Return +1 or -1 as the model's family counts knee flexion, 0 for an unknown family.

    It is the family that knows most muscles.
    """
    names = frozenset(muscle_names)
    known = [
        sum(len(_known(family, channel, side, names)) for channel in CHANNELS for side in SIDES)
        for family in FAMILIES
    ]
    most = max(known)
    return FAMILIES[known.index(most)].knee_flexion_sign if most else 0.0


def resolve_muscle_map(
    muscle_names: Sequence[str], given: Mapping[str, Sequence[str]] | None = None
) -> MuscleMap:
    """Check the given entries and fill the others from the default map.

    Parameters
    ----------
    muscle_names : sequence of str
        The model's muscles.
    given : mapping of str to sequence of str, optional
        Entries like ``"VM_r": ["vasmed_r"]`` that win over the default ones; an empty list leaves
        the channel out.

    Returns
    -------
    dict of str to tuple of str
        Right side first, channels in canonical order; channels without a source are absent.

    Raises
    ------
    MuscleMapError
        If an entry is not a channel with its side, names a muscle that the model lacks (the
        nearest names are in the message), or if nothing is mapped at all.
    """
    merged = default_muscle_map(muscle_names) | _checked(muscle_names, given or {})
    ordered = {key: merged[key] for key in with_sides(CHANNELS) if merged.get(key)}
    if not ordered:
        raise MuscleMapError(
            f"no EMG channel can be fed by this model's {len(muscle_names)} muscles "
            f"({_some(muscle_names)}); give a muscle map in the session's file, such "
            "as `muscle_map: {VM_r: [your_vastus_medialis_r]}`"
        )
    return ordered


def _checked(muscle_names: Sequence[str], given: Mapping[str, Sequence[str]]) -> MuscleMap:
    keys = with_sides(CHANNELS)
    if wrong := [key for key in given if key not in keys]:
        raise MuscleMapError(
            f"muscle map: {wrong[0]!r} is not a channel; "
            f"{_hint(wrong[0], keys)}channels are {', '.join(CHANNELS)}, each with _r or _l",
            wrong,
        )
    if text := [key for key, names in given.items() if isinstance(names, str)]:
        raise MuscleMapError(f"muscle map: {text[0]} needs a list of muscle names", text)
    known = frozenset(muscle_names)
    if missing := [name for names in given.values() for name in names if name not in known]:
        hint = _hint(missing[0], muscle_names) or f"the model has {_some(muscle_names)}"
        raise MuscleMapError(
            f"muscle map: the model has no muscle {missing[0]!r}; {hint.rstrip('; ')}", missing
        )
    return {key: tuple(names) for key, names in given.items()}


def _hint(name: str, known: Sequence[str]) -> str:
    near = nearest_names(name, known)
    return f"did you mean {' or '.join(near)}? " if near else ""


def _some(names: Sequence[str], count: int = 6) -> str:
    return ", ".join(names[:count]) + (", ..." if len(names) > count else "") if names else "none"
