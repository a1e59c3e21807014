"""Errors of every filter, by trial, data set and gait."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.filters.lateness import lateness_s
from benchmarks.filters.trials import ScoredTrial, Solution
from benchmarks.trials import PlateTrial, each_trial
from sim_bridge.filters import make_filter
from streamer.console.terminal import say
from streamer.exceptions import ConfigError

FILTERS = (
    *(f"wiener:{ms}:8" for ms in (0, 5, 10, 15, 20, 25, 30, 40, 50)),
    *(f"wiener:{ms}:6" for ms in (10, 20, 30, 40, 50)),
    *(f"wiener:{ms}:12" for ms in (10, 15, 20, 25)),
    *(f"wiener:{ms}:15" for ms in (10, 20, 30)),
    *(f"kalman:{lag}:8" for lag in range(6)),
    *(f"kalman:{lag}:12" for lag in range(6)),
    *(f"butterworth:{hz}" for hz in (6, 8, 10, 12, 15, 20)),
    *(f"savgol:9:3:{lag}" for lag in range(5)),
    *(f"savgol:13:3:{lag}" for lag in range(6)),
)
"""By default all of these."""
WALKING, RUNNING = "walking", "running"
_ByGroup = dict[str, list[dict[str, float]]]
DELAY_RATE_HZ = 100.0
"""Rate at which a filter's delay is stated [Hz]; that of most trials."""
SLOW_HZ = 90.0
"""Below this rate a filter that counts frames is much later than stated: not in the averages."""


@dataclass(frozen=True)
class Curve:
    """RMSE by filter, group and field.

    Attributes
    ----------
    delays_ms : dict of str to float
        Declared delay of each filter at 100 Hz [ms].
    lateness_ms : dict of str to float
        How much later its accelerations come, see :func:`benchmarks.filters.lateness.lateness_s`.
    errors : dict of str to dict of str to dict of str to float
        Filter, then data set (``ceinms running`` is one of its own), ``walking`` or ``running``,
        then field.
    trials : dict of str to int
        Trials in each group.
    """

    delays_ms: dict[str, float]
    lateness_ms: dict[str, float]
    errors: dict[str, dict[str, dict[str, float]]]
    trials: dict[str, int]

    def row(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "delays_ms": self.delays_ms,
            "lateness_ms": self.lateness_ms,
            "rmse": self.errors,
            "trials": self.trials,
        }


def measure_curve(directories: Sequence[Path], filters: Sequence[str], seconds: float) -> Curve:
    """Run every filter over every trial.

    Parameters
    ----------
    directories : sequence of Path
        Trials; none for all with plates.
    filters : sequence of str
        Names, as :func:`sim_bridge.filters.make_filter` takes them.
    seconds : float
        Longest part of a trial that is used [s].

    Raises
    ------
    ConfigError
        If ``seconds`` makes no sense, or no trial can be scored.
    """
    delays = {name: 1e3 * make_filter(name, 1, DELAY_RATE_HZ).delay_s for name in filters}

    def score(trial: PlateTrial) -> tuple[str, dict[str, dict[str, float]]] | None:
        solved = ScoredTrial.solved(trial)
        errors = {name: e for name in filters if (e := solved.errors(name)) is not None}
        return (_group(solved), errors) if errors else None

    by_trial: dict[str, _ByGroup] = {name: {} for name in filters}
    for group, scored in each_trial(directories, seconds, score):
        for name, errors in scored.items():
            by_trial[name].setdefault(group, []).append(errors)
    everywhere = _scored_everywhere(by_trial)
    return Curve(
        {name: delays[name] for name in everywhere},
        {name: 1e3 * lateness_s(name, DELAY_RATE_HZ) for name in everywhere},
        {name: _with_gaits(groups) for name, groups in everywhere.items()},
        {group: len(trials) for group, trials in next(iter(everywhere.values())).items()},
    )


def _scored_everywhere(by_trial: dict[str, _ByGroup]) -> dict[str, _ByGroup]:
    """Leave out filters that settle only after all trials of a group have ended, and say so."""
    groups = {group for found in by_trial.values() for group in found}
    kept = {}
    for name, found in by_trial.items():
        if missing := sorted(groups - found.keys()):
            say(f"{name} is left out: it has not settled before {', '.join(missing)} ends")
        else:
            kept[name] = found
    if not kept:
        raise ConfigError(
            "no filter settles within all trials; give longer ones, or quicker filters"
        )
    return kept


def _group(trial: ScoredTrial) -> str:
    rate = trial.subject.rate_hz
    return trial.group if rate >= SLOW_HZ else f"{trial.group} at {rate:g} Hz"


def _with_gaits(groups: dict[str, list[dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Root mean squares: over the trials of a data set, over the data sets of a gait."""
    sets = {group: rms(trials) for group, trials in groups.items()}
    for gait in (WALKING, RUNNING):
        members = [
            e
            for group, e in sets.items()
            if not group.endswith("Hz") and group.endswith(RUNNING) == (gait == RUNNING)
        ]
        if members:
            sets[gait] = rms(members)
    return sets


def rms(errors: Sequence[dict[str, float]]) -> dict[str, float]:
    """Root mean square of several errors, each counting once."""
    return {f: float(np.sqrt(np.mean([e[f] ** 2 for e in errors]))) for f in Solution.FIELDS}
