"""What a machine lacks for each backend."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from inference.backends import BACKENDS, table


@pytest.mark.parametrize(
    ("driver", "installed", "torch_version", "lack"),
    [
        (False, {"torch"}, "2.13.0", "no NVIDIA driver"),
        (True, set(), "", "torch is not installed, torch_tensorrt is"),
        (True, {"torch", "torch_tensorrt"}, "2.13.0", "tensorrt is not installed"),
        (
            True,
            {"torch", "torch_tensorrt", "tensorrt"},
            "2.13.0+cpu",
            "torch 2.13.0+cpu is a build without CUDA",
        ),
    ],
)
def test_what_tensorrt_lacks_is_named(
    monkeypatch: pytest.MonkeyPatch,
    driver: bool,
    installed: set[str],
    torch_version: str,
    lack: str,
) -> None:
    monkeypatch.setattr(table, "_has_nvidia_driver", lambda: driver)
    monkeypatch.setattr(table, "_installed", installed.__contains__)
    monkeypatch.setattr("importlib.metadata.version", lambda _: torch_version)
    assert lack in BACKENDS["tensorrt"].lack()


def test_machine_with_everything_lacks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "_has_nvidia_driver", lambda: True)
    monkeypatch.setattr(table, "_installed", lambda _: True)
    monkeypatch.setattr("importlib.metadata.version", lambda _: "2.13.0")
    assert [backend.lack() for backend in BACKENDS.values()] == [""] * len(BACKENDS)


def test_every_opener_is_named_by_a_module_that_is_there() -> None:
    for backend in BACKENDS.values():
        assert find_spec(backend.opener.partition(":")[0]) is not None
