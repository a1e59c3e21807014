from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from inference import LimbInputs, Refiner
from inference.adapter import Adapter
from inference.architecture import GruArchitecture, StdrArchitecture
from inference.backends.export import export_step
from inference.channels import CHANNELS, N_INPUT
from inference.checkpoint import Checkpoint, save_checkpoint
from inference.exceptions import InferenceError
from inference.networks.weights import load_network, network_arrays
from inference.opinion import SecondOpinion
from inference.subject import Subject, SubjectFacts, save_subject
from tests.inference.conftest import blank_card, random_network
from tests.inference.opinion.test_second_opinion import USUAL
from tests.inference.test_limb_inputs import GAIT_COORDINATES
from tests.inference.test_muscle_map import DEMO, RAJAGOPAL, both

MUSCLES = both(RAJAGOPAL)
GAIN = np.linspace(0.5, 1.5, len(CHANNELS), dtype=np.float32)


def recording(frames: int, rate_hz: float = 100.0) -> dict[str, np.ndarray]:
    """Smooth signals of a model with these muscles and coordinates, in plausible ranges."""
    t = np.arange(frames) / rate_hz
    phase = 2 * np.pi * (t[:, None] + np.linspace(0, 1, len(MUSCLES)))
    angle = 2 * np.pi * (t[:, None] + np.linspace(0, 1, len(GAIT_COORDINATES)))
    return {
        "t": t,
        "activation": 0.5 + 0.5 * np.sin(phase),
        "q": 0.5 * np.sin(angle),
        "qd": np.pi * np.cos(angle),
        "tau": 50.0 * np.sin(angle + 1.0),
    }


