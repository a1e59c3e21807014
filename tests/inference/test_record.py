from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from inference.exceptions import FeatureError
from inference.record import FeatureRecord, load_record, save_record
from tests.inference.synthetic import synthetic_record


def test_round_trip_keeps_every_field(tmp_path: Path) -> None:
    record = synthetic_record()
    save_record(tmp_path / "deep" / "a.npz", record)
    again = load_record(tmp_path / "deep" / "a.npz")
    for field in fields(FeatureRecord):
        ours, theirs = getattr(record, field.name), getattr(again, field.name)
        assert type(ours) is type(theirs)
        np.testing.assert_array_equal(ours, theirs)
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["a.npz"]


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("hello")
    np.savez(tmp_path / "other.npz", a=np.ones(3))
    np.savez(tmp_path / "pickle.npz", dataset=np.array([{}], dtype=object), allow_pickle=True)
    save_record(tmp_path / "torn.npz", synthetic_record())
    whole = (tmp_path / "torn.npz").read_bytes()
    (tmp_path / "torn.npz").write_bytes(whole[: len(whole) // 2])
    holed = whole[: len(whole) // 2] + bytes(200) + whole[len(whole) // 2 + 200 :]
    (tmp_path / "holed.npz").write_bytes(holed)
    entry = whole.index(b"PK\x01\x02")  # of the directory at the end; 10 on stands how it is packed
    packed = whole[: entry + 10] + b"\x63\x00" + whole[entry + 12 :]
    (tmp_path / "packed.npz").write_bytes(packed)
    names = ("text", "other", "pickle", "torn", "holed", "packed", "absent")
    for name in (f"{name}.npz" for name in names):
        with pytest.raises(FeatureError, match=f"{name}: not a feature record"):
            load_record(tmp_path / name)


def test_inconsistent_shapes_are_named() -> None:
    record = synthetic_record()
    with pytest.raises(FeatureError, match=r"made/one/walk: tau has shape"):
        replace(record, tau=record.tau[:-1])
