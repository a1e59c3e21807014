"""Inverse dynamics: recursive Newton and Euler on the chain of links.

Everything is written in ground's axes about ground's origin, so that spatial vectors of different
links add without transforms (Featherstone 2008, doi 10.1007/978-1-4899-7560-7, chapter 5).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sim_bridge._jit import F64, I64, is_finite, kernel
from sim_bridge.exceptions import UnknownBody
from sim_bridge.kinematics import Pose, Skeleton, empty_pose, pose_all, skeleton_of
from sim_bridge.model import CompiledModel

from .coordinate_springs import subtract_springs


@dataclass(frozen=True)
class ExternalForce:
    """A measured force on a body; force, point and free torque are given in ground.

    Attributes
    ----------
    name : str
        As in OpenSim's ExternalLoads file.
    body : str
        The body that it acts on.
    pure_torque : bool
        It never has a force: of a device, and no plate's even on a foot.
    """

    name: str
    body: str
    pure_torque: bool = False


class _Inertia(NamedTuple):
    mass: F64
    first_moment: F64
    inertia: F64
    gravity: F64
    lost_pair: I64
    lost_target: I64
    lost_factor: F64


class Work(NamedTuple):
    """Spatial velocity, acceleration and force of each link (angular first), (n_link, 6) each."""

    velocity: F64
    acceleration: F64
    force: F64
    motion: F64


class InverseDynamics:
    """Generalized forces that a motion needs under measured external forces.

    Parameters
    ----------
    model : CompiledModel
        The model.
    loads : sequence of ExternalForce
        In the order of the rows of ``forces``.
    exact_joints : bool
        Derive the velocity of every joint as it is. By default accelerations are those of OpenSim
        4.6, which differ where one coordinate turns several axes, see
        :class:`sim_bridge.chain.Chain`.

    Raises
    ------
    UnknownBody
        If a force acts on a body that the model lacks.

    Attributes
    ----------
    tau : ndarray of shape (n_coordinate,), float64 [N m] or [N]
        The last result: power is tau times qd, coordinate by coordinate.
    tau_opensim : ndarray of shape (n_coordinate,), float64 [N m] or [N]
        The same as OpenSim reports it: the three moments of a Ball or Free joint are those about
        the axes of its parent frame, not about the three turns that its coordinates count.
    pose : Pose
        Of the last step.
    work : Work
        Velocities, accelerations and forces of the links, of the last step.
    """

    def __init__(
        self, model: CompiledModel, loads: Sequence[ExternalForce], exact_joints: bool = False
    ) -> None:
        self._skeleton = skeleton_of(model)
        chain = model.chain
        kept = 0 if exact_joints else len(chain.lost_target)
        self._inertia = _Inertia(
            chain.mass,
            chain.first_moment,
            chain.inertia,
            model.gravity,
            chain.lost_pair[:kept],
            chain.lost_target[:kept],
            chain.lost_factor[:kept],
        )
        self._link = np.array([_link_of(model, load) for load in loads], dtype=np.int64)
        n = len(chain.parent)
        self.work: Work = Work(
            np.zeros((n, 6)), np.zeros((n, 6)), np.zeros((n, 6)), np.zeros((n, 6))
        )
        self.pose: Pose = empty_pose(model)
        self.tau: F64 = np.zeros(len(model.coordinates.names))
        self._springs = model.springs
        self._ball = chain.ball
        self.tau_opensim: F64 = np.zeros_like(self.tau) if len(chain.ball) else self.tau

    def step(self, q: F64, qd: F64, qdd: F64, forces: F64) -> None:
        """Solve one frame.

        Parameters
        ----------
        q, qd, qdd : ndarray of shape (n_coordinate,), float64 [rad, m], [/s], [/s^2]
            Motion of all coordinates, model order.
        forces : ndarray of shape (n_load, 9), float64 [N], [m], [N m], ground
            Force, centre of pressure and free torque; a row with a NaN counts as no force.
        """
        self.pose.q[:] = q
        solve_frame(
            self._skeleton,
            self._inertia,
            qd,
            qdd,
            self._link,
            forces,
            self.pose,
            self.work,
            self.tau,
        )
        if len(self._springs.coordinate):
            subtract_springs(self._springs, q, qd, self.tau)
        if len(self._ball):
            np.copyto(self.tau_opensim, self.tau)
            moments_in_parent(self._skeleton, self._ball, self.pose, self.tau, self.tau_opensim)


def _link_of(model: CompiledModel, load: ExternalForce) -> int:
    if load.body not in model.bodies.names:
        raise UnknownBody(
            f"external force '{load.name}' acts on body '{load.body}', which the model lacks;"
            f" its bodies are {', '.join(model.bodies.names)}"
        )
    return int(model.bodies.link[model.bodies.names.index(load.body)])


@kernel
def solve_frame(
    skeleton: Skeleton,
    inertia: _Inertia,
    qd: F64,
    qdd: F64,
    load_link: I64,
    forces: F64,
    pose: Pose,
    work: Work,
    tau_out: F64,
) -> None:
    """Newton and Euler outwards, then forces inwards; ``pose.q`` holds the coordinates.

    Parameters
    ----------
    skeleton : Skeleton
        Of the model.
    inertia : _Inertia
        Of the links.
    qd, qdd : ndarray of shape (n_coordinate,), float64
        Speeds and accelerations of all coordinates.
    load_link : ndarray of shape (n_load,), int64
        Link of each external force; -1 is ground, where it does nothing.
    forces : ndarray of shape (n_load, 9), float64
        See :meth:`InverseDynamics.step`.
    pose : Pose
        Its ``q`` is read, the rest is written.
    work : Work
        Working memory.
    tau_out : ndarray of shape (n_coordinate,), float64 [N m] or [N]
        Written in place.
    """
    pose_all(skeleton, pose)
    _outwards(skeleton, inertia, qd, qdd, pose, work)
    _subtract_loads(load_link, forces, work)
    tau_out[:] = 0.0
    for i in range(skeleton.parent.shape[0] - 1, -1, -1):
        along = 0.0
        for c in range(6):
            along += work.motion[i, c] * work.force[i, c]
        tau_out[skeleton.coordinate[i]] += pose.s[1, i] * along
        k = skeleton.parent[i]
        if k >= 0:
            for c in range(6):
                work.force[k, c] += work.force[i, c]


@kernel
def _outwards(
    skeleton: Skeleton, inertia: _Inertia, qd: F64, qdd: F64, pose: Pose, work: Work
) -> None:
    """Velocity, acceleration and the force that moves each link, in ground about its origin."""
    for i in range(skeleton.parent.shape[0]):
        k = skeleton.parent[i]
        j = skeleton.coordinate[i]
        rate = pose.s[1, i] * qd[j]
        growth = pose.s[1, i] * qdd[j] + pose.s[2, i] * qd[j] * qd[j]
        _motion_vector(skeleton.is_rotation[i], pose.axis[i], pose.position[i], work.motion[i])
        m, v, a = work.motion[i], work.velocity[i], work.acceleration[i]
        for c in range(3):
            v[c] = work.velocity[k, c] if k >= 0 else 0.0
            v[c + 3] = work.velocity[k, c + 3] if k >= 0 else 0.0
            a[c] = work.acceleration[k, c] if k >= 0 else 0.0
            a[c + 3] = work.acceleration[k, c + 3] if k >= 0 else -inertia.gravity[c]
        # parent velocity x motion, spatial cross product
        a[0] += m[0] * growth + (v[1] * m[2] - v[2] * m[1]) * rate
        a[1] += m[1] * growth + (v[2] * m[0] - v[0] * m[2]) * rate
        a[2] += m[2] * growth + (v[0] * m[1] - v[1] * m[0]) * rate
        a[3] += m[3] * growth + (v[1] * m[5] - v[2] * m[4] + v[4] * m[2] - v[5] * m[1]) * rate
        a[4] += m[4] * growth + (v[2] * m[3] - v[0] * m[5] + v[5] * m[0] - v[3] * m[2]) * rate
        a[5] += m[5] * growth + (v[0] * m[4] - v[1] * m[3] + v[3] * m[1] - v[4] * m[0]) * rate
        for c in range(6):
            v[c] += m[c] * rate
        for p in range(inertia.lost_target.shape[0]):
            if inertia.lost_target[p] == i:
                _add_lost_term(skeleton, inertia, p, qd, pose, a)
        if inertia.mass[i] > 0.0:
            _newton_euler(inertia, i, pose, v, a, work.force[i])
        else:
            work.force[i, :] = 0.0


@kernel
def _add_lost_term(
    skeleton: Skeleton, inertia: _Inertia, p: int, qd: F64, pose: Pose, a_out: F64
) -> None:
    """Change the angular acceleration of a joint's last link to what OpenSim counts."""
    i, j, k = inertia.lost_pair[p, 0], inertia.lost_pair[p, 1], inertia.lost_target[p]
    x, y, o = pose.axis[i], pose.axis[j], pose.position[k]
    rate = inertia.lost_factor[p]
    rate *= pose.s[1, i] * qd[skeleton.coordinate[i]] * pose.s[1, j] * qd[skeleton.coordinate[j]]
    e0 = rate * (x[1] * y[2] - x[2] * y[1])
    e1 = rate * (x[2] * y[0] - x[0] * y[2])
    e2 = rate * (x[0] * y[1] - x[1] * y[0])
    a_out[0] += e0
    a_out[1] += e1
    a_out[2] += e2
    a_out[3] += o[1] * e2 - o[2] * e1
    a_out[4] += o[2] * e0 - o[0] * e2
    a_out[5] += o[0] * e1 - o[1] * e0


