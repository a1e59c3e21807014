"""Run a torch network over recordings as a stream, many at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from inference.model import STDRNet

__all__ = ["rollout"]

F32 = npt.NDArray[np.float32]


@torch.no_grad()
def rollout(net: STDRNet, sequences: Sequence[F32], longest: int = 1000) -> list[F32]:
    """Step the network over every sequence, its own output fed back.

    Parameters
    ----------
    net : STDRNet
        In evaluation mode.
    sequences : sequence of ndarray of shape (n_i, 2 N_INPUT), float32
    longest : int
        Longer sequences are run in pieces of so many frames, each preceded by three receptive
        fields of its past, after which the output no longer depends on where it started.

    Returns
    -------
    list of ndarray of shape (n_i, N_CHANNEL), float32
    """
    lead = 3 * net.arch.receptive_field
    pieces = [
        (i, first, max(0, first - lead), min(first + longest, len(x)))
        for i, x in enumerate(sequences)
        for first in range(0, len(x), longest)
    ]
    outputs = [np.zeros((len(x), net.arch.n_output), dtype=np.float32) for x in sequences]
    if not pieces:
        return outputs
    frames = max(stop - start for _, _, start, stop in pieces)
    x = torch.zeros(frames, len(pieces), net.arch.n_input)
    for row, (i, _, start, stop) in enumerate(pieces):
        x[: stop - start, row] = torch.from_numpy(sequences[i][start:stop])
    y = _stream(net, x).numpy()
    for row, (i, first, start, stop) in enumerate(pieces):
        outputs[i][first:stop] = y[first - start : stop - start, row]
    return outputs


def _stream(net: STDRNet, x: torch.Tensor) -> torch.Tensor:
    """Step through x (T, B, 2 N_INPUT); y (T, B, N_CHANNEL)."""
    arch, (frames, rows) = net.arch, x.shape[:2]
    past = arch.window - 1
    cache = torch.zeros(frames + past, rows, arch.kv_width)
    mask = torch.zeros(frames + past)
    mask[:past] = float("-inf")
    outputs = torch.zeros(frames, rows, arch.n_output)
    y = torch.zeros(rows, arch.n_output)
    for t in range(frames):
        y, kv = net.step(x[t], y, cache[t : t + past], mask[t : t + past])
        cache[t + past] = kv
        outputs[t] = y
    return outputs
