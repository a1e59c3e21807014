"""Outputs that cannot be written are refused before the work, by every command that works long."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from inference.exceptions import CheckpointError
from streamer import bench_cli
from streamer.commands import ablate, calibrate, compare, evaluate, prepare, record
from streamer.commands import run as session
from streamer.config.session import RunConfig
from streamer.config.training import TrainConfig
from streamer.console.outputs import check_output, write_output
from streamer.exceptions import ConfigError, StreamerError
from streamer.features.records import load_features
from tests.streamer.test_train_evaluate import make_trial

ABSENT = Path("absent")
"""An input whose absence is told as soon as anybody looks for it: after the outputs."""
MARKS = "<!-- measured -->\n<!-- end of measured -->\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file, so that nothing can be written below it."""
    path = tmp_path / "file"
    path.write_text("precious")
    return path


@pytest.mark.parametrize("folder", [False, True])
def test_what_can_be_written_passes_and_nothing_is_made(tmp_path: Path, folder: bool) -> None:
    check_output(tmp_path / "some" / "where", "--out", folder=folder)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_already_passes(file: Path) -> None:
    check_output(file, "--report")
    check_output(file.parent, "--out", folder=True)
    check_output(Path(os.devnull), "--report")


def test_a_path_from_here_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check_output(Path("report.json"), "--report")
    check_output(Path(), "--out", folder=True)


@pytest.mark.parametrize(
    ("name", "folder", "says"),
    [
        ("", False, "is a folder; give a file in"),
        ("file", True, "is not a folder; give a folder"),
        ("file/below", False, "file is not a folder"),
        ("file/below", True, "file is not a folder"),
    ],
)
def test_what_cannot_be_written_is_one_clear_line(
    file: Path, name: str, folder: bool, says: str
) -> None:
    path = file.parent / name
    with pytest.raises(ConfigError) as refusal:
        check_output(path, "--out", folder=folder)
    assert f"--out {path} cannot be written: " in str(refusal.value)
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc on this system")
@pytest.mark.parametrize("folder", [False, True])
def test_a_folder_that_takes_no_file_is_refused_even_as_root(
    monkeypatch: pytest.MonkeyPatch, folder: bool
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: True)
    with pytest.raises(ConfigError, match=r"no file can be created in /proc \(.*\); give a f"):
        check_output(Path("/proc/nem2e"), "--report", folder=folder)


@pytest.mark.parametrize("name", ["report.json", "some/where/report.json"])
def test_a_place_without_the_right_to_write_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(os, "access", lambda place, mode: (place, mode) != (tmp_path, os.W_OK))
    with pytest.raises(ConfigError, match=f"you may not write to {tmp_path}"):
        check_output(tmp_path / name, "--report")


def test_a_file_is_written_with_its_folder(tmp_path: Path) -> None:
    write_output(tmp_path / "some" / "where", "text", "--report")
    assert (tmp_path / "some" / "where").read_text() == "text"


def test_a_disk_that_fails_after_all_is_one_clear_line(file: Path) -> None:
    with pytest.raises(StreamerError, match=r"--report .* cannot be written \(File exists\)"):
        write_output(file / "report.json", "text", "--report")


def never(*_: object) -> None:
    raise AssertionError("work began")


def test_a_session_does_not_start_without_a_place_for_its_report(file: Path) -> None:
    with pytest.raises(ConfigError, match="--report"):
        session.run(never, ABSENT, None, file / "report.json")


