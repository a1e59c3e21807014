"""Which way a model counts knee flexion, told from its geometry and not from its names."""

import numpy as np

from ._jit import F64
from .kinematics import empty_pose, pose_free, skeleton_of
from .model import CompiledModel

_BENT_RAD = 0.3
_LEAST = 0.5
"""Of the way of the point that moves farthest: more across than along the pelvis is no knee."""


def knee_flexion_sign(model: CompiledModel) -> float:
    """Return +1 where ``knee_angle`` grows as the heel goes back, -1 where it falls, else 0.

    0 is of a model that has no such free coordinate, or whose legs do not agree.
    """
    signs = {_sign(model, name) for name in ("knee_angle_r", "knee_angle_l")} - {0.0}
    return signs.pop() if len(signs) == 1 else 0.0


def _sign(model: CompiledModel, name: str) -> float:
    names = model.coordinates.free_names
    if name not in names:
        return 0.0
    straight = model.coordinates.default[model.coordinates.free_index].copy()
    bent = straight.copy()
    bent[names.index(name)] += _BENT_RAD
    before, forward = _origins(model, straight)
    way = _origins(model, bent)[0] - before
    farthest = way[np.argmax(np.linalg.norm(way, axis=1))]
    along = float(farthest @ forward)
    return -float(np.sign(along)) if abs(along) > _LEAST * np.linalg.norm(farthest) else 0.0


def _origins(model: CompiledModel, free: F64) -> tuple[F64, F64]:
    """Origins of all bodies that move (n, 3) [m, ground], and where the pelvis looks (3,)."""
    pose, bodies = empty_pose(model), model.bodies
    pose_free(skeleton_of(model), free, pose)
    moves = bodies.link >= 0
    link, place = bodies.link[moves], bodies.translation[moves]
    origins = pose.position[link] + np.einsum("nij,nj->ni", pose.rotation[link], place)
    forward = np.array([1.0, 0.0, 0.0])
    if "pelvis" in bodies.names:
        b = bodies.names.index("pelvis")
        if bodies.link[b] >= 0:
            forward = pose.rotation[bodies.link[b]] @ bodies.rotation[b][:, 0]
    return origins, forward
