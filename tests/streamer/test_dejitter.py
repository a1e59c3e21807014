"""Capture times without jitter: what is taken off, and what must stay."""

from dataclasses import dataclass

import numpy as np
import pytest

from streamer.frames.dejitter import Dejitter, dejittered
from streamer.frames.times import Arrival, FrameTimes

RATE = 100.0


def smoothed(raw: np.ndarray) -> np.ndarray:
    loop = Dejitter(RATE)
    return np.array([loop.step(float(t)) for t in raw])


def test_even_stamps_pass_unchanged() -> None:
    t = 50.0 + np.arange(500) / RATE
    # 1 ns: rounding of sums of 0.01 over 5 s
    np.testing.assert_allclose(smoothed(t), t, rtol=0, atol=1e-9)


def test_missing_frames_do_not_bend_the_times() -> None:
    t = 50.0 + np.arange(2000) / RATE
    kept = np.random.default_rng(1).random(t.size) > 0.03
    kept[1000:1080] = False  # and 0.8 s of silence
    np.testing.assert_allclose(smoothed(t[kept]), t[kept], rtol=0, atol=1e-9)


@pytest.mark.parametrize("after_s", [1.295, 2.203, 7.003])
def test_a_long_silence_starts_anew(after_s: float) -> None:
    t = np.concatenate([np.arange(100) / RATE, after_s + np.arange(100) / RATE])
    np.testing.assert_allclose(smoothed(t), t, rtol=0, atol=1e-9)


def test_after_a_long_silence_a_late_frame_bends_the_times_no_more_than_at_the_start() -> None:
    frames = np.arange(100) / RATE
    frames[0] += 0.004  # the first of them
    after = smoothed(np.concatenate([np.arange(500) / RATE, 10.0 + frames]))[500:]
    np.testing.assert_allclose(after - 10.0, smoothed(frames), rtol=0, atol=1e-9)


def test_jitter_shrinks_and_no_lag_remains() -> None:
    random = np.random.default_rng(2)
    true = np.arange(6000) / RATE
    raw = true + random.normal(0.0, 1e-3, true.size)
    error = (smoothed(raw) - true)[1000:]
    # steady-state variance of an alpha-beta tracker, (2 a^2 + b (2 - 3 a)) / (a (4 - 2 a - b)),
    # is 0.0316 for a = 0.05, b = a^2 / 4; 15 % for 5000 correlated samples
    assert error.std() == pytest.approx(1e-3 * 0.0316**0.5, rel=0.15)
    assert abs(error.mean()) < 0.05e-3


def test_the_first_frames_are_averaged() -> None:
    """Else what the very first was off would be with the session for half a second."""
    random = np.random.default_rng(3)
    last = [smoothed(np.arange(21) / RATE + random.normal(0.0, 1e-3, 21))[-1] for _ in range(200)]
    # of 21 frames the mean; the standard deviation of 200 is right to 5 %, three times that
    assert np.std(last) == pytest.approx(1e-3 / 21**0.5, rel=0.15)


def test_jitter_shrinks_by_as_much_where_frames_are_stamped_as_they_come() -> None:
    """Even times of half of them lie after that. Cut off there they would be half as uneven as raw.

    So uneven, at 0.5 ms, moments of a walk would be off by 9 N m (RMS).
    """
    true = np.arange(6000) / RATE
    came = true + np.random.default_rng(2).normal(3e-3, 1e-3, true.size)
    loop = Dejitter(RATE)
    out = np.array([loop.step(float(t), latest=float(t) + 2e-4) for t in came])
    assert (out - true)[1000:].std() == pytest.approx(1e-3 * 0.0316**0.5, rel=0.15)  # as above


def test_jitter_shrinks_by_as_much_where_frames_are_skipped() -> None:
    """Of eight frames a session takes the last: the period is corrected by an eighth each."""
    true = np.arange(6000) * 8.0 / RATE
    loop, random = Dejitter(RATE), np.random.default_rng(2)
    raw = true + random.normal(0.0, 1e-3, true.size)
    out = np.array([loop.step(float(t), count=8) for t in raw])
    # as above, with frames in the place of periods
    assert (out - true)[1000:].std() == pytest.approx(1e-3 * 0.0316**0.5, rel=0.15)


def test_a_rate_that_is_slightly_off_is_learnt() -> None:
    true = np.arange(8000) / (RATE * 1.001)
    error = (smoothed(true) - true)[6000:]
    assert np.abs(error).max() < 0.02e-3


