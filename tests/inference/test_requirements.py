"""What a machine lacks for each backend, and what to do."""

from __future__ import annotations

import pytest

from inference.backends import BACKENDS, requirements


@pytest.mark.parametrize(
    ("driver", "installed", "torch_version", "what", "advice"),
    [
        (False, {"torch"}, "2.13.0", "no NVIDIA driver", "needs an NVIDIA GPU"),
        (True, set(), "", "torch is not installed, torch_tensorrt is", "NVIDIA's package index"),
        (True, {"torch", "torch_tensorrt"}, "2.13.0", "tensorrt is not installed", "pip install"),
        (
            True,
            {"torch", "torch_tensorrt", "tensorrt"},
            "2.13.0+cpu",
            "torch 2.13.0+cpu is a build without CUDA",
            "without a CPU build",
        ),
    ],
)
def test_what_tensorrt_lacks_is_named(
    monkeypatch: pytest.MonkeyPatch,
    driver: bool,
    installed: set[str],
    torch_version: str,
    what: str,
    advice: str,
) -> None:
    monkeypatch.setattr(requirements, "has_nvidia_driver", lambda: driver)
    monkeypatch.setattr(requirements, "_installed", installed.__contains__)
    monkeypatch.setattr("importlib.metadata.version", lambda _: torch_version)
    lack = requirements.missing("tensorrt")
    assert lack is not None
    assert what in lack.what
    assert advice in lack.advice


def test_machine_with_everything_lacks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "has_nvidia_driver", lambda: True)
    monkeypatch.setattr(requirements, "_installed", lambda _: True)
    monkeypatch.setattr("importlib.metadata.version", lambda _: "2.13.0")
    for name in BACKENDS:
        assert requirements.missing(name) is None
