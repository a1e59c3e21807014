"""The demo subject as an OpenSim model: nine coordinates, fourteen muscles, 24 markers.

The pelvis moves in the sagittal plane; hips, knees and ankles are hinges about z, with OpenSim's
signs: hip_flexion_* and ankle_angle_* (dorsiflexion) turn about +z, knee_angle_* (flexion) about
-z. Pelvis and torso are welded; together they are Winter's head, arms and trunk.
"""

import math

import opensim as osim
from numpy.polynomial import Polynomial

from configs.demo.anthropometry import (
    ANKLE_HEIGHT,
    BODY_MASS,
    FOOT,
    GRAVITY,
    HIP_HALF_WIDTH,
    SHANK,
    SHANK_LENGTH,
    THIGH,
    THIGH_LENGTH,
    TRUNK,
    Segment,
)
from configs.demo.markers import MARKERS
from configs.demo.muscles import MUSCLES, RANGES, TENDON_STRAIN, Attachment, Muscle

NAME = "nem2e_demo_walker"

LUMBAR_HEIGHT = 0.11
"""Weld of torso to pelvis above the hip axis [m]. Ours; without effect on the dynamics."""

PELVIS_SHARE = 0.142 / 0.678
"""Mass of the pelvis as a fraction of head, arms and trunk (Winter 2009, Table 4.1)."""

SIDES = {"r": 1.0, "l": -1.0}
"""Side and the direction of its z."""


def build_model() -> osim.Model:
    """Assemble the model and finalize its connections.

    Returns
    -------
    opensim.Model
        Frame: x forward, y up, z to the right [m]; the origin of the pelvis is between the hips.
    """
    model = osim.Model()
    model.setName(NAME)
    model.set_gravity(osim.Vec3(0.0, -GRAVITY, 0.0))
    _add_trunk(model)
    for side in SIDES:
        _add_leg(model, side)
    for side in SIDES:
        for muscle in MUSCLES:
            model.addForce(_muscle(muscle, side))
    bodies = model.getBodySet()
    for name, body, place in MARKERS:
        model.addMarker(osim.Marker(name, bodies.get(body), osim.Vec3(*place)))
    model.finalizeConnections()
    return model


def _body(name: str, segment: Segment, along: str) -> osim.Body:
    """Body of a segment; inertia about its long axis does not act in the plane (a tenth)."""
    across, lengthwise = segment.inertia, 0.1 * segment.inertia
    moments = (lengthwise, across, across) if along == "x" else (across, lengthwise, across)
    com = osim.Vec3(segment.com_x, segment.com_y, 0.0)
    return osim.Body(name, segment.mass, com, osim.Inertia(*moments))


def trunk_parts() -> tuple[Segment, Segment]:
    """Pelvis and torso, each in its own frame, that add up to head, arms and trunk exactly."""
    mass = PELVIS_SHARE * TRUNK.mass
    pelvis = Segment(mass, 0.0, 0.5 * LUMBAR_HEIGHT, mass * 0.08**2)
    rest = TRUNK.mass - mass
    height = (TRUNK.mass * TRUNK.com_y - mass * pelvis.com_y) / rest
    inertia = TRUNK.inertia - pelvis.inertia
    inertia -= mass * (TRUNK.com_y - pelvis.com_y) ** 2 + rest * (height - TRUNK.com_y) ** 2
    return pelvis, Segment(rest, 0.0, height - LUMBAR_HEIGHT, inertia)


def _add_trunk(model: osim.Model) -> None:
    pelvis_part, torso_part = trunk_parts()
    pelvis, torso = _body("pelvis", pelvis_part, "y"), _body("torso", torso_part, "y")
    model.addBody(pelvis)
    model.addBody(torso)
    joint = osim.CustomJoint("ground_pelvis", model.getGround(), pelvis, _planar())
    model.addJoint(joint)
    joint.finalizeFromProperties()  # makes the coordinates that the transform names
    limits = {"pelvis_tilt": math.pi / 2.0, "pelvis_tx": 5.0, "pelvis_ty": 2.0}
    for index, limit in enumerate(limits.values()):
        coordinate = joint.upd_coordinates(index)
        coordinate.setRangeMin(-limit)
        coordinate.setRangeMax(limit)
    joint.upd_coordinates(2).setDefaultValue(THIGH_LENGTH + SHANK_LENGTH + ANKLE_HEIGHT)
    lumbar = osim.Vec3(0.0, LUMBAR_HEIGHT, 0.0)
    zero = osim.Vec3(0.0)
    model.addJoint(osim.WeldJoint("back", pelvis, lumbar, zero, torso, zero, zero))


def _planar() -> osim.SpatialTransform:
    """Rotation about z, translation along x and y; the other three axes stand still."""
    transform = osim.SpatialTransform()
    axes = (
        (transform.upd_rotation1(), osim.Vec3(0, 0, 1), "pelvis_tilt"),
        (transform.upd_rotation2(), osim.Vec3(1, 0, 0), ""),
        (transform.upd_rotation3(), osim.Vec3(0, 1, 0), ""),
        (transform.upd_translation1(), osim.Vec3(1, 0, 0), "pelvis_tx"),
        (transform.upd_translation2(), osim.Vec3(0, 1, 0), "pelvis_ty"),
        (transform.upd_translation3(), osim.Vec3(0, 0, 1), ""),
    )
    for axis, direction, name in axes:
        axis.setAxis(direction)
        if name:
            axis.setCoordinateNames(osim.ArrayStr(name, 1))
            axis.set_function(osim.LinearFunction(1.0, 0.0))
        else:
            axis.set_function(osim.Constant(0.0))
    return transform