@pytest.mark.parametrize("rate", [50.0, 120.0, 200.0, 250.0])
def test_another_rate_is_followed(rate: float) -> None:
    """A camera system set from 100 Hz to another rate without a pause."""
    t = np.concatenate([np.arange(300) / RATE, 3.0 + np.arange(3000) / rate])
    out = smoothed(t)
    assert (np.diff(out) > 0).all()
    # times already given out may be ahead and must be waited for: exact after 100 frames (66 seen)
    np.testing.assert_allclose(out[400:], t[400:], rtol=0, atol=1e-6)


@pytest.mark.parametrize("ahead_s", [-np.inf, 0.02])
@pytest.mark.parametrize("raw", [[0.0, 0.01, 0.011, 0.02], [5.0, 5.01, 5.005, 5.03]])
def test_times_always_increase(raw: list[float], ahead_s: float) -> None:
    """Also of a sender whose stamps are ahead of the frames' arrival."""
    loop = Dejitter(RATE)
    assert (np.diff([loop.step(t, latest=t - ahead_s) for t in raw]) > 0).all()


def test_even_stamps_that_are_ahead_of_the_frames_arrival_pass_unchanged() -> None:
    """What is wrong with them is said by who judges frames, who has to see it."""
    loop, t = Dejitter(RATE), 50.0 + np.delete(np.arange(200), [90, *range(140, 150)]) / RATE
    out = [loop.step(float(at), latest=float(at) - 0.02) for at in t]
    np.testing.assert_allclose(out, t, rtol=0, atol=1e-9)


def test_a_clock_that_jumps_back_is_followed() -> None:
    t = np.array([100.0, 100.01, 3.0, 3.01])
    np.testing.assert_allclose(smoothed(t), t, rtol=0, atol=1e-9)


def test_a_repeated_frame_is_not_newer_and_changes_nothing() -> None:
    t = 50.0 + np.arange(200) / RATE
    out = smoothed(np.repeat(t, 2))
    np.testing.assert_allclose(out[::2], t, rtol=0, atol=1e-9)
    assert (out[1::2] <= out[::2]).all()


@pytest.mark.parametrize("back_s", [0.03, 0.3, 0.9, 2.0])
def test_a_clock_that_is_set_back_is_followed_within_five_frames(back_s: float) -> None:
    t = 50.0 + np.arange(200) / RATE
    t[100:] -= back_s
    out = smoothed(t)
    np.testing.assert_allclose(out[104:], t[104:], rtol=0, atol=1e-9)
    # until then as they are, so that who judges frames sees them rise, too
    np.testing.assert_allclose(out[100:103], t[100:103], rtol=0, atol=1e-9)


def test_a_clock_that_is_set_back_by_more_than_a_second_is_smoothed_as_from_the_start() -> None:
    jitter = np.random.default_rng(9).normal(0.0, 1e-3, 400)
    t = 50.0 + np.arange(400) / RATE + jitter
    t[200:] -= 3.0
    # but for the period that was learnt until then, which jitter left right to 1e-4
    np.testing.assert_allclose(smoothed(t)[200:], smoothed(t[200:]), rtol=0, atol=2e-5)


@pytest.mark.parametrize("rate_hz", [0.0, RATE])
def test_a_recording_is_smoothed_as_a_session_is(rate_hz: float) -> None:
    """Also of a stream that names no rate: its first frames tell."""
    true = np.arange(6000) / RATE
    raw = true + np.random.default_rng(2).normal(0.0, 1e-3, true.size)
    error = (dejittered(raw, rate_hz) - true)[1000:]
    assert error.std() == pytest.approx(1e-3 * 0.0316**0.5, rel=0.15)  # as above
    # one frame has no rate, and stays where it is
    np.testing.assert_array_equal(dejittered(raw[:1], rate_hz), raw[:1])


RATIOS = [
    0.4,
    0.5,
    0.67,
    0.8,
    0.9,
    0.95,
    0.97,
    1.0,
    1.03,
    1.05,
    1.2,
    1.25,
    1.33,
    1.5,
    1.8,
    2.0,
    2.5,
]
"""Nominal rate over the actual one."""


@dataclass
class Frames:
    """What a stream sent, and what came of it; times in periods of the stream.

    Attributes
    ----------
    late : ndarray of shape (n,), float64
        Time stamp less capture time.
    off : ndarray of shape (n,), float64
        Smoothed time less capture time.
    lost : ndarray of shape (n,), bool
        Whether frames before it are missing.
    gap : ndarray of shape (n,), bool
        Whether that is said of it.
    """

    late: np.ndarray
    off: np.ndarray
    lost: np.ndarray
    gap: np.ndarray

    def after(self, n: int) -> "Frames":
        """Leave out the first frames."""
        return Frames(self.late[n:], self.off[n:], self.lost[n:], self.gap[n:])


