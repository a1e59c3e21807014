"""From an architecture to a network with fresh weights."""

from __future__ import annotations

from typing import Final

from inference.architecture import (
    Architecture,
    BahdanauArchitecture,
    GruArchitecture,
    StdrArchitecture,
)
from inference.networks.bahdanau import BahdanauNet
from inference.networks.gru import GRUNet
from inference.networks.member import Member
from inference.networks.stdr import STDRNet

__all__ = ["NETWORKS", "build_member"]

NETWORKS: Final[dict[type[Architecture], type[Member]]] = {
    GruArchitecture: GRUNet,
    StdrArchitecture: STDRNet,
    BahdanauArchitecture: BahdanauNet,
}


def build_member(arch: Architecture) -> Member:
    """Return one member of the architecture's ensemble, weights from torch's random state."""
    return NETWORKS[type(arch)](arch)
