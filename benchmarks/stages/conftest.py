"""What the stages are timed on."""

import pytest

from benchmarks.environment import DATA_VARIABLE
from benchmarks.stages.stage_inputs import StageInputs
from benchmarks.subject import Subject, demo_walk, rajagopal_walk
from streamer.formats import read_trial


@pytest.fixture(scope="session", params=["rajagopal", "demo"])
def inputs(request: pytest.FixtureRequest) -> StageInputs:
    """What every stage gets on every frame of the Rajagopal walk, and of the demo subject's."""
    trial = demo_walk() if request.param == "demo" else rajagopal_walk()
    if trial is None:
        pytest.skip(f"no Rajagopal walk in ../shared/data; set {DATA_VARIABLE} to the data sets")
    return StageInputs.of(Subject.of_trial(read_trial(trial)))
