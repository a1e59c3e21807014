"""Between a torch network and a checkpoint's arrays."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from inference.architecture import Architecture
from inference.arrays import F32
from inference.checkpoint import Checkpoint
from inference.exceptions import CheckpointMismatch
from inference.networks import Ensemble

__all__ = ["load_network", "network_arrays", "network_of"]


def network_arrays(net: Ensemble) -> dict[str, F32]:
    """Return every parameter and buffer as a float32 array, by its name in the network."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in net.state_dict().items()}


def network_of(architecture: Architecture, arrays: Mapping[str, F32]) -> Ensemble:
    """Build a network in float32 on the CPU, in evaluation mode, of the arrays of another.

    Raises
    ------
    RuntimeError
        If they are not those of such an architecture.
    """
    net = Ensemble(architecture)
    net.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in arrays.items()})
    return net.eval()


def load_network(checkpoint: Checkpoint) -> Ensemble:
    """Build the checkpoint's network in float32 on the CPU, in evaluation mode.

    Raises
    ------
    CheckpointMismatch
        If the weights do not fit the architecture on the card.
    """
    try:
        return network_of(checkpoint.card.architecture, checkpoint.weights())
    except RuntimeError as error:
        raise CheckpointMismatch(
            f"{checkpoint.path}: the weights do not fit the card's architecture ({error})"
        ) from error
