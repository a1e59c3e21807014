from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from inference.adapter import LEAST_FRAMES, fit_adapter
from inference.architecture import GruArchitecture
from inference.channels import INPUT_GROUPS, MEASURED, N_CHANNEL, N_INPUT, SLICE_ACTIVATION
from inference.data.dataset import LimbSequence, measured_matrix, people_by_channel
from inference.data.strides import cut_strides, phase
from inference.evaluation.estimates import Estimates, Method, known_channels, predict
from inference.evaluation.methods import (
    beside_simulation,
    calibrated,
    motion_ridge,
    own_strides,
    population_mean,
    shared_gain_and_delay,
    simulated,
)
from inference.evaluation.methods.streamed import EstimatorOf
from inference.evaluation.stream import Streamed, estimate_stream
from inference.live.estimator import build_estimator
from inference.opinion.usual import COLUMNS as COLUMNS_OF_MOTION
from inference.opinion.usual import Usual
from tests.inference.evaluation.people import CHANNELS, people, walker

RATE = 100.0
COLUMNS = [MEASURED.index(name) for name in CHANNELS]
PHASE = INPUT_GROUPS["other_moment"]
"""Inputs that tell the phase to the network alone: no second opinion looks at them."""
USUAL = Usual(
    np.zeros(len(COLUMNS_OF_MOTION), np.float32),
    np.ones(len(COLUMNS_OF_MOTION), np.float32),
    np.eye(len(COLUMNS_OF_MOTION), dtype=np.float32),
    np.ones(N_CHANNEL, np.float32),
)
BLIND: dict[str, Method] = {
    "simulation": lambda _, held: [simulated(s) for s in held],
    "shared": shared_gain_and_delay(RATE),
    "ridge": motion_ridge(RATE),
    "population": population_mean,
}


def other_emg(sequence: LimbSequence) -> LimbSequence:
    """The same motion with EMG that has nothing to do with it."""
    noise = np.random.default_rng(9).uniform(size=sequence.y.shape).astype(np.float32)
    return replace(sequence, y=np.where(sequence.measured, noise, np.float32(0.0)))


class PhaseStep:
    """A network that estimates 0.4 throughout; its state tells the phase."""

    name = "made"
    tolerance = 0.0

    def step(self, inputs: Sequence[np.ndarray], outputs: Sequence[np.ndarray]) -> None:
        for array, value in zip(outputs, (0.4, 0.2, 0.0), strict=True):
            array.fill(value)
        outputs[2][:, : PHASE.stop - PHASE.start] = inputs[0][:, PHASE]


def estimators(gain: np.ndarray | None = None) -> EstimatorOf:
    return partial(
        build_estimator, PhaseStep(), GruArchitecture(d_model=8, members=1), USUAL, RATE, 0.0,
        gain=gain,
    )  # fmt: skip


def streamed(held: Sequence[LimbSequence]) -> list[Streamed]:
    estimator = estimators()(None)
    return [estimate_stream(estimator, s) for s in held]


def after_calibration(held: Sequence[LimbSequence], gain: np.ndarray | None = None) -> Estimates:
    return calibrated(estimators(gain), streamed(held), held)


def unlike(sequence: LimbSequence, distance: float) -> LimbSequence:
    """The same phase in motion that comes to be so unlike the usual; activations of 0.9."""
    x = sequence.x.copy()
    x[:, COLUMNS_OF_MOTION] = np.sqrt(distance)
    x[:, SLICE_ACTIVATION] = 0.9
    return replace(sequence, x=x)


def share_of_the_simulation(taught: LimbSequence, judged: LimbSequence) -> np.ndarray:
    """By the formula of `inference.opinion.second_opinion`, frame by frame."""
    known = max(2.0, np.percentile(streamed([taught])[0].distance, 99.0))
    distance = streamed([judged])[0].distance.astype(float)
    return 0.5 * np.maximum(0.0, 1.0 - known / np.maximum(distance, 1e-9))


@pytest.mark.parametrize("name", BLIND)
def test_method_never_sees_the_emg_that_it_estimates(name: str) -> None:
    train, held = people(3), [walker("made/held", seed=8)]
    plain = BLIND[name](train, held)
    blinded = BLIND[name](train, [other_emg(s) for s in held])
    np.testing.assert_array_equal(plain[0], blinded[0])
    assert np.isfinite(plain[0][phase(held[0]) >= 0.0][:, COLUMNS]).all()


@pytest.mark.parametrize("name", ["simulation", "shared", "ridge"])
def test_method_never_sees_the_motion_that_is_to_come(name: str) -> None:
    train, held = people(3), walker("made/held", seed=8)
    held.x[:, :N_INPUT] += np.linspace(0.0, 1.0, len(held.t))[:, None]  # its end is not its start
    (whole,) = BLIND[name](train, [held])
    begun = replace(held, x=held.x[:90], y=held.y[:90], measured=held.measured[:90], t=held.t[:90])
    (found,) = BLIND[name](train, [begun])
    np.testing.assert_allclose(found, whole[:90], rtol=1e-5)  # float32, in sums of other lengths


