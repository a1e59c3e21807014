"""Slow, obviously right twins of the network's parts: plain loops over frames in numpy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]


def window_attention(q: F64, k: F64, v: F64, bias: F64, window: int) -> F64:
    """q, k, v (T, nh, hs), bias (nh, W): every frame looks back at `window` frames at most."""
    out = np.zeros_like(q)
    for t in range(q.shape[0]):
        for head in range(q.shape[1]):
            first = max(0, t - window + 1)
            logits = [
                q[t, head] @ k[s, head] / np.sqrt(q.shape[2]) + bias[head, t - s]
                for s in range(first, t + 1)
            ]
            weights = np.exp(logits - np.max(logits))
            weights /= weights.sum()
            out[t, head] = sum(
                w * v[s, head] for w, s in zip(weights, range(first, t + 1), strict=True)
            )
    return out
