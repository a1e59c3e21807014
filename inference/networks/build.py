"""From an architecture to a network with fresh weights."""

from __future__ import annotations

from inference.architecture import Architecture, GruArchitecture, StdrArchitecture
from inference.networks.bahdanau import BahdanauNet
from inference.networks.gru import GRUNet
from inference.networks.member import Member
from inference.networks.stdr import STDRNet

__all__ = ["build_member"]


def build_member(arch: Architecture) -> Member:
    """Return one member of the architecture's ensemble, weights from torch's random state."""
    if isinstance(arch, GruArchitecture):
        return GRUNet(arch)
    if isinstance(arch, StdrArchitecture):
        return STDRNet(arch)
    return BahdanauNet(arch)
