"""Policy for all tests and the processes they start; read before any library is loaded."""

import os
from pathlib import Path
from types import ModuleType

import pytest

# Two cores are often all there is: a test must not fight its own threads.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
# A laboratory's live streams must not reach the tests, nor theirs the laboratory.
os.environ.setdefault("LSLAPICFG", str(Path(__file__).with_name("lsl_api.cfg")))


@pytest.fixture(scope="session")
def opensim() -> ModuleType:
    """OpenSim, the oracle, with nothing printed and no log file written where pytest runs."""
    module: ModuleType = pytest.importorskip("opensim")
    module.Logger.removeFileSink()
    module.Logger.setLevelString("Off")
    return module
