"""Recurrent encoder and decoder with additive attention: the paper's kind, made causal.

Teramae et al. (2025) let a decoder attend to the states of an encoder by additive attention. Here
the encoder runs forwards only and the attention sees the last `window` of its states.

References
----------
.. [Bahdanau2015] Bahdanau D, Cho K, Bengio Y (2015). Neural machine translation by jointly
   learning to align and translate. ICLR. doi:10.48550/arXiv.1409.0473
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.architecture import BahdanauArchitecture
from inference.networks.member import Member

__all__ = ["BahdanauNet"]


class BahdanauNet(Member):
    """The network; see `inference.networks.member.Member`."""

    def __init__(self, arch: BahdanauArchitecture) -> None:
        super().__init__(arch)
        width = arch.d_model
        self.window = arch.window
        self.encoder = nn.GRUCell(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.query = nn.Linear(width, width)
        self.energy = nn.Linear(width, 1, bias=False)
        self.embed_output = nn.Linear(arch.n_output, width)
        self.decoder = nn.GRUCell(2 * width, width)
        self.dropout = nn.Dropout(arch.dropout)

    @property
    def width(self) -> int:
        """Of the decoder's state and the context beside it."""
        return 2 * self.arch.d_model

    def hidden(self, x: Tensor, y_prev: Tensor) -> Tensor:
        """See `Member.hidden`; both recurrences run frame by frame."""
        past, rows, mask = self.window - 1, x.shape[0], x.new_zeros(x.shape[1] + self.window - 1)
        mask[:past] = float("-inf")
        token = self.dropout(functional.gelu(self.embed(x)))
        fed = self.dropout(self.embed_output(y_prev))
        kept = [x.new_zeros(rows, self.arch.member_width)] * past
        outputs = []
        for t in range(x.shape[1]):
            cache = torch.stack(kept[t : t + past])
            z, row = self._recur(token[:, t], fed[:, t], cache, mask[t : t + past])
            kept.append(row)
            outputs.append(z)
        return torch.stack(outputs, 1)

    def advance(
        self, x: Tensor, y_prev: Tensor, cache: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See `Member.advance`; what is kept are encoder state, its key and the decoder's state."""
        token = functional.gelu(self.embed(x))
        return self._recur(token, self.embed_output(y_prev), cache, mask)

    def _recur(
        self, token: Tensor, fed: Tensor, cache: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        state, key, decoded = cache.chunk(3, dim=-1)  # each (W-1, B, C)
        now = self.encoder(token, state[-1])
        states = torch.cat((state, now[None]))
        keys = torch.cat((key, self.key(now)[None]))
        energy = self.energy(torch.tanh(keys + self.query(decoded[-1])))[..., 0]  # (W, B)
        weight = (energy + functional.pad(mask, (0, 1))[:, None]).softmax(0)
        context = (weight[..., None] * states).sum(0)  # (B, C)
        out = self.decoder(torch.cat((fed, context), dim=-1), decoded[-1])
        z = self.dropout(torch.cat((out, context), dim=-1))
        return z, torch.cat((now, keys[-1], out), dim=-1)
