"""Bodies, joints and markers of an OpenSim model as a chain of links."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sim_bridge._jit import F64
from sim_bridge.chain import Chain
from sim_bridge.compile.frames import IDENTITY, Frames, Transform, vec3
from sim_bridge.exceptions import UnsupportedComponent
from sim_bridge.kinematics import axis_angle
from sim_bridge.model import Bodies, Markers

from .functions import FunctionTable
from .joints import joint_motions
from .motion import Motion


@dataclass
class _Builder:
    """Grows the chain joint by joint; a frame is a link number and a placement on that link."""

    coordinate_number: dict[str, int]
    functions: FunctionTable
    rows: list[tuple[int, Transform, Motion]] = field(default_factory=list)
    frames: Frames = field(default_factory=Frames)
    lost: list[tuple[int, int, int, float]] = field(default_factory=list)
    balls: list[int] = field(default_factory=list)

    def add_joint(self, joint: Any) -> None:
        link, placement = self.frames.locate(joint.getParentFrame())
        first = len(self.rows)
        for motion in joint_motions(joint, self.functions):
            if motion.coordinate is None:
                placement = placement @ _constant(motion)
                continue
            self.rows.append((link, placement, motion))
            link, placement = len(self.rows) - 1, IDENTITY
        self.frames.add_body(joint.getChildFrame(), link, placement)
        if joint.getConcreteClassName() == "CustomJoint":
            self._add_lost_terms(joint, first)
        self.balls += [i for i in range(first, len(self.rows)) if self.rows[i][2].starts_ball]

    def _add_lost_terms(self, joint: Any, first: int) -> None:
        """Find the Coriolis terms between turns that Simbody's function-based joint miscounts.

        It takes the velocity of axis 2 from coordinate 0 and that of axis 3 from all but
        coordinate 2, whichever axes these coordinates turn.
        """
        rank = {joint.get_coordinates(k).getName(): k for k in range(joint.numCoordinates())}
        turns: dict[int, tuple[int, int]] = {}
        for i in range(first, len(self.rows)):
            motion = self.rows[i][2]
            if motion.turn >= 0:
                turns[motion.turn] = (i, rank[str(motion.coordinate)])
        for a, b in ((0, 1), (0, 2), (1, 2)):
            if a not in turns or b not in turns:
                continue
            (i, rank_a), (j, rank_b) = turns[a], turns[b]
            factor = -1.0 if (a, b) == (0, 1) and rank_a != 0 else 0.0
            factor -= 1.0 if (a, b) == (1, 2) and rank_b == 0 else 0.0
            factor -= 1.0 if b == 2 and rank_a == 2 else 0.0
            if factor:
                self.lost.append((i, j, max(k for k, _ in turns.values()), factor))


def read_skeleton(
    model: Any, coordinate_names: tuple[str, ...], functions: FunctionTable
) -> tuple[Chain, Bodies, Markers, Frames]:
    """The moving skeleton of an OpenSim model.

    Parameters
    ----------
    model : opensim.Model
        With an initialised system.
    coordinate_names : tuple of str
        Order of the coordinates.
    functions : FunctionTable
        Receives the joints' functions.

    Raises
    ------
    UnsupportedComponent
        For a joint class that is not reproduced, or a body that no chain of joints reaches.
    """
    builder = _Builder({name: i for i, name in enumerate(coordinate_names)}, functions)
    _walk_joints(model, builder)
    bodies = _read_bodies(model, builder)
    chain = _build_chain(model, builder, bodies)
    return chain, bodies, _read_markers(model, builder.frames), builder.frames


def _walk_joints(model: Any, builder: _Builder) -> None:
    """Add joints from ground outwards, whatever their order in the file."""
    waiting = [model.getJointSet().get(i) for i in range(model.getJointSet().getSize())]
    while waiting:
        ready = [j for j in waiting if j.getParentFrame() in builder.frames]
        if not ready:
            joint = waiting[0]
            raise UnsupportedComponent(
                joint.getConcreteClassName(),
                joint.getName(),
                "its parent is not connected to ground; swap its parent and child frames",
            )
        for joint in ready:
            if joint.getChildFrame() in builder.frames:
                raise UnsupportedComponent(
                    joint.getConcreteClassName(), joint.getName(), "it closes a kinematic loop"
                )
            builder.add_joint(joint)
        waiting = [j for j in waiting if j not in ready]


def _read_bodies(model: Any, builder: _Builder) -> Bodies:
    body_set = model.getBodySet()
    names = tuple(body_set.get(i).getName() for i in range(body_set.getSize()))
    frames = [builder.frames.bodies[name] for name in names]
    return Bodies(
        names=names,
        link=np.array([link for link, _ in frames], dtype=np.int64),
        rotation=np.array([place.rotation for _, place in frames]),
        translation=np.array([place.translation for _, place in frames]),
    )


def _read_markers(model: Any, frames: Frames) -> Markers:
    marker_set = model.getMarkerSet()
    names, links, stations = [], [], []
    for i in range(marker_set.getSize()):
        marker = marker_set.get(i)
        link, place = frames.locate(marker.getParentFrame())
        names.append(marker.getName())
        links.append(link)
        stations.append(place.point(vec3(marker.get_location())))
    return Markers(tuple(names), np.array(links, dtype=np.int64), np.array(stations).reshape(-1, 3))


def _build_chain(model: Any, builder: _Builder, bodies: Bodies) -> Chain:
    n = len(builder.rows)
    mass, moment, inertia = np.zeros(n), np.zeros((n, 3)), np.zeros((n, 3, 3))
    for i, link in enumerate(bodies.link):
        if link >= 0:
            m, c, about_origin = _on_link(model.getBodySet().get(i), bodies, i)
            mass[link] += m
            moment[link] += m * c
            inertia[link] += about_origin
    motions = [motion for _, _, motion in builder.rows]
    return Chain(
        parent=np.array([link for link, _, _ in builder.rows], dtype=np.int64),
        fixed_rotation=np.array([place.rotation for _, place, _ in builder.rows]),
        fixed_translation=np.array([place.translation for _, place, _ in builder.rows]),
        axis=np.array([m.axis for m in motions]),
        is_rotation=np.array([m.is_rotation for m in motions], dtype=np.bool_),
        coordinate=np.array(
            [builder.coordinate_number[str(m.coordinate)] for m in motions], dtype=np.int64
        ),
        function=np.array([m.function for m in motions], dtype=np.int64),
        mass=mass,
        first_moment=moment,
        inertia=inertia,
        lost_pair=np.array([r[:2] for r in builder.lost], dtype=np.int64).reshape(-1, 2),
        lost_target=np.array([r[2] for r in builder.lost], dtype=np.int64),
        lost_factor=np.array([r[3] for r in builder.lost], dtype=np.float64),
        ball=np.array(builder.balls, dtype=np.int64),
    )


def _on_link(body: Any, bodies: Bodies, i: int) -> tuple[float, F64, F64]:
    """Mass, centre of mass and inertia about the link's origin, in the link's frame."""
    rotation = bodies.rotation[i]
    m = float(body.getMass())
    c = rotation @ vec3(body.getMassCenter()) + bodies.translation[i]
    tensor = body.getInertia()
    moments, products = tensor.getMoments(), tensor.getProducts()
    central = np.diag([moments.get(k) for k in range(3)])
    for (r, s), k in (((0, 1), 0), ((0, 2), 1), ((1, 2), 2)):
        central[r, s] = central[s, r] = products.get(k)
    steiner = m * (c @ c * np.eye(3) - np.outer(c, c))
    return m, c, rotation @ central @ rotation.T + steiner


def _constant(motion: Motion) -> Transform:
    """A motion without a coordinate as a fixed placement."""
    if not motion.is_rotation:
        return Transform(np.eye(3), motion.offset * np.array(motion.axis))
    rotation = np.empty((3, 3))
    axis_angle(np.array(motion.axis), motion.offset, rotation)
    return Transform(rotation, np.zeros(3))