@pytest.mark.parametrize("name", ["shared", "ridge", "population"])
def test_method_learns_from_the_people_it_is_given(name: str) -> None:
    train, held = people(3), [walker("made/held", seed=8)]
    taught = BLIND[name](train, held)[0]
    misled = BLIND[name]([other_emg(s) for s in train], held)[0]
    inside = np.isfinite(phase(held[0]))
    error, worse = (np.abs(y - held[0].y)[inside][:, COLUMNS].mean() for y in (taught, misled))
    assert error < 0.5 * worse


def test_simulation_is_absent_where_the_model_or_the_forces_are() -> None:
    one = walker("made/one")
    one.x[:, N_INPUT + MEASURED.index("GM")] = 0.0
    one.x[50:60, N_INPUT : N_INPUT + N_CHANNEL] = 0.0
    found = simulated(one)
    assert np.isnan(found[:, [MEASURED.index("GM"), MEASURED.index("GAS")]]).all()
    assert np.isnan(found[50:60]).all()
    assert np.isfinite(found[:50, MEASURED.index("SOL")]).all()


@pytest.mark.parametrize("delay", [0, 5])
def test_shared_gain_and_delay_are_found(delay: int) -> None:
    train = [replace(s, y=0.5 * s.y) for s in people(3, delay=delay)]
    held = [walker("made/held", delay=delay)]
    (found,) = shared_gain_and_delay(RATE)(train, held)
    after = slice(delay, None)  # what stood before the first frame is not known
    single = [c for c in COLUMNS if c < N_CHANNEL]
    np.testing.assert_allclose(
        found[after][:, single], 0.5 * held[0].y[after][:, single], atol=1e-3
    )


def test_a_live_system_cannot_advance_the_simulation() -> None:
    """Activation that comes late cannot be brought forward: the best delay is none."""
    train, held = people(3, delay=-8), [walker("made/held", delay=-8)]
    (found,) = shared_gain_and_delay(RATE)(train, held)
    c = MEASURED.index("SOL")
    raw = simulated(held[0])[:, c]
    assert np.corrcoef(found[:, c], raw)[0, 1] == pytest.approx(1.0)


