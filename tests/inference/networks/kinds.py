"""Small networks of every kind, and a stream through one that is nothing but a loop."""

from __future__ import annotations

import torch

from inference.architecture import (
    Architecture,
    BahdanauArchitecture,
    GruArchitecture,
    StdrArchitecture,
)
from inference.channels import N_INPUT
from inference.networks import Ensemble, Member

KINDS: dict[str, Architecture] = {
    "gru": GruArchitecture(d_model=12, n_layer=2),
    "stdr": StdrArchitecture(d_model=16, n_head=2, window=5),
    "stdr with effort": StdrArchitecture(d_model=16, n_head=2, window=5, effort_frames=20),
    "bahdanau": BahdanauArchitecture(d_model=12, window=5),
}


def random_inputs(
    arch: Architecture, *shape: int, dtype: torch.dtype = torch.float32
) -> torch.Tensor:
    """Values of any size and sign, about half of them present."""
    x = 2.0 * torch.randn(*shape, arch.n_input, dtype=dtype)
    x[..., N_INPUT:] = x[..., N_INPUT:] > 0.0
    return x


def stream(
    net: Member | Ensemble, x: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Feed x (B, T, C) frame by frame on a list of cache rows; y, spread, y_prev (B, T, n)."""
    net = net if isinstance(net, Ensemble) else Ensemble(net.arch.of_member(0), [net])
    arch, (b, t, _), width = net.arch, x.shape, net.arch.kept_width
    y = torch.zeros(b, arch.n_output, dtype=x.dtype)
    rows = [torch.zeros(b, width, dtype=x.dtype)] * (arch.window - 1)
    mask = torch.full((arch.window - 1,), float("-inf"), dtype=x.dtype)
    outputs, spreads, feedback = [], [], []
    for frame in range(t):
        feedback.append(y)
        y, spread, row = net.step(x[:, frame], y, torch.stack(rows), mask)
        outputs.append(y)
        spreads.append(spread)
        rows = [*rows[1:], row]
        mask = torch.cat((mask[1:], torch.zeros(1, dtype=x.dtype)))
    return torch.stack(outputs, 1), torch.stack(spreads, 1), torch.stack(feedback, 1)
