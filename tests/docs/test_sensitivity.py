"""What the page says of its table is what the table has."""

from __future__ import annotations

from benchmarks.sensitivity.mistakes import MISTAKES
from tests.docs.pages import Table, table, text

TABLE: Table = table(text("docs/sensitivity.md"), "<!-- measured -->")


def of(mistake: str, score: str) -> float:
    return float(TABLE[mistake][score])


def test_the_table_has_every_mistake() -> None:
    assert list(TABLE) == list(MISTAKES)


def test_what_the_page_says_of_emg() -> None:
    assert of("plates 20 mm too far ahead", "EMG") < 0.015
    assert of("forces 20 ms late", "EMG") < 0.015
    assert of("no plates", "EMG") < 0.02
    for size in ("person 3 % larger", "person 3 % smaller"):
        assert 0.015 <= of(size, "EMG") <= 0.045
        assert of(size, "flagged %") < 100.0
    assert of("cameras' noise of 1 mm", "EMG") < 0.01


def test_what_the_page_says_of_moments() -> None:
    for mistake in (
        "plates 10 mm too far ahead",
        "forces 10 ms late",
        "cameras tilted by 1 degree",
    ):
        assert abs(of(mistake, "moment N m") - 3.5) < 0.5
    assert abs(of("cameras' noise of 1 mm", "moment N m") - 4.0) < 0.5
