from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inference.channels import MEASURED
from inference.data.dataset import LimbSequence
from inference.data.strides import cut_strides
from inference.evaluation.sums import best_lag, correlation, lags, person_sums, rmse
from tests.inference.evaluation.people import CHANNELS, walker

RATE = 100.0


def tight(sequence: LimbSequence) -> LimbSequence:
    """Begun shortly before its first contact and ended shortly after its last."""
    strides = cut_strides(sequence)
    kept = slice(strides[0].start - 4, strides[-1].stop + 4)
    names = ("t", "x", "y", "measured", "forces_measured", "foot_force")
    return replace(sequence, **{name: getattr(sequence, name)[kept] for name in names})


def direct_pairs(
    sequence: object, estimate: np.ndarray, channel: int, lag: int
) -> tuple[np.ndarray, np.ndarray]:
    """The slow twin: frame by frame through every stride."""
    e, y = [], []
    for start, stop in cut_strides(sequence):  # type: ignore[arg-type]
        for frame in range(start, stop):
            source = frame - lag
            if not (sequence.measured[frame, channel] and 0 <= source < len(estimate)):  # type: ignore[attr-defined]
                continue
            if np.isfinite(estimate[source, channel]):
                e.append(estimate[source, channel])
                y.append(sequence.y[frame, channel])  # type: ignore[attr-defined]
    return np.array(e, dtype=float), np.array(y, dtype=float)


@pytest.mark.parametrize("lag", [-12, 0, 7])
def test_sums_give_what_the_frames_give_directly(lag: int) -> None:
    rng = np.random.default_rng(1)
    sequence = tight(walker("made/one", noise=0.2))
    sequence.measured[130:170] = False
    estimate = (sequence.y + 0.3 * rng.standard_normal(sequence.y.shape)).astype(np.float32)
    estimate[210:240] = np.nan
    (sums,) = person_sums([sequence], [estimate], RATE)
    at = list(lags(RATE)).index(lag)
    total = sums.values[:, at].sum(0)
    for name in CHANNELS:
        channel = MEASURED.index(name)
        e, y = direct_pairs(sequence, estimate, channel, lag)
        gain = max(0.0, float(e @ y) / float(e @ e))
        assert total[channel, 0] == len(e)
        assert correlation(total)[channel] == pytest.approx(np.corrcoef(e, y)[0, 1], abs=1e-9)
        assert rmse(total)[channel] == pytest.approx(np.sqrt(np.mean((e - y) ** 2)))
        best = np.sqrt(np.mean((gain * e - y) ** 2))
        assert rmse(total, free_gain=True)[channel] == pytest.approx(best)


@pytest.mark.parametrize("shift", [-9, 0, 6])
def test_best_lag_is_found_with_its_sign(shift: int) -> None:
    sequence = walker("made/one")
    early = np.roll(sequence.y, -shift, axis=0)  # positive: the measurement comes later
    (sums,) = person_sums([sequence], [early], RATE)
    assert lags(RATE)[best_lag(sums.values)] == shift


def test_the_best_gain_turns_nothing_upside_down() -> None:
    sequence = walker("made/one")
    (sums,) = person_sums([sequence], [-sequence.y], RATE)
    (silent,) = person_sums([sequence], [np.zeros_like(sequence.y)], RATE)
    a, b = (rmse(s.values[:, 15].sum(0), free_gain=True) for s in (sums, silent))
    np.testing.assert_array_equal(a, b)


def test_frames_outside_complete_strides_do_not_count() -> None:
    sequence = walker("made/one", strides=3)
    inside = np.zeros(len(sequence.t), dtype=np.bool_)
    for start, stop in cut_strides(sequence):
        inside[start:stop] = True
    wrong = np.where(inside[:, None], sequence.y, 50.0).astype(np.float32)
    (sums,) = person_sums([sequence], [wrong], RATE)
    at_zero = sums.values[:, len(lags(RATE)) // 2].sum(0)
    assert len(sums.values) == 3
    assert rmse(at_zero)[MEASURED.index("SOL")] == 0.0


@pytest.mark.parametrize(("frames", "known"), [(29, False), (30, True)])
def test_few_frames_are_no_correlation(frames: int, known: bool) -> None:
    sequence = walker("made/one")
    sequence.measured[cut_strides(sequence)[0].start + frames :] = False
    (sums,) = person_sums([sequence], [sequence.y + 0.1], RATE)
    total = sums.values[:, 15].sum(0)[MEASURED.index("SOL")]
    assert np.isfinite(correlation(total)) == known
    assert rmse(total) == pytest.approx(0.1)


def test_degenerate_sums_are_no_correlation_and_no_warning() -> None:
    sequence = walker("made/one")
    constant = np.ones_like(sequence.y)
    (sums,) = person_sums([sequence], [constant], RATE)
    total = sums.values[:, 15].sum(0)
    assert correlation(total)[MEASURED.index("SOL")] == 0.0
    assert np.isnan(correlation(total)[MEASURED.index("GMED")])  # not measured
    assert np.isnan(rmse(total)[MEASURED.index("GMED")])
    sequence.y[:] = 0.3
    (flat,) = person_sums([sequence], [constant], RATE)
    assert np.isnan(correlation(flat.values[:, 15].sum(0))).all()
    assert best_lag(flat.values) == 15  # nothing to choose by: zero
