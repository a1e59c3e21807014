"""What a calibration takes of a trial: its person's mass, how they moved, and its EMG by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from inference.calibration.calibrate import Take
from streamer.commands import calibrate
from streamer.commands.calibrate import trial_take
from streamer.exceptions import StreamerError
from streamer.features.trial_features import trial_features
from streamer.formats import Storage, Trial
from tests.streamer.test_doubts import TIME, good
from tests.streamer.test_offline_live import WITHOUT_FEET, walk
from tests.streamer.test_trial_features import raw_burst


def taken(trial: Trial) -> Take:
    return trial_take(trial, None, lambda *_: None)[0]


def test_a_person_who_ran_did_not_walk_and_weighs_what_the_trial_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Moments are per body mass; a reference maximum is that of comfortable walking."""
    masses: list[float] = []

    def inputs_of(model: Any, mass_kg: float) -> Any:
        masses.append(mass_kg)
        return of_model(model, mass_kg)

    of_model = calibrate.inputs_of
    monkeypatch.setattr(calibrate, "inputs_of", inputs_of)
    trial = replace(good(), mass_kg=62.5, motion="run", speed_mps=3.25)
    take = taken(trial)
    assert masses == [62.5]
    assert (take.motion, take.speed_mps) == ("run", 3.25)


def test_motion_is_as_late_as_its_filter_makes_it() -> None:
    record = trial_features(good(), walk(WITHOUT_FEET)[1], with_emg=False)
    assert taken(good()).filter_delay_s == record.filter_delay_s > 0.0


def test_emg_is_taken_by_the_names_of_its_columns_and_as_the_kind_that_it_is() -> None:
    trial = good()
    assert trial.emg is not None
    columns = {"sync": 0.0 * TIME, "SOL_r": raw_burst(TIME), "TA_r": 2.0 * raw_burst(TIME)}
    emg = Storage(trial.emg.time, tuple(columns), np.stack(list(columns.values()), axis=1))
    muscles: dict[str, tuple[str, ...]] = {"TA_r": (), "SOL_r": ()}
    for kind in ("raw", "envelope"):
        found = taken(replace(trial, emg=emg, emg_kind=kind, emg_muscles=muscles)).emg
        assert (found.names, found.kind) == (("TA_r", "SOL_r"), kind)
        np.testing.assert_array_equal(found.data.T, [columns["TA_r"], columns["SOL_r"]])
        np.testing.assert_array_equal(found.time, emg.time)


def larger(size: float) -> Trial:
    """The walk of somebody who is so much larger than the model."""
    markers = good().markers
    return replace(good(), markers=replace(markers, positions=size * markers.positions))


@pytest.mark.parametrize("size", [1.08, 0.92])
def test_a_model_of_another_size_is_refused_before_the_emg_is_blamed(size: float) -> None:
    with pytest.raises(StreamerError, match=r"the model's in its best pose: this person is"):
        taken(larger(size))


def test_one_of_nearly_the_size_is_told_of() -> None:
    doubts = trial_take(larger(1.015), None, lambda *_: None)[2]
    assert any("this person is larger" in line for line in doubts)
