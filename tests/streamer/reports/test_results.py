"""The page and its figures from estimates of which the quality is known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch: pip install --editable '.[train]'")

from inference.channels import CHANNELS, MEASURED
from inference.data.dataset import LimbSequence
from inference.data.strides import cut_strides
from inference.evaluation.bootstrap import Bootstrap, Interval
from inference.evaluation.compare import Comparison, Study
from inference.evaluation.estimates import Estimates
from inference.evaluation.methods import TITLES
from inference.training.fit_settings import FitSettings
from streamer.reports.results import (
    BY_MUSCLE,
    OTHERWISE,
    differences,
    interval_text,
    number,
    page,
    study_tables,
)
from streamer.reports.results_plot import draw, pooled_curves
from tests.inference.evaluation.people import CHANNELS as MEASURED_HERE
from tests.inference.evaluation.people import people, walker

FEW = Bootstrap(draws=50)


def study(sequences: list[LimbSequence]) -> Study:
    """Every method errs by noise of a size of its own; nobody has a mean curve in running."""
    rng = np.random.default_rng(0)
    estimates = {}
    for k, name in enumerate(TITLES):
        noise = 0.25 if name == "network" else 0.1 + 0.05 * (k % 3)
        y = [(s.y + noise * rng.standard_normal(s.y.shape)).astype(np.float32) for s in sequences]
        if name == "population":
            y = [np.where(s.motion == "run", np.nan, e) for s, e in zip(sequences, y, strict=True)]
        sigma = [np.full_like(e, 0.2) for e in y] if name in ("network", "calibrated") else None
        estimates[name] = Estimates(y, sigma, free_gain=name == "simulation")
    return Study(sequences, estimates)


def test_every_method_has_a_column_by_muscle_but_variants_of_the_simulation() -> None:
    left = {"simulation-own", "simulation-excitation", "simulation-shared"}
    assert set(TITLES) - set(BY_MUSCLE) == left


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    left_out = study([*people(3), walker("made/p0", "run", motion="run")])
    unseen = study([walker("elsewhere/one")])
    late = [replace(s, y=np.roll(s.y, 10, axis=0)) for s in left_out.sequences]
    with_lag = Study(late, left_out.estimates)
    gain = np.ones(len(CHANNELS))
    return Comparison(FitSettings(), {"made": -0.06}, left_out, with_lag, unseen, gain)


def test_what_a_lag_costs_stands_beside(comparison: Comparison) -> None:
    text = page(comparison, FEW)
    table = text.partition("### With the EMG's lag left in")[2].partition("## Other")[0]
    assert "| walking: r, common | walking: RMSE, all | running: r, common |" in table
    assert TITLES["calibrated"] not in table  # it knows the lag
    own = next(line for line in table.splitlines() if line.startswith("| default network |"))
    before = next(line for line in text.splitlines() if line.startswith("| default network |"))
    assert float(own.split("|")[2].split()[0]) < float(before.split("|")[4].split()[0]) - 0.1


def test_page_has_every_method_and_muscle(comparison: Comparison) -> None:
    text = page(comparison, FEW)
    assert "nan" not in text.lower()
    assert "made -60 ms" in text
    walking, running = text.partition("### Running")[::2]
    for title in (*TITLES.values(), *OTHERWISE.values()):
        assert f"| {title} |" in walking
    assert f"| {TITLES['population']} |" not in running.partition("### With")[0]
    assert "one person: intervals are over strides alone" in running
    for channel in (*MEASURED_HERE, "common", "all"):
        assert f"| {channel} | 3 |" in walking
    assert "- made, walking: 3 people, 3 trials, 12 strides" in text
    assert "- elsewhere, walking: 1 person, 1 trial, 4 strides" in text


def test_data_sets_stand_side_by_side_where_there_are_several(comparison: Comparison) -> None:
    assert "data set by data set" not in page(comparison, FEW)
    apart = study([*people(3), walker("elsewhere/one")])
    exact = Estimates([s.y.copy() for s in apart.sequences], None)
    exact.y[-1][:] *= -1.0
    apart.estimates["stdr"] = exact
    table = "\n".join(study_tables(apart, differences(apart, 100.0, FEW), 100.0, FEW)).partition(
        "data set by data set"
    )[2]
    assert "| method | elsewhere | made |" in table
    row = next(line for line in table.splitlines() if line.startswith(f"| {TITLES['stdr']} |"))
    assert row == f"| {TITLES['stdr']} | -1.00 | 1.00 |"


def test_the_person_s_best_gain_takes_size_out_of_the_comparison() -> None:
    """Estimates of twice the size lose to a simulation with its best gain, and win with theirs."""
    found = study(people(3))
    plain, ours = found.estimates["simulation"], found.estimates["network"]
    ours.y[:] = [np.float32(2.0) * s.y for s in found.sequences]
    plain.y[:] = [np.float32(2.0) * s.y + np.float32(0.1) for s in found.sequences]
    text = "\n".join(study_tables(found, differences(found, 100.0, FEW), 100.0, FEW))
    count = len(MEASURED_HERE)
    assert f"in RMSE in 0 of {count} muscles" in text
    assert f"both have the person's best gain, in {count} of {count} muscles" in text


def test_the_simulation_at_each_instant_is_compared_muscle_by_muscle_in_each_motion() -> None:
    """What is as good as the network is not worse; in running nothing is worse than it."""
    found = study([*people(3), walker("made/p0", "run", motion="run")])
    y = {name: estimates.y for name, estimates in found.estimates.items()}
    for k, sequence in enumerate(found.sequences):
        ours, worse = y["network"][k].copy(), -sequence.y
        y["simulation-own"][k][:] = sequence.y
        y["simulation-excitation"][k][:] = ours
        y["simulation"][k][:] = worse if sequence.motion == "walk" else sequence.y
    walking, running = "\n".join(
        study_tables(found, differences(found, 100.0, FEW), 100.0, FEW)
    ).split("### Running")
    count, named = len(MEASURED_HERE), ", ".join(c for c in MEASURED if c in MEASURED_HERE)
    said = "better than the simulation{} in r in {} of " + f"{count} muscles{{}}"
    none = f" (not in {named})"
    assert said.format("", count, " and in RMSE") in walking
    assert said.format("", 0, none) in running
    for text in (walking, running):
        assert said.format(" at its own instant", 0, none) in text
        assert said.format(" 50 ms before its own instant", 0, none) in text


def test_differences_have_their_sign(comparison: Comparison) -> None:
    row = next(
        line
        for line in page(comparison, FEW).partition("Paired")[2].splitlines()
        if line.startswith(f"| {TITLES['bahdanau']} |")
    )
    cells = [cell.strip() for cell in row.split("|")]
    assert cells[3].startswith("-")  # noise of 0.25 in the network, of 0.2 at most in this one
    assert cells[5].startswith("+")


def test_people_of_both_studies_are_compared_together_and_counted(comparison: Comparison) -> None:
    """One of the four is estimated worse by the default network, all others better."""
    left_out, unseen = study(people(3)), study([walker("elsewhere/one")])
    for found in (left_out, unseen):
        ours, other = found.estimates["network"].y, found.estimates["bahdanau"].y
        for k, sequence in enumerate(found.sequences):
            better, worse = (other, ours) if sequence.person == "made/p0" else (ours, other)
            better[k][:] = np.roll(sequence.y, 1, axis=0)
            worse[k][:] = np.roll(sequence.y, 10, axis=0)
    both = replace(comparison, left_out=left_out, unseen=unseen)
    table = page(both, FEW).partition("## Both together, walking")[2].partition("##")[0]
    row = next(line for line in table.splitlines() if line.startswith(f"| {TITLES['bahdanau']} |"))
    assert row.startswith(f"| {TITLES['bahdanau']} | 4 | +")
    assert row.endswith("| 3 of 4 | 3 of 4 |")
    assert TITLES["calibrated"] not in table  # it knows the person


def test_numbers_without_a_value_are_dashes() -> None:
    assert number(float("nan")) == "-"
    assert interval_text(Interval(0.5, float("nan"), float("nan"))) == "0.50"
    assert interval_text(Interval(0.5, 0.5, 0.5)) == "0.50"  # nothing to draw from
    assert interval_text(Interval(0.5, 0.4, 0.62), signed=True) == "+0.50 (+0.40 to +0.62)"


def test_curves_are_means_over_strides_with_people_counting_equally() -> None:
    long, short = walker("made/long", strides=6), walker("made/short", strides=2)
    short.y[:] *= 0.5
    found = pooled_curves(study([long, short]), [0, 1])["measured"]
    start = cut_strides(long)[0].start
    c = MEASURED.index("SOL")
    expected = 0.75 * long.y[start : start + 101, c]
    np.testing.assert_allclose(found[0][:, c], expected, atol=1e-6)
    np.testing.assert_allclose(found[1][:, c], expected / 3.0, atol=1e-6)
    assert np.isnan(found[0][:, MEASURED.index("GMED")]).all()


def test_figures_are_drawn(comparison: Comparison, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    for motion in ("walk", "run"):
        draw(comparison.left_out, motion, tmp_path / f"{motion}.png")
        assert (tmp_path / f"{motion}.png").stat().st_size > 1000