def test_mean_curves_are_exact_where_every_stride_is_alike() -> None:
    train, held = people(3), [walker("made/held")]
    inside = np.isfinite(phase(held[0]))
    middle = cut_strides(held[0])[len(cut_strides(held[0])) // 2].start
    after = inside & (np.arange(len(inside)) >= middle)
    for estimates, where in ((population_mean(train, held), inside), (own_strides(held), after)):
        (found,) = estimates
        np.testing.assert_allclose(
            found[where][:, COLUMNS], held[0].y[where][:, COLUMNS], atol=1e-6
        )
        assert np.isnan(found[~where]).all()


def test_population_has_no_curve_of_a_motion_that_nobody_trained_in() -> None:
    (found,) = population_mean(people(2), [walker("made/held", "run", motion="run")])
    assert np.isnan(found).all()


def test_population_counts_people_equally() -> None:
    many, one = walker("made/many", strides=9), walker("made/one", strides=2)
    one = replace(one, y=0.2 * one.y)
    (found,) = population_mean([many, one], [walker("made/held")])
    c, inside = MEASURED.index("SOL"), np.isfinite(found[:, 0])
    expected = 0.6 * walker("made/held").y[inside, c]
    np.testing.assert_allclose(found[inside, c], expected, atol=1e-6)


def test_of_several_trials_the_first_teaches_and_the_others_are_judged() -> None:
    trials = [walker("made/one", name, seed=k, noise=0.1) for k, name in enumerate("abc")]
    streams = streamed(trials)
    plain = after_calibration(trials)
    matrix = measured_matrix().T
    adapter = fit_adapter(streams[0].y, streams[0].state, trials[0].y, trials[0].measured)
    assert np.isnan(plain.y[0]).all()
    for j in (1, 2):
        expected = adapter.apply(streams[j].y, streams[j].state) @ matrix
        np.testing.assert_allclose(plain.y[j], expected, atol=1e-6)  # float32, in another order
        error, before = (
            np.abs(y - trials[j].y)[:, COLUMNS].mean()
            for y in (plain.y[j], beside_simulation(estimators(), trials)["network"].y[j])
        )
        assert error < 0.7 * before
    changed = [trials[0], *(other_emg(t) for t in trials[1:])]
    for before, after in (
        (plain.y, after_calibration(changed).y),
        (own_strides(trials), own_strides(changed)),
    ):
        for a, b in zip(before, after, strict=True):
            np.testing.assert_array_equal(a, b)  # what is judged is never looked at
    taught = [other_emg(trials[0]), *trials[1:]]
    assert not np.array_equal(after_calibration(taught).y[1], plain.y[1])
    assert not np.array_equal(own_strides(taught)[1], own_strides(trials)[1])


def test_sigma_of_a_calibration_is_what_a_calibrated_session_says() -> None:
    """The network's times what the calibration left of its errors, and what two opinions add."""
    trials = [walker("made/one", name, seed=k, noise=0.1) for k, name in enumerate("ab")]
    taught = streamed(trials)[0]
    adapter = fit_adapter(taught.y, taught.state, trials[0].y, trials[0].measured)
    sol = MEASURED.index("SOL")
    assert 0.0 < adapter.spread[sol] < 1.0
    plain = after_calibration(trials)
    assert plain.sigma is not None
    assert np.isnan(plain.sigma[0]).all()  # it teaches
    np.testing.assert_allclose(plain.sigma[1][:, sol], 0.2 * adapter.spread[sol], rtol=1e-6)

    far = [trials[0], unlike(trials[1], 8.0)]
    part = share_of_the_simulation(*far)
    apart = 0.9 - plain.y[1][:, sol]
    for gain in (1.0, 0.5):  # of the network's sigma, which the stream has already
        joined = after_calibration(far, np.full(N_CHANNEL, gain, np.float32))
        assert joined.sigma is not None
        mixed = gain**2 * part * (1.0 - part) * apart**2
        expected = np.sqrt(plain.sigma[1][:, sol] ** 2 + mixed)
        np.testing.assert_allclose(joined.sigma[1][:, sol], expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("far", "taught", "largest"),
    [(8.0, 1.0, 0.375), (8.0, 4.0, 0.25), (8.0, 9.0, 0.0), (1.9, 1.0, 0.0)],
)
def test_calibration_hears_the_simulation_where_it_did_not_teach(
    far: float, taught: float, largest: float
) -> None:
    trials = [walker("made/one", name, seed=k, noise=0.1) for k, name in enumerate("ab")]
    silent = after_calibration(trials).y[1]
    moved = [unlike(trials[0], taught), unlike(trials[1], far)]
    part = share_of_the_simulation(*moved)[:, None]
    assert part.max() == pytest.approx(largest, abs=0.01)  # the distance is a running mean
    expected = silent + part * (0.9 - silent)
    found = after_calibration(moved).y[1]
    np.testing.assert_allclose(found[:, COLUMNS], expected[:, COLUMNS], atol=1e-5)


def test_a_trial_that_is_too_short_teaches_nothing() -> None:
    trials = [walker("made/one", name, seed=k, noise=0.1) for k, name in enumerate("ab")]
    for frames, judged in ((LEAST_FRAMES - 1, False), (LEAST_FRAMES, True)):
        trials[0].measured[frames:] = False
        trials[0].measured[:frames, COLUMNS] = True
        found = after_calibration(trials)
        assert np.isfinite(found.y[1]).any() == judged


def test_a_single_trial_teaches_by_its_first_half() -> None:
    one = [walker("made/one", strides=6, noise=0.1)]
    middle = cut_strides(one[0])[3].start
    changed = replace(one[0], y=one[0].y.copy())
    changed.y[:middle] = other_emg(one[0]).y[:middle]
    for method in (lambda held: after_calibration(held).y, own_strides):
        plain, moved = method(one)[0], method([changed])[0]
        assert np.isnan(plain[:middle]).all()
        assert np.isfinite(plain[middle + 5 : middle + 50][:, COLUMNS]).all()
        assert not np.array_equal(plain[middle:], moved[middle:])


def test_one_stride_and_strangers_teach_nothing() -> None:
    alone = [walker("made/one", strides=1), walker("made/two", strides=1)]
    assert all(np.isnan(y).all() for y in own_strides(alone))
    assert all(np.isnan(y).all() for y in after_calibration(alone).y)


def test_channels_that_nobody_can_teach_are_left_out_for_every_method() -> None:
    train = [walker("made/p0", channels=("SOL", "ST", "GM", "GL"))]
    held = [walker("made/held", channels=("SOL", "SM", "MH", "GAS", "BFLH"))]
    assert known_channels(people_by_channel(train)) == {"SOL", "ST", "SM", "MH", "GM", "GL", "GAS"}
    families = [lambda _, held: beside_simulation(estimators(), held)]
    (found,) = predict(families, train, held)["network"].y
    scored = np.isfinite(found).all(0)
    assert scored[[MEASURED.index(c) for c in ("SOL", "SM", "MH", "GAS")]].all()
    assert not scored[[MEASURED.index(c) for c in ("BFLH", "TA")]].any()


def test_sisters_and_composites_get_what_their_relatives_taught() -> None:
    train = [walker(f"made/p{k}", channels=("SOL", "ST")) for k in range(2)]
    held = [walker("made/held", channels=("SM", "MH"))]
    columns = [MEASURED.index(c) for c in ("SM", "ST", "MH")]
    inside = np.isfinite(phase(held[0]))
    for method in (population_mean, motion_ridge(RATE), shared_gain_and_delay(RATE)):
        (found,) = method(train, held)
        assert np.isfinite(found[inside][:, columns]).all()
