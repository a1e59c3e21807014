"""A gated recurrent network: small, quick, and as good on people it has never seen as attention.

References
----------
.. [Cho2014] Cho K et al. (2014). Learning phrase representations using RNN encoder-decoder for
   statistical machine translation. EMNLP. doi:10.3115/v1/D14-1179
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.architecture import GruArchitecture
from inference.networks.member import Member

__all__ = ["GRUNet"]


class GRUNet(Member):
    """The network; see `inference.networks.member.Member`. It does not read its own output."""

    def __init__(self, arch: GruArchitecture) -> None:
        super().__init__(arch)
        dropout = arch.dropout if arch.n_layer > 1 else 0.0
        self.recurrent = nn.GRU(
            arch.d_model, arch.d_model, arch.n_layer, batch_first=True, dropout=dropout
        )
        self.dropout = nn.Dropout(arch.dropout)

    def hidden(self, x: Tensor, y_prev: Tensor) -> Tensor:  # noqa: ARG002
        """See `Member.hidden`."""
        token = self.dropout(functional.gelu(self.embed(x)))  # (B, T, C)
        hidden, _ = self.recurrent(token)
        return self.dropout(hidden)  # type: ignore[no-any-return]

    def advance(
        self,
        x: Tensor,
        y_prev: Tensor,  # noqa: ARG002
        cache: Tensor,
        mask: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """See `Member.advance`; what is kept are the layers' hidden states."""
        before = torch.where(mask[0] < 0.0, torch.zeros_like(cache[0]), cache[0])
        z = functional.gelu(self.embed(x))
        kept = []
        for layer, h in enumerate(before.chunk(self.recurrent.num_layers, dim=-1)):
            z = self._cell(layer, z, h)
            kept.append(z)
        return z, torch.cat(kept, dim=-1)

    def _cell(self, layer: int, x: Tensor, h: Tensor) -> Tensor:
        """Advance one layer by a frame, as `torch.nn.GRU` does (B, C)."""
        w_x, w_h, b_x, b_h = self.recurrent.all_weights[layer]
        reset_x, update_x, new_x = functional.linear(x, w_x, b_x).chunk(3, dim=-1)
        reset_h, update_h, new_h = functional.linear(h, w_h, b_h).chunk(3, dim=-1)
        update = torch.sigmoid(update_x + update_h)
        new = torch.tanh(new_x + torch.sigmoid(reset_x + reset_h) * new_h)
        return new + update * (h - new)