def through(
    true: np.ndarray, raw: np.ndarray, nominal_hz: float, period_s: float, lost: np.ndarray
) -> Frames:
    """Smooth and judge frames as a session does."""
    loop, times = Dejitter(nominal_hz), FrameTimes(nominal_hz, 1.0)
    out = [loop.step(float(t)) for t in raw]
    gap = [times.step(t) is Arrival.GAP for t in out]
    assert (np.diff(out) > 0).all()
    return Frames((raw - true) / period_s, (out - true) / period_s, lost, np.array(gap))


def even(n: int, ratio: float, *, jitter: float = 0.0, lost: float = 0.0, seed: int = 0) -> Frames:
    """Frames at 100 Hz, jittering by so many periods (standard deviation), some of them lost."""
    random = np.random.default_rng(seed)
    true = 50.0 + np.arange(n) / RATE
    raw = true + random.normal(0.0, jitter / RATE, n)
    number = np.flatnonzero(random.random(n) >= lost)
    missing = np.diff(number, prepend=-1) > 1
    return through(true[number], raw[number], ratio * RATE, 1.0 / RATE, missing)


@pytest.mark.parametrize("lost", [0.0, 0.1])
@pytest.mark.parametrize("jitter", [0.0, 0.05, 0.1])
@pytest.mark.parametrize("ratio", RATIOS)
def test_a_wrong_nominal_rate_leaves_neither_gaps_nor_errors(
    ratio: float, jitter: float, lost: float
) -> None:
    """From 3 s on, with jitter of up to a tenth of a period and one in ten frames lost."""
    for seed in range(2):
        settled = even(1200, ratio, jitter=jitter, lost=lost, seed=seed).after(300)
        np.testing.assert_array_equal(settled.gap, settled.lost)
        # what is left of finding the rate (0.2 seen over many seeds, at frame 300) and the jitter
        # that passes: 0.18 of it, five standard deviations are 0.09 periods
        assert np.abs(settled.off).max() < 0.25
        assert np.abs(settled.after(500).off).max() < (0.1 if jitter else 1e-6)  # 1e-6: rounding


@pytest.mark.parametrize("lost", [0.0, 0.1])
@pytest.mark.parametrize("ratio", RATIOS)
def test_heavy_jitter_hides_neither_the_rate_nor_the_holes(ratio: float, lost: float) -> None:
    """2 ms at 100 Hz: one frame in a hundred is late or early by more than half a period.

    Nothing can tell such a frame from one whose predecessor is lost, or from its predecessor.
    """
    frames = even(3500, ratio, jitter=0.2, lost=lost, seed=1)
    settled = frames.after(1000)
    false, missed = settled.gap & ~settled.lost, settled.lost & ~settled.gap
    off_time = np.abs(settled.late) > 0.4
    assert not (false & ~off_time & ~np.roll(off_time, 1)).any()
    assert false.mean() < 0.015  # 0.6 % are late by half a period or more
    assert missed.sum() <= 0.1 * settled.lost.sum()  # 5 % seen: early, or soon after a late one
    # a late frame takes its successors a period ahead, and nothing takes them further
    assert np.abs(settled.off).max() < 1.25
    assert np.mean(np.abs(settled.off) > 0.2) < 0.15


@pytest.mark.parametrize("jitter", [0.0, 0.1])
@pytest.mark.parametrize("ratio", RATIOS)
def test_a_rate_that_changes_is_followed(ratio: float, jitter: float) -> None:
    period = ratio / RATE
    true = np.concatenate([np.arange(500) / RATE, 499 / RATE + period * np.arange(1, 1000)])
    unit = np.where(np.arange(true.size) < 500, 1.0 / RATE, period)
    raw = true + np.random.default_rng(3).normal(0.0, jitter, true.size) * unit
    settled = through(true, raw, RATE, period, np.zeros(true.size, bool)).after(800)
    assert not settled.gap.any()
    assert np.abs(settled.off).max() < 0.1  # see above


def test_stalls_are_over_when_they_are_over() -> None:
    """Every second or so the sender hangs for 10 to 40 ms, then sends all that waited."""
    random = np.random.default_rng(5)
    true = 50.0 + np.arange(4000) / RATE
    raw = true + random.normal(0.0, 3e-4, true.size)
    ends = np.cumsum(random.uniform(0.8, 1.2, 30)) + 50.0
    for end in ends:
        held = (true > end - random.uniform(0.01, 0.04)) & (raw < end)
        raw[held] = end + 1e-4 * np.arange(held.sum())
    frames = through(true, raw, RATE, 1.0 / RATE, np.zeros(true.size, bool))
    assert frames.gap.sum() <= ends.size  # the first frame of a stall, and no other
    since = true - ends[np.searchsorted(ends, true, side="right") - 1]
    calm = (true < ends[0] - 0.05) | ((since > 0.6) & (since < 0.75))
    # jitter of 0.03 periods; 0.95^60 of what a stall of four periods leaves is 0.2
    assert np.abs(frames.off[calm]).max() < 0.25