@kernel
def _motion_vector(is_rotation: bool, axis: F64, position: F64, motion_out: F64) -> None:
    """Spatial motion of a unit rate: (axis, position x axis) or (0, axis)."""
    if is_rotation:
        motion_out[0], motion_out[1], motion_out[2] = axis[0], axis[1], axis[2]
        motion_out[3] = position[1] * axis[2] - position[2] * axis[1]
        motion_out[4] = position[2] * axis[0] - position[0] * axis[2]
        motion_out[5] = position[0] * axis[1] - position[1] * axis[0]
    else:
        motion_out[0] = motion_out[1] = motion_out[2] = 0.0
        motion_out[3], motion_out[4], motion_out[5] = axis[0], axis[1], axis[2]


@kernel
def _newton_euler(inertia: _Inertia, i: int, pose: Pose, v: F64, a: F64, force_out: F64) -> None:
    """Rate of change of a link's spatial momentum, as moment about ground's origin and force."""
    rotation, o = pose.rotation[i], pose.position[i]
    m = inertia.mass[i]
    # the motion of the link's own origin, from the spatial (ground-origin) one
    w0, w1, w2 = v[0], v[1], v[2]
    e0, e1, e2 = a[0], a[1], a[2]
    u0 = v[3] + w1 * o[2] - w2 * o[1]
    u1 = v[4] + w2 * o[0] - w0 * o[2]
    u2 = v[5] + w0 * o[1] - w1 * o[0]
    b0 = a[3] + e1 * o[2] - e2 * o[1] + w1 * u2 - w2 * u1
    b1 = a[4] + e2 * o[0] - e0 * o[2] + w2 * u0 - w0 * u2
    b2 = a[5] + e0 * o[1] - e1 * o[0] + w0 * u1 - w1 * u0
    h = inertia.first_moment[i]
    h0 = rotation[0, 0] * h[0] + rotation[0, 1] * h[1] + rotation[0, 2] * h[2]
    h1 = rotation[1, 0] * h[0] + rotation[1, 1] * h[1] + rotation[1, 2] * h[2]
    h2 = rotation[2, 0] * h[0] + rotation[2, 1] * h[1] + rotation[2, 2] * h[2]
    # force = m b + e x h + w x (w x h)
    c0, c1, c2 = w1 * h2 - w2 * h1, w2 * h0 - w0 * h2, w0 * h1 - w1 * h0
    f0 = m * b0 + e1 * h2 - e2 * h1 + w1 * c2 - w2 * c1
    f1 = m * b1 + e2 * h0 - e0 * h2 + w2 * c0 - w0 * c2
    f2 = m * b2 + e0 * h1 - e1 * h0 + w0 * c1 - w1 * c0
    # moment about the link's origin = I e + w x I w + h x b
    le0, le1, le2 = _turn_inertia(rotation, inertia.inertia[i], e0, e1, e2)
    lw0, lw1, lw2 = _turn_inertia(rotation, inertia.inertia[i], w0, w1, w2)
    n0 = le0 + w1 * lw2 - w2 * lw1 + h1 * b2 - h2 * b1
    n1 = le1 + w2 * lw0 - w0 * lw2 + h2 * b0 - h0 * b2
    n2 = le2 + w0 * lw1 - w1 * lw0 + h0 * b1 - h1 * b0
    force_out[0] = n0 + o[1] * f2 - o[2] * f1
    force_out[1] = n1 + o[2] * f0 - o[0] * f2
    force_out[2] = n2 + o[0] * f1 - o[1] * f0
    force_out[3], force_out[4], force_out[5] = f0, f1, f2


