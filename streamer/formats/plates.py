"""Force plates of a C3D file: from transducer channels to force, point and free torque.

Plate axes follow the C3D convention: the first corner lies at +x +y, then counter-clockwise
about z, which points into the ground for most plates. Types 1 to 4 are known. Source: C3D file
format user guide, https://www.c3d.org, section FORCE_PLATFORM.
"""

from dataclasses import dataclass

import numpy as np

from streamer.arrays import F64

CHANNELS_OF_TYPE = {1: 6, 2: 6, 3: 8, 4: 6}
"""Transducer channels of each known plate type."""

MIN_NORMAL_FORCE = 10.0
"""Below this normal force [N] a centre of pressure is noise; the plate's centre is given."""


def plate_columns(number: int) -> tuple[str, ...]:
    """Names of the nine columns of a plate's wrench, the first plate being number 1."""
    parts = (f"ground_force_{number}_v", f"ground_force_{number}_p", f"ground_torque_{number}_")
    return tuple(part + axis for part in parts for axis in "xyz")


@dataclass(frozen=True, eq=False)
class Plate:
    """One force plate, in ground.

    Attributes
    ----------
    kind : int
        Type 1, 2 or 3 of the C3D convention; type 4 is type 2 with a calibration.
    corners : ndarray of shape (4, 3), float64 [m]
        Corners of the surface, Y up.
    origin : ndarray of shape (3,), float64 [m]
        Type 2: from the plate's own origin to the centre of its surface, plate axes.
        Type 3: half the sensor spacings along x and y, and the height of the sensors.
    calibration : ndarray of shape (6, 6), float64, or None
        Channels to N and N m; None where they are in these.
    """

    kind: int
    corners: F64
    origin: F64
    calibration: F64 | None = None

    @property
    def axes(self) -> F64:
        """Plate axes as columns of a rotation (3, 3)."""
        along = self.corners[0] - self.corners[1]
        normal = np.cross(along, self.corners[0] - self.corners[3])
        x = along / np.linalg.norm(along)
        z = normal / np.linalg.norm(normal)
        return np.column_stack((x, np.cross(z, x), z))

    @property
    def centre(self) -> F64:
        """Centre of the surface (3,) [m]."""
        return np.asarray(self.corners.mean(axis=0))

    def wrench(self, channels: F64) -> F64:
        """Force, point of application and free torque, in ground.

        Parameters
        ----------
        channels : ndarray of shape (n, 6 or 8), float64 [N], [N m]
            Transducer channels in the plate's order; for type 1 columns 3 and 4 in [m].

        Returns
        -------
        ndarray of shape (n, 9), float64 [N], [m], [N m]
            As signed in the file. Where the normal force is below `MIN_NORMAL_FORCE` the point
            is the plate's centre and the torque the whole moment about it, so that the wrench
            stays what was measured.
        """
        about = self.about_centre(channels)[:, None]
        return at_centre_of_pressure(about, self.axes[None, :, 2], self.centre[None])[:, 0]

    def about_centre(self, channels: F64) -> F64:
        """Force and moment about the centre of the surface, in ground.

        Of types 2 and 3 it is linear in the channels.

        Parameters
        ----------
        channels : ndarray of shape (n, 6 or 8), float64
            As of `wrench`.

        Returns
        -------
        ndarray of shape (n, 6), float64 [N], [N m]
        """
        force, moment = self._about_surface_centre(channels)
        turn = self.axes.T  # row vectors: v_ground = v_plate @ axes.T
        return np.hstack((force @ turn, moment @ turn))

    def _about_surface_centre(self, channels: F64) -> tuple[F64, F64]:
        """Force and moment about the centre of the surface, plate axes, each (n, 3)."""
        if self.kind == 1:
            force = channels[:, :3]
            zero = np.zeros(len(channels))
            point = np.column_stack((channels[:, 3], channels[:, 4], zero))
            moment = np.cross(point, force)
            moment[:, 2] += channels[:, 5]
            return force, moment
        if self.kind == 3:
            force, moment = self._from_eight(channels)
            lever = self._lever * [0.0, 0.0, 1.0]
        else:
            six = channels if self.calibration is None else channels @ self.calibration.T
            force, moment = six[:, :3], six[:, 3:]
            lever = self._lever
        return force, moment + np.cross(force, lever)

    def _from_eight(self, channels: F64) -> tuple[F64, F64]:
        """Force and moment from four three-axis sensors, paired horizontally (type 3)."""
        x12, x34, y14, y23, z1, z2, z3, z4 = channels.T
        a, b = self.origin[:2]
        force = np.column_stack((x12 + x34, y14 + y23, z1 + z2 + z3 + z4))
        moment = np.column_stack(
            (b * (z1 + z2 - z3 - z4), a * (z2 + z3 - z1 - z4), b * (x34 - x12) + a * (y14 - y23))
        )
        return force, moment

    @property
    def _lever(self) -> F64:
        """`origin` with the sign of the convention: the transducer lies below the surface.

        Some files store the vector from the surface to the transducer instead; which way is up
        in the plate's axes decides.
        """
        return -self.origin if self.origin[2] * self.axes[1, 2] < 0.0 else self.origin


def at_centre_of_pressure(about_centre: F64, normal: F64, centre: F64) -> F64:
    """Force, point of application and free torque of plates, from the moment about their centres.

    Parameters
    ----------
    about_centre : ndarray of shape (n, k, 6), float64 [N], [N m]
        Force, moment about the centre of the surface.
    normal, centre : ndarray of shape (k, 3), float64 [m]
        Of the surface, either way round; same frame.

    Returns
    -------
    ndarray of shape (n, k, 9), float64 [N], [m], [N m]
        See `Plate.wrench`.
    """
    from sim_bridge.dynamics.wrench import press  # here, so that without plates no solver is loaded

    found = np.empty((*about_centre.shape[:2], 9))
    press(about_centre, normal, centre, MIN_NORMAL_FORCE, found)
    return found


def on_the_person(wrench: F64) -> F64:
    """Sign a plate's wrench so that it acts on the person.

    Some files store what the foot does to the plate, others the reaction. A plate cannot pull,
    so the vertical force tells which it is, its square above all: a plate may drift while empty.

    Parameters
    ----------
    wrench : ndarray of shape (n, 9), float64
        Force, point, free torque, in ground.

    Returns
    -------
    ndarray of shape (n, 9), float64
        The same, pushing up where it is largest.
    """
    vertical = wrench[:, 1]
    sign = -1.0 if float(vertical @ np.abs(vertical)) < 0.0 else 1.0
    return np.asarray(wrench * np.repeat([sign, 1.0, sign], 3))