def _add_leg(model: osim.Model, side: str) -> None:
    pelvis = model.getBodySet().get("pelvis")
    femur = _body(f"femur_{side}", THIGH, "y")
    tibia = _body(f"tibia_{side}", SHANK, "y")
    calcn = _body(f"calcn_{side}", FOOT, "x")
    for body in (femur, tibia, calcn):
        model.addBody(body)
    hip = osim.Vec3(0.0, 0.0, SIDES[side] * HIP_HALF_WIDTH)
    _hinge(model, f"hip_{side}", "hip_flexion", (pelvis, hip, femur), 0.0)
    knee = osim.Vec3(0.0, -THIGH_LENGTH, 0.0)
    # both frames turned by pi about x: the hinge's z then points to the left, flexion is positive
    _hinge(model, f"knee_{side}", "knee_angle", (femur, knee, tibia), math.pi)
    ankle = osim.Vec3(0.0, -SHANK_LENGTH, 0.0)
    _hinge(model, f"ankle_{side}", "ankle_angle", (tibia, ankle, calcn), 0.0)


def _hinge(
    model: osim.Model,
    name: str,
    coordinate_name: str,
    link: tuple[osim.Body, osim.Vec3, osim.Body],
    turn: float,
) -> None:
    parent, place, child = link
    turned = osim.Vec3(turn, 0.0, 0.0)
    joint = osim.PinJoint(name, parent, place, turned, child, osim.Vec3(0.0), turned)
    coordinate = joint.updCoordinate()
    coordinate.setName(f"{coordinate_name}_{name[-1]}")
    low, high = RANGES[coordinate_name]
    coordinate.setRangeMin(math.radians(low))
    coordinate.setRangeMax(math.radians(high))
    model.addJoint(joint)


def _muscle(muscle: Muscle, side: str) -> osim.Millard2012EquilibriumMuscle:
    actuator = osim.Millard2012EquilibriumMuscle()
    actuator.setName(f"{muscle.name}_{side}")
    actuator.setMaxIsometricForce(muscle.force)
    actuator.setOptimalFiberLength(muscle.optimal_fibre_length)
    actuator.setTendonSlackLength(muscle.tendon_slack_length)
    actuator.setPennationAngleAtOptimalFiberLength(0.0)
    actuator.setMaxContractionVelocity(muscle.speed)
    tendon = osim.TendonForceLengthCurve()
    tendon.setStrainAtOneNormForce(TENDON_STRAIN)
    actuator.setTendonForceLengthCurve(tendon)
    actuator.set_path(_path(muscle, side))
    return actuator


def _path(muscle: Muscle, side: str) -> osim.FunctionBasedPath:
    path = osim.FunctionBasedPath()
    for attachment in muscle.attachments:
        joint = {"hip_flexion": "hip", "knee_angle": "knee", "ankle_angle": "ankle"}
        place = f"/jointset/{joint[attachment.coordinate]}_{side}"
        path.appendCoordinatePath(f"{place}/{attachment.coordinate}_{side}")
    rest = muscle.optimal_fibre_length + muscle.tendon_slack_length
    path.setLengthFunction(length_function(muscle.attachments, rest))
    return path


def length_function(
    attachments: tuple[Attachment, ...], rest: float
) -> osim.MultivariatePolynomialFunction:
    """Sum of one polynomial per coordinate and the rest length [m]; no mixed terms.

    OpenSim orders coefficients by the power of the first coordinate, then of the second, up to
    the order in all.
    """
    fits = [attachment.polynomial() for attachment in attachments]
    order = max(fit.degree() for fit in fits)
    coefficients = []
    if len(fits) == 1:
        coefficients = [_coefficient(fits[0], power) for power in range(order + 1)]
    else:
        for first in range(order + 1):
            for second in range(order + 1 - first):
                own = _coefficient(fits[0], first) if second == 0 else 0.0
                own += _coefficient(fits[1], second) if first == 0 else 0.0
                coefficients.append(own)
    coefficients[0] += rest
    function = osim.MultivariatePolynomialFunction()
    function.setCoefficients(osim.Vector.createFromMat(coefficients))
    function.setDimension(len(fits))
    function.setOrder(order)
    return function


def _coefficient(polynomial: Polynomial, power: int) -> float:
    """Coefficient rounded to 1e-12 m/rad^power, so that the file is the same on any machine."""
    coefficients = polynomial.coef
    return round(float(coefficients[power]), 12) if power < len(coefficients) else 0.0


def total_mass(model: osim.Model) -> float:
    """Mass of all bodies [kg]; ``BODY_MASS`` if the table's fractions add up to one."""
    bodies = model.getBodySet()
    mass = sum(bodies.get(index).getMass() for index in range(bodies.getSize()))
    if not math.isclose(mass, BODY_MASS, rel_tol=1e-9):
        raise ValueError(f"the segments weigh {mass} kg instead of {BODY_MASS} kg")
    return float(mass)
