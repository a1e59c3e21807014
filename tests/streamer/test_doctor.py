"""What the doctor says about the network's backends."""

import pytest

from inference import choice
from inference.backends import BACKENDS, requirements
from inference.backends.requirements import Missing
from inference.exceptions import BackendDiffers
from streamer.commands import doctor
from streamer.commands.doctor import Finding, check_backends


def by_backend(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.what.removeprefix("network on "): finding for finding in findings}


def only_onnxruntime(name: str) -> Missing | None:
    return None if name == "onnxruntime" else Missing(f"no {name}", f"get {name}")


def test_every_backend_is_proven_or_has_an_advice() -> None:
    found = by_backend(check_backends())
    assert tuple(found) == tuple(BACKENDS)
    assert found["onnxruntime"].good is True
    for finding in found.values():
        if finding.good:
            assert "differs from torch by at most" in finding.found
            assert "p99" in finding.found
        else:
            assert finding.advice


def test_what_is_missing_is_told_and_keeps_nobody_from_a_session(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(requirements, "missing", only_onnxruntime)
    monkeypatch.setattr(doctor, "CHECKS", (check_backends,))
    assert doctor.run() is True
    out = capsys.readouterr().out
    for name in ("torch", "tensorrt", "tensorrt-fp16"):
        assert f"no {name}" in out
        assert f"get {name}" in out


def test_an_onnxruntime_that_differs_is_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    def differs(name: str, *_: object) -> None:
        raise BackendDiffers(f"the {name} backend differs", 1.0, 1e-4)

    monkeypatch.setattr(requirements, "missing", only_onnxruntime)
    monkeypatch.setattr(choice, "open_proven", differs)
    monkeypatch.setattr(doctor, "CHECKS", (check_backends,))
    assert by_backend(check_backends())["onnxruntime"].good is False
    assert doctor.run() is False
