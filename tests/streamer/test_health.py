import logging

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram

from streamer.session.health import (
    MISSED_SECONDS,
    BudgetDoubt,
    DurationHistogram,
    StageTimer,
    StatusCounter,
)
from streamer.status import Status
from tests.streamer.stand_ins import HandClock


def test_percentiles_agree_with_sorting() -> None:
    seconds = np.random.default_rng(0).lognormal(np.log(1.5e-3), 0.6, 5000)
    histogram = DurationHistogram()
    for s in seconds:
        histogram.record(float(s))
    found = histogram.summary_ms()
    for key, percentile in {"p50": 50, "p90": 90, "p99": 99, "p99_9": 99.9, "max": 100}.items():
        exact = 1e3 * np.percentile(seconds, percentile, method="inverted_cdf")
        # two digits per bucket: 1 %, and the upper edge is given
        assert found[key] == pytest.approx(exact, rel=0.012), key


def test_percentiles_agree_with_the_histograms_own() -> None:
    ours, plain = DurationHistogram(), HdrHistogram(1, 60_000_000, 2)
    for us in (1, 5, 5, 80, 1234, 99_999):
        ours.record(1e-6 * us)
        plain.record_value(us)
    for percentile in (1, 25, 50, 75, 99, 100):
        assert ours.percentiles_us([percentile]) == [plain.get_value_at_percentile(percentile)]


def test_an_empty_histogram_is_all_zero() -> None:
    assert set(DurationHistogram().summary_us().values()) == {0.0}


def test_durations_outside_the_range_are_kept_at_its_ends() -> None:
    histogram = DurationHistogram()
    histogram.record(-1.0)
    histogram.record(1e6)
    assert histogram.count == 2
    assert histogram.percentiles_us([0.0])[0] == 1.0
    # a minute; two digits per bucket: 1 %
    assert histogram.percentiles_us([100.0])[0] == pytest.approx(60e6, rel=0.01)


def test_a_stage_is_summed_up_by_what_half_and_a_hundredth_of_its_frames_exceed() -> None:
    histogram = DurationHistogram()
    for seconds, frames in ((1e-3, 980), (2e-3, 15), (9e-3, 5)):
        for _ in range(frames):
            histogram.record(seconds)
    # two digits per bucket: 1 %
    assert histogram.summary_us() == pytest.approx({"p50": 1e3, "p99": 2e3, "max": 9e3}, rel=0.01)


def test_stages_are_timed_from_mark_to_mark() -> None:
    times = iter([0.0, 10.0, 10.001, 10.004])
    timer = StageTimer(lambda: next(times))
    timer.start()
    timer.mark("ik")
    timer.mark("so")
    timer.finish()
    found = timer.summary_us()
    assert found["ik"]["p50"] == pytest.approx(1000, rel=0.01)
    assert found["so"]["max"] == pytest.approx(3000, rel=0.01)
    assert found["total"]["p99"] == pytest.approx(4000, rel=0.01)


def test_a_stage_that_a_frame_lacks_is_not_filed_again() -> None:
    now = 0.0
    timer = StageTimer(lambda: now)
    for stages in ({"align": 1e-3, "ik": 1e-3}, {"align": 5e-3, "ik": 1e-3}, *[{"ik": 1e-3}] * 8):
        timer.start()
        for stage, seconds in stages.items():
            now += seconds
            timer.mark(stage)
        timer.finish()
    assert timer.summary_us()["align"]["p50"] == pytest.approx(1000, rel=0.01)


def test_flags_are_counted_by_name_and_good_frames_as_ok() -> None:
    counter = StatusCounter()
    for status in (0, int(Status.GAP), int(Status.GAP | Status.WARMING_UP)):
        counter.add(status)
    assert counter.counts() == {"OK": 1, "GAP": 2, "WARMING_UP": 1}


def timed(*durations_s: float) -> StageTimer:
    """Of frames that took so long."""
    clock = HandClock()
    stages = StageTimer(clock.now)
    for seconds in durations_s:
        stages.start()
        clock.t += seconds
        stages.mark("ik")
        stages.finish()
    return stages


@pytest.mark.parametrize(("kept", "lines"), [(10, 1), (40, 1), (50, 0), (100, 0)])
def test_a_budget_that_is_too_small_is_told_of_once(
    kept: int, lines: int, caplog: pytest.LogCaptureFixture
) -> None:
    doubt, stages = BudgetDoubt(2.0), timed(0.0026, 0.0026, 0.0070)
    with caplog.at_level(logging.WARNING):
        for second in range(1, 4 * MISSED_SECONDS):
            doubt.step(100 * second, kept * second, stages)
    assert caplog.text.count("longer than `budget_ms`, 2: the median one 2.6 ms") == lines


def test_a_budget_is_told_of_after_as_many_seconds_as_are_no_moment(
    caplog: pytest.LogCaptureFixture,
) -> None:
    doubt, stages = BudgetDoubt(2.0), timed(0.0026)
    for second in range(1, MISSED_SECONDS + 1):
        assert not caplog.records
        doubt.step(100 * second, 0, stages)
    assert len(caplog.records) == 1


def test_frames_that_all_fail_tell_nothing_of_the_budget(caplog: pytest.LogCaptureFixture) -> None:
    stages, doubt = StageTimer(HandClock().now), BudgetDoubt(2.0)
    for second in range(1, 4 * MISSED_SECONDS):
        doubt.step(100 * second, 0, stages)
    assert not caplog.records


def test_a_moment_of_load_is_no_small_budget(caplog: pytest.LogCaptureFixture) -> None:
    doubt, kept = BudgetDoubt(2.0), 0
    for second in range(1, 10 * MISSED_SECONDS):
        kept += 100 * (second % MISSED_SECONDS == 0)
        doubt.step(100 * second, kept, timed(0.0026))
    assert not caplog.records
