"""Networks, trained anew on the training people of every split; needs torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from inference.architecture import Architecture
from inference.arrays import F32
from inference.backends import StepBackend
from inference.backends.export import export_step
from inference.backends.onnx_step import OnnxStep
from inference.data.dataset import LimbSequence, as_recorded, measured_matrix
from inference.evaluation.crossval import validation_people
from inference.evaluation.estimates import Estimates, Family, Method
from inference.evaluation.methods.streamed import beside_simulation
from inference.live.estimator import build_estimator
from inference.networks import Ensemble
from inference.opinion import Usual, usual_for
from inference.threads import one_thread
from inference.training.fit_settings import FitSettings
from inference.training.kept import kept_network, origin
from inference.training.rollout import rollout
from inference.training.train import settings_for
from inference.training.train import train as train_network

__all__ = ["Recipe", "judged_live", "trained_and_calibrated", "trained_network"]


@dataclass(frozen=True)
class Recipe:
    """How networks are trained here.

    Attributes
    ----------
    fit : FitSettings
        Of the default network; others are trained alike.
    report : callable
        Gets a line of text per network; stays behind when the recipe goes to another process.
    kept_in : Path, optional
        Folder of networks that were trained before, see `inference.training.kept`; trained anew
        without.
    """

    fit: FitSettings
    report: Callable[[str], None]
    kept_in: Path | None = None

    def __reduce__(self) -> tuple[type[Recipe], tuple[object, ...]]:
        return Recipe, (self.fit, _unheard, self.kept_in)

    def train(self, sequences: Sequence[LimbSequence], architecture: Architecture) -> Ensemble:
        """Train a network of the given kind, or take the one that was trained of the same."""
        settings = settings_for(architecture, self.fit.training)
        validation = self.fit.validation_people
        stop_by = validation_people(sequences, validation, settings.seed)
        taught = [s for s in sequences if s.person not in stop_by]
        stopping = as_recorded(s for s in sequences if s.person in stop_by)

        def train() -> Ensemble:
            net, history = train_network(taught, stopping, architecture, settings)
            kind = type(architecture).__name__.removesuffix("Architecture")
            loss = history[-1].train_loss
            self.report(f"  {kind} of {architecture.members}: loss {loss:.3f}")
            return net

        # several devices are several processes of this command, and they must not disagree
        if self.kept_in is None or settings.devices > 1:
            return train()
        name = origin(taught, stopping, architecture, settings)
        return kept_network(self.kept_in, name, architecture, train)


def trained_network(architecture: Architecture, recipe: Recipe) -> Method:
    """Return a method that trains a network and streams the held-out people through it."""
    return partial(_trained, architecture, recipe)


def _trained(
    architecture: Architecture,
    recipe: Recipe,
    train: Sequence[LimbSequence],
    held: Sequence[LimbSequence],
) -> list[F32]:
    net, matrix = recipe.train(train, architecture), measured_matrix().T
    with one_thread():
        return [found.y @ matrix for found in rollout(net, [s.x for s in held])]


def trained_and_calibrated(recipe: Recipe) -> Family:
    """Return what the default network is judged by, through its exported step as live.

    See `inference.evaluation.methods.streamed.beside_simulation`.
    """
    return partial(_streamed, recipe)


def _streamed(
    recipe: Recipe, train: Sequence[LimbSequence], held: Sequence[LimbSequence]
) -> dict[str, Estimates]:
    architecture = recipe.fit.architecture
    step = exported(recipe.train(train, architecture))
    return judged_live(step, usual_for(architecture, train), recipe.fit, held)


def judged_live(
    step: StepBackend,
    usual: Usual | None,
    fit: FitSettings,
    held: Sequence[LimbSequence],
    gain: F32 | None = None,
) -> dict[str, Estimates]:
    """Return what a network is judged by that was just trained, frame by frame as live.

    Parameters
    ----------
    step : StepBackend
        Of the network.
    usual : Usual or None
        Of the people that it learned from.
    fit : FitSettings
        How it was trained.
    held : sequence of LimbSequence
    gain : ndarray of shape (N_CHANNEL,), float32, optional
        That its sigma has; by default none yet.
    """
    estimator_of = partial(
        build_estimator, step, fit.architecture, usual, fit.rate_hz, fit.lead_s, gain=gain
    )
    return beside_simulation(estimator_of, held)


def exported(net: Ensemble) -> StepBackend:
    """Return the network's step as live sessions run it."""
    return OnnxStep(export_step(net), net.arch)


def _unheard(line: str) -> None:
    """Take a line of a report that nobody reads."""
