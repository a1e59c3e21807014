"""From a motion to the forces under both feet."""

from typing import NamedTuple

import numpy as np

from sim_bridge._jit import F64, I64, Bool, is_finite, kernel
from sim_bridge.dynamics.inverse_dynamics import InverseDynamics
from sim_bridge.dynamics.wrench import torque_about
from sim_bridge.exceptions import SettingsError
from sim_bridge.model import CompiledModel

from .contact import contacts
from .feet import POINTS_PER_FOOT, TIP, Feet
from .share import normal_forces

TOWARDS_BODY = 0.8
"""How far each foot's force points at the centre of mass; in walking they meet somewhat above it
(Maus et al. 2010, doi 10.1038/ncomms1073). What the whole body needs besides is shared like the
normal forces."""
FRICTION = 1.0
"""Of what the whole body needs horizontally no more than this times the vertical force: the little
that a foot bears as it comes or leaves would slip, and a body in flight needs what is an error."""
LARGEST_TWIST = 15.0
"""Free torque of both feet together [N m]; more is an error of the motion."""
TWIST_ARM_M = 0.1
"""And no more than the vertical force times this [m], about half the length of a sole."""
WHOLE = 0.3
"""A measured vertical total this near to what the motion needs is all of it [body weights]."""
UPRIGHT = 0.9
"""Least part of gravity that points along -y; a belt leans by less than 25 degrees."""
_LEAST_FORCE = 0.05
"""Vertical force [body weights] below which its centre of pressure is not asked for."""
_LEAST_SHARE = 1e-4
_ROUNDING = 1e-9
_DOWN = 3


class _Soles(NamedTuple):
    """Points of both feet, see :class:`Feet`, and working memory."""

    link: I64
    station: F64
    kind: I64
    place: F64
    climb: F64
    contact: F64
    normal: F64
    floor: F64


class GroundReaction:
    """Force, centre of pressure and free torque under the right and the left foot.

    Parameters
    ----------
    model : CompiledModel
        The model.
    feet : Feet
        Its soles, from :func:`find_feet`.
    rate_hz : float
        Frame rate [Hz].

    Raises
    ------
    SettingsError
        If gravity does not point along -y.

    Attributes
    ----------
    forces : ndarray of shape (2, 9), float64 [N], [m], [N m], ground
        Right and left foot, of the last step; a foot in the air has no force.
    contact : ndarray of shape (8,), float64
        Of each sole point, 0 to 1.

    Notes
    -----
    Vertical is ground's y, against gravity, as in every OpenSim gait model.
    """

    def __init__(self, model: CompiledModel, feet: Feet, rate_hz: float) -> None:
        _require_upright(model.gravity)
        n = len(feet.link)
        self._dynamics = InverseDynamics(model, ())
        self._soles = _Soles(
            feet.link,
            feet.station,
            feet.kind,
            np.zeros((3, n)),
            np.zeros(n),
            np.zeros(n),
            np.zeros(n),
            np.full(TIP + 1, np.inf),
        )
        self._no_forces = np.zeros((0, 9))
        self._wrench, self._centre = np.zeros(6), np.zeros(3)
        self._weight = float(model.mass * np.linalg.norm(model.gravity))
        chain = model.chain
        self._parent, self._mass, self._moment = chain.parent, chain.mass, chain.first_moment
        self.forces: F64 = np.zeros((2, 9))
        self._dt = 1.0 / rate_hz
        self._measured = False

    @property
    def contact(self) -> F64:
        """See the class."""
        return self._soles.contact

    @property
    def place(self) -> F64:
        """Places of the sole points, (3, 8) [m], ground."""
        return self._soles.place

    def reset(self) -> None:
        """Forget the floor."""
        self._soles.floor[:] = np.inf

    def watch(self, dynamics: InverseDynamics, frames: int) -> None:
        """See the soles in a frame, and learn the floor from it.

        Parameters
        ----------
        dynamics : InverseDynamics
            It has solved the frame.
        frames : int
            Frames since the floor was learned; 0 learns nothing.
        """
        s, pose = self._soles, dynamics.pose
        place_soles(s, pose.rotation, pose.position, dynamics.work.velocity)
        contacts(s.place[1], s.climb, s.kind, frames * self._dt, s.floor, s.contact)

    def move(self, q: F64, qd: F64, qdd: F64, *, learns: bool = True) -> None:
        """Find the total wrench that a motion needs, and which sole points are on the floor.

        Parameters
        ----------
        q, qd, qdd : ndarray of shape (n_coordinate,), float64 [rad, m], [/s], [/s^2]
            Motion of all coordinates, model order.
        learns : bool
            Whether its feet tell where the floor is; the first ever seen do in any case.
        """
        self._dynamics.step(q, qd, qdd, self._no_forces)
        pose, work = self._dynamics.pose, self._dynamics.work
        whole_body(
            self._parent, self._mass, self._moment, pose.rotation, pose.position, work.force,
            self._wrench, self._centre,
        )  # fmt: skip
        known = np.isfinite(self._soles.floor[0])
        self.watch(self._dynamics, 1 if learns or not known else 0)
        self._measured = False

    def take_off(self, forces: F64, elsewhere: Bool) -> None:
        """Take forces that do not come from the floor off what the motion needs in this frame.

        Parameters
        ----------
        forces : ndarray of shape (n_load, 9), float64 [N], [m], [N m], ground
            External forces; NaN is not known.
        elsewhere : ndarray of shape (n_load,), bool
            Rows that act on the body, but not on its feet.
        """
        take_forces(forces, elsewhere, self._wrench)

    def take_total(self, total: F64) -> bool:
        """Share a measured total from now on in this frame, if it is all that the motion needs.

        Parameters
        ----------
        total : ndarray of shape (9,), float64 [N], [m], [N m], ground
            Sum of all plates; NaN is not known.

        Returns
        -------
        bool
            Whether it is.
        """
        self._measured = bool(take_whole(total, WHOLE * self._weight, self._wrench))
        return self._measured

    def share(self) -> None:
        """Share the total wrench between the feet."""
        share_wrench(
            self._wrench, self._centre, self._weight, self._measured, self._soles, self.forces
        )


