"""How hard a leg works, beside what it does: the size of an estimate apart from its shape.

A network that learned from people who walk has no example of EMG many times as large, and what it
has learned of shapes does not reach that far. So size is not left to it. The mean square of a leg's
sagittal velocities and that of its moments over about the last second, each over what is usual in
the training people, tell by how much the leg moves and works harder than they do::

    e = sum_k d_k 1/2 log((n_k + c) / (d_k + c)) / sum_k d_k,    k = velocity, moment
    size = exp(power max(0, e))

with n_k the running mean of the relative mean square and d_k that of its presence. Estimate and
spread are multiplied by it. Effort below the usual changes nothing: in slow walking EMG does not
fade as motion does.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from inference.architecture import Architecture
from inference.arrays import F32
from inference.channels import COORDINATES, INPUT_GROUPS, N_CHANNEL, N_INPUT

__all__ = ["Effort"]

GROUPS: Final = ("velocity", "moment")
SAGITTAL: Final = ("hip_flexion", "knee_angle", "ankle_angle")

POWER: Final = 0.8
"""Of an untrained network; in people who walked at several paces EMG grew by the power 0.75 of the
cadence, see `inference.training.augment.Augmentation`."""
UNSEEN: Final = 0.05
"""What stands for usual effort until enough was seen, in units of a whole memory."""
LARGEST: Final = 8.0
"""Times the usual, at which a velocity or moment saturates, so that garbage does not last."""
MOST: Final = 2.5
"""Logarithm of the largest effort; EMG can then be seven times as large."""


class Effort(nn.Module):
    """Running means of a leg's effort, and the size that they give each channel's estimate.

    Parameters
    ----------
    arch : Architecture
        Frames that the means remember, and which inputs are used.
    """

    usual: Tensor
    columns: Tensor
    used: Tensor

    def __init__(self, arch: Architecture) -> None:
        super().__init__()
        assert arch.effort_frames
        self.keep = 1.0 - 1.0 / arch.effort_frames
        columns = [[INPUT_GROUPS[g].start + COORDINATES.index(n) for n in SAGITTAL] for g in GROUPS]
        self.register_buffer("columns", torch.tensor(columns), persistent=False)
        used = torch.tensor([float(group in arch.inputs) for group in GROUPS])
        self.register_buffer("used", used, persistent=False)
        self.register_buffer("usual", torch.ones(len(GROUPS), len(SAGITTAL)))
        self.power = nn.Parameter(torch.full((N_CHANNEL,), POWER))

    def normalise_by(self, mean: F32, scale: F32) -> None:
        """Take the root mean squares of the training people as usual; see `Member.normalise_by`."""
        rms = np.sqrt(mean**2 + scale**2)[self.columns.numpy()]
        self.usual.copy_(torch.as_tensor(rms))

    def size(self, means: Tensor) -> Tensor:
        """Return the size (..., N_CHANNEL) that running means (..., RUNNING_MEANS) give."""
        square, seen = (part * self.used for part in means.clamp(min=0.0).chunk(2, dim=-1))
        log = 0.5 * torch.log((square + UNSEEN) / (seen + UNSEEN))
        effort = (seen * log).sum(-1, keepdim=True) / (seen.sum(-1, keepdim=True) + 1e-6)
        size: Tensor = torch.exp(self.power * effort.clamp(0.0, MOST))
        return size

    def forward(self, x: Tensor) -> Tensor:
        """Return the running means (B, T, RUNNING_MEANS) over sequences x (B, T, 2 N_INPUT)."""
        now = self._now(x)
        frames = x.shape[1]
        memory = self.keep ** torch.arange(frames, device=x.device, dtype=x.dtype)
        spectrum = torch.fft.rfft((1.0 - self.keep) * memory, 2 * frames)
        product = torch.fft.rfft(now, 2 * frames, dim=1) * spectrum[:, None]
        means: Tensor = torch.fft.irfft(product, 2 * frames, dim=1)[:, :frames]
        return means

    def step(self, x: Tensor, means: Tensor) -> Tensor:
        """Return the means after a frame x (B, 2 N_INPUT), from those before it; 0 at the start."""
        return self.keep * means + (1.0 - self.keep) * self._now(x)

    def _now(self, x: Tensor) -> Tensor:
        """Mean squares of a frame over the usual, then whether there are any: (..., 4)."""
        value, present = x[..., self.columns], x[..., N_INPUT + self.columns]
        relative = (value / self.usual).clamp(-LARGEST, LARGEST)
        count = present.sum(-1)
        square = (relative**2 * present).sum(-1) / count.clamp(min=1.0)
        return torch.cat((square, (count > 0.0).to(x)), dim=-1)
