"""Networks, trained anew on the training people of every split; needs torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from inference.architecture import Architecture, BahdanauArchitecture, StdrArchitecture
from inference.backends.onnx_step import OnnxStep
from inference.crossval import validation_people
from inference.dataset import LimbSequence, as_recorded, measured_matrix
from inference.estimator import build_estimator
from inference.evaluation.estimates import Estimates, Family, Method
from inference.evaluation.methods.streamed import as_estimated
from inference.evaluation.stream import estimate_stream
from inference.export import export_step
from inference.fit_settings import FitSettings
from inference.networks import Ensemble
from inference.opinion import usual_for
from inference.rollout import rollout
from inference.threads import one_thread
from inference.training import train as train_network

__all__ = ["Recipe", "trained_and_calibrated", "trained_network"]

F32 = npt.NDArray[np.float32]

ATTENTION_RATE: Final = 8e-4
"""Learning rate of networks with attention; at that of recurrent ones they do worse."""


@dataclass(frozen=True)
class Recipe:
    """How networks are trained here.

    Attributes
    ----------
    fit : FitSettings
        Of the default network; others are trained alike.
    report : callable
        Gets a line of text per network; stays behind when the recipe goes to another process.
    """

    fit: FitSettings
    report: Callable[[str], None]

    def __reduce__(self) -> tuple[type[Recipe], tuple[FitSettings, Callable[[str], None]]]:
        return Recipe, (self.fit, _unheard)

    def train(self, sequences: Sequence[LimbSequence], architecture: Architecture) -> Ensemble:
        """Train a network of the given kind."""
        settings, validation = self.fit.training, self.fit.validation_people
        if isinstance(architecture, StdrArchitecture | BahdanauArchitecture):
            settings = replace(settings, learning_rate=min(settings.learning_rate, ATTENTION_RATE))
        stop_by = validation_people(sequences, validation, settings.seed) if validation else []
        net, history = train_network(
            [s for s in sequences if s.person not in stop_by],
            as_recorded(s for s in sequences if s.person in stop_by),
            architecture,
            settings,
        )
        last = history[-1]
        kind = type(architecture).__name__.removesuffix("Architecture")
        self.report(f"  {kind} of {architecture.members}: loss {last.train_loss:.3f}")
        return net


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
    """Return the default network through its exported step as live, alone, and calibrated.

    See `inference.evaluation.methods.streamed.as_estimated`.
    """
    return partial(_streamed, recipe)


def _streamed(
    recipe: Recipe, train: Sequence[LimbSequence], held: Sequence[LimbSequence]
) -> dict[str, Estimates]:
    fit = recipe.fit
    step = OnnxStep(export_step(recipe.train(train, fit.architecture)), fit.architecture)
    usual = usual_for(fit.architecture, train)
    stream = estimate_stream(
        build_estimator(step, fit.architecture, usual, fit.rate_hz, fit.lead_s)
    )
    return as_estimated([stream(s) for s in held], held)


def _unheard(line: str) -> None:
    """Take a line of a report that nobody reads."""
