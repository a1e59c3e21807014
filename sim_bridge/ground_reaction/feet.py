"""Where the soles are: four points of each foot, on the links of its heel and toe bodies.

The bodies are those of OpenSim's gait models since Delp et al. 1990 (doi 10.1109/10.102791):
``calcn_r`` with its origin under the back of the heel and x forwards, ``toes_r`` with its origin at
the metatarsal joints.
"""

from dataclasses import dataclass

import numpy as np

from sim_bridge._jit import F64, I64
from sim_bridge.base_coordinates import base_links
from sim_bridge.exceptions import UnknownBody
from sim_bridge.kinematics import empty_pose, pose_free, skeleton_of
from sim_bridge.model import CompiledModel

SIDES = ("r", "l")
FOOT_BODIES = ("calcn", "toes", "talus")
"""Without their side: a force on any of them is the floor's."""
HEEL, BALL, TIP = 0, 1, 2
"""Kinds of sole points; each kind has its own height above the floor when the foot stands."""
_REFERENCE_LENGTH = 0.18
"""From heel to metatarsal joints in the unscaled model [m], to which the places below belong."""
_POINTS = (
    ("calcn", HEEL, (0.02, 0.0, 0.0)),
    ("toes", BALL, (0.0, 0.0, 0.035)),
    ("toes", BALL, (0.0, 0.0, -0.035)),
    ("toes", TIP, (0.06, 0.0, 0.0)),
)
"""Body, kind and place [m] of a foot's points."""
POINTS_PER_FOOT = len(_POINTS)
_SHORTEST_M, _UNLIKE = 0.08, 1.25
"""Of a small child; a foot whose origins are nearer together, or another length than the other's,
has them elsewhere."""


@dataclass(frozen=True)
class Feet:
    """Sole points of both feet, right first.

    Attributes
    ----------
    link : ndarray of shape (8,), int64
        Link of each point.
    station : ndarray of shape (8, 3), float64 [m]
        Place on that link.
    kind : ndarray of shape (8,), int64
        HEEL, BALL or TIP.
    """

    link: I64
    station: F64
    kind: I64


def find_feet(model: CompiledModel) -> Feet | None:
    """Sole points of a model; None if it has no two feet with heel and toes of the usual names.

    Nor are they looked for where the origins of these bodies are at other places of the foot than
    usual, or the model hangs on ground by more than its feet.
    """
    if not base_links(model):
        return None
    names = model.bodies.names
    wanted = [f"{part}_{side}" for side in SIDES for part in ("calcn", "toes")]
    if not all(name in names for name in wanted):
        return None
    length = _foot_lengths(model)
    if min(length.values()) < _SHORTEST_M or max(length.values()) > _UNLIKE * min(length.values()):
        return None
    link, station, kind = [], [], []
    for side in SIDES:
        for part, sort, place in _POINTS:
            b = names.index(f"{part}_{side}")
            scaled = np.array(place) * (length[side] / _REFERENCE_LENGTH)
            link.append(int(model.bodies.link[b]))
            station.append(model.bodies.translation[b] + model.bodies.rotation[b] @ scaled)
            kind.append(sort)
    return Feet(np.array(link, dtype=np.int64), np.array(station), np.array(kind, dtype=np.int64))


def require_feet(model: CompiledModel) -> Feet:
    """Sole points of a model.

    Raises
    ------
    UnknownBody
        If it has no feet.
    """
    feet = find_feet(model)
    names = model.bodies.names
    if feet is None:
        raise UnknownBody(
            "no feet to predict forces under, or to find on plates: the model needs the bodies"
            " calcn_r, toes_r, calcn_l and toes_l under a body that is free to move, with their"
            f" origins at heel and metatarsal joints, but has {', '.join(names)};"
            " use measured forces, each on the body that it acts on"
        )
    return feet


def _foot_lengths(model: CompiledModel) -> dict[str, float]:
    """Distance of the origins of heel and toes of each side in the default pose [m]."""
    pose = empty_pose(model)
    coordinates = model.coordinates
    pose_free(skeleton_of(model), coordinates.default[coordinates.free_index].copy(), pose)
    place = {}
    for name in (f"{part}_{side}" for side in SIDES for part in ("calcn", "toes")):
        b = model.bodies.names.index(name)
        link = int(model.bodies.link[b])
        place[name] = pose.position[link] + pose.rotation[link] @ model.bodies.translation[b]
    return {
        side: float(np.linalg.norm(place[f"toes_{side}"] - place[f"calcn_{side}"]))
        for side in SIDES
    }
