"""Between a torch network and a checkpoint's arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from inference.checkpoint import Checkpoint
from inference.exceptions import CheckpointMismatch
from inference.networks import Ensemble

__all__ = ["load_network", "network_arrays"]


def network_arrays(net: Ensemble) -> dict[str, npt.NDArray[np.float32]]:
    """Return every parameter and buffer as a float32 array, by its name in the network."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in net.state_dict().items()}


def load_network(checkpoint: Checkpoint) -> Ensemble:
    """Build the checkpoint's network in float32 on the CPU, in evaluation mode.

    Raises
    ------
    CheckpointMismatch
        If the weights do not fit the architecture on the card.
    """
    net = Ensemble(checkpoint.card.architecture)
    tensors = {name: torch.from_numpy(array.copy()) for name, array in checkpoint.weights().items()}
    try:
        net.load_state_dict(tensors)
    except RuntimeError as error:
        raise CheckpointMismatch(
            f"{checkpoint.path}: the weights do not fit the card's architecture ({error})"
        ) from error
    return net.eval()
