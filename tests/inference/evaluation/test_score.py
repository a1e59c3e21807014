from __future__ import annotations

import json
import math

import numpy as np
import pytest

from inference.channels import MEASURED
from inference.data.dataset import LimbSequence
from inference.data.strides import cut_strides
from inference.evaluation.bootstrap import FEWEST_STRIDES, Bootstrap, interval
from inference.evaluation.estimates import Estimates
from inference.evaluation.score import difference, score
from inference.evaluation.summary import Summary, summarise, summary_table
from tests.inference.evaluation.people import CHANNELS, people, walker

RATE = 100.0
FEW = Bootstrap(draws=200, seed=3)


def noisy(sequences: list[LimbSequence], size: float, seed: int = 0) -> Estimates:
    rng = np.random.default_rng(seed)
    return Estimates(
        [(s.y + size * rng.standard_normal(s.y.shape)).astype(np.float32) for s in sequences]
    )


def find(summaries: list[Summary], channel: str, motion: str = "walk") -> Summary:
    return next(s for s in summaries if (s.motion, s.channel) == (motion, channel))


def test_perfect_estimate_scores_perfectly() -> None:
    sequences = people()
    scores = score(sequences, Estimates([s.y for s in sequences]), RATE, FEW)
    for summary in summarise(scores, FEW):
        assert summary.people == 3
        assert summary.statistics["r"] == pytest.approx((1.0, 1.0, 1.0))
        assert summary.statistics["rmse"] == pytest.approx((0.0, 0.0, 0.0), abs=1e-6)
        assert summary.lag_s == 0.0


def test_best_gain_is_part_of_a_method_that_says_so() -> None:
    sequences = people()
    halved = [0.5 * s.y for s in sequences]
    with_gain = score(sequences, Estimates(halved, free_gain=True), RATE, FEW)
    without = score(sequences, Estimates(halved), RATE, FEW)
    assert find(summarise(with_gain, FEW), "SOL").statistics["rmse"].value < 1e-6
    assert find(summarise(without, FEW), "SOL").statistics["rmse"].value > 0.2


def test_summary_averages_channels_within_a_person_then_people() -> None:
    sequences = [*people(2), walker("made/p2", channels=("SOL",))]
    scores = score(sequences, noisy(sequences, 0.4), RATE, FEW)
    by_person = [np.nanmean(s.values[0, 0]) for s in scores]
    overall = find(summarise(scores, FEW), "all")
    assert overall.people == 3
    assert overall.statistics["r"].value == pytest.approx(np.mean(by_person))
    assert find(summarise(scores, FEW), "TA").people == 2


def test_seconds_of_several_channels_are_those_of_the_longest() -> None:
    sequences = people(2)
    for s in sequences:
        begin, _ = cut_strides(s)[1]
        s.measured[:begin, MEASURED.index("TA")] = False
    summaries = summarise(score(sequences, noisy(sequences, 0.1), RATE, FEW), FEW)
    seconds = {name: find(summaries, name).seconds for name in ("TA", "SOL", "common", "all")}
    assert seconds == {"TA": 6.0, "SOL": 8.0, "common": 8.0, "all": 8.0}


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    trials, held = 200, 0
    for k in range(trials):
        values = np.repeat(rng.normal(0.6, 0.1, (16, 1)), 401, axis=1)
        drawn = Bootstrap(draws=400, seed=k).people(values)
        low, high = np.quantile(drawn[1:], [0.025, 0.975])
        assert drawn[0] == pytest.approx(values[:, 0].mean())
        held += low <= 0.6 <= high
    # 95 % for many people; with 16 the percentile interval is known to be somewhat narrow, and
    # 200 trials leave 2 % of standard error
    assert 0.86 <= held / trials <= 0.99


def test_an_interval_leaves_out_a_fortieth_on_either_side() -> None:
    assert interval(np.concatenate([[7.0], np.arange(1001.0)])) == (7.0, 25.0, 975.0)
    drawn = np.concatenate([[7.0], np.arange(1001.0), np.full(50, np.nan)])
    assert interval(drawn) == (7.0, 25.0, 975.0)
    assert np.isnan(interval(np.array([np.nan, 1.0, 2.0, 3.0]))).all()  # of no value, none


