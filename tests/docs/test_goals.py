"""The table of goals in results.md quotes the tables above it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from inference.checkpoint import load_checkpoint
from tests.docs.pages import STUDIES, after, agrees, numbers, table, text

RESULTS = text("docs/results.md")
GOALS = table(RESULTS, "## Goals")
STUDY = dict(zip(("walk", "run", "other"), STUDIES.values(), strict=True))
QUOTES = (
    (
        "better than static optimization in every muscle, walking",
        "in r and in RMSE in {walk_won[r]}",
    ),
    ("better than static optimization in every muscle, walking", "in RMSE in {walk_won[RMSE]}"),
    ("the same in running", "in r in {run_won[r]}; in RMSE in {run_won[RMSE]}, in {run_won[gain]}"),
    (
        "the same in running",
        "mean RMSE {run[default network][RMSE, all]:2}"
        " against {run[static optimization, person's best gain][RMSE, all]:2},"
        " or {run[static optimization, one gain and delay per channel][RMSE, all]:2} where",
    ),
    (
        "better than kinematics alone, paired",
        "r {all_less[kinematics alone, network][r, all]},"
        " for {all_less[kinematics alone, network][better in r for]};"
        " RMSE {all_less[kinematics alone, network][RMSE, all]};"
        " not in the common ones, {all_less[kinematics alone, network][r, common]}.",
    ),
    (
        "better than kinematics alone, paired",
        "in RMSE, by little: {walk_less[kinematics alone, network][RMSE, all]};",
    ),
    (
        "better than kinematics alone, paired",
        "in r, {other_less[kinematics alone, network][r, all]:open}, three people)",
    ),
    (
        "better than kinematics alone, paired",
        "in running, {run_less[kinematics alone, network][r, all]:open}, one person)",
    ),
    (
        "better than kinematics alone, paired",
        "all {walk_less[kinematics alone, network][r, all]},"
        " common {walk_less[kinematics alone, network][r, common]}",
    ),
    (
        "at or above the mean curve at the true phase",
        "yes: {walk_less[population's mean curve at the true phase][r, common]:all 2};"
        " level on other data sets,"
        " {other_less[population's mean curve at the true phase][r, common]:all 2}",
    ),
    ("unseen people walking, 0.77", "{walk[default network][r, common]}"),
    ("other data sets, 0.82", "{other[default network][r, common]:value}, "),
    ("calibrated on one trial, overground 0.84", "{sets[schreiber]}, 14 people"),
    ("calibrated, treadmill 0.90", "two people ({sets[ceinms]:value}, {sets[uhlrich]:value})"),
    (
        "running unseen, 0.78",
        "{run[default network][r, common]}; kinematics alone"
        " {run[kinematics alone, network][r, common]:value}",
    ),
    ("running calibrated, 0.93", "{run[default network, calibrated][r, common]:value}"),
    (
        "intervals of 50 and 90 %",
        "hold {shares[left out]:and} of people left out, {shares[other data sets]:and} on other"
        " data sets; calibrated {shares[left out, calibrated]:and},"
        " {shares[other data sets, calibrated]:and}",
    ),
)
"""A goal, and what its second column, or the section that it links to, has to say.

What stands in braces is of `tables`.
"""


class Cell(str):
    """A cell that is quoted whole, or by its format in part.

    ``value`` is the number without its interval, ``2`` the same in two digits, ``all 2`` everything
    in two digits, ``open`` everything but the last bracket, ``and`` two numbers joined by it.
    """

    def __format__(self, spec: str) -> str:
        shown = self.split()[0] if spec in ("value", "2") else str(self)
        if spec == "open":
            return shown.removesuffix(")")
        if spec == "and":
            return shown.replace(", ", " and ")
        return re.sub(r"\d\.\d{3}", two_digits, shown) if "2" in spec else shown


def two_digits(found: re.Match[str]) -> str:
    return f"{float(found[0]):.2f}"


def quotable(row: dict[str, str]) -> dict[str, Cell]:
    return {head: Cell(cell) for head, cell in row.items()}


def tables() -> dict[str, Any]:
    """Return what the goals quote, tables and rows, by the names of `QUOTES`."""
    found = {name: table(RESULTS, *where) for name, where in STUDY.items()}
    found |= {f"{name}_less": table(RESULTS, *where, "Paired") for name, where in STUDY.items()}
    found["all_less"] = table(RESULTS, "## Both together, walking")
    by_set = table(RESULTS, *STUDY["walk"], "r over the common muscles")
    rows = {
        "sets": by_set["default network, calibrated"],
        "shares": table(RESULTS, "## Intervals")["all"],
        **{f"{name}_won": won(*where) for name, where in STUDY.items()},
    }
    return {
        **{name: {k: quotable(row) for k, row in page.items()} for name, page in found.items()},
        **{name: quotable(row) for name, row in rows.items()},
    }


def won(*where: str) -> dict[str, str]:
    """Return in how many muscles the default is better than the simulation."""
    line = after(RESULTS, *where, "The default network is better").splitlines()[0]
    counts = re.findall(r"\d+ of \d+", line)
    return dict(zip(("r", "RMSE", "gain"), counts, strict=True))


def said_of(goal: str) -> str:
    """Return what is reached, and the section that the last column links to, as one line."""
    reached, why = GOALS[goal].values()
    link = re.fullmatch(r"\[.+\]\(#([\w-]+)\)", why)
    if not link:
        return reached
    headings = {anchor(title): title for title in re.findall(r"(?m)^### (.+)$", RESULTS)}
    section = after(RESULTS, "## Goals", f"### {headings[link[1]]}").partition("\n#")[0]
    return " ".join(f"{reached} {section}".split())


def anchor(title: str) -> str:
    """Return what a heading is linked to as."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


@pytest.mark.parametrize(("goal", "quote"), QUOTES)
def test_a_goal_quotes_the_tables(goal: str, quote: str) -> None:
    assert quote.format(**tables()) in said_of(goal)


def test_every_goal_is_checked() -> None:
    assert {goal for goal, _ in QUOTES} == set(GOALS)


def test_goals_say_what_no_table_has_as_the_card_does() -> None:
    """At the best lag the tables have all muscles alone, and no mean over two people."""
    network = load_checkpoint().card.metrics["held_out"]["methods"]["network"]
    at_lag = next(row["r_lag"][0] for row in network if row["channel"] == "common")
    printed = GOALS["other data sets, 0.82"]["reached"].split()[1]
    assert agrees(printed, at_lag, known_to=1e-3)
    treadmill = GOALS["calibrated, treadmill 0.90"]["reached"].replace("two people", "")
    mean, *people = numbers(treadmill)
    assert agrees(f"{mean}", sum(people) / 2, known_to=1e-2)