@kernel
def _turn_inertia(
    rotation: F64, tensor: F64, x0: float, x1: float, x2: float
) -> tuple[float, float, float]:
    """Inertia tensor of the link's frame times a vector of ground."""
    y0 = rotation[0, 0] * x0 + rotation[1, 0] * x1 + rotation[2, 0] * x2
    y1 = rotation[0, 1] * x0 + rotation[1, 1] * x1 + rotation[2, 1] * x2
    y2 = rotation[0, 2] * x0 + rotation[1, 2] * x1 + rotation[2, 2] * x2
    z0 = tensor[0, 0] * y0 + tensor[0, 1] * y1 + tensor[0, 2] * y2
    z1 = tensor[1, 0] * y0 + tensor[1, 1] * y1 + tensor[1, 2] * y2
    z2 = tensor[2, 0] * y0 + tensor[2, 1] * y1 + tensor[2, 2] * y2
    return (
        rotation[0, 0] * z0 + rotation[0, 1] * z1 + rotation[0, 2] * z2,
        rotation[1, 0] * z0 + rotation[1, 1] * z1 + rotation[1, 2] * z2,
        rotation[2, 0] * z0 + rotation[2, 1] * z1 + rotation[2, 2] * z2,
    )


@kernel
def _subtract_loads(load_link: I64, forces: F64, work: Work) -> None:
    """Take the measured forces off what the coordinates must supply."""
    for i in range(load_link.shape[0]):
        f = forces[i]
        if load_link[i] < 0 or not is_finite(f.sum()):
            continue
        force = work.force[load_link[i]]
        force[0] -= f[6] + f[4] * f[2] - f[5] * f[1]
        force[1] -= f[7] + f[5] * f[0] - f[3] * f[2]
        force[2] -= f[8] + f[3] * f[1] - f[4] * f[0]
        force[3] -= f[0]
        force[4] -= f[1]
        force[5] -= f[2]