def frame(
    data: dict[str, np.ndarray], i: int
) -> tuple[float, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    return float(data["t"][i]), data["activation"][i], data["q"][i], data["qd"][i], data["tau"][i]


def refine(refiner: Refiner, data: dict[str, np.ndarray]) -> np.ndarray:
    return np.stack([refiner.step(*frame(data, i)).copy() for i in range(len(data["t"]))])


def inputs() -> LimbInputs:
    return LimbInputs(MUSCLES, GAIT_COORDINATES, 70.0)


@pytest.fixture
def refiner(random_checkpoint: Checkpoint) -> Refiner:
    ready = Refiner(inputs(), random_checkpoint.path)
    ready.warm_up()
    return ready


def parallel_pass(checkpoint: Checkpoint, data: dict[str, np.ndarray], y: np.ndarray) -> np.ndarray:
    """Estimates (n, 2, n_channel) of all frames at once, each fed with that of the one before."""
    merged, x = inputs(), np.ones((2, len(y), 2 * N_INPUT), np.float32)
    for i in range(len(y)):
        merged.fill(*frame(data, i)[1:], x[:, i, :N_INPUT])
    fed = np.concatenate((np.zeros_like(y[:1]), y[:-1])).transpose(1, 0, 2).copy()
    with torch.inference_mode():
        found, _ = load_network(checkpoint)(torch.from_numpy(x), torch.from_numpy(fed))
    return np.asarray(found).transpose(1, 0, 2)


def test_live_stream_equals_the_networks_parallel_pass(
    refiner: Refiner, random_checkpoint: Checkpoint
) -> None:
    assert refiner.digest == random_checkpoint.digest
    data = recording(300)  # over twice the receptive field
    y = refine(refiner, data).reshape(300, 2, len(CHANNELS))
    assert y.std(0).max() > 0.02  # it moves over time, else equality says nothing
    # the contract's bound, ring and ONNX included
    np.testing.assert_allclose(parallel_pass(random_checkpoint, data, y), y, rtol=0, atol=1e-5)


def test_channels_are_named_with_their_side_right_first(refiner: Refiner) -> None:
    assert refiner.channel_names == tuple(f"{c}_{s}" for s in "rl" for c in CHANNELS)


def test_channels_without_a_source_are_left_out(random_checkpoint: Checkpoint) -> None:
    demo = Refiner(
        LimbInputs(both(DEMO), ["knee_angle_r", "knee_angle_l"], 70.0), random_checkpoint.path
    )
    assert len(demo.channel_names) == 2 * 10  # no rectus femoris, no gluteus medius
    assert not {name[:-2] for name in demo.channel_names} & {"RF", "GMED"}
    assert demo.step(0.0, np.ones(14), np.ones(2), np.ones(2), np.ones(2)).shape == (20,)


def test_reset_makes_the_next_frame_the_first(refiner: Refiner) -> None:
    data = recording(50)
    first = refine(refiner, data)
    refiner.reset()
    soon = data | {"t": data["t"] + 0.495}  # half a period after the last
    np.testing.assert_array_equal(refine(refiner, soon), first)


def test_reset_forgets_what_a_pause_left_to_do(refiner: Refiner) -> None:
    data = recording(50)
    first = refine(refiner, data)
    refiner.step(0.7, *frame(data, 0)[1:])  # 21 steps are due, and most of them wait
    assert refiner.held_s > 0.1
    refiner.reset()
    np.testing.assert_array_equal(refine(refiner, data), first)


def test_long_gap_starts_anew_by_itself(refiner: Refiner) -> None:
    data = recording(50)
    first = refine(refiner, data)
    later = data | {"t": data["t"] + 60.0}
    np.testing.assert_array_equal(refine(refiner, later), first)


def test_after_a_long_while_of_held_poses_it_starts_anew(refiner: Refiner) -> None:
    data = recording(50)
    first = refine(refiner, data)
    for k in range(30):
        refiner.step(0.5 + 0.01 * k, *frame(data, 49)[1:], seen=False)
    later = data | {"t": data["t"] + 0.8}
    np.testing.assert_array_equal(refine(refiner, later), first)


@pytest.mark.parametrize("rate_hz", [50.0, 200.0])
def test_other_rates_give_the_same_emg(refiner: Refiner, rate_hz: float) -> None:
    native = refine(refiner, recording(301))
    refiner.reset()
    other = refine(refiner, recording(int(3 * rate_hz) + 1, rate_hz))
    common = native[:: round(100 / rate_hz)] if rate_hz < 100 else native
    resampled = other if rate_hz < 100 else other[:: round(rate_hz / 100)]
    # At 50 Hz every second input is a linear interpolation of signals of 1 Hz: off by 0.05 %.
    assert np.abs(common - resampled).max() < (0.01 if rate_hz < 100 else 1e-6)


def test_between_two_steps_the_last_estimate_is_held(refiner: Refiner) -> None:
    emg = refine(refiner, recording(9, rate_hz=200.0))
    np.testing.assert_array_equal(emg[1], emg[0])
    assert (emg[2] != emg[1]).all()


@pytest.mark.parametrize(("rate_hz", "held_s"), [(100.0, {0.0}), (200.0, {0.0, 0.005})])
def test_it_says_how_long_an_estimate_is_held(
    refiner: Refiner, rate_hz: float, held_s: set[float]
) -> None:
    data, found = recording(20, rate_hz), []
    for i in range(20):
        refiner.step(*frame(data, i))
        found.append(round(refiner.held_s, 9))
    assert set(found) == held_s


def test_it_settles_after_a_start_and_after_frames_that_tell_nothing(refiner: Refiner) -> None:
    data = recording(300)
    for back_s in (0.0, 100.0):  # its clock is set back, which is a start
        settled = []
        for i in range(300):
            refiner.step(data["t"][i] - back_s, *frame(data, i)[1:], seen=not 200 <= i < 210)
            settled.append(refiner.settled)
        assert not any(settled[:119])  # it looks back 1.2 s for how large its estimates are
        assert all(settled[121:203])  # 0.04 s without a frame that tells do no harm
        assert not any(settled[204:220])
        assert all(settled[240:])
    refiner.reset()
    assert not refiner.settled


def test_it_settles_once_an_attention_that_sees_farther_is_full(
    random_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    card = blank_card(GruArchitecture(members=2), receptive_field_frames=180)
    wide = save_checkpoint(
        tmp_path / "wide", card, random_checkpoint.weights(), random_checkpoint.onnx
    )
    refiner, settled = Refiner(inputs(), wide.path), []
    data = recording(200)
    for i in range(200):
        refiner.step(*frame(data, i))
        settled.append(refiner.settled)
    assert 179 <= settled.index(True) <= 181


def test_bad_frame_is_a_missing_input_and_does_not_poison_the_stream(refiner: Refiner) -> None:
    data = recording(400)
    clean = refine(refiner, data)
    refiner.reset()
    data["q"][20] = np.nan
    data["tau"][21] = np.inf
    emg = refine(refiner, data)
    assert np.isfinite(emg).all()
    np.testing.assert_array_equal(emg[:20], clean[:20])
    assert np.abs(emg[20] - clean[20]).max() > 1e-4


def test_without_forces_moments_and_activations_are_withheld(refiner: Refiner) -> None:
    data = recording(1)
    t, activation, q, qd, tau = frame(data, 0)
    a = refiner.step(t, activation, q, qd, tau, forces_valid=False).copy()
    refiner.reset()
    b = refiner.step(t, 0 * activation, q, qd, 0 * tau, forces_valid=False).copy()
    np.testing.assert_array_equal(a, b)
    refiner.reset()
    assert (refiner.step(t, activation, q, qd, tau) != a).any()


@pytest.fixture
def correction(rng: np.random.Generator) -> Adapter:
    width = GruArchitecture(members=2).state_width
    return Adapter(
        rng.normal(scale=0.1, size=(width, len(CHANNELS))).astype(np.float32),
        rng.normal(scale=0.1, size=len(CHANNELS)).astype(np.float32),
        rng.uniform(0.2, 1.0, size=len(CHANNELS)).astype(np.float32),
    )


def saved_subject(folder: Path, digest: str, correction: Adapter, known: float = 0.0) -> Path:
    facts = SubjectFacts(
        checkpoint=digest, sources=("made",), seconds=60.0, filter_delay_s=0.025,
        lead_s=0.0, lag_s=0.0, known=known, channels=(),
    )  # fmt: skip
    save_subject(folder / "me.subject", Subject(facts, correction))
    return folder / "me.subject"


def personal(checkpoint: Checkpoint, subject: Path) -> Refiner:
    ready = Refiner(inputs(), checkpoint.path, subject=subject)
    ready.warm_up()
    return ready


def test_a_subject_corrects_both_limbs_and_scales_the_doubt(
    refiner: Refiner, random_checkpoint: Checkpoint, tmp_path: Path, correction: Adapter
) -> None:
    own = personal(random_checkpoint, saved_subject(tmp_path, random_checkpoint.digest, correction))
    steps: list[tuple[float, np.ndarray, np.ndarray]] = []
    own.on_step = lambda t, step: steps.append((t, step.alone.copy(), step.state.copy()))
    data = recording(50)
    for i in range(50):
        emg = own.step(*frame(data, i))
        plain = refiner.step(*frame(data, i))
        t, y, state = steps[-1]
        assert t == data["t"][i]
        np.testing.assert_array_equal(y.reshape(-1), plain)  # the network goes on with its own
        for limb in range(2):
            expected = np.maximum(
                y[limb] + state[limb] @ correction.weights + correction.offset, 0.0
            )
            # float32 sums of 96 products in another order
            np.testing.assert_allclose(emg.reshape(2, -1)[limb], expected, atol=1e-5)
            np.testing.assert_allclose(
                own.estimate[1].reshape(2, -1)[limb],
                refiner.estimate[1].reshape(2, -1)[limb] * correction.spread,
                rtol=1e-6,
            )


@pytest.mark.parametrize("rate_hz", [50.0, 200.0])
def test_steps_are_told_with_their_times(refiner: Refiner, rate_hz: float) -> None:
    times: list[float] = []
    refiner.on_step = lambda t, step: times.append(t)  # noqa: ARG005
    refine(refiner, recording(round(rate_hz), rate_hz))
    np.testing.assert_allclose(times, np.arange(len(times)) / 100.0, atol=1e-9)
    assert len(times) >= 98


def test_a_network_with_feedback_is_fed_its_own_estimate(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    net = random_network(StdrArchitecture(d_model=16, n_head=2, window=5))
    fed = save_checkpoint(
        tmp_path / "fed", blank_card(net.arch), network_arrays(net), export_step(net)
    )
    shape = (net.arch.state_width, len(CHANNELS))
    heavy = Adapter(
        rng.normal(size=shape).astype(np.float32),
        np.full(len(CHANNELS), 0.5, np.float32),
        np.ones(len(CHANNELS), np.float32),
    )
    seen: list[list[np.ndarray]] = []
    for subject in (None, saved_subject(tmp_path, fed.digest, heavy)):
        one = Refiner(inputs(), fed.path, subject=subject)
        for _ in range(2):
            one.reset()
            seen.append([])
            one.on_step = lambda t, step: seen[-1].append(step.alone.copy())  # noqa: ARG005
            refine(one, recording(60))
    for other in seen[1:]:  # corrected or not, and after another stream
        np.testing.assert_array_equal(seen[0], other)
    y = np.stack(seen[0])
    np.testing.assert_allclose(parallel_pass(fed, recording(60), y), y, rtol=0, atol=1e-5)


def taught_by(people: float, random_checkpoint: Checkpoint, path: Path) -> Checkpoint:
    """The same network; the less its training people moved, the less is usual to it."""
    return save_checkpoint(
        path,
        random_checkpoint.card,
        random_checkpoint.weights() | {"gain": GAIN},  # the graph's own is 1
        random_checkpoint.onnx,
        usual=USUAL._replace(whitening=USUAL.whitening / people),
    )


@pytest.fixture
def with_opinion(random_checkpoint: Checkpoint, tmp_path: Path) -> Checkpoint:
    """Everything is unlike its training people."""
    return taught_by(0.1, random_checkpoint, tmp_path / "opinion")


def test_motion_like_that_of_the_training_people_settles_sooner(
    random_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    data = recording(200)
    for people, unsettled in ((0.1, 160), (50.0, 50)):
        refiner = Refiner(inputs(), taught_by(people, random_checkpoint, tmp_path / "c").path)
        settled = []
        for i in range(200):
            refiner.step(*frame(data, i))
            settled.append(refiner.settled)
        assert settled.index(True) == pytest.approx(unsettled, abs=1)
        assert all(settled[unsettled + 1 :])


def test_a_second_opinion_is_heard_live_and_leaves_the_network_alone(
    refiner: Refiner, with_opinion: Checkpoint
) -> None:
    data = recording(200)
    alone, doubt = refine(refiner, data), refiner.estimate[1].copy()
    states: list[list[np.ndarray]] = [[], []]
    refiner.reset()
    both = Refiner(inputs(), with_opinion.path)
    for one, seen in zip((refiner, both), states, strict=True):
        one.on_step = lambda t, step, seen=seen: seen.append(step.state.copy())  # noqa: ARG005
    mixed = refine(both, data)
    refine(refiner, data)
    np.testing.assert_array_equal(states[0], states[1])
    np.testing.assert_array_equal(mixed[0], alone[0])
    assert np.abs(mixed - alone)[150:].max() > 0.1
    assert (both.estimate[1] >= doubt).all()
    merged, x = inputs(), np.ones((2, 2 * N_INPUT), np.float32)
    opinion = SecondOpinion(with_opinion.usual(), 100.0, 0.0, gain=GAIN)
    for i, y in enumerate(alone.reshape(200, 2, -1)):
        merged.fill(*frame(data, i)[1:], x[:, :N_INPUT])
        opinion.step(x)
        sigma = np.reshape(doubt, y.shape).copy()  # of the last frame, when the loop ends
        opinion.join(y, sigma)
        np.testing.assert_allclose(mixed[i], y.ravel(), atol=1e-6)
    np.testing.assert_allclose(both.estimate[1], sigma.ravel(), atol=1e-6)


def test_a_reset_is_one_of_the_second_opinion_too(with_opinion: Checkpoint) -> None:
    both, data = Refiner(inputs(), with_opinion.path), recording(200)
    first = refine(both, data)
    both.reset()
    np.testing.assert_array_equal(refine(both, data), first)


def test_the_second_opinion_is_of_the_corrected_estimate(
    with_opinion: Checkpoint, random_checkpoint: Checkpoint, tmp_path: Path, correction: Adapter
) -> None:
    """And where the calibration went, and as far, it is silent."""
    correction.weights[:, 3:] = correction.offset[3:] = 0.0
    data = recording(200)
    alone = personal(
        random_checkpoint, saved_subject(tmp_path / "a", random_checkpoint.digest, correction)
    )
    corrected = refine(alone, data).reshape(200, 2, -1)
    found = {}
    for known in (0.0, 1e3):
        path = saved_subject(tmp_path / str(known), with_opinion.digest, correction, known)
        found[known] = refine(personal(with_opinion, path), data).reshape(200, 2, -1)
    assert (np.abs(found[0.0] - corrected)[150:].max((0, 1)) > 0.01).all()
    np.testing.assert_array_equal(found[1e3][..., :3], corrected[..., :3])
    np.testing.assert_array_equal(found[1e3][..., 3:], found[0.0][..., 3:])


def test_a_subject_of_another_checkpoint_is_refused(
    random_checkpoint: Checkpoint, tmp_path: Path, correction: Adapter
) -> None:
    subject = saved_subject(tmp_path, "ef" * 32, correction)
    with pytest.raises(InferenceError, match="calibrated for the checkpoint efefefefefef, this"):
        personal(random_checkpoint, subject)


def test_a_subject_of_another_filter_is_refused(
    refiner: Refiner, random_checkpoint: Checkpoint, tmp_path: Path, correction: Adapter
) -> None:
    own = personal(random_checkpoint, saved_subject(tmp_path, random_checkpoint.digest, correction))
    own.check_filter_delay(0.0299)  # of 25 ms
    with pytest.raises(InferenceError, match="behind a filter 25 ms late, this one is 31 ms late"):
        own.check_filter_delay(0.031)
    with pytest.raises(InferenceError, match="behind a filter 25 ms late, this one is 0 ms late"):
        own.check_filter_delay(0.0)
    refiner.check_filter_delay(0.0)  # without a subject any filter will do
