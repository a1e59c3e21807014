from __future__ import annotations

from pathlib import Path

import pytest

from inference.whole_file import cached, whole_file


def test_a_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    file = tmp_path / "below" / "a.bin"
    with whole_file(file) as stream:
        stream.write(b"first")
        assert not file.exists()
    assert file.read_bytes() == b"first"
    assert file.stat().st_mode & 0o777 == 0o644
    assert list(file.parent.iterdir()) == [file]


def test_what_fails_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "a.bin"
    file.write_bytes(b"before")

    def half() -> None:
        with whole_file(file) as stream:
            stream.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert file.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [file]


def test_content_is_built_once_and_then_read(tmp_path: Path) -> None:
    built: list[int] = []

    def build() -> bytes:
        built.append(1)
        return b"content"

    for _ in range(2):
        assert cached(tmp_path / "kept" / "a", build) == b"content"
    assert len(built) == 1


def test_damaged_content_is_built_anew(tmp_path: Path) -> None:
    file = tmp_path / "a"
    cached(file, lambda: b"content")
    file.write_bytes(file.read_bytes()[:-1])
    assert cached(file, lambda: b"another") == b"another"
    assert cached(file, lambda: b"never") == b"another"


def test_a_build_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> bytes:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cached(tmp_path / "a", fail)
    assert list(tmp_path.iterdir()) == []
