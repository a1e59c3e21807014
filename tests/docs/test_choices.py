"""What pages say of their own tables: the default filter, and predicted ground reaction."""

from __future__ import annotations

import pytest

from sim_bridge.filters import CAUSAL_DEFAULT
from streamer.reports.tables import BEGIN
from tests.docs.pages import table, text

FILTERS = text("docs/filters.md")
CURVE = table(FILTERS, BEGIN)
HALF_A_FRAME_MS = 5.0
"""At 100 Hz."""


def punctual(name: str) -> bool:
    """Say whether accelerations come within half a frame of what the filter declares."""
    return abs(float(CURVE[name]["late by ms"])) <= HALF_A_FRAME_MS


def words(page: str) -> str:
    """Return a page as one line."""
    return " ".join(page.split())


def moment(name: str, gait: str) -> float:
    return float(CURVE[name][f"{gait}: tau N m"])


def test_the_default_is_as_late_as_it_says_and_is_not_with_less_delay() -> None:
    assert CAUSAL_DEFAULT == "wiener:25:8"
    assert punctual(CAUSAL_DEFAULT)
    assert not any(punctual(f"wiener:{delay}:8") for delay in (0, 5, 10, 15, 20))


@pytest.mark.parametrize("field", [head for head in CURVE[CAUSAL_DEFAULT] if "walking" in head])
def test_no_other_that_is_as_quick_and_as_late_as_it_says_is_better_in_walking(field: str) -> None:
    ours = CURVE[CAUSAL_DEFAULT]
    rivals = [
        row
        for name, row in CURVE.items()
        if punctual(name) and float(row["delay ms"]) <= float(ours["delay ms"]) and row is not ours
    ]
    assert len(rivals) > 5
    assert min(float(row[field]) for row in rivals) > float(ours[field])


def test_the_filter_page_quotes_its_table() -> None:
    slower, quicker = (moment(f"wiener:{delay}:8", "walking") for delay in (30, 20))
    here = moment(CAUSAL_DEFAULT, "walking")
    prices = (quicker - here) / 5.0, (here - slower) / 5.0
    cutoffs = [
        100.0 * abs(moment(f"wiener:{delay}:8", gait) / moment(f"wiener:{delay}:6", gait) - 1.0)
        for gait in ("walking", "running")
        for delay in (20, 30)
    ]
    for quote in (
        "costs {:.2f} N m in walking, each millisecond more gains {:.2f}.".format(*prices),
        "{:.0f} and {:.0f} % worse in walking, {:.0f} and {:.0f} % better in".format(*cutoffs),
    ):
        assert quote in words(FILTERS)


def test_the_page_of_ground_reaction_quotes_its_table() -> None:
    page = text("docs/ground_reaction.md")
    walking = [
        float(row["moment N m"])
        for name, row in table(page, BEGIN).items()
        if "running" not in name
    ]
    assert f"{min(walking)} to {max(walking)} as below" in words(page)
