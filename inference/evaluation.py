"""How well a network estimates measured EMG, beside plain static optimization.

The baseline is strong: every person's simulated activations get the gain with the least squared
error for that very person and channel, which no live system knows. The network gets no gain. Both
are scored as they are (zero lag, data-set lag removed) and once more with one lag per person, each
with its own best one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.architecture import Architecture
from inference.backends import StepBackend
from inference.channels import MEASURED, N_INPUT, SIDES, SLICE_ACTIVATION
from inference.dataset import LimbSequence, measured_matrix
from inference.metrics import Series, best_common_lag, correlation, fit_gain, rmse
from inference.stepper import Stepper

__all__ = [
    "Estimate",
    "Score",
    "Summary",
    "estimate_stream",
    "evaluate",
    "summarise",
    "summary_table",
]

F32 = npt.NDArray[np.float32]
Estimate = Callable[[LimbSequence], F32]


@dataclass(frozen=True)
class Score:
    """One channel of one person in one motion.

    Errors are fractions of the person's reference maximum; lags are in seconds, positive where the
    measurement comes later than the estimate.

    Attributes
    ----------
    person, motion, channel : str
    seconds : float
        Of measurement that the score rests on.
    rmse, r : float
        Network, zero lag.
    r_lag, rmse_lag, lag_s : float
        Network at the person's one best lag.
    channel_lag_s : float
        Best lag of this channel alone.
    baseline_rmse, baseline_r, baseline_r_lag, baseline_rmse_lag, baseline_lag_s : float
        The same of static optimization with its best gain.
    """

    person: str
    motion: str
    channel: str
    seconds: float
    rmse: float
    r: float
    rmse_lag: float
    r_lag: float
    lag_s: float
    channel_lag_s: float
    baseline_rmse: float
    baseline_r: float
    baseline_rmse_lag: float
    baseline_r_lag: float
    baseline_lag_s: float


def estimate_stream(backend: StepBackend, architecture: Architecture) -> Estimate:
    """Return a function that streams a sequence through a step backend, as live."""
    stepper = Stepper(backend, architecture)

    def estimate(sequence: LimbSequence) -> F32:
        x = np.zeros((len(SIDES), 2 * N_INPUT), dtype=np.float32)
        limb = SIDES.index(sequence.side)
        stepper.reset()
        rows = []
        for frame in sequence.x:
            x[limb] = frame
            rows.append(stepper.step(x)[limb].copy())
        return np.stack(rows)

    return estimate


def evaluate(
    sequences: Sequence[LimbSequence],
    estimate: Estimate,
    rate_hz: float,
    channels: Collection[str] = MEASURED,
) -> list[Score]:
    """Score every person, motion and measured channel where forces are valid.

    Parameters
    ----------
    sequences : sequence of LimbSequence
        Of people that the network has not been trained on, if it is to mean anything.
    estimate : callable
        A sequence to its estimate (n, N_CHANNEL).
    rate_hz : float
        Of the sequences.
    channels : collection of str
        Those that the network can know; others are not scored.
    """
    matrix = measured_matrix()
    outputs = [estimate(s) @ matrix.T for s in sequences]
    simulated = [s.x[:, SLICE_ACTIVATION] @ matrix.T for s in sequences]
    groups = sorted({(s.person, s.motion) for s in sequences})
    scores: list[Score] = []
    for group in groups:
        own = [i for i, s in enumerate(sequences) if (s.person, s.motion) == group]
        trials = [sequences[i] for i in own]
        network = _channels(trials, [outputs[i] for i in own], channels)
        baseline = _channels(trials, [simulated[i] for i in own], channels)
        scores += _score_person(group, network, baseline, rate_hz)
    return scores


def _channels(
    sequences: Sequence[LimbSequence], outputs: Sequence[F32], known: Collection[str]
) -> dict[str, list[Series]]:
    """Estimate against measurement by channel, one series per trial and limb."""
    channels: dict[str, list[Series]] = {}
    for sequence, output in zip(sequences, outputs, strict=True):
        for c, name in enumerate(MEASURED):
            mask = sequence.measured[:, c] & sequence.forces_valid
            if name in known and mask.any():
                series = Series(output[:, c].astype(float), sequence.y[:, c].astype(float), mask)
                channels.setdefault(name, []).append(series)
    return channels


def _score_person(
    group: tuple[str, str],
    network: dict[str, list[Series]],
    baseline: dict[str, list[Series]],
    rate_hz: float,
) -> list[Score]:
    lag = best_common_lag(list(network.values()), rate_hz)
    baseline_lag = best_common_lag(list(baseline.values()), rate_hz)
    scores = []
    for channel, trials in network.items():
        plain = baseline[channel]
        scores.append(
            Score(
                *group,
                channel,
                seconds=sum(int(t.mask.sum()) for t in trials) / rate_hz,
                rmse=rmse(trials),
                r=correlation(trials),
                rmse_lag=rmse(trials, lag),
                r_lag=correlation(trials, lag),
                lag_s=lag / rate_hz,
                channel_lag_s=best_common_lag([trials], rate_hz) / rate_hz,
                baseline_rmse=rmse(plain, 0, fit_gain(plain)),
                baseline_r=correlation(plain),
                baseline_rmse_lag=rmse(plain, baseline_lag, fit_gain(plain, baseline_lag)),
                baseline_r_lag=correlation(plain, baseline_lag),
                baseline_lag_s=baseline_lag / rate_hz,
            )
        )
    return scores


@dataclass(frozen=True)
class Summary:
    """Means over people of the scores of one channel (or of all) in one motion.

    Attributes
    ----------
    motion, channel : str
        ``all`` is the mean over channels of each person, then over people.
    people : int
    seconds : float
        Of measurement, all people together; of the longest channel where it is about all.
    values : dict of str to float
        By field name of `Score`.
    """

    motion: str
    channel: str
    people: int
    seconds: float
    values: dict[str, float]


_AVERAGED = (
    "rmse", "baseline_rmse", "r", "baseline_r", "rmse_lag", "baseline_rmse_lag", "r_lag",
    "baseline_r_lag", "lag_s", "channel_lag_s", "baseline_lag_s",
)  # fmt: skip


def summarise(scores: Sequence[Score]) -> list[Summary]:
    """Average over people: for each motion every channel, then all channels together."""
    summaries = []
    for motion in sorted({s.motion for s in scores}):
        own = [s for s in scores if s.motion == motion]
        present = [c for c in MEASURED if any(s.channel == c for s in own)]
        for channel in present:
            summaries.append(_mean(motion, channel, [s for s in own if s.channel == channel]))
        summaries.append(_mean(motion, "all", own))
    return summaries


def _mean(motion: str, channel: str, scores: Sequence[Score]) -> Summary:
    people = sorted({s.person for s in scores})
    values = {}
    for field in _AVERAGED:
        means = [_nanmean([getattr(s, field) for s in scores if s.person == p]) for p in people]
        values[field] = _nanmean(means)
    seconds = sum(max(s.seconds for s in scores if s.person == p) for p in people)
    return Summary(motion, channel, len(people), seconds, values)


def _nanmean(values: Sequence[float]) -> float:
    finite = [v for v in values if np.isfinite(v)]
    return float(np.mean(finite)) if finite else float("nan")


def summary_table(summaries: Sequence[Summary]) -> list[dict[str, Any]]:
    """Return plain rows for a card or a report, numbers rounded to three digits, NaN as None."""
    rows = []
    for summary in summaries:
        row = asdict(summary)
        numbers = row.pop("values") | {"seconds": row["seconds"]}
        row |= {k: round(v, 3) if np.isfinite(v) else None for k, v in numbers.items()}
        rows.append(row)
    return rows
