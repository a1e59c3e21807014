from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from inference.architecture import GruArchitecture
from inference.channels import CHANNELS
from inference.checkpoint import Checkpoint, check_savable, load_checkpoint, save_checkpoint
from inference.exceptions import CheckpointError, CheckpointMismatch
from tests.inference.conftest import blank_card
from tests.inference.opinion.test_second_opinion import USUAL

WEIGHTS = {"a": np.arange(3, dtype=np.float32)}


@pytest.fixture
def copy(random_checkpoint: Checkpoint, tmp_path: Path) -> Path:
    return Path(shutil.copytree(random_checkpoint.path, tmp_path / "copy"))


def edit_card(folder: Path, **changes: object) -> None:
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | changes))


def test_round_trip_keeps_everything(random_checkpoint: Checkpoint) -> None:
    again = load_checkpoint(random_checkpoint.path)
    assert again == random_checkpoint
    assert again.card.architecture == GruArchitecture(members=2)
    assert sorted(p.name for p in again.path.iterdir()) == [
        "card.json", "reference.safetensors", "step.onnx", "weights.safetensors",
    ]  # fmt: skip


def test_checkpoint_of_the_default_size_stays_small(random_checkpoint: Checkpoint) -> None:
    total = sum(p.stat().st_size for p in random_checkpoint.path.iterdir())
    assert total < 2_000_000  # what is committed must stay below 2 MB


def test_missing_folder_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="nem2e train"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("name", ["step.onnx", "weights.safetensors", "reference.safetensors"])
def test_damaged_file_is_noticed(copy: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=f"{name} does not match"):
        read_everything(copy)


def read_everything(folder: Path) -> None:
    checkpoint = load_checkpoint(folder)
    checkpoint.weights()
    checkpoint.reference()
    checkpoint.usual()


def test_lost_reference_is_noticed(copy: Path) -> None:
    (copy / "reference.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"reference\.safetensors is missing"):
        load_checkpoint(copy).reference()


def test_checkpoint_saved_without_a_reference_loads(tmp_path: Path) -> None:
    saved = save_checkpoint(
        tmp_path / "c", blank_card(GruArchitecture(members=2)), WEIGHTS, b"graph"
    )
    assert saved.reference() is None
    assert saved.usual() is None
    assert sorted(p.name for p in saved.path.iterdir()) == [
        "card.json", "step.onnx", "weights.safetensors",
    ]  # fmt: skip


def test_what_is_usual_comes_back_and_is_guarded(tmp_path: Path) -> None:
    card = blank_card(GruArchitecture(members=2))
    saved = save_checkpoint(tmp_path / "c", card, WEIGHTS, b"graph", usual=USUAL)
    found = saved.usual()
    assert found is not None
    for ours, theirs in zip(found, USUAL, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert saved.digest != save_checkpoint(tmp_path / "d", card, WEIGHTS, b"graph").digest
    file = saved.path / "usual.safetensors"
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(CheckpointError, match=r"usual\.safetensors does not match"):
        saved.usual()
    file.unlink()
    with pytest.raises(CheckpointError, match=r"usual\.safetensors is missing"):
        saved.usual()


def test_missing_graph_is_noticed(copy: Path) -> None:
    (copy / "step.onnx").unlink()
    with pytest.raises(CheckpointError, match=r"step\.onnx is missing"):
        load_checkpoint(copy)


def test_a_file_that_may_not_be_read_is_named(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", forbidden)
    with pytest.raises(CheckpointError, match=r"card\.json cannot be read \(Permission denied\)"):
        load_checkpoint(copy)


def test_checkpoint_for_other_channels_is_refused_by_name(copy: Path) -> None:
    edit_card(copy, channels=[*CHANNELS[:-1], "TFL"])
    with pytest.raises(CheckpointMismatch, match=r"other channels.*GMED, TFL"):
        load_checkpoint(copy)


def test_checkpoint_for_other_inputs_is_refused(copy: Path) -> None:
    edit_card(copy, inputs=["activation/TA"])
    with pytest.raises(CheckpointMismatch, match="other inputs"):
        load_checkpoint(copy)


def test_checkpoint_of_a_later_format_is_refused(copy: Path) -> None:
    edit_card(copy, format=99)
    with pytest.raises(CheckpointMismatch, match="format 99"):
        load_checkpoint(copy)


@pytest.mark.parametrize("text", ["", "{", '{"name": 1}', '{"pickle": true}'])
def test_broken_card_is_one_clear_error(copy: Path, text: str) -> None:
    (copy / "card.json").write_text(text)
    with pytest.raises(CheckpointError, match="not a checkpoint card"):
        load_checkpoint(copy)


def test_digest_changes_with_any_part(tmp_path: Path) -> None:
    card = blank_card(GruArchitecture(members=2))
    digests = {
        save_checkpoint(tmp_path / "a", card, WEIGHTS, b"graph").digest,
        save_checkpoint(tmp_path / "b", card, WEIGHTS, b"other graph").digest,
        save_checkpoint(tmp_path / "c", card, {"a": WEIGHTS["a"] + 1}, b"graph").digest,
    }
    assert len(digests) == 3
    assert save_checkpoint(tmp_path / "d", card, WEIGHTS, b"graph").digest in digests


def test_saving_replaces_a_checkpoint_and_leaves_nothing_behind(tmp_path: Path) -> None:
    card = blank_card(GruArchitecture(members=2))
    save_checkpoint(tmp_path / "c", card, WEIGHTS, b"old")
    assert save_checkpoint(tmp_path / "c", card, WEIGHTS, b"new").onnx == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["c"]


def test_saving_never_replaces_a_folder_that_is_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        save_checkpoint(tmp_path, blank_card(GruArchitecture(members=2)), WEIGHTS, b"graph")
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_what_can_be_saved_is_told_before_it_is_made(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    for free in (copy, tmp_path / "empty", tmp_path / "absent" / "below"):
        check_savable(free)
    for taken in (tmp_path, copy / "card.json"):
        with pytest.raises(CheckpointError, match="not a checkpoint"):
            check_savable(taken)
    monkeypatch.setattr(os.path, "ismount", lambda _: True)
    with pytest.raises(CheckpointError, match="is a mount"):
        check_savable(copy)


def test_failed_save_leaves_the_old_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = blank_card(GruArchitecture(members=2))
    before = save_checkpoint(tmp_path / "c", card, WEIGHTS, b"old")

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("inference.checkpoint._write_durably", full_disk)
    with pytest.raises(CheckpointError, match="No space"):
        save_checkpoint(tmp_path / "c", card, WEIGHTS, b"new")
    assert load_checkpoint(tmp_path / "c") == before
    assert [p.name for p in tmp_path.iterdir()] == ["c"]
