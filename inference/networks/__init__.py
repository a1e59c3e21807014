"""The networks, one kind a file, behind one interface; this package needs torch."""

from inference.networks.build import build_member
from inference.networks.ensemble import Ensemble
from inference.networks.member import Member

__all__ = ["Ensemble", "Member", "build_member"]
