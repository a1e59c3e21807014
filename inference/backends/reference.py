"""The reference stream of a checkpoint, computed by torch: what every backend is compared with."""

from __future__ import annotations

import copy
from typing import Final

import numpy as np
import torch
from torch import Tensor

from inference.channels import N_INPUT, SIDES, hide_dynamics
from inference.checkpoint import Reference
from inference.networks import Ensemble
from inference.networks.weights import network_arrays
from inference.threads import one_thread

__all__ = ["reference_stream"]

SEED: Final = 20250101
PERSISTENCE: Final = 0.9
"""Of one frame's input in the next; motion at 100 Hz changes no faster."""

LEAST_FRAMES: Final = 156
"""Of the stream; networks without a receptive field forget in about as many."""

WITHHELD: Final = slice(40, 60)
"""Frames without forces, as where no plate measures."""


def reference_stream(net: Ensemble) -> Reference:
    """Make up a stream of inputs and compute the network's output in float64.

    The inputs wander about the training mean by the training scale, with a stretch without forces,
    for a quarter longer than the receptive field: the history is empty, partly filled and full.

    Parameters
    ----------
    net : Ensemble
        In evaluation mode; not changed.
    """
    exact = copy.deepcopy(net).double().eval()
    frames = max(net.arch.receptive_field * 5 // 4, LEAST_FRAMES)
    rng = np.random.default_rng(SEED)
    wander = np.zeros((frames, len(SIDES), N_INPUT))
    wander[0] = rng.standard_normal(wander.shape[1:])
    for t in range(1, frames):
        step = rng.standard_normal(wander.shape[1:])
        wander[t] = PERSISTENCE * wander[t - 1] + np.sqrt(1.0 - PERSISTENCE**2) * step
    x = np.ones((frames, len(SIDES), 2 * N_INPUT), dtype=np.float32)
    arrays = network_arrays(net)
    mean, scale = (arrays[f"members.0.embed.{name}"] for name in ("mean", "scale"))
    x[..., :N_INPUT] = mean + scale * wander
    for part in (x[..., :N_INPUT], x[..., N_INPUT:]):
        hide_dynamics(part[WITHHELD])
    outputs = _stream(exact, torch.from_numpy(x).double().transpose(0, 1))
    y, sigma = (np.ascontiguousarray(o.transpose(0, 1), dtype=np.float32) for o in outputs)
    return Reference(x, y, sigma)


@torch.no_grad()
def _stream(net: Ensemble, x: Tensor) -> tuple[Tensor, Tensor]:
    """Run x (B, T, 2 N_INPUT) by the parallel pass, anew for every frame: slow, and no cache.

    So the reference shares nothing with what it checks, neither the step nor its ring.
    """
    rows, frames = x.shape[:2]
    y = x.new_zeros(rows, frames + 1, net.arch.n_output)  # y[:, t + 1] is the output of frame t
    sigma = torch.zeros_like(y[:, 1:])
    with one_thread():
        for t in range(frames):
            now, doubt = net(x[:, : t + 1], y[:, : t + 1])
            y[:, t + 1], sigma[:, t] = now[:, t], doubt[:, t]
    return y[:, 1:], sigma
