import json
from pathlib import Path

import pytest

from benchmarks.environment import describe_environment, environment_line
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
