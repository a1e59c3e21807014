"""From what force plates send to a force under each foot: belief, contact, its point, whose foot.

It belongs to the bridge, not to the streams: it needs the pose of the feet, no socket and no clock.
"""

from .clean import PlateCleaner
from .faults import PlateFault
from .geometry import Soles
from .judge import PlateJudge
from .mapping import ON_FEET, PlateMapper
from .missing import MissingLoad, lacks_force
from .unexplained import Unexplained
from .whose import EITHER, FootCheck
from .zero import PlateZero

__all__ = [
    "EITHER",
    "ON_FEET",
    "FootCheck",
    "MissingLoad",
    "PlateCleaner",
    "PlateFault",
    "PlateJudge",
    "PlateMapper",
    "PlateZero",
    "Soles",
    "Unexplained",
    "lacks_force",
]
