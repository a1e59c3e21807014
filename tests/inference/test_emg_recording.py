"""What is said of single channels of EMG, by the signal alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from inference.emg.recording import (
    EmgRecording,
    covered,
    name_fault,
    signal_fault,
    silence_fault,
    stretches,
    usable_envelopes,
)
from streamer.formats import read_trial
from tests.data_sets import trial_dir
from tests.inference.walker import recording

RATE_HZ = 1000.0


@pytest.mark.parametrize(
    ("rate_hz", "lost", "missing"),
    [(1000.0, 40, False), (1000.0, 60, True), (20.0, 1, False), (20.0, 2, True)],
)
def test_a_few_lost_samples_of_a_quick_recording_are_no_gap(
    rate_hz: float, lost: int, missing: bool
) -> None:
    """The envelope does not feel 0.04 s; of a slow one a single sample is more than that."""
    time = np.delete(np.arange(round(10.0 * rate_hz)), 100 + np.arange(lost)) / rate_hz
    at = time[99:101].mean()
    assert covered(time, np.array([at])).tolist() == [not missing]


def raw(rng: np.random.Generator, seconds: float = 20.0) -> EmgRecording:
    """Noise under the made-up walker's envelopes; at rest that of an amplifier."""
    smooth = recording(seconds, rate_hz=RATE_HZ)
    data = (smooth.data + 1e-3) * rng.normal(size=smooth.data.shape)
    return replace(smooth, data=data, kind="raw")


def warned(emg: EmgRecording) -> list[str]:
    warnings: list[str] = []
    usable_envelopes(emg, warnings)
    return warnings


def hum(emg: EmgRecording, times: float, hz: float = 50.0) -> np.ndarray:
    """That many times the first channel's power, with a third of it at the third multiple."""
    wave = np.sin(2.0 * np.pi * hz * emg.time) + np.sin(6.0 * np.pi * hz * emg.time) / np.sqrt(2.0)
    return np.sqrt(times) * emg.data[:, 0].std() * wave / wave.std()


@pytest.mark.parametrize("offset", [-7.0, 2.5])
def test_an_offset_does_not_make_raw_emg_an_envelope(
    offset: float, rng: np.random.Generator
) -> None:
    emg = raw(rng)
    shifted = replace(emg, data=emg.data + offset)
    assert warned(shifted) == []
    plain, moved = (usable_envelopes(e, [])[0].values for e in (emg, shifted))
    np.testing.assert_allclose(moved, plain, atol=1e-9)  # filters take an offset out to rounding


@pytest.mark.parametrize(
    ("like", "words"),
    [
        (np.abs, "lies on one side of its median: rectified or an envelope, not raw EMG"),
        (lambda x: np.abs(x) - 0.1, "lies on one side of its median"),  # the sign is not asked
        (lambda x: np.convolve(np.abs(x), np.ones(400), "same"), "an envelope, not raw EMG"),
    ],
)
def test_what_was_rectified_is_no_raw_emg(
    like: Callable[[np.ndarray], np.ndarray], words: str, rng: np.random.Generator
) -> None:
    emg = raw(rng)
    assert words in signal_fault(emg.time, like(emg.data[:, 0]), "raw")


@pytest.mark.parametrize("hz", [50.0, 60.0])
def test_hum_of_the_mains_is_told(hz: float, rng: np.random.Generator) -> None:
    for times in (0.5, 1.0):
        emg = raw(rng)
        emg.data[:, 0] += hum(emg, times, hz)
        (line,) = warned(emg)
        assert line.startswith("made/one/walk: TA_r is ")
        assert f"mains hum ({hz:g} Hz and its multiples)" in line
    emg = raw(rng)
    emg.data[:, 0] += hum(emg, 0.1, hz)
    assert warned(emg) == []


def test_an_envelope_that_never_rests_is_told() -> None:
    emg = recording(20.0)
    emg.data[:, 2] += 1.5 * emg.data[:, 2].max()
    (line,) = warned(emg)
    assert line.startswith("made/one/walk: VM_r never rests: it is above 60 % of its maximum")


