"""Models that many tests share, compiled once a session."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import opensim
import pytest

from sim_bridge import CompiledModel, compile_model
from tests.data_sets import trial_dir
from tests.sim_bridge.oracle import OpenSimModel
from tests.sim_bridge.small_models import save
from tests.sim_bridge.trials import RecordedTrial


@dataclass(frozen=True)
class Case:
    """A model file, compiled, with OpenSim's own view of it."""

    osim: Path
    compiled: CompiledModel

    @cached_property
    def oracle(self) -> OpenSimModel:
        """OpenSim's model with a state of its own."""
        return OpenSimModel(self.osim)


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where models without muscles are compiled: nothing is left of them."""
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture(scope="session")
def skeleton_case(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Callable[..., Case]:
    """A data set's model without its forces, which need no compile time and no kinematics."""
    folder, made = tmp_path_factory.mktemp("skeletons"), {}

    def case(trial: str) -> Case:
        if trial not in made:
            model = opensim.Model(str(trial_dir(trial).parent / "model.osim"))
            model.initSystem()
            model.updForceSet().clearAndDestroy()
            osim = save(model, folder / f"{trial.replace('/', '_')}.osim")
            made[trial] = Case(osim, compile_model(osim, cache_dir=cache_dir))
        return made[trial]

    return case


@pytest.fixture
def small_case(tmp_path: Path) -> Callable[[Any], Case]:
    """Write a model made through OpenSim's API, and compile it."""

    def case(model: Any) -> Case:
        osim = save(model, tmp_path / "small.osim")
        return Case(osim, compile_model(osim, cache_dir=tmp_path))

    return case


@pytest.fixture(scope="session")
def recorded() -> Callable[[str], RecordedTrial]:
    """A trial with its model, muscles included; compiled into the user's cache."""
    made: dict[str, RecordedTrial] = {}

    def trial(name: str) -> RecordedTrial:
        if name not in made:
            made[name] = RecordedTrial.load(trial_dir(name))
        return made[name]

    return trial
