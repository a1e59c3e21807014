"""Refuse components of a model, all that are alike at once: nobody should meet them one by one."""

from collections.abc import Sequence
from typing import Any

from sim_bridge.exceptions import UnsupportedComponent


def kind_of(component: Any) -> str:
    """OpenSim class of a component."""
    return str(component.getConcreteClassName())


def refuse(components: Sequence[Any], remedy: str) -> None:
    """Refuse components for which one remedy holds; none is nothing to refuse.

    Raises
    ------
    UnsupportedComponent
        Names the first, and the others in its remedy.
    """
    if not components:
        return
    first, *others = components
    if others:
        remedy += f"; the same holds for {listed(others)}"
    raise UnsupportedComponent(kind_of(first), first.getName(), remedy)


def listed(components: Sequence[Any]) -> str:
    """Classes and names."""
    return ", ".join(f"{kind_of(c)} '{c.getName()}'" for c in components)