@pytest.mark.parametrize("size", [2, 3])
def test_frames_that_always_come_in_batches_are_spread(size: int) -> None:
    true = 50.0 + np.arange(1200) / RATE
    last = np.minimum(np.arange(1200) // size * size + size - 1, 1199)
    raw = true[last] + 1e-4 * (np.arange(1200) % size)
    frames = through(true, raw, RATE, 1.0 / RATE, np.zeros(1200, bool)).after(50)
    assert not frames.gap.any()
    assert frames.off.min() > 0.0
    assert frames.off.max() < size - 1 + 0.05  # as late as the first of a batch, and its 0.1 ms


@pytest.mark.parametrize("jitter", [0.0, 0.02])
@pytest.mark.parametrize("lost", [0.0, 0.02])
def test_a_frame_that_is_held_up_is_of_its_own_time(jitter: float, lost: float) -> None:
    """Where others are even, it is not one behind a hole, if it comes before the next is due."""
    random = np.random.default_rng(4)
    hole = random.random(3000) < lost
    true = 50.0 + np.cumsum(1 + hole) / RATE
    held = (random.random(3000) < 0.02) & ~hole
    late = random.normal(0.0, jitter, 3000) + held * random.uniform(0.5, 0.75, 3000)
    frames = through(true, true + late / RATE, RATE, 1.0 / RATE, hole).after(500)
    np.testing.assert_array_equal(frames.gap, frames.lost)
    # each takes the loop along by 0.05 of 0.75 periods; a few one soon after the other, and jitter
    assert np.abs(frames.off).max() < 0.15


@pytest.mark.parametrize("held", [0.6, 0.8])
def test_a_frame_that_counts_as_one_behind_a_hole_is_not_put_after_it_came(held: float) -> None:
    """Where frames jitter both ways, or at the start, one that was held up looks like one."""
    came = 50.0 + np.arange(20) / RATE
    came[1] += held / RATE
    loop = Dejitter(RATE)
    out = np.array([loop.step(float(t), latest=float(t) + 1e-3) for t in came])
    assert (np.diff(out) > 0.0).all()
    assert out[1] <= came[1] + 1e-3
    # it may be of the frame after it, which this one is then put just behind
    assert (out - came)[2:].max() <= 0.01 / RATE + 1e-3


@pytest.mark.parametrize(("frames", "seconds"), [(10, 0.005), (10, 0.03), (50, 0.2)])
def test_frames_of_a_burst_are_not_put_after_they_came(frames: int, seconds: float) -> None:
    """Stamped on arrival behind a network that stalls every 5 s."""
    came = 50.0 + np.arange(3000) / RATE
    for first in range(500, 3000, 500):
        held = slice(first, first + frames)
        came[held] = came[first + frames] + seconds * np.arange(frames) / frames
    came = np.maximum.accumulate(came) + 1e-6 * np.arange(came.size)  # none counts as repeated
    loop = Dejitter(RATE)
    out = np.array([loop.step(float(t), latest=float(t) + 1e-3) for t in came])
    assert (np.diff(out) > 0.0).all()
    # a hundredth of a period for each frame of a burst that comes at one instant
    assert (out - came).max() < 1e-3 + 0.01 / RATE * frames


def test_times_of_no_rate_are_handed_on() -> None:
    """A camera that waits for light: from 8 to 40 ms."""
    t = 50.0 + np.cumsum(np.random.default_rng(6).uniform(0.008, 0.04, 3000))
    np.testing.assert_array_equal(smoothed(t)[300:], t[300:])


def test_pauses_of_one_and_of_two_periods_need_no_other_rate() -> None:
    """A camera that halves its rate now and then, for a frame or for seconds."""
    random = np.random.default_rng(7)
    periods = np.concatenate([random.integers(1, 3, 500), np.full(100, 2), np.ones(100)])
    t = 50.0 + np.cumsum(periods) / RATE
    np.testing.assert_allclose(smoothed(t), t, rtol=0, atol=1e-9)


def test_frames_that_were_skipped_are_no_other_rate() -> None:
    """A session that is busy takes every third frame for a while."""
    count = np.concatenate([np.ones(300, int), np.full(300, 3), np.ones(300, int)])
    true = 50.0 + np.cumsum(count) / RATE
    raw = true + np.random.default_rng(8).uniform(-3e-3, 3e-3, true.size)
    loop = Dejitter(RATE)
    out = np.array([loop.step(float(t), int(n)) for t, n in zip(raw, count, strict=True)])
    # 0.18 of the jitter passes, whose standard deviation is 1.7 ms; five of what passes
    assert np.abs(out - true)[100:].max() < 5 * 0.18 * 1.7e-3