def test_a_session_is_summed_up_even_if_its_report_fails(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ends_on_a_full_disk(_serve: object, _config: object, _duration: object, path: Path) -> int:
        path.write_text("{}")
        return 0

    monkeypatch.setattr(session, "load_config", lambda _: RunConfig(model=ABSENT))
    monkeypatch.setattr(session, "check_output", lambda *_: None)
    monkeypatch.setattr(session, "supervise", ends_on_a_full_disk)
    monkeypatch.setattr(session, "summary", lambda *_: "what was measured")
    with pytest.raises(StreamerError, match="--report"):
        session.run(never, ABSENT, None, file / "report.json")
    assert "what was measured" in capsys.readouterr().out


def test_evaluation_looks_at_its_report_first(file: Path) -> None:
    with pytest.raises(ConfigError, match="--report"):
        evaluate.run([ABSENT], file.parent, report=file / "report.json")


def test_training_looks_at_its_folder_first(file: Path) -> None:
    pytest.importorskip("torch")
    from streamer.commands import train

    config = TrainConfig(trials=(str(ABSENT),), folds=2)
    with pytest.raises(CheckpointError, match="exists and is not a checkpoint"):
        train.run(config, file.parent, file.parent)
    with pytest.raises(ConfigError, match="--out"):
        train.run(config, file / "below" / "checkpoint", file.parent)
    with pytest.raises(ConfigError, match="--cache"):
        train.run(config, file.parent / "checkpoint", file)
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("command", [compare, ablate])
def test_comparisons_look_at_page_and_cache_first(file: Path, command: ModuleType) -> None:
    pytest.importorskip("torch")
    config = TrainConfig(trials=(str(ABSENT),))
    with pytest.raises(ConfigError, match=r"cannot read .*\.md"):
        command.run(config, file.parent, docs=file.parent)
    with pytest.raises(ConfigError, match="--cache"):
        command.run(config, file)


@pytest.mark.parametrize("command", ["filters", "grf", "plates"])
def test_benchmarks_look_at_their_files_first(file: Path, command: str) -> None:
    def run(out: Path, docs: Path | None) -> None:
        getattr(bench_cli, f"bench_{command}")([ABSENT], docs=docs, out=out)

    with pytest.raises(ConfigError, match="--out"):
        run(file / "bench.jsonl", None)
    with pytest.raises(ConfigError, match=r"cannot read .*\.md"):
        run(file.parent / "bench.jsonl", file.parent)


@pytest.mark.parametrize(
    ("command", "page"), [("filters", "filters.md"), ("grf", "ground_reaction.md")]
)
def test_figures_that_cannot_be_drawn_are_told_before_the_measurement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, page: str
) -> None:
    (tmp_path / page).write_text(MARKS)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ConfigError, match="drawing needs matplotlib"):
        getattr(bench_cli, f"bench_{command}")([ABSENT], docs=tmp_path, out=tmp_path / "b.jsonl")


def test_a_session_is_not_benched_without_a_place_for_the_row(file: Path) -> None:
    with pytest.raises(ConfigError, match="--out"):
        bench_cli.bench_latency(1.0, ABSENT, out=file / "bench.jsonl")
    with pytest.raises(ConfigError, match="--out"):
        bench_cli.bench_bridge([ABSENT] * 4, out=file / "bench.jsonl")


def test_a_page_that_is_not_ours_to_write_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from streamer.reports.tables import read_marked

    page = tmp_path / "results.md"
    page.write_text(MARKS)
    assert read_marked(page) == MARKS
    monkeypatch.setattr(os, "access", lambda place, mode: (place, mode) != (page, os.W_OK))
    with pytest.raises(ConfigError, match="--docs"):
        read_marked(page)


def test_a_recording_is_not_waited_for_without_a_place_for_it(file: Path) -> None:
    with pytest.raises(ConfigError, match="--out"):
        record.run(file / "walk.xdf", "tcp://127.0.0.1:1", None, 1.0, None)


def test_nobody_walks_for_a_subject_file_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written beside an old one and takes its place, so that the folder has to be ours."""
    old = tmp_path / "me.subject"
    old.touch()
    monkeypatch.setattr(os, "access", lambda place, mode: (place, mode) != (tmp_path, os.W_OK))
    with pytest.raises(ConfigError, match="--out"):
        calibrate.live(ABSENT, 60.0, old, never)


def test_trials_are_not_prepared_without_a_place_for_their_records(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = make_trial(file.parent / "trials", "one")
    with pytest.raises(ConfigError, match="--out"):
        prepare.run([trial], file, workers=1)
    monkeypatch.setattr("streamer.features.records.trial_features", never)
    with pytest.raises(ConfigError, match="--cache"):
        list(load_features([trial], cache_dir=file))
