"""What the compiler hands to the loop: an OpenSim model as frozen arrays."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ._jit import F64, I64, Bool
from .chain import Chain
from .piecewise import PiecewisePolynomials


@dataclass(frozen=True)
class Coordinates:
    """The model's coordinates, in the order of its CoordinateSet.

    ===========  ===================================================  =========  ===============
    field        meaning                                              unit       shape
    ===========  ===================================================  =========  ===============
    names        OpenSim's names                                                 (n,)
    default      default value                                        rad, m     (n,)
    lower        lower bound, -inf where it is not clamped            rad, m     (n,)
    upper        upper bound, +inf where it is not clamped            rad, m     (n,)
    least, most  its range, clamped or not                            rad, m     (n,)
    is_rotation  what OpenSim calls rotational and converts to degrees           (n,)
    is_angle     turns something, though OpenSim may call it coupled             (n,)
    lead         index of the free coordinate that drives it, or -1              (n,)
    function     its value as a function of that coordinate                      (n,)
    free_index   model index of each free coordinate                             (n_free,)
    ===========  ===================================================  =========  ===============

    A free coordinate follows itself (the function ``x``), a coupled one follows another through
    its coupler, a locked one has no lead and a constant function.
    """

    names: tuple[str, ...]
    default: F64
    lower: F64
    upper: F64
    least: F64
    most: F64
    is_rotation: Bool
    is_angle: Bool
    lead: I64
    function: I64
    free_index: I64

    @property
    def free_names(self) -> tuple[str, ...]:
        """Names of the free coordinates, in their order."""
        return tuple(self.names[i] for i in self.free_index)

    @property
    def locked_names(self) -> tuple[str, ...]:
        """Names of those that nothing moves: locked, or prescribed as a constant."""
        return tuple(name for name, lead in zip(self.names, self.lead, strict=True) if lead < 0)


@dataclass(frozen=True)
class Bodies:
    """Bodies as frames on links: ``link`` is -1 for a body welded to ground.

    ``rotation`` (n, 3, 3) and ``translation`` (n, 3) [m] place the body in its link's frame.
    """

    names: tuple[str, ...]
    link: I64
    rotation: F64
    translation: F64


@dataclass(frozen=True)
class Markers:
    """Markers as points on links: ``station`` (n, 3) [m] in the link's frame."""

    names: tuple[str, ...]
    link: I64
    station: F64


@dataclass(frozen=True)
class Muscles:
    """Muscle parameters, n muscles.

    ======================  ==================================================  ======
    field                   meaning                                             unit
    ======================  ==================================================  ======
    max_isometric_force                                                         N
    optimal_fiber_length                                                        m
    tendon_slack_length                                                         m
    fiber_height            optimal length times sine of pennation at it        m
    projection_height       height in the cosine that projects fibre force      m
    minimum_fiber_length    shorter fibres carry no force                       m
    max_velocity            maximum contraction velocity                        m/s
    length_curve            row of ``force_length``
    velocity_curve          row of ``force_velocity``
    lower, upper            bounds of the activation
    ======================  ==================================================  ======

    ``force_length`` and ``force_velocity`` are tables (n_curve, n_knot, 2) of value and slope on
    even grids over ``length_range`` [optimal lengths] and ``velocity_range`` [maximum velocities].
    """

    names: tuple[str, ...]
    max_isometric_force: F64
    optimal_fiber_length: F64
    tendon_slack_length: F64
    fiber_height: F64
    projection_height: F64
    minimum_fiber_length: F64
    max_velocity: F64
    length_curve: I64
    velocity_curve: I64
    lower: F64
    upper: F64
    force_length: F64
    force_velocity: F64
    length_range: F64
    velocity_range: F64


FIXED, CONDITIONAL, MOVING = 0, 1, 2
"""Kinds of path points."""


class PathGeometry(NamedTuple):
    """Paths that are evaluated exactly: points on links, and cylinders that they wrap around.

    ================  ======================================================  =====  ==============
    field             meaning                                                 unit   shape
    ================  ======================================================  =====  ==============
    start             first point of each muscle; none if its path is fitted         (n_muscle+1,)
    kind              `FIXED`, `CONDITIONAL` or `MOVING`                             (n_point,)
    link              that carries the point                                         (n_point,)
    rotation          of the point's body on the link (moving points)                (n_point, 3, 3)
    station           place on the link; of the body for a moving point       m      (n_point, 3)
    coordinate        that conditions (first) or moves (each axis) it                (n_point, 3)
    function          of each axis of a moving point                                 (n_point, 3)
    interval          of each coordinate: where a conditional point is        rad    (n_point, 3, 2)
                      active; beyond it a moving point stays where it is
    wrap_start        first wrap of each muscle                                      (n_muscle+1,)
    wrap_link         that carries the cylinder                                      (n_wrap,)
    wrap_rotation     cylinder on that link, its axis is z                           (n_wrap, 3, 3)
    wrap_translation  centre of the cylinder on that link                     m      (n_wrap, 3)
    wrap_size         radius and half of its length                           m      (n_wrap, 2)
    wrap_side         axis (0 or 1) and sign of the side that wraps, or 0            (n_wrap, 2)
    wrap_points       first and last point between which it may wrap                 (n_wrap, 2)
    ================  ======================================================  =====  ==============
    """

    start: I64
    kind: I64
    link: I64
    rotation: F64
    station: F64
    coordinate: I64
    function: I64
    interval: F64
    wrap_start: I64
    wrap_link: I64
    wrap_rotation: F64
    wrap_translation: F64
    wrap_size: F64
    wrap_side: F64
    wrap_points: I64

    @property
    def is_exact(self) -> Bool:
        """Which muscles are evaluated here rather than fitted, shape (n_muscle,)."""
        exact: Bool = self.start[1:] > self.start[:-1]
        return exact


