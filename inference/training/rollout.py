"""Run a torch network over recordings as a stream, many at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import torch

from inference.arrays import F32
from inference.networks import Ensemble

__all__ = ["Rollout", "rollout"]

SETTLED: Final = 100
"""Frames after which a recurrent network has forgotten where it started."""


class Rollout(NamedTuple):
    """Estimate of a sequence and the spread of its error, each (n, N_CHANNEL), float32."""

    y: F32
    spread: F32


@torch.no_grad()
def rollout(net: Ensemble, sequences: Sequence[F32], longest: int = 1000) -> list[Rollout]:
    """Run the network over every sequence as a stream, its own output fed back.

    Parameters
    ----------
    net : Ensemble
        In evaluation mode.
    sequences : sequence of ndarray of shape (n_i, 2 N_INPUT), float32
    longest : int
        Networks with feedback are stepped; longer sequences then run in pieces of so many frames,
        each preceded by three receptive fields of its past, and by four memories of effort, after
        which the output hardly depends on where it started.

    Returns
    -------
    list of Rollout
    """
    if not net.arch.feeds_back:
        return [_parallel(net, x) for x in sequences]
    lead = max(3 * (net.arch.receptive_field or SETTLED), 4 * net.arch.effort_frames)
    pieces = [
        (i, first, max(0, first - lead), min(first + longest, len(x)))
        for i, x in enumerate(sequences)
        for first in range(0, len(x), longest)
    ]
    outputs = [np.zeros((2, len(x), net.arch.n_output), dtype=np.float32) for x in sequences]
    if pieces:
        frames = max(stop - start for _, _, start, stop in pieces)
        x = torch.zeros(frames, len(pieces), net.arch.n_input)
        for row, (i, _, start, stop) in enumerate(pieces):
            x[: stop - start, row] = torch.from_numpy(sequences[i][start:stop])
        streamed = _stream(net, x.to(_device(net))).cpu().numpy()
        for row, (i, first, start, stop) in enumerate(pieces):
            outputs[i][:, first:stop] = streamed[:, first - start : stop - start, row]
    return [Rollout(y, spread) for y, spread in outputs]


def _parallel(net: Ensemble, x: F32) -> Rollout:
    """One pass over x (n, 2 N_INPUT) of a network that does not read its output."""
    batch = torch.from_numpy(x)[None].to(_device(net))
    y, spread = net(batch, batch.new_zeros(1, len(x), net.arch.n_output))
    return Rollout(y[0].cpu().numpy(), spread[0].cpu().numpy())


def _stream(net: Ensemble, x: torch.Tensor) -> torch.Tensor:
    """Step through x (T, B, 2 N_INPUT); y and spread (2, T, B, N_CHANNEL)."""
    arch, (frames, rows) = net.arch, x.shape[:2]
    past = arch.window - 1
    cache = x.new_zeros(frames + past, rows, arch.kept_width)
    mask = x.new_zeros(frames + past)
    mask[:past] = float("-inf")
    outputs = x.new_zeros(2, frames, rows, arch.n_output)
    y = x.new_zeros(rows, arch.n_output)
    for t in range(frames):
        y, spread, row = net.step(x[t], y, cache[t : t + past], mask[t : t + past])
        cache[t + past] = row
        outputs[0, t], outputs[1, t] = y, spread
    return outputs


def _device(net: Ensemble) -> torch.device:
    """Where the network computes: in validation while it is trained, that may be a GPU."""
    return next(net.parameters()).device
