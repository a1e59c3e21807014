"""What each choice behind the default network is worth, one changed at a time; needs torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from msgspec import structs

from inference.architecture import MOTION, StdrArchitecture
from inference.data.dataset import as_recorded
from inference.evaluation.crossval import cross_validate
from inference.evaluation.estimates import as_family
from inference.evaluation.methods.network import Recipe, trained_network
from inference.evaluation.score import score
from inference.evaluation.summary import Summary, summarise
from inference.record import FeatureRecord
from inference.training.augment import UNCHANGED, Augmentation
from inference.training.fit_settings import FitSettings
from inference.training.training_data import training_sequences

__all__ = ["Ablation", "ablate", "ablations"]

_ACTIVATIONS: Final = ("activation", "other_activation")


@dataclass(frozen=True)
class Ablation:
    """A network that differs from the default one in one choice.

    Attributes
    ----------
    name : str
        For people.
    fit : FitSettings
        What is trained.
    learns_from : tuple of str
        Variants of the trials that it is trained on, see `inference.record.FeatureRecord`.
    judged_on : str
        The variant that people left out are estimated from.
    """

    name: str
    fit: FitSettings
    learns_from: tuple[str, ...] = ("",)
    judged_on: str = ""


def ablations(fit: FitSettings, variants: Sequence[str]) -> list[Ablation]:
    """Return the default with a single member, then what is changed about it.

    Parameters
    ----------
    fit : FitSettings
        The default.
    variants : sequence of str
        What it learns from beside the trials as recorded.
    """
    learned = ("", *variants)
    one = structs.replace(fit, architecture=fit.architecture.of_member(0))
    members = fit.architecture.members
    half_motion = structs.replace(fit.architecture, motion_share=0.5)

    def changed(name: str, of: FitSettings = one, **changes: object) -> Ablation:
        return Ablation(name, structs.replace(of, **changes), learned)

    def network(name: str, **changes: object) -> Ablation:
        return changed(name, architecture=structs.replace(one.architecture, **changes))

    def augmentation(**changes: object) -> Augmentation:
        return structs.replace(one.training.augmentation, **changes)

    def training(name: str, **changes: object) -> Ablation:
        return changed(name, training=structs.replace(one.training, **changes))

    return [
        changed("default, one member"),
        changed(f"{members} members", fit),
        changed(f"{members} members, half of them of motion alone", architecture=half_motion),
        *(network(name, inputs=i) for name, i in _inputs(one.architecture.inputs).items()),
        network("no size by effort", effort_frames=0),
        network("half as wide", d_model=one.architecture.d_model // 2),
        network("twice as wide", d_model=one.architecture.d_model * 2),
        training("squared error alone", shape_weight=0.0),
        training("no EMG borrowed from sisters", sister_weight=0.0),
        training("no augmentation", augmentation=UNCHANGED),
        training("nobody slowed", augmentation=augmentation(slowed=0.0, effort=0.0)),
        Ablation("trials as recorded alone", one),
        Ablation("ground forces predicted", one, ("predicted", *variants), "predicted"),
        Ablation("causal envelopes", one, ("causal",), "causal"),
        *(
            changed(f"{ahead:g} ms ahead of the motion", lead_ms=ahead)
            for ahead in (0.0, 25.0, 50.0)
            if ahead != one.lead_ms
        ),
        *(
            changed(f"STDR-Net, window of {w}", architecture=StdrArchitecture(window=w))
            for w in (8, 32)
        ),
    ]


def _inputs(own: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """What a network could see instead of its own inputs."""
    return {
        "activations alone": _ACTIVATIONS,
        "motion alone": MOTION,
        "activations as well": (*own, *_ACTIVATIONS),
        "activations for moments": (*MOTION, *_ACTIVATIONS),
        "own leg's moments alone": (*MOTION, "moment"),
        "own leg alone": tuple(g for g in own if not g.startswith("other_")),
    }


def ablate(
    ablation: Ablation,
    records: Mapping[str, Sequence[FeatureRecord]],
    report: Callable[[str], None],
    kept_in: Path | None = None,
) -> list[Summary]:
    """Cross-validate one of them.

    Parameters
    ----------
    ablation : Ablation
    records : mapping of str to sequence of FeatureRecord
        Of all people, by variant.
    report : callable
        Gets a line of text per fold.
    kept_in : Path, optional
        Folder of networks that were trained before, see `inference.training.kept`.
    """
    fit = ablation.fit
    judged = [replace(record, variant="") for record in records[ablation.judged_on]]
    others = [v for v in dict.fromkeys(ablation.learns_from) if v and v != ablation.judged_on]
    learned = [record for variant in others for record in records[variant]]
    sequences, _ = training_sequences([*judged, *learned], fit)
    recipe = Recipe(fit, report, kept_in)
    family = as_family("network", trained_network(fit.architecture, recipe))
    found = cross_validate(sequences, fit.folds, fit.training.seed, [family], report, fit.workers)
    scores = score(as_recorded(sequences), found["network"], fit.rate_hz)
    return summarise(scores)