def test_strides_are_drawn_for_each_person_apart() -> None:
    one, again, other = (FEW.strides(person, 10) for person in ("made/a", "made/a", "made/b"))
    np.testing.assert_array_equal(one, again)
    assert (one[1:] != other[1:]).any()
    assert (one[0] == 1.0).all()
    assert (one.sum(axis=1) == 10.0).all()


def test_interval_of_one_person_is_over_strides() -> None:
    one = [walker("made/one", strides=20, noise=0.3)]
    plain = find(summarise(score(one, noisy(one, 0.3), RATE, FEW), FEW), "SOL").statistics["r"]
    assert plain.low < plain.value < plain.high
    short = [walker("made/one", strides=FEWEST_STRIDES - 1, noise=0.3)]
    whole = find(summarise(score(short, noisy(short, 0.3), RATE, FEW), FEW), "SOL").statistics["r"]
    assert whole.low == whole.value == whole.high  # too few to draw from


def test_draws_repeat_with_their_seed() -> None:
    sequences = people(noise=0.3, strides=8)
    first, again, other = (
        find(summarise(score(sequences, noisy(sequences, 0.4), RATE, b), b), "all").statistics
        for b in (FEW, FEW, Bootstrap(200, seed=4))
    )
    assert first == again
    assert first["r"].low != other["r"].low


def test_differences_are_paired() -> None:
    sequences = people(noise=0.3, strides=8)
    ours, worse = noisy(sequences, 0.2, seed=1), noisy(sequences, 0.6, seed=2)
    same = find(summarise(difference(sequences, ours, ours, RATE, FEW), FEW), "all")
    assert same.statistics["r"] == (0.0, 0.0, 0.0)
    gained = find(summarise(difference(sequences, ours, worse, RATE, FEW), FEW), "all")
    assert gained.statistics["r"].low > 0.0
    assert gained.statistics["rmse"].high < 0.0
    early = Estimates([np.roll(s.y, -5, axis=0) for s in sequences])
    later = find(summarise(difference(sequences, ours, early, RATE, FEW), FEW), "all")
    assert later.lag_s == pytest.approx(-0.05)  # the best lag of early estimates is positive


def test_differences_count_only_frames_where_both_estimate() -> None:
    sequences = people(2)
    ours, other = noisy(sequences, 0.2), noisy(sequences, 0.2, seed=7)
    other.y[0][:250] = np.nan
    ours.y[0][:250] = 50.0
    other.y[1][:] = np.nan  # nothing at all for this person
    found = difference(sequences, ours, other, RATE, FEW)
    assert [s.person for s in found] == ["made/p0"]
    assert abs(find(summarise(found, FEW), "all").statistics["rmse"].value) < 0.1
    turned = difference(sequences, other, ours, RATE, FEW)
    np.testing.assert_array_equal([s.values for s in turned], [-s.values for s in found])


def test_motions_are_kept_apart() -> None:
    sequences = [walker("made/p0"), walker("made/p0", "run", motion="run")]
    scores = score(sequences, noisy(sequences, 0.1), RATE, FEW)
    assert [(s.person, s.motion) for s in scores] == [("made/p0", "run"), ("made/p0", "walk")]
    assert {s.motion for s in summarise(scores, FEW)} == {"run", "walk"}


def test_rows_are_plain_and_never_hold_nan() -> None:
    sequences = people()
    for s in sequences:
        s.y[:, MEASURED.index("TA")] = 0.2  # constant: no correlation
    rows = summary_table(summarise(score(sequences, noisy(sequences, 0.1), RATE, FEW), FEW))
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows
    by_channel = {row["channel"]: row for row in rows}
    assert set(by_channel) == {*CHANNELS, "common", "all"}
    assert by_channel["TA"]["r"] == [None, None, None]
    assert by_channel["TA"]["rmse"][0] == pytest.approx(0.1, abs=0.02)
    assert not math.isnan(by_channel["all"]["r"][0])


def test_people_without_a_complete_stride_are_not_scored() -> None:
    walking, standing = people(2)
    standing.foot_force[:] = 0.5
    found = score([walking, standing], noisy([walking, standing], 0.1), RATE, FEW)
    assert [s.person for s in found] == ["made/p0"]
