"""The elementary motions that joints are made of."""

from dataclasses import dataclass

X, Y, Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
SLIDE, TURN = False, True


@dataclass(frozen=True)
class Motion:
    """One elementary motion of a joint.

    A motion without a coordinate has the constant displacement ``offset``. ``turn`` is the number
    (0, 1, 2) of a CustomJoint's rotation axis, else -1. ``starts_ball`` marks the first of three
    turns whose speeds Simbody counts as an angular velocity.
    """

    is_rotation: bool
    axis: tuple[float, float, float]
    coordinate: str | None
    function: int = -1
    offset: float = 0.0
    turn: int = -1
    starts_ball: bool = False
