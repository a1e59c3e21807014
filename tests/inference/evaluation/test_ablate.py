"""One choice changed at a time: on people who do not exist."""

from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="needs torch: pip install --editable '.[train]'")

from inference.architecture import GruArchitecture  # noqa: E402
from inference.evaluation.ablate import ablate, ablations  # noqa: E402
from inference.training.fit_settings import FitSettings  # noqa: E402
from inference.training.train_settings import TrainSettings  # noqa: E402
from tests.inference.synthetic import synthetic_record  # noqa: E402

pytestmark = pytest.mark.usefixtures("few_crops")
FIT = FitSettings(
    folds=2,
    architecture=GruArchitecture(d_model=8, members=2),
    training=TrainSettings(epochs=1, batches=3, batch_size=4, crop=60),
)


def test_every_ablation_changes_one_thing_about_the_first() -> None:
    first, *others = ablations(FIT, ["noise-1"])
    assert first.fit.architecture.members == 1
    for other in others:
        changed = [
            other.fit.architecture != first.fit.architecture,
            other.fit.training != first.fit.training,
            other.fit.lead_s != first.fit.lead_s,
            (other.learns_from, other.judged_on) != (first.learns_from, first.judged_on),
        ]
        assert sum(changed) == 1, other.name
    assert len({a.name for a in others}) == len(others)
    assert "2 members" in {a.name for a in others}


def test_people_are_judged_on_the_variant_that_is_asked_for() -> None:
    records = {
        variant: [
            replace(synthetic_record(subject=f"p{k}", seed=k), variant=variant) for k in range(4)
        ]
        for variant in ("", "predicted")
    }
    chosen = next(a for a in ablations(FIT, ()) if a.judged_on == "predicted")
    spoiled = {"": [], "predicted": records["predicted"]}  # the others are not looked at
    summaries = ablate(chosen, spoiled, lambda _: None)
    assert {s.people for s in summaries if s.channel == "all"} == {4}