@kernel
def whole_body(
    parent: I64,
    mass: F64,
    first_moment: F64,
    rotation: F64,
    position: F64,
    force: F64,
    wrench_out: F64,
    centre_out: F64,
) -> None:
    """Wrench about ground's origin that the links without parent need, and the centre of mass."""
    total = 0.0
    for c in range(6):
        wrench_out[c] = 0.0
    for c in range(3):
        centre_out[c] = 0.0
    for i in range(parent.shape[0]):
        if parent[i] < 0:
            for c in range(6):
                wrench_out[c] += force[i, c]
        total += mass[i]
        for r in range(3):
            centre_out[r] += mass[i] * position[i, r]
            for c in range(3):
                centre_out[r] += rotation[i, r, c] * first_moment[i, c]
    for c in range(3):
        centre_out[c] /= total


def is_upright(gravity: F64) -> bool:
    """Whether ground has a floor across y."""
    return bool(-gravity[1] > UPRIGHT * np.linalg.norm(gravity))


def _require_upright(gravity: F64) -> None:
    """Refuse a model whose ground has no floor across y."""
    if not is_upright(gravity):
        x, y, z = gravity
        raise SettingsError(
            f"gravity is ({x:g}, {y:g}, {z:g}) m/s^2, but forces under feet are only found if"
            " it points along -y; turn the model so that y is up, or use ground_reaction: measured,"
            " each force on the body that it acts on"
        )


@kernel
def take_forces(forces: F64, elsewhere: Bool, wrench_out: F64) -> None:
    """Take the known ones of some forces off a wrench about ground's origin."""
    for i in range(forces.shape[0]):
        if not elsewhere[i] or not is_finite(forces[i].sum()):
            continue
        t0, t1, t2 = torque_about(forces[i], 0.0, 0.0, 0.0)
        wrench_out[0] -= t0
        wrench_out[1] -= t1
        wrench_out[2] -= t2
        for c in range(3):
            wrench_out[3 + c] -= forces[i, c]


@kernel
def take_whole(total: F64, tolerance: float, wrench_out: F64) -> bool:
    """Put a measured total in the place of a needed wrench that is near enough [N]."""
    if not abs(total[1] - wrench_out[4]) < tolerance:
        return False
    wrench_out[0], wrench_out[1], wrench_out[2] = torque_about(total, 0.0, 0.0, 0.0)
    for c in range(3):
        wrench_out[3 + c] = total[c]
    return True


