"""STDR-Net: a causal Seq2Seq network with attention from simulated muscle activity to EMG.

The network of Teramae et al. (2025) made causal: an encoder over the simulation's signals and a
decoder that attends to its own past output and to the encoder. Every attention sees a window of
frames that ends with the present one; a frame's position enters as a learned bias by its age and
nowhere else; normalisation is per token. So the past keys and values are all that a step needs, and
the step is exactly the parallel pass: no absolute positions, no bidirectional part, no
normalisation over time.

References
----------
.. [Teramae2025] Teramae T, Matsubara T, Noda T, Morimoto J (2025). Neural-enhanced motion-to-EMG.
   Front Bioeng Biotechnol 13. doi:10.3389/fbioe.2025.1611414
.. [Vaswani2017] Vaswani A et al. (2017). Attention is all you need. doi:10.48550/arXiv.1706.03762
.. [Press2022] Press O, Smith NA, Lewis M (2022). Train short, test long: attention with linear
   biases enables input length extrapolation. ICLR. doi:10.48550/arXiv.2108.12409
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.architecture import StdrArchitecture
from inference.networks.member import Member

__all__ = ["STDRNet"]


class WindowAttention(nn.Module):
    """Multi-head attention of the present frame to the last `window` frames.

    Queries come from one token stream, keys and values from another (the same one for
    self-attention). Logits are q·k/sqrt(hs) + bias[head, age].
    """

    def __init__(self, arch: StdrArchitecture) -> None:
        super().__init__()
        self.n_head, self.window = arch.n_head, arch.window
        self.head_size = arch.d_model // arch.n_head
        self.query = nn.Linear(arch.d_model, arch.d_model, bias=False)
        self.key_value = nn.Linear(arch.d_model, 2 * arch.d_model, bias=False)
        self.project = nn.Linear(arch.d_model, arch.d_model, bias=False)
        # Start with memories of different length, one per head, as [Press2022]_.
        slope = 4.0 ** -torch.arange(arch.n_head)  # 1, 1/4, 1/16, ... per frame
        self.bias_by_age = nn.Parameter(-slope[:, None] * torch.arange(arch.window))

    def forward(self, target: Tensor, source: Tensor) -> Tensor:
        """Attend over whole sequences (B, T, C), both on the same frames."""
        b, t, c = target.shape
        q = self.query(target).view(b, t, self.n_head, self.head_size).transpose(1, 2)
        kv = self.key_value(source).view(b, t, 2, self.n_head, self.head_size)
        k, v = kv.permute(2, 0, 3, 1, 4)  # each (B, nh, T, hs)
        # No dropout on the weights: it would cost the fused kernel, four times the time on a CPU.
        out = functional.scaled_dot_product_attention(q, k, v, self._banded_bias(t))
        return self.project(out.transpose(1, 2).reshape(b, t, c))  # type: ignore[no-any-return]

    def _banded_bias(self, t: int) -> Tensor:
        frame = torch.arange(t, device=self.bias_by_age.device)
        age = frame[:, None] - frame[None, :]  # (T, T), negative = future
        bias = self.bias_by_age[:, age.clamp(0, self.window - 1)]  # (nh, T, T)
        return bias.masked_fill((age < 0) | (age >= self.window), float("-inf"))

    def step(
        self, target: Tensor, source: Tensor, past: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Attend from one frame.

        target, source (B, C); past (W-1, B, 2C), oldest first; mask (W-1,), 0 or -inf.
        Returns the output (B, C) and the present frame's keys and values (B, 2C).
        """
        b, c = target.shape
        new = self.key_value(source)  # (B, 2C)
        kv = torch.cat((past, new[None])).view(self.window, b, 2, self.n_head, self.head_size)
        k, v = kv.permute(2, 1, 3, 0, 4)  # each (B, nh, W, hs)
        q = self.query(target).view(b, self.n_head, 1, self.head_size) / math.sqrt(self.head_size)
        bias = self.bias_by_age.flip(1)[:, None] + functional.pad(mask, (0, 1))  # (nh, 1, W)
        out = (q @ k.transpose(-1, -2) + bias).softmax(-1) @ v  # (B, nh, 1, hs)
        return self.project(out.view(b, c)), new


