"""The dimensions of a network, kept apart from torch so that a live session needs none.

All kinds share one step graph ``(x, y_prev, cache, mask) -> (y, sigma, new_kv)``: what a network
keeps of a frame is a row of `kept_width` numbers per limb; it is shown its last `window` - 1 rows.
"""

from __future__ import annotations

import math
from typing import ClassVar, Final, Self

import msgspec
from msgspec.structs import replace

from inference.channels import INPUT_GROUPS, N_CHANNEL, N_INPUT
from inference.exceptions import ArchitectureError

__all__ = [
    "MOTION",
    "RUNNING_MEANS",
    "Architecture",
    "BahdanauArchitecture",
    "GruArchitecture",
    "StdrArchitecture",
]

MOTION: Final = ("angle", "velocity", "other_angle", "other_velocity")
"""Groups of inputs that need no forces: kinematics alone."""

RUNNING_MEANS: Final = 4
"""Numbers per limb by which a network remembers effort, see `inference.networks.effort`."""


class _Common(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all kinds have.

    A kind also says its `window`, frames that a step sees with those that are kept (2 or more),
    its `receptive_field` in frames, and whether it `feeds_back` its own output. Its `highest_rate`
    is the learning rate above which it does worse, if there is one.

    Attributes
    ----------
    d_model : int
        Width of a token or a hidden state.
    members : int
        Networks of equal shape, trained from different seeds, whose mean is the estimate and whose
        disagreement is part of its uncertainty.
    dropout : float
        In training only.
    inputs : tuple of str
        Groups of `inference.channels.INPUT_GROUPS` that the network uses; it is blind to others.
        The other leg tells where in the stride this one is. Activations are left out: static
        optimization makes them of motion and moments, and adds what one model's muscles are, not
        what the person does; beside moments they do harm (docs/ablations.md).
    motion_share : float
        Share of the members, rounded down, that use the motion among these inputs alone.
    effort_frames : int
        Frames that the running means of effort remember, see `inference.networks.effort`; 0 = the
        estimate has no size of its own.
    """

    d_model: int = 48
    members: int = 1
    dropout: float = 0.3
    inputs: tuple[str, ...] = (*MOTION, "moment", "other_moment")
    motion_share: float = 0.0
    effort_frames: int = 0
    highest_rate: ClassVar[float] = math.inf

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        if self.d_model < 1 or self.members < 1:
            raise ArchitectureError(
                f"{self.d_model=} and {self.members=}: width and members are 1 or more"
            )
        if not 0.0 <= self.dropout < 1.0:
            raise ArchitectureError(f"{self.dropout=}: give a share below 1, or 0 for none")
        if self.effort_frames < 0 or self.effort_frames == 1:
            raise ArchitectureError(f"{self.effort_frames=}: give 0 for none, or 2 and more")
        if unknown := sorted(set(self.inputs) - set(INPUT_GROUPS)):
            raise ArchitectureError(
                f"unknown inputs {', '.join(unknown)}; choose of {', '.join(INPUT_GROUPS)}"
            )
        if not 0.0 <= self.motion_share <= 1.0:
            raise ArchitectureError(f"{self.motion_share=}: a share is between 0 and 1")
        if self.motion_share and not set(self.inputs) & set(MOTION):
            raise ArchitectureError(
                f"{self.motion_share=} without motion among the inputs; "
                f"add one of {', '.join(MOTION)}, or give 0"
            )

    def of_member(self, index: int) -> Self:
        """Return the architecture of one member by itself."""
        motion_alone = index >= self.members - int(self.motion_share * self.members)
        inputs = tuple(name for name in self.inputs if name in MOTION or not motion_alone)
        return replace(self, members=1, inputs=inputs, motion_share=0.0)

    @property
    def sees_dynamics(self) -> bool:
        """Whether anything among the inputs rests on forces."""
        return not set(self.inputs) <= set(MOTION)

    @property
    def member_width(self) -> int:
        """Floats per limb and frame that a member keeps."""
        raise NotImplementedError

    @property
    def state_width(self) -> int:
        """The same of all members together."""
        return self.members * self.member_width

    @property
    def kept_width(self) -> int:
        """Floats per limb and frame in the cache: the members' states, then the running means."""
        return self.state_width + (RUNNING_MEANS if self.effort_frames else 0)

    @property
    def n_input(self) -> int:
        """Inputs of a limb: the values and their presence."""
        return 2 * N_INPUT

    @property
    def n_output(self) -> int:
        """Channels of a limb."""
        return N_CHANNEL


class GruArchitecture(_Common, frozen=True, kw_only=True, tag_field="kind", tag="gru"):
    """A gated recurrent network: all of the past in one hidden state.

    Attributes
    ----------
    n_layer : int
        Recurrent layers.
    """

    d_model: int = 64
    members: int = 4
    dropout: float = 0.5
    effort_frames: int = 120
    n_layer: int = 1
    feeds_back: ClassVar[bool] = False
    window: ClassVar[int] = 2

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        super().__post_init__()
        if self.n_layer < 1:
            raise ArchitectureError(f"{self.n_layer=}: give 1 layer or more")

    @property
    def member_width(self) -> int:
        """Floats per limb and frame that a member keeps."""
        return self.n_layer * self.d_model

    @property
    def receptive_field(self) -> int:
        """Frames after which the past no longer matters; 0 = there is no such number."""
        return 0


class _Attention(_Common, frozen=True, kw_only=True):
    """What networks with a decoder and a window have.

    Attributes
    ----------
    window : int
        Frames that every attention sees, the present one included.
    """

    window: int = 32
    feeds_back: ClassVar[bool] = True
    highest_rate: ClassVar[float] = 8e-4

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        super().__post_init__()
        if self.window < 2:
            raise ArchitectureError(f"{self.window=}: the window needs at least 2 frames")


class StdrArchitecture(_Attention, frozen=True, kw_only=True, tag_field="kind", tag="stdr"):
    """STDR-Net, the causal Seq2Seq network with attention.

    Attributes
    ----------
    n_head : int
        Attention heads; divides `d_model`.
    n_encoder, n_decoder : int
        Layers. A decoder layer attends twice: to its own past and to the encoder.
    mlp_ratio : int
        Hidden width of a layer's perceptron over `d_model`.
    """

    d_model: int = 64
    n_head: int = 4
    n_encoder: int = 2
    n_decoder: int = 2
    mlp_ratio: int = 2

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        super().__post_init__()
        if min(self.n_head, self.n_encoder, self.n_decoder, self.mlp_ratio) < 1:
            raise ArchitectureError(
                f"{self.n_head=}, {self.n_encoder=}, {self.n_decoder=} and {self.mlp_ratio=}: "
                "all of them are 1 or more"
            )
        if self.d_model % self.n_head:
            raise ArchitectureError(f"{self.d_model=} is not a multiple of {self.n_head=}")

    @property
    def n_attention(self) -> int:
        """Attentions in a member: one per encoder layer, two per decoder layer."""
        return self.n_encoder + 2 * self.n_decoder

    @property
    def member_width(self) -> int:
        """Floats per limb and frame that a member keeps: key and value of every attention."""
        return self.n_attention * 2 * self.d_model

    @property
    def receptive_field(self) -> int:
        """Frames of input that one output depends on directly (its own feedback aside).

        0 = there is no such number, as with effort.
        """
        if self.effort_frames:
            return 0
        return (self.n_encoder + self.n_decoder) * (self.window - 1) + 1


class BahdanauArchitecture(_Attention, frozen=True, kw_only=True, tag_field="kind", tag="bahdanau"):
    """A recurrent encoder and decoder with additive attention between them, the paper's kind."""

    @property
    def member_width(self) -> int:
        """Floats per limb and frame that a member keeps: encoder state, its key, decoder state."""
        return 3 * self.d_model

    @property
    def receptive_field(self) -> int:
        """Frames after which the past no longer matters; 0 = there is no such number."""
        return 0


Architecture = GruArchitecture | StdrArchitecture | BahdanauArchitecture