@kernel
def moments_in_parent(skeleton: Skeleton, ball: I64, pose: Pose, tau: F64, tau_out: F64) -> None:
    """Moments about the axes of a ball's parent frame, from those about its three turns.

    Parameters
    ----------
    skeleton : Skeleton
        Of the model.
    ball : ndarray of shape (n_ball,), int64
        First turn of each.
    pose : Pose
        Of the model.
    tau : ndarray of shape (n_coordinate,), float64 [N m]
        Generalized forces of the coordinates.
    tau_out : ndarray of shape (n_coordinate,), float64 [N m]
        The balls' rows are written.
    """
    for k in range(ball.shape[0]):
        i = ball[k]
        x, y, z = pose.axis[i], pose.axis[i + 1], pose.axis[i + 2]
        first = skeleton.coordinate[i]
        second, third = skeleton.coordinate[i + 1], skeleton.coordinate[i + 2]
        c0 = x[1] * y[2] - x[2] * y[1]
        c1 = x[2] * y[0] - x[0] * y[2]
        c2 = x[0] * y[1] - x[1] * y[0]
        across = z[0] * c0 + z[1] * c1 + z[2] * c2
        along = z[0] * x[0] + z[1] * x[1] + z[2] * x[2]
        normal = 0.0  # in gimbal lock no coordinate feels this part of the moment
        if abs(across) > 1e-9:
            normal = (tau[third] - along * tau[first]) / across
        # first turn takes the parent's y to y: back by its angle
        c, s = np.cos(pose.s[0, i]), np.sin(pose.s[0, i])
        tau_out[first] = tau[first]
        tau_out[second] = c * tau[second] - s * normal
        tau_out[third] = s * tau[second] + c * normal
