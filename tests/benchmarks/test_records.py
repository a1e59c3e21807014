import json
from pathlib import Path
from typing import NamedTuple

import pytest

from benchmarks.environment import describe_environment, environment_line
from benchmarks.means import means_by_group
from benchmarks.records import Record
from streamer.exceptions import ConfigError
from streamer.reports.tables import BEGIN, END


def test_rows_are_appended(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "bench.jsonl"
    for k in range(2):
        Record("timing", path).append({"run": k}, {"found": 1.0})
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["settings"] for row in rows] == [{"run": 0}, {"run": 1}]
    assert [row["found"] for row in rows] == [1.0, 1.0]


def test_a_place_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    record = Record("timing", tmp_path / "folder" / "bench.jsonl")
    (tmp_path / "folder").touch()  # while it was measured
    with pytest.raises(ConfigError, match=r"cannot write .*--out"):
        record.append({}, {})


def test_the_environment_is_json_and_names_machine_commit_and_load() -> None:
    environment = describe_environment()
    assert json.loads(json.dumps(environment)) == environment
    for key in ("git_sha", "git_dirty", "cpu", "cores", "versions", "load_average_1min"):
        assert key in environment
    assert environment["cpu"] in environment_line(environment)


def test_the_environment_is_described_outside_of_a_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.environment.REPOSITORY", tmp_path)
    environment = describe_environment()
    assert environment["git_sha"] is None
    assert "no commit" in environment_line(environment)


class OneScore(NamedTuple):
    """A trial that may lack its second score."""

    group: str
    second: float

    def scores(self) -> list[float]:
        return [1.0, self.second]


def test_a_score_that_no_trial_has_is_none_and_a_dash(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nan = float("nan")
    trials = [
        OneScore("walk", nan),
        OneScore("walk", nan),
        OneScore("run", nan),
        OneScore("run", 3.0),
    ]
    means = means_by_group(trials)
    assert means == {"walk (2)": [1.0, None], "run (2)": [1.0, 3.0]}
    page = tmp_path / "page.md"
    page.write_text(f"{BEGIN}\n{END}\n")
    Record("grf", tmp_path / "bench.jsonl", page).publish("title", ("of", "a", "b"), means, (1, 2))
    assert "| walk (2) | 1.0 | - |\n| run (2) | 1.0 | 3.00 |" in page.read_text()
    assert "title" in capsys.readouterr().out