def test_a_stuck_sample_is_no_emg(rng: np.random.Generator) -> None:
    emg = raw(rng)
    emg.data[5000:5600, 1] = emg.data[5000, 1]
    assert "SOL_r is stuck at " in warned(emg)[0]
    emg = recording(20.0)  # at zero for half of each stride, as a device cuts it off
    assert warned(emg) == []
    emg.data[2010:2120, 1] = 0.1
    assert warned(emg) == [
        "made/one/walk: left out: SOL_r is stuck at 0.1 for 0.5 s from 10.1 s on"
    ]


@pytest.mark.parametrize(("share", "lost"), [(0.04, False), (0.06, True)])
def test_a_channel_may_lack_a_twentieth_of_its_samples(
    share: float, lost: bool, rng: np.random.Generator
) -> None:
    emg = raw(rng)
    emg.data[: round(share * len(emg.data)), 0] = np.nan
    assert (signal_fault(emg.time, emg.data[:, 0], "raw") == "lacks 6 % of its samples") == lost


@pytest.mark.parametrize(
    ("seconds", "of_it", "silent"), [(1.7, 0.02, False), (2.6, 0.02, True), (2.6, 0.04, False)]
)
def test_silence_is_as_long_and_as_quiet_as_no_rest(
    seconds: float, of_it: float, silent: bool
) -> None:
    time = np.arange(0.0, 20.0, 0.005)
    envelope = 0.5 + 0.5 * np.sin(30.0 * time)
    envelope[(time > 10.0) & (time < 10.0 + seconds)] *= of_it
    assert silence_fault(time, envelope).startswith("is silent for 2.") == silent


def test_silence_is_no_gait() -> None:
    emg = recording(20.0)
    assert silence_fault(emg.time, emg.data[:, 0]) == ""
    emg.data[2000:3000, 0] *= 0.02
    assert silence_fault(emg.time, emg.data[:, 0]).startswith("is silent for 5.")
    emg.data[:, 0] += 0.3  # an amplifier's noise, say
    assert silence_fault(emg.time, emg.data[:, 0]).startswith("is silent for 5.")


@pytest.mark.parametrize("rate_hz", [8.0, 15.0, 20.0])
def test_a_slow_envelope_has_no_gaps(rate_hz: float) -> None:
    time = np.arange(0.0, 20.0, 1.0 / rate_hz)
    at = np.arange(0.0, time[-1], 0.01)
    assert covered(time, at).all()
    assert covered(np.delete(time, len(time) // 2), at).all()  # nor is one sample one
    missing = np.delete(time, slice(len(time) // 2, len(time) // 2 + 3))
    assert not covered(missing, at).all()


def test_stretches_are_where_truth_begins_and_ends() -> None:
    assert stretches(np.array([True, False, True, True])).tolist() == [[0, 1], [2, 4]]
    assert stretches(np.zeros(3, dtype=np.bool_)).tolist() == []


@pytest.mark.parametrize(
    "name",
    ["uhlrich/subject1/walk", "ceinms/subject06/walk36", "ceinms/subject06/run81",
     "balance_exo/subject04/walk125", "schreiber/2014001/C1_05", "rajagopal/walker/walk"],
)  # fmt: skip
def test_true_emg_is_left_in_peace(name: str) -> None:
    trial = read_trial(trial_dir(name))
    assert trial.emg is not None
    kind = "raw" if trial.emg_kind == "raw" else "envelope"
    emg = EmgRecording(name, trial.emg.names, trial.emg.time, trial.emg.data, kind)  # type: ignore[arg-type]
    known = [i for i, channel in enumerate(emg.names) if not name_fault(channel)]
    assert known
    emg = replace(emg, names=tuple(emg.names[i] for i in known), data=emg.data[:, known])
    warnings: list[str] = []
    envelopes, _ = usable_envelopes(emg, warnings)
    assert warnings == []
    assert envelopes.names == emg.names
    assert not any(silence_fault(envelopes.t, column) for column in envelopes.values.T)
