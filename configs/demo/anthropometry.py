"""Body segments of the demo subject: 80 kg, 1.80 m, after Winter's tables.

Masses, centres of mass and radii of gyration are fractions of body mass and segment length from
Table 4.1 of [Winter2009]_, segment lengths are fractions of body height from its Figure 4.1. Where
the foot's sole lies under the ankle is our own choice (Winter gives the foot's length and the
ankle's height only): heel pad and ball are 0.20 m apart, as in [GeyerHerr2010]_. Fractions of
mass and length and the trunk's centre of mass were checked against public reprints of Winter's
table; the radii of gyration were not.

References
----------
.. [Winter2009] Winter DA (2009). Biomechanics and Motor Control of Human Movement, 4th ed. Wiley.
   doi:10.1002/9780470549148
.. [GeyerHerr2010] Geyer H, Herr H (2010). A muscle-reflex model that encodes principles of legged
   mechanics produces human walking dynamics and muscle activities. IEEE Trans Neural Syst Rehabil
   Eng 18(3):263-273. doi:10.1109/TNSRE.2010.2047592
"""

from dataclasses import dataclass

BODY_MASS = 80.0
"""Mass of the subject [kg]."""

BODY_HEIGHT = 1.80
"""Height of the subject [m]."""

GRAVITY = 9.80665
"""Gravity along -y of ground [m/s^2]; OpenSim's own default."""


@dataclass(frozen=True)
class Segment:
    """A rigid segment in its own frame: x forward, y up in upright standing, z to the right.

    ======== ================================================== ========
    field    meaning                                            unit
    ======== ================================================== ========
    mass     mass                                               kg
    com_x    centre of mass, forward of the proximal joint      m
    com_y    centre of mass, above the proximal joint           m
    inertia  moment of inertia about z at the centre of mass    kg m^2
    ======== ================================================== ========
    """

    mass: float
    com_x: float
    com_y: float
    inertia: float


THIGH_LENGTH = 0.245 * BODY_HEIGHT
SHANK_LENGTH = 0.246 * BODY_HEIGHT
ANKLE_HEIGHT = 0.039 * BODY_HEIGHT
TRUNK_LENGTH = 0.288 * BODY_HEIGHT  # greater trochanter to glenohumeral axis, 0.818 - 0.530

HEEL_X = -0.055
"""Heel pad, forward of the ankle [m]."""

BALL_X = 0.145
"""Ball of the foot (second metatarsal head), forward of the ankle [m]."""

HIP_HALF_WIDTH = 0.0835
"""Hip joint centre to the sagittal plane [m]; the legs move in planes at this distance. Ours."""

_FOOT_AXIS = (BALL_X**2 + ANKLE_HEIGHT**2) ** 0.5  # lateral malleolus to metatarsal head

TRUNK = Segment(
    mass=0.678 * BODY_MASS,
    com_x=0.0,
    com_y=0.626 * TRUNK_LENGTH,
    inertia=0.678 * BODY_MASS * (0.496 * TRUNK_LENGTH) ** 2,
)
"""Head, arms and trunk in one; the proximal joint is the hip (greater trochanter)."""

THIGH = Segment(
    mass=0.100 * BODY_MASS,
    com_x=0.0,
    com_y=-0.433 * THIGH_LENGTH,
    inertia=0.100 * BODY_MASS * (0.323 * THIGH_LENGTH) ** 2,
)

SHANK = Segment(
    mass=0.0465 * BODY_MASS,
    com_x=0.0,
    com_y=-0.433 * SHANK_LENGTH,
    inertia=0.0465 * BODY_MASS * (0.302 * SHANK_LENGTH) ** 2,
)

FOOT = Segment(
    mass=0.0145 * BODY_MASS,
    com_x=0.5 * BALL_X,
    com_y=-0.5 * ANKLE_HEIGHT,
    inertia=0.0145 * BODY_MASS * (0.475 * _FOOT_AXIS) ** 2,
)
