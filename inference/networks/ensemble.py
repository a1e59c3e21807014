"""Several networks as one: their mean, and how sure it is.

The variance of the estimate's error has two sources [Lakshminarayanan2017]_: what the members say
of themselves, and how far they disagree::

    sigma^2 = gain^2 (mean_i spread_i^2 + var_i y_i)

`gain` is fitted per channel on people left out in cross-validation, so that intervals hold what
they promise there.

References
----------
.. [Lakshminarayanan2017] Lakshminarayanan B, Pritzel A, Blundell C (2017). Simple and scalable
   predictive uncertainty estimation using deep ensembles. NeurIPS. doi:10.48550/arXiv.1612.01474
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from inference.architecture import Architecture
from inference.channels import N_CHANNEL
from inference.networks.build import build_member
from inference.networks.member import Member

__all__ = ["Ensemble"]


class Ensemble(nn.Module):
    """The mean of its members; what a checkpoint holds and a session runs.

    Parameters
    ----------
    arch : Architecture
        Dimensions.
    members : sequence of Member, optional
        Trained networks; fresh ones by default.
    """

    gain: Tensor

    def __init__(self, arch: Architecture, members: Sequence[Member] | None = None) -> None:
        super().__init__()
        self.arch = arch
        fresh = (build_member(arch.of_member(k)) for k in range(arch.members))
        self.members = nn.ModuleList(members or fresh)
        place = next(self.members.parameters()).device  # trained ones may be on a GPU
        self.register_buffer("gain", torch.ones(N_CHANNEL, device=place))

    def forward(self, x: Tensor, y_prev: Tensor) -> tuple[Tensor, Tensor]:
        """Run sequences; y and sigma, each (B, T, N_CHANNEL). See `Member.forward`."""
        y, spread = zip(*(member(x, y_prev) for member in self.members), strict=True)
        return self._merge(torch.stack(y), torch.stack(spread))

    def step(
        self, x: Tensor, y_prev: Tensor, cache: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Run one frame, stateless: y, sigma (B, N_CHANNEL), a row of cache (B, kept_width).

        Parameters are those of `Member.advance`, with such rows in the cache.
        """
        means = self.next_means(x, cache, mask)
        y, sigma, kept = self.advance(x, y_prev, cache[..., : self.arch.state_width], mask, means)
        return y, sigma, kept if means is None else torch.cat((kept, means), dim=-1)

    def next_means(self, x: Tensor, cache: Tensor, mask: Tensor) -> Tensor | None:
        """Return the running means of effort after x (B, RUNNING_MEANS), 0 before the first frame.

        They are the same for all members, which were normalised by the same people.
        """
        first = self.members[0]
        assert isinstance(first, Member)
        if first.effort is None:
            return None
        before = cache[-1, :, self.arch.state_width :]
        return first.effort.step(x, torch.where(mask[-1] < 0.0, torch.zeros_like(before), before))

    def advance(
        self, x: Tensor, y_prev: Tensor, cache: Tensor, mask: Tensor, means: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Run one frame of all members; the cache's rows and what is kept are state_width wide."""
        pasts = cache.chunk(self.arch.members, dim=-1)
        hidden, kept = zip(
            *(m.advance(x, y_prev, p, mask) for m, p in zip(self.members, pasts, strict=True)),  # type: ignore[operator]
            strict=True,
        )
        y, spread = zip(
            *(m.read(z, means) for m, z in zip(self.members, hidden, strict=True)),  # type: ignore[operator]
            strict=True,
        )
        mean, sigma = self._merge(torch.stack(y), torch.stack(spread))
        return mean, sigma, torch.cat(kept, dim=-1)

    def _merge(self, y: Tensor, spread: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and sigma of y, spread (members, ..., N_CHANNEL)."""
        mean = y.mean(0)
        variance = (spread**2).mean(0) + ((y - mean) ** 2).mean(0)
        return mean, self.gain * torch.sqrt(variance)
