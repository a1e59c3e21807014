"""Parts that a model holds outside of its sets: OpenSim simulates them, but we do not read them."""

from typing import Any

import opensim

from sim_bridge.exceptions import UnsupportedComponent

from .forces import is_read

_KINDS = ("Body", "Joint", "Constraint", "Force", "Marker")


def refuse_outside_sets(model: Any) -> None:
    """Refuse a body, joint, constraint, force or marker that is in none of the model's sets.

    Raises
    ------
    UnsupportedComponent
        For one among the model's ``components``, or inside of one; what is switched off may stay.
    """
    components = list(model.getComponentsList())  # its iterator complains if it is left early
    for kind in _KINDS:
        members = getattr(model, f"get{kind}Set")()
        known = {members.get(i).getAbsolutePathString() for i in range(members.getSize())}
        for component in components:
            part = getattr(opensim, kind).safeDownCast(component)
            if part is None or part.getAbsolutePathString() in known or _may_stay(part, kind):
                continue
            raise UnsupportedComponent(
                part.getConcreteClassName(),
                part.getName(),
                f"it is outside the model's {kind}Set; move it there, or remove it",
            )


def _may_stay(part: Any, kind: str) -> bool:
    """Whether a force or constraint does nothing, or is refused for its class anyway."""
    if kind == "Force":
        return not (part.get_appliesForce() and is_read(part))
    return kind == "Constraint" and not part.get_isEnforced()
