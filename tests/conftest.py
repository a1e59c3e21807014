"""Policy for all tests and the processes they start; read before any library is loaded."""

import os
import signal
from pathlib import Path
from types import ModuleType

import pytest

# Two cores are often all there is: a test must not fight its own threads.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
# A laboratory's live streams must not reach the tests, nor theirs the laboratory.
os.environ.setdefault("LSLAPICFG", str(Path(__file__).with_name("lsl_api.cfg")))
# A shell's background jobs ignore Ctrl-C, and so would every process that a test interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def opensim() -> ModuleType:
    """OpenSim, the oracle, with nothing printed and no log file written where pytest runs."""
    module: ModuleType = pytest.importorskip("opensim")
    module.Logger.removeFileSink()
    module.Logger.setLevelString("Off")
    return module


@pytest.fixture
def few_crops(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of training that do not judge novelty, whose fit takes longer than such a one."""
    pytest.importorskip("torch", reason="needs torch: pip install --editable '.[train]'")
    from inference.training import novelty

    monkeypatch.setattr(novelty, "CROPS", 8)


@pytest.fixture
def stepped_by_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that do not judge the exported step, whose export takes longer than a training."""
    pytest.importorskip("torch", reason="needs torch: pip install --editable '.[train]'")
    from inference.backends.torch_step import TorchStep
    from inference.evaluation.methods import network

    monkeypatch.setattr(network, "exported", TorchStep)
