"""Train networks on limb sequences, on Lightning: one CPU, one GPU or many; seeds fixed.

Each member of the ensemble starts from a seed of its own and is trained by itself.

Networks with a decoder live on their own past output, and measured EMG is never at hand live. So
training feeds back what the network itself produces: a first pass without gradient gives it, the
second one is trained on it, the two-pass form of scheduled sampling for parallel decoders
[Mihaylova2019]_. Measured values are not fed back, not even in the beginning: envelopes are smooth,
so the network then learns to repeat its last output, and over its own it drifts (unseen people:
r 0.59 against 0.63, with half of the feedback measured at first against none).

References
----------
.. [Mihaylova2019] Mihaylova T, Martins AFT (2019). Scheduled sampling for transformers. ACL Student
   Research Workshop. doi:10.18653/v1/P19-2049
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from msgspec.structs import replace

from inference.architecture import Architecture
from inference.data.dataset import LimbSequence
from inference.data.normalisation import normalisation
from inference.exceptions import FeatureError
from inference.networks import Ensemble, Member
from inference.threads import one_thread
from inference.training.novelty import fit_novelty
from inference.training.task import TrainingTask
from inference.training.train_settings import TrainSettings
from inference.training.trainer import fit_task

__all__ = ["Epoch", "settings_for", "train"]


@dataclass(frozen=True)
class Epoch:
    """What an epoch ended with; errors are relative to each channel's variance.

    Attributes
    ----------
    member, index : int
    train_loss, validation_loss : float
        Validation is NaN without validation sequences.
    """

    member: int
    index: int
    train_loss: float
    validation_loss: float


def settings_for(architecture: Architecture, settings: TrainSettings) -> TrainSettings:
    """Return how a kind of network is trained: at its `highest_rate` or below."""
    return replace(settings, learning_rate=min(settings.learning_rate, architecture.highest_rate))


def train(
    sequences: Sequence[LimbSequence],
    validation: Sequence[LimbSequence],
    architecture: Architecture,
    settings: TrainSettings,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> tuple[Ensemble, list[Epoch]]:
    """Train an ensemble; with validation people, each member keeps its best epoch's weights.

    Raises
    ------
    FeatureError
        Without training sequences.
    TrainingDiverged
        If the loss stops being finite; the message says where.
    """
    if not sequences:
        raise FeatureError("nothing to train on; give trials with EMG")
    history: list[Epoch] = []

    def ended(member: int, index: int, train_loss: float, validation_loss: float) -> None:
        history.append(Epoch(member, index, train_loss, validation_loss))
        if on_epoch is not None:
            on_epoch(history[-1])

    members: list[Member] = []
    scaling = normalisation(sequences)
    with one_thread():
        for k in range(architecture.members):
            own = replace(settings, seed=settings.seed + k)
            member = architecture.of_member(k)
            task = TrainingTask(sequences, validation, scaling, member, own, partial(ended, k))
            fit_task(task, own)
            members.append(task.best())
            fit_novelty(members[-1], sequences, own.seed)
    return Ensemble(architecture, members).eval(), history
