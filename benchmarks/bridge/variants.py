"""Models of other sizes, made through OpenSim's API from a given one, or from nothing.

Copies of muscles and markers lie where their originals do, so that every size solves the same
motion. For coordinates a tree is built: a free trunk with legs of six hinges.
"""

from pathlib import Path
from typing import Any

import numpy as np
import opensim

from sim_bridge import CompiledModel
from sim_bridge.kinematics import empty_pose, point_in_ground, pose_free, skeleton_of
from streamer.arrays import F64

COPY = "_copy"
"""Between a name and the number of its copy."""
HINGES = 6
"""Per leg of the tree."""


def with_muscles(osim: Path, count: int, path: Path) -> Path:
    """Write a model with `count` muscles: evenly chosen ones, or copies of all in turn.

    Parameters
    ----------
    osim : Path
        The model to start from.
    count : int
        Muscles wanted.
    path : Path
        Where to write.
    """
    model = opensim.Model(str(osim))
    muscles = model.getMuscles()
    n = muscles.getSize()
    names = [str(muscles.get(i).getName()) for i in range(n)]
    kept = {names[i] for i in np.linspace(0, n - 1, count).round().astype(int)} if count < n else ()
    for k in range(n, count):
        copy = muscles.get(k % n).clone()
        copy.setName(f"{names[k % n]}{COPY}{k // n}")
        model.addForce(copy)
    if kept:
        forces = model.updForceSet()
        for name in names:
            if name not in kept:
                forces.remove(forces.getIndex(name))
    return _write(model, path)


def with_marker_copies(osim: Path, copies: int, path: Path) -> Path:
    """Write a model with `copies` of every marker, called NAME, ``NAME_copy1`` and so on.

    Parameters
    ----------
    osim : Path
        The model to start from.
    copies : int
        Of each marker, the original counted.
    path : Path
        Where to write.
    """
    model = opensim.Model(str(osim))
    markers = model.getMarkerSet()
    originals = [markers.get(i) for i in range(markers.getSize())]
    for k in range(1, copies):
        for marker in originals:
            copy = marker.clone()
            copy.setName(f"{marker.getName()}{COPY}{k}")
            model.addMarker(copy)
    return _write(model, path)


def tree(legs: int, markers: int, path: Path) -> Path:
    """Write a trunk on a free joint with legs of hinges about x, z, x and so on.

    Parameters
    ----------
    legs : int
        6 coordinates each, beside the 6 of the trunk.
    markers : int
        In all, spread evenly over the bodies.
    path : Path
        Where to write.
    """
    model = opensim.Model()
    model.setName(f"tree_{legs}")
    trunk = _body(model, "trunk")
    model.addJoint(_free_joint(model.getGround(), trunk))
    bodies = [trunk]
    for leg in range(legs):
        parent, angle = trunk, 2.0 * np.pi * leg / legs
        place = opensim.Vec3(0.2 * np.cos(angle), 0.0, 0.2 * np.sin(angle))
        for k in range(HINGES):
            child = _body(model, f"leg{leg}_{k}")
            about_x = opensim.Vec3(0.0, 0.5 * np.pi * (k % 2), 0.0)
            end = opensim.Vec3(0.0, 0.15, 0.0)
            joint = opensim.PinJoint(f"joint{leg}_{k}", parent, place, about_x, child, end, about_x)
            joint.updCoordinate().setName(f"angle{leg}_{k}")
            model.addJoint(joint)
            bodies.append(child)
            parent, place = child, opensim.Vec3(0.0, -0.15, 0.0)
    corners = np.random.default_rng(legs).uniform(-0.1, 0.1, (markers, 3))
    order = np.linspace(0, len(bodies) - 1e-9, markers).astype(int) % len(bodies)
    for i, corner in enumerate(corners):
        spot = opensim.Vec3(*map(float, corner))
        model.addMarker(opensim.Marker(f"m{i}", bodies[order[i]], spot))
    return _write(model, path)


def swing(model: CompiledModel, frames: int, rate_hz: float, seed: int) -> tuple[F64, F64]:
    """Move every free coordinate on its own slow sine, and say where the markers are.

    Returns
    -------
    free : ndarray of shape (frames, n_free), float64 [rad] or [m]
    markers : ndarray of shape (frames, n_marker, 3), float64 [m], ground
        Model order, with 5 mm of noise, as of skin.
    """
    rng = np.random.default_rng(seed)
    n = len(model.coordinates.free_index)
    time = np.arange(frames)[:, None] / rate_hz
    phase, frequency = rng.uniform(0.0, 2.0 * np.pi, n), rng.uniform(0.5, 1.5, n)
    free = 0.3 * np.sin(2.0 * np.pi * frequency * time + phase)
    skeleton, pose, spot = skeleton_of(model), empty_pose(model), np.zeros(3)
    markers = np.zeros((frames, len(model.markers.names), 3))
    for frame in range(frames):
        pose_free(skeleton, free[frame], pose)
        for i, link in enumerate(model.markers.link):
            point_in_ground(pose, int(link), model.markers.station[i], spot)
            markers[frame, i] = spot
    return free, markers + 0.005 * rng.standard_normal(markers.shape)


def _body(model: Any, name: str) -> Any:
    body = opensim.Body(
        name, 2.0, opensim.Vec3(0.0, -0.05, 0.01), opensim.Inertia(0.02, 0.01, 0.03)
    )
    model.addBody(body)
    return body


def _free_joint(ground: Any, trunk: Any) -> Any:
    """Three slides and three turns, as the pelvis of a gait model has them."""
    transform = opensim.SpatialTransform()
    for i in range(6):
        axis = transform.updTransformAxis(i)
        axis.setAxis(opensim.Vec3(*np.eye(3)[i % 3]))
        axis.setCoordinateNames(opensim.ArrayStr(f"trunk_{i}", 1))
        line = opensim.LinearFunction(1.0, 0.0)
        line.this.disown()  # the axis takes it over without telling Python
        axis.setFunction(line)
    return opensim.CustomJoint("trunk_joint", ground, trunk, transform)


def _write(model: Any, path: Path) -> Path:
    model.finalizeConnections()
    model.printToXML(str(path))
    return path
