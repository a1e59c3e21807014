"""Parts that a model holds outside of its sets: OpenSim simulates them, but we do not read them."""

from typing import Any

import opensim

from .forces import is_read
from .refuse import refuse

_KINDS = ("Body", "Joint", "Constraint", "Force", "Marker")


def refuse_outside_sets(model: Any) -> None:
    """Refuse a body, joint, constraint, force or marker that is in none of the model's sets.

    Raises
    ------
    UnsupportedComponent
        For those among the model's ``components``, or inside of one; what is switched off may stay.
    """
    components = list(model.getComponentsList())  # its iterator complains if it is left early
    for kind in _KINDS:
        members = getattr(model, f"get{kind}Set")()
        known = {members.get(i).getAbsolutePathString() for i in range(members.getSize())}
        parts = [getattr(opensim, kind).safeDownCast(component) for component in components]
        outside = [
            part
            for part in parts
            if part is not None
            and part.getAbsolutePathString() not in known
            and not _may_stay(part, kind)
        ]
        refuse(outside, f"it is outside the model's {kind}Set; move it there, or remove it")


def _may_stay(part: Any, kind: str) -> bool:
    """Whether a force or constraint does nothing, or is refused for its class anyway."""
    if kind == "Force":
        return not (part.get_appliesForce() and is_read(part))
    return kind == "Constraint" and not part.get_isEnforced()
