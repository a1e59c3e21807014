"""The numbers of README, results and model card are those of the network that ships."""

from __future__ import annotations

from typing import Any

import pytest

from docs import model_card
from inference.checkpoint import load_checkpoint
from streamer.reports.results import OTHERWISE
from streamer.reports.tables import BEGIN, END
from tests.docs.pages import STUDIES, Table, after, agrees, numbers, table, text

RESULTS = text("docs/results.md")
EVERY_STUDY = pytest.mark.parametrize(("study", "motion"), STUDIES)
BY_MUSCLE = {
    "simulation": "simulation",
    "alone": "network alone",
    "network": "default",
    "calibrated": "calibrated",
    "own-strides": "own strides",
}
DEFAULT = "default network"
BY_METHOD = {
    "simulation": "static optimization, person's best gain",
    "alone": f"{DEFAULT}, without the simulation's second opinion",
    "network": DEFAULT,
    "calibrated": f"{DEFAULT}, calibrated",
    "own-strides": "person's own strides of that trial at the true phase",
}
QUOTED = (
    BY_METHOD["simulation"],
    "static optimization 50 ms before its own instant, person's best gain",
    "kinematics alone, network",
    DEFAULT,
    BY_METHOD["calibrated"],
)
"""Columns of README's table."""
CARD_DIGITS = 1e-3
"""What the card's numbers are rounded to."""
READ = ("r, all", "RMSE, all")
COUNTS = {2: "two", 3: "three"}


def rows(study: str, motion: str, method: str) -> dict[str, dict[str, Any]]:
    """Return a method's rows on the card, by channel."""
    found = load_checkpoint().card.metrics[study]["methods"][method]
    return {row["channel"]: row for row in found if row["motion"] == motion}


def methods(study: str, motion: str) -> Table:
    """Return the table of methods of results.md."""
    return table(RESULTS, *STUDIES[study, motion])


def test_the_model_card_is_what_its_program_writes() -> None:
    page = after(text("docs/model-card.md"), BEGIN).partition(END)[0]
    assert page.strip() == model_card.numbers(load_checkpoint())


@EVERY_STUDY
def test_the_model_card_has_the_card_s_numbers_and_each_method_s_people(
    study: str, motion: str
) -> None:
    heading = f"## {model_card.STUDIES[study]}: {model_card.MOTIONS[motion]}"
    page = table(text("docs/model-card.md"), heading)
    assert set(page) == set(rows(study, motion, "network"))
    for method, title in model_card.METHODS.items():
        found = rows(study, motion, method)
        for channel, cell in ((c, row[f"{title}: r, RMSE (people)"]) for c, row in page.items()):
            row = found.get(channel)
            assert numbers(cell) == ([row["r"][0], row["rmse"][0], row["people"]] if row else [])


@EVERY_STUDY
@pytest.mark.parametrize(("statistic", "head"), [("r", "| r |"), ("rmse", "| RMSE |")])
def test_results_by_muscle_are_the_card_s(
    study: str, motion: str, statistic: str, head: str
) -> None:
    page = table(RESULTS, *STUDIES[study, motion], head=head)
    assert set(page) == set(rows(study, motion, "network"))
    for method, column in BY_MUSCLE.items():
        found = rows(study, motion, method)
        for channel, row in page.items():
            if channel not in found:
                assert row[column] == "-"
            else:
                assert agrees(row[column], found[channel][statistic][0], CARD_DIGITS)


@EVERY_STUDY
def test_results_by_method_are_the_card_s_with_people_and_intervals(
    study: str, motion: str
) -> None:
    for method, title in BY_METHOD.items():
        page, found = methods(study, motion)[title], rows(study, motion, method)
        assert int(page["people"]) == found["all"]["people"]
        for column, channel, statistic in (
            ("r, all", "all", "r"), ("r, common", "common", "r"), ("RMSE, all", "all", "rmse"),
        ):  # fmt: skip
            printed = page[column].replace("(", "").replace(")", "").replace("to ", "").split()
            for number, value in zip(printed, found[channel][statistic], strict=True):
                assert agrees(number, value, CARD_DIGITS)


def test_intervals_of_sigma_are_the_card_s() -> None:
    page = table(RESULTS, "## Intervals")
    for channel, shares in load_checkpoint().card.metrics["cross_validation"]["coverage"].items():
        printed = page[channel]["left out"].removesuffix(" %").split(", ")
        for number, share in zip(printed, shares, strict=True):
            assert agrees(number, 100.0 * share, 100.0 * CARD_DIGITS)


@pytest.mark.parametrize(
    ("line", "study", "motion"),
    [
        ("walking, 16 people left out", "cross_validation", "walk"),
        ("walking, three people of other laboratories", "held_out", "walk"),
        ("running, one person left out, nobody else runs", "cross_validation", "run"),
    ],
)
def test_readme_quotes_results(line: str, study: str, motion: str) -> None:
    quoted = table(text("README.md"), "## How close it comes")[line]
    people = int(methods(study, motion)[DEFAULT]["people"])
    assert {1: "one person", 3: "three people"}.get(people, f"{people} people") in line
    for cell, method in zip(quoted.values(), QUOTED, strict=True):
        row = methods(study, motion)[method]
        count = int(row["people"])
        beside = "" if count == people else f" ({COUNTS[count]} people)"
        assert cell == row["r, common"].split()[0] + beside


def test_readme_quotes_what_calibration_adds_and_what_lags_and_opinion_are_worth() -> None:
    words = " ".join(after(text("README.md"), "## How close it comes").split())
    where = STUDIES["cross_validation", "walk"]
    added = table(RESULTS, *where, "Paired")[f"{DEFAULT}, calibrated"]["r, common"]
    less, low, high = numbers(added)
    assert f"adds {-less:+.2f} ({-high:+.2f} to {-low:+.2f})" in words
    alone = methods("cross_validation", "run")[BY_METHOD["alone"]]["r, common"].split()[0]
    lag = table(RESULTS, "### With the EMG's lag left in")[DEFAULT]["running: r, common"].split()[0]
    assert f"without that {alone}" in words
    assert f"with it left in {lag}" in words


def test_the_model_card_quotes_the_network_where_the_calibrated_one_is_judged() -> None:
    words = " ".join(text("docs/model-card.md").split())
    walking, running, others = (
        methods(study, motion)[OTHERWISE["network-beside"]] for study, motion in STUDIES
    )
    r, rmse = ([row[column].split()[0] for row in (walking, running, others)] for column in READ)
    assert (
        f"the network alone has r {r[0]} and RMSE {rmse[0]} in walking, {r[1]} and {rmse[1]} in"
        f" running, {r[2]} and {rmse[2]} on other data sets" in words
    )
