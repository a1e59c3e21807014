"""The subject file: what comes back, and what is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path

import msgspec
import numpy as np
import pytest
import safetensors.numpy
from safetensors import safe_open

from inference.adapter import Adapter
from inference.channels import N_CHANNEL
from inference.exceptions import SubjectError
from inference.subject import (
    ChannelFit,
    Subject,
    SubjectFacts,
    check_replaceable,
    load_subject,
    save_subject,
)

FACTS = SubjectFacts(
    checkpoint="ab" * 32,
    sources=("made/one/walk",),
    seconds=42.5,
    filter_delay_s=0.025,
    lead_s=0.05,
    lag_s=-0.03,
    known=2.5,
    channels=(
        ChannelFit(
            name="SOL_r", maximum=0.21, seconds=42.0, r_before=0.6, r_after=0.9,
            rmse_before=0.2, rmse_after=0.1,
        ),
    ),
)  # fmt: skip


@pytest.fixture
def subject(rng: np.random.Generator) -> Subject:
    numbers = (rng.normal(size=shape).astype(np.float32) for shape in ((5, N_CHANNEL), 12, 12))
    return Subject(FACTS, Adapter(*numbers))


@pytest.fixture
def path(tmp_path: Path, subject: Subject) -> Path:
    file = tmp_path / "folder" / "me.subject"
    save_subject(file, subject)
    return file


def test_it_names_the_channels_that_it_corrects(subject: Subject) -> None:
    adapter = subject.adapter
    adapter.weights[:, 1:] = adapter.offset[2:] = 0.0  # only an offset, in the second channel
    assert subject.channel_names == ("TA_r", "SOL_r", "TA_l", "SOL_l")


def test_what_was_saved_comes_back(path: Path, subject: Subject) -> None:
    found = load_subject(path)
    assert msgspec.structs.replace(found.facts, sha256="") == FACTS
    for name in ("weights", "offset", "spread"):
        np.testing.assert_array_equal(getattr(found.adapter, name), getattr(subject.adapter, name))


def test_only_a_subject_file_is_replaced(path: Path, subject: Subject, tmp_path: Path) -> None:
    other = tmp_path / "emg.csv"
    other.write_text("time,SOL_r\n0.0,0.1\n")
    foreign = tmp_path / "weights.safetensors"
    safetensors.numpy.save_file({"a": np.zeros(2, dtype=np.float32)}, foreign)
    for file in (other, foreign):
        content = file.read_bytes()
        for refuses in (check_replaceable, lambda to: save_subject(to, subject)):
            with pytest.raises(SubjectError, match=f"{file.name} exists and is no subject file"):
                refuses(file)
        assert file.read_bytes() == content
    empty = tmp_path / "empty"
    empty.touch()
    for free in (empty, path, tmp_path / "new"):
        check_replaceable(free)
        save_subject(free, subject)
        assert load_subject(free).facts.seconds == FACTS.seconds


def test_it_is_one_file_and_replaced_whole(
    path: Path, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = path.read_bytes()

    def fail(_: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(SubjectError, match=r"disk full.*another --out"):
        save_subject(path, subject)
    assert list(path.parent.iterdir()) == [path]
    assert path.read_bytes() == content


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SubjectError, match=r"none.subject: no such file; make one with"):
        load_subject(tmp_path / "none.subject")


@pytest.mark.parametrize("content", [b"", b"text", b"\x80\x04pickle", b"\xff" * 64])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x"
    file.write_bytes(content)
    with pytest.raises(SubjectError, match="damaged, or not a subject file"):
        load_subject(file)


def test_other_tensors_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    file.write_bytes(safetensors.numpy.save({"a": np.zeros(3, np.float32)}))
    with pytest.raises(SubjectError, match="not a subject file; give one that"):
        load_subject(file)


def test_a_truncated_file_is_refused(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(SubjectError, match="damaged"):
        load_subject(path)


def test_a_changed_number_is_noticed(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    with pytest.raises(SubjectError, match="do not match its header"):
        load_subject(path)


def rewritten(path: Path, **changes: object) -> Path:
    """The same tensors under a changed header."""
    with safe_open(str(path), framework="numpy") as file:
        header = json.loads(file.metadata()["nem2e_subject"]) | changes
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    content = safetensors.numpy.save(tensors, {"nem2e_subject": json.dumps(header)})
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 7}, "subject format 7, this program reads 2"),
        ({"format": 1}, "subject format 1, this program reads 2"),
        ({"seconds": "many"}, "damaged header.*seconds"),
        ({"mood": "good"}, "damaged header.*mood"),
    ],
)
def test_a_header_is_read_strictly(path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(SubjectError, match=message):
        load_subject(rewritten(path, **changes))


def test_numbers_that_are_none_are_refused(tmp_path: Path, subject: Subject) -> None:
    subject.adapter.weights[2, 3] = np.nan
    save_subject(tmp_path / "x", subject)
    with pytest.raises(SubjectError, match="unusable numbers"):
        load_subject(tmp_path / "x")
