"""Trials as the benchmarks take them: by the rule that everything else reads them by."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmarks.bridge.files import Files, FileSubject
from benchmarks.subject import Subject, demo_walk
from benchmarks.trials import PlateTrial
from streamer.exceptions import ConfigError
from streamer.formats import find_model, read_trial


@pytest.fixture
def trial(tmp_path: Path) -> Path:
    """The demo subject's walk, whose `trial.toml` gives the model another name."""
    folder = tmp_path / "demo" / "subject" / "walk"
    shutil.copytree(demo_walk(), folder)
    shutil.copy(find_model(demo_walk()), folder / "other.osim")
    toml = folder / "trial.toml"
    toml.write_text('model = "other.osim"\n' + toml.read_text())
    return folder


def test_the_model_that_a_trial_names_is_taken(trial: Path) -> None:
    (trial / "model.osim").write_text("no model")  # which nobody asks for
    assert PlateTrial.load(trial, 1.0).subject.model.name == "nem2e_demo_walker"
    assert Files.of_trial(trial).model == trial / "other.osim"


def test_a_trial_is_what_its_files_are(trial: Path) -> None:
    found, files = Subject.of_trial(read_trial(trial)), FileSubject.load(Files.of_trial(trial))
    assert found.model.digest == files.model.digest
    assert found.loads == files.loads
    assert len(found.loads) > 0
    for name in ("marker_names", "time", "rate_hz", "markers", "forces"):
        np.testing.assert_array_equal(getattr(found, name), getattr(files, name))


def test_a_trial_without_plates_is_refused(trial: Path) -> None:
    for name in ("grf.mot", "external_loads.xml"):
        (trial / name).unlink()
    with pytest.raises(ConfigError, match="whose foot"):
        PlateTrial.load(trial, 1.0)
