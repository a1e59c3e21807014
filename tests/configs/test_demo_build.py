"""The committed files are what the script writes."""

import re
from pathlib import Path

import numpy as np
import pytest

from configs.demo.build import SUBJECT, build
from configs.demo.motion import PERIOD, Gait
from configs.demo.solve import solve

FILES = (
    "model.osim",
    "walk/markers.trc",
    "walk/grf.mot",
    "walk/external_loads.xml",
    "walk/trial.toml",
)
# the fixture silences OpenSim before the script builds the model
pytestmark = pytest.mark.usefixtures("opensim")

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("subject")
    build(directory)
    return directory


@pytest.mark.parametrize("name", FILES)
def test_files_are_reproduced_by_the_script(rebuilt: Path, name: str) -> None:
    committed = (SUBJECT / name).read_text(encoding="utf-8")
    written = (rebuilt / name).read_text(encoding="utf-8")
    if written == committed:
        return
    # another machine's sine may differ in its last bit and so turn a printed digit: 0.01 mm/N
    assert NUMBER.sub("#", written) == NUMBER.sub("#", committed)
    own, theirs = (np.array(NUMBER.findall(text), np.float64) for text in (written, committed))
    np.testing.assert_allclose(own, theirs, rtol=0.0, atol=0.0101)


def test_files_are_small() -> None:
    assert sum((SUBJECT / name).stat().st_size for name in FILES) < 1_050_000


@pytest.mark.slow
def test_solver_finds_the_committed_walk_again() -> None:
    time = np.linspace(0.0, PERIOD, 200)
    # 1e-4 rad or m: the solver stops at a relative change of cost of 1e-8
    np.testing.assert_allclose(solve().coordinates(time), Gait.load().coordinates(time), atol=1e-4)
