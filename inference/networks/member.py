"""What every network does: a whole sequence in parallel, or one frame from what it kept."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.architecture import Architecture
from inference.arrays import F32
from inference.channels import N_CHANNEL
from inference.networks.effort import Effort
from inference.networks.embedding import InputEmbedding
from inference.networks.head import Head

__all__ = ["Member"]


class Member(nn.Module, ABC):
    """One causal network. A batch row is one limb.

    Parameters
    ----------
    arch : Architecture
        Dimensions.

    Notes
    -----
    ``x`` is (..., 2 N_INPUT): the raw inputs of `inference.channels`, then their presence (1 or 0).
    Normalisation is part of the network. ``y`` is the EMG envelope as a fraction of the subject's
    reference maximum, >= 0; ``spread`` the standard deviation of its error on the training people.
    """

    def __init__(self, arch: Architecture) -> None:
        super().__init__()
        self.arch = arch
        self.embed = InputEmbedding(arch)
        self.head = Head(self.width)
        self.effort = Effort(arch) if arch.effort_frames else None

    @property
    def width(self) -> int:
        """Of the hidden state that the head reads."""
        return self.arch.d_model

    def normalise_by(self, mean: F32, scale: F32) -> None:
        """Set the mean and the standard deviation (N_INPUT,) that inputs are normalised by."""
        self.embed.mean.copy_(torch.as_tensor(mean))
        self.embed.scale.copy_(torch.as_tensor(scale))
        if self.effort is not None:
            self.effort.normalise_by(mean, scale)

    def forward(self, x: Tensor, y_prev: Tensor) -> tuple[Tensor, Tensor]:
        """Run sequences: x (B, T, 2 N_INPUT), y_prev (B, T, N_CHANNEL) -> y, spread.

        y_prev[:, t] is the output of frame t - 1, zero at the start of a stream; networks without
        feedback do not look at it.
        """
        means = None if self.effort is None else self.effort(x)
        return self.read(self.hidden(x, y_prev), means)

    def read(self, z: Tensor, means: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return y and spread of a hidden state (..., width) and the running means of effort."""
        y, spread = self.head(z)
        if self.effort is None:
            return y, spread
        assert means is not None
        size = self.effort.size(means).to(y)
        return y * size, spread * size.detach()  # the power learns from the estimate alone

    @torch.no_grad()
    def own_output(self, x: Tensor, passes: int = 1) -> Tensor:
        """Return what a decoder is fed, (B, T, N_CHANNEL): its own output, a frame late.

        Each pass runs the sequences over the output of the one before, the first over none.
        """
        own = x.new_zeros(*x.shape[:2], N_CHANNEL)
        if self.arch.feeds_back:
            for _ in range(passes):
                own = functional.pad(self(x, own)[0][:, :-1], (0, 0, 1, 0))
        return own

    @abstractmethod
    def hidden(self, x: Tensor, y_prev: Tensor) -> Tensor:
        """Run sequences as far as the head: (B, T, width)."""

    @abstractmethod
    def advance(
        self, x: Tensor, y_prev: Tensor, cache: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Run one frame as far as the head, stateless.

        Parameters
        ----------
        x : Tensor of shape (B, 2 N_INPUT)
        y_prev : Tensor of shape (B, N_CHANNEL)
            The previous frame's output.
        cache : Tensor of shape (W-1, B, member_width)
            What was kept of the previous frames, oldest first.
        mask : Tensor of shape (W-1,)
            0 where the cache row holds a frame, -inf where it does not yet.

        Returns
        -------
        z : Tensor of shape (B, width)
        kept : Tensor of shape (B, member_width)
            This frame's row for the cache.
        """
