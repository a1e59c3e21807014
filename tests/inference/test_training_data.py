"""What is said of records before networks learn from them."""

from __future__ import annotations

from dataclasses import replace

from inference.training.fit_settings import FitSettings
from inference.training.training_data import training_sequences
from tests.inference.synthetic import synthetic_record


def test_who_never_walks_is_told_with_what_they_do() -> None:
    records = [synthetic_record(subject=f"p{k}", seed=k) for k in range(3)]
    records.append(replace(records[0], trial="run", motion="run"))  # who walks, too
    lines: list[str] = []
    training_sequences(records, FitSettings(), lines.append)
    assert lines == []
    records[1] = replace(records[1], motion="treadmill")
    training_sequences(
        [*records, replace(records[1], variant="noise-1")], FitSettings(), lines.append
    )
    (line,) = lines
    assert line.startswith("warning: made/p1: no trial's motion is walk (treadmill), so ")
