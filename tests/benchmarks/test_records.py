import json
from pathlib import Path
from typing import NamedTuple

import pytest

from benchmarks.environment import describe_environment, environment_line
from benchmarks.means import publish_means
from benchmarks.records import Record
from streamer.exceptions import ConfigError


def test_rows_are_appended(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "bench.jsonl"
    rows = [Record("timing", path).append({"run": k}, {"found": 1.0}) for k in range(2)]
    assert [json.loads(line) for line in path.read_text().splitlines()] == rows
    assert [row["settings"] for row in rows] == [{"run": 0}, {"run": 1}]


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


def test_a_score_that_no_trial_has_is_none(tmp_path: Path) -> None:
    path, nan = tmp_path / "bench.jsonl", float("nan")
    trials = [
        OneScore("walk", nan),
        OneScore("walk", nan),
        OneScore("run", nan),
        OneScore("run", 3.0),
    ]
    row = publish_means(Record("grf", path), "title", ["first", "second"], trials, {})
    assert row["means"] == {"walk (2)": [1.0, None], "run (2)": [1.0, 3.0]}
    assert json.loads(path.read_text()) == row