@kernel
def place_soles(soles: _Soles, rotation: F64, position: F64, velocity: F64) -> None:
    """Places of the sole points in ground and how fast they rise.

    ``velocity`` has the spatial velocities of the links about ground's origin, angular first.
    """
    for i in range(soles.link.shape[0]):
        k = soles.link[i]
        for r in range(3):
            soles.place[r, i] = position[k, r]
            for c in range(3):
                soles.place[r, i] += rotation[k, r, c] * soles.station[i, c]
        v = velocity[k]
        soles.climb[i] = v[4] + v[2] * soles.place[0, i] - v[0] * soles.place[2, i]


@kernel
def share_wrench(
    wrench: F64, centre: F64, weight: float, measured: bool, soles: _Soles, forces_out: F64
) -> None:
    """Forces of both feet from the total wrench.

    Parameters
    ----------
    wrench : ndarray of shape (6,), float64 [N m], [N]
        Moment about ground's origin and force that the whole body needs.
    centre : ndarray of shape (3,), float64 [m]
        Centre of mass.
    weight : float
        Body weight [N].
    measured : bool
        Whether the vertical forces are to add up to the total exactly.
    soles : _Soles
        Placed, with contacts.
    forces_out : ndarray of shape (2, 9), float64
        Written: force, centre of pressure, free torque of the right and the left foot.
    """
    floor = min(soles.floor[0], soles.floor[1], soles.floor[2])
    vertical = max(wrench[4], _LEAST_FORCE * weight)
    # about the floor below the body, so that it is no matter where ground has its origin
    centre_x = centre[0] + (wrench[2] + floor * wrench[3] - centre[0] * wrench[4]) / vertical
    centre_z = centre[2] + (floor * wrench[5] - wrench[0] - centre[2] * wrench[4]) / vertical
    normal_forces(
        soles.place[0],
        soles.place[2],
        soles.contact,
        max(wrench[4], 0.0) / weight,
        centre_x,
        centre_z,
        soles.normal,
    )
    total = soles.normal.sum()
    if measured and total > 0.0:
        for i in range(soles.normal.shape[0]):
            soles.normal[i] *= wrench[4] / (weight * total)
    for f in range(2):
        _vertical_of_foot(soles, f, floor, weight, forces_out[f])
    _share_rest(wrench, centre, floor, forces_out)


@kernel
def _vertical_of_foot(soles: _Soles, f: int, floor: float, weight: float, row_out: F64) -> None:
    """Vertical force and centre of pressure of one foot."""
    force, x, z = 0.0, 0.0, 0.0
    for i in range(f * POINTS_PER_FOOT, (f + 1) * POINTS_PER_FOOT):
        force += soles.normal[i]
        x += soles.normal[i] * soles.place[0, i]
        z += soles.normal[i] * soles.place[2, i]
    for c in range(9):
        row_out[c] = 0.0
    if force < _LEAST_SHARE:
        return
    row_out[1] = weight * force
    row_out[_DOWN], row_out[_DOWN + 1], row_out[_DOWN + 2] = x / force, floor, z / force


@kernel
def _share_rest(wrench: F64, centre: F64, floor: float, forces_out: F64) -> None:
    """Horizontal forces and free torques, all of them: of feet that bear something."""
    total = forces_out[0, 1] + forces_out[1, 1]
    if total <= 0.0:
        return
    height = max(centre[1] - floor, 0.3)  # [m]; lower, a person does not walk
    rest_x, rest_z = wrench[3], wrench[5]
    for f in range(2):
        row = forces_out[f]
        for c in (0, 2):
            row[c] = TOWARDS_BODY * row[1] * (centre[c] - row[_DOWN + c]) / height
        rest_x -= row[0]
        rest_z -= row[2]
    most = FRICTION * total
    share = min(1.0, most / max(np.hypot(rest_x, rest_z), _ROUNDING)) / total
    twist = wrench[1] - centre[2] * wrench[3] + centre[0] * wrench[5]  # about the centre of mass
    for f in range(2):
        row = forces_out[f]
        row[0] += share * rest_x * row[1]
        row[2] += share * rest_z * row[1]
        twist -= (row[_DOWN + 2] - centre[2]) * row[0] - (row[_DOWN] - centre[0]) * row[2]
    most = min(LARGEST_TWIST, TWIST_ARM_M * total)
    twist = min(max(twist, -most), most)
    for f in range(2):
        forces_out[f, 7] = twist * forces_out[f, 1] / total
