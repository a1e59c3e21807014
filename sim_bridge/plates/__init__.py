"""From what force plates send to a force under each foot: belief, contact, its point, whose foot.

It belongs to the bridge, not to the streams: it needs the pose of the feet, no socket and no clock.
"""

from .clean import PlateCleaner, forget_absurd
from .effort import Effort
from .faults import PlateFault
from .geometry import Soles
from .judge import PlateJudge
from .loads import all_on_feet, check_corners, feet_without, foot_of, moves
from .mapping import ON_FEET, PlateMapper
from .missing import (
    FELT_ALONE,
    FELT_STANDING,
    MISSING,
    VERTICAL,
    MissingLoad,
    lacks_force,
    needed_from_ground,
)
from .report import ALL_PLATES, FaultReport
from .unexplained import Unexplained
from .whose import EITHER, FootCheck
from .zero import PlateZero

__all__ = [
    "ALL_PLATES",
    "EITHER",
    "FELT_ALONE",
    "FELT_STANDING",
    "MISSING",
    "ON_FEET",
    "VERTICAL",
    "Effort",
    "FaultReport",
    "FootCheck",
    "MissingLoad",
    "PlateCleaner",
    "PlateFault",
    "PlateJudge",
    "PlateMapper",
    "PlateZero",
    "Soles",
    "Unexplained",
    "all_on_feet",
    "check_corners",
    "feet_without",
    "foot_of",
    "forget_absurd",
    "lacks_force",
    "moves",
    "needed_from_ground",
]
