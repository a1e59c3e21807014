"""The dimensions of an STDR-Net, kept apart from torch so that a live session needs none."""

from __future__ import annotations

from dataclasses import dataclass

from inference.channels import N_CHANNEL, N_INPUT
from inference.exceptions import InferenceError

__all__ = ["Architecture"]


@dataclass(frozen=True)
class Architecture:
    """Dimensions of the network; everything that the host must know to run its step.

    Attributes
    ----------
    d_model : int
        Width of a token.
    n_head : int
        Attention heads; divides `d_model`.
    n_encoder, n_decoder : int
        Layers. A decoder layer attends twice: to its own past and to the encoder.
    window : int
        Frames that every attention sees, the present one included.
    mlp_ratio : int
        Hidden width of a layer's perceptron over `d_model`.
    dropout : float
        In training only.
    """

    d_model: int = 64
    n_head: int = 4
    n_encoder: int = 2
    n_decoder: int = 2
    window: int = 32
    mlp_ratio: int = 2
    dropout: float = 0.3

    def __post_init__(self) -> None:
        if self.d_model % self.n_head:
            raise InferenceError(f"{self.d_model=} is not a multiple of {self.n_head=}")
        if self.window < 2:
            raise InferenceError(f"{self.window=}: the window needs at least 2 frames")

    @property
    def n_attention(self) -> int:
        """Attentions in the network: one per encoder layer, two per decoder layer."""
        return self.n_encoder + 2 * self.n_decoder

    @property
    def kv_width(self) -> int:
        """Floats per limb and frame in the cache: key and value of every attention."""
        return self.n_attention * 2 * self.d_model

    @property
    def receptive_field(self) -> int:
        """Frames of input that one output depends on directly (its own feedback aside)."""
        return (self.n_encoder + self.n_decoder) * (self.window - 1) + 1

    @property
    def n_input(self) -> int:
        """Inputs of a limb: the values and their presence."""
        return 2 * N_INPUT

    @property
    def n_output(self) -> int:
        """Channels of a limb."""
        return N_CHANNEL