class MLP(nn.Module):
    """Two linear maps with a GELU between, per token."""

    def __init__(self, arch: StdrArchitecture) -> None:
        super().__init__()
        self.expand = nn.Linear(arch.d_model, arch.mlp_ratio * arch.d_model)
        self.project = nn.Linear(arch.mlp_ratio * arch.d_model, arch.d_model)
        self.dropout = nn.Dropout(arch.dropout)

    def forward(self, z: Tensor) -> Tensor:
        """Map (..., C) to (..., C)."""
        return self.dropout(self.project(functional.gelu(self.expand(z), approximate="tanh")))  # type: ignore[no-any-return]


class Layer(nn.Module):
    """A pre-norm transformer layer; with `cross` it also attends to the encoder."""

    def __init__(self, arch: StdrArchitecture, *, cross: bool) -> None:
        super().__init__()
        self.norm_self, self.norm_mlp = nn.LayerNorm(arch.d_model), nn.LayerNorm(arch.d_model)
        self.self_attention = WindowAttention(arch)
        self.norm_cross = nn.LayerNorm(arch.d_model) if cross else None
        self.cross_attention = WindowAttention(arch) if cross else None
        self.mlp = MLP(arch)

    def forward(self, z: Tensor, memory: Tensor | None = None) -> Tensor:
        """Run sequences z, memory (B, T, C)."""
        own = self.norm_self(z)
        z = z + self.self_attention(own, own)
        if self.cross_attention is not None and self.norm_cross is not None:
            assert memory is not None
            z = z + self.cross_attention(self.norm_cross(z), memory)
        return z + self.mlp(self.norm_mlp(z))  # type: ignore[no-any-return]

    def step(
        self, z: Tensor, memory: Tensor | None, past: Iterator[Tensor], mask: Tensor
    ) -> tuple[Tensor, list[Tensor]]:
        """Run one frame z, memory (B, C), drawing one past (W-1, B, 2C) per attention."""
        own = self.norm_self(z)
        out, kv = self.self_attention.step(own, own, next(past), mask)
        z, new = z + out, [kv]
        if self.cross_attention is not None and self.norm_cross is not None:
            assert memory is not None
            out, kv = self.cross_attention.step(self.norm_cross(z), memory, next(past), mask)
            z, new = z + out, [*new, kv]
        return z + self.mlp(self.norm_mlp(z)), new


class STDRNet(Member):
    """The network; see `inference.networks.member.Member`."""

    def __init__(self, arch: StdrArchitecture) -> None:
        super().__init__(arch)
        self.window_width = 2 * arch.d_model
        self.embed_output = nn.Linear(arch.n_output, arch.d_model)
        self.dropout = nn.Dropout(arch.dropout)
        self.encoder = nn.ModuleList(Layer(arch, cross=False) for _ in range(arch.n_encoder))
        self.norm_memory = nn.LayerNorm(arch.d_model)
        self.decoder = nn.ModuleList(Layer(arch, cross=True) for _ in range(arch.n_decoder))
        self.norm_head = nn.LayerNorm(arch.d_model)

    def hidden(self, x: Tensor, y_prev: Tensor) -> Tensor:
        """See `Member.hidden`."""
        memory = self.dropout(self.embed(x))  # (B, T, C)
        for layer in self.encoder:
            memory = layer(memory)
        memory = self.norm_memory(memory)
        z = self.dropout(self.embed_output(y_prev))  # (B, T, C)
        for layer in self.decoder:
            z = layer(z, memory)
        return self.norm_head(z)  # type: ignore[no-any-return]

    def advance(
        self, x: Tensor, y_prev: Tensor, cache: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See `Member.advance`; what is kept are the keys and values of every attention."""
        past = iter(torch.split(cache, self.window_width, dim=-1))
        new: list[Tensor] = []
        memory = self.embed(x)  # (B, C)
        for layer in self.encoder:
            memory, kv = layer.step(memory, None, past, mask)  # type: ignore[operator]
            new += kv
        memory = self.norm_memory(memory)
        z = self.embed_output(y_prev)  # (B, C)
        for layer in self.decoder:
            z, kv = layer.step(z, memory, past, mask)  # type: ignore[operator]
            new += kv
        return self.norm_head(z), torch.cat(new, dim=-1)