class MusclePaths(NamedTuple):
    """Which free coordinates a muscle spans, and fitted lengths where paths are not exact.

    ============  ==========================================================  =====  ============
    field         meaning                                                     unit   shape
    ============  ==========================================================  =====  ============
    n_spanned     how many free coordinates a muscle spans                           (n_muscle,)
    spanned       which (padded with -1)                                             (n_muscle, d)
    centre        middle of the region fitted                                 rad    (n_free,)
    half_width    half of its width                                           rad    (n_free,)
    start         first term of each muscle                                          (n_muscle+1,)
    exponent      degrees of Chebyshev polynomials of the scaled coordinates         (n_term, d)
    coefficient   of each term                                                m      (n_term,)
    length_error  RMS and largest error of the length on unseen poses         m      (n_muscle, 2)
    arm_error     the same of the moment arms; 0 where a path is exact        m      (n_muscle, 2)
    ============  ==========================================================  =====  ============
    """

    n_spanned: I64
    spanned: I64
    centre: F64
    half_width: F64
    start: I64
    exponent: I64
    coefficient: F64
    length_error: F64
    arm_error: F64


@dataclass(frozen=True)
class CoordinateActuators:
    """The model's CoordinateActuators: ideal generalized forces with bounded controls.

    ``coordinate`` is a model index, ``optimal_force`` in N m or N, bounds are those of the control.
    """

    names: tuple[str, ...]
    coordinate: I64
    optimal_force: F64
    lower: F64
    upper: F64


class CoordinateSprings(NamedTuple):
    """Passive forces that a coordinate alone decides: springs, and stops beyond limits.

    ==========  =======================================================  =====  ======
    field       meaning                                                  unit   shape
    ==========  =======================================================  =====  ======
    coordinate  model index                                                     (n,)
    limit       where it begins below and above, the same of a spring    rad    (n, 2)
    stiffness   below and above                                          N m    (n, 2)
    transition  over so much beyond a limit it sets in                   rad    (n,)
    damping     where it has set in                                      N m s  (n,)
    ==========  =======================================================  =====  ======

    Units are per rad and rad/s; m and N where the coordinate is a length.
    """

    coordinate: I64
    limit: F64
    stiffness: F64
    transition: F64
    damping: F64


@dataclass(frozen=True)
class CompiledModel:
    """An OpenSim model ready for the loop; made by :func:`sim_bridge.compile_model`.

    Attributes
    ----------
    name : str
        The model's name.
    digest : str
        SHA-256 of the .osim file and of the compiler's version, hexadecimal.
    mass : float
        Of all bodies that move [kg], for a treadmill that is welded to ground is nobody's weight;
        of all bodies where nothing moves the whole person.
    gravity : ndarray of shape (3,), float64 [m/s^2]
        In ground.
    """

    name: str
    digest: str
    mass: float
    gravity: F64
    functions: PiecewisePolynomials
    chain: Chain
    coordinates: Coordinates
    bodies: Bodies
    markers: Markers
    muscles: Muscles
    geometry: PathGeometry
    paths: MusclePaths
    actuators: CoordinateActuators
    springs: CoordinateSprings

    @property
    def coordinate_names(self) -> tuple[str, ...]:
        """Coordinates in model order."""
        return self.coordinates.names

    @property
    def coordinate_is_rotation(self) -> Bool:
        """Which coordinates are in degrees in OpenSim's files, shape (n_coordinate,)."""
        return self.coordinates.is_rotation

    @property
    def coordinate_is_angle(self) -> Bool:
        """Which coordinates are angles (else lengths), shape (n_coordinate,)."""
        return self.coordinates.is_angle

    @property
    def balls(self) -> I64:
        """Angles of joints that turn freely about x, y and z in turn, shape (n_ball, 3)."""
        turns = self.chain.coordinate[self.chain.ball[:, None] + np.arange(3)]
        free: I64 = turns[np.isin(turns, self.coordinates.free_index).all(axis=1)]
        return free

    @property
    def muscle_names(self) -> tuple[str, ...]:
        """Muscles in model order."""
        return self.muscles.names

    @property
    def marker_names(self) -> tuple[str, ...]:
        """Markers in model order."""
        return self.markers.names
