"""The page: a table of methods and one of muscles for every study and motion, and coverage."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import numpy as np

from inference.channels import CHANNELS, MEASURED
from inference.data.dataset import data_sets, measured_matrix
from inference.data.strides import cut_strides
from inference.evaluation.bootstrap import Bootstrap, Interval
from inference.evaluation.compare import Comparison, Study
from inference.evaluation.coverage import (
    Coverage,
    RelativeErrors,
    coverage,
    gains_of_others,
    half_widths,
    relative_errors,
)
from inference.evaluation.estimates import Estimates
from inference.evaluation.methods import TITLES
from inference.evaluation.score import STATISTICS, PersonScore, difference, score, where_both
from inference.evaluation.summary import Summary, summarise
from inference.means import finite_mean
from streamer.reports.tables import markdown

__all__ = ["OTHERWISE", "differences", "find_summary", "page", "study_tables"]

Less = dict[str, list[PersonScore]]
"""The default network's scores less another method's, by its name."""
MOTIONS: Final = {"walk": "walking", "run": "running"}
OURS: Final = "network"
CALIBRATED: Final = "calibrated"
OF_THE_PERSON: Final = (CALIBRATED, "own-strides")
"""These know how late the person's EMG is."""
OURS_WITH_GAIN: Final = "network-gain"
OTHERWISE: Final = {
    OURS_WITH_GAIN: "default network, person's best gain",
    "network-beside": "default network, where the calibrated one is judged",
}
"""The same estimates, scored as the simulation's are, and on the calibrated ones' frames alone."""
ROWS: Final = {
    key: title
    for name, own in TITLES.items()
    for key, title in ((name, own), *(OTHERWISE.items() if name == OURS else ()))
}
"""Titles of methods, in the order of tables."""
SIMULATIONS: Final = ("simulation", "simulation-own", "simulation-excitation")
"""What the default network is compared with, muscle by muscle."""
HEADS: Final = (
    "method", "people", "r, all", "r, common", "RMSE, all", "r at best lag", "RMSE at best lag",
    "lag ms",
)  # fmt: skip
DIFFERENCE_HEADS: Final = (
    "default network less", "people", "r, all", "r, common", "RMSE, all", "better in r for",
    "better in RMSE for",
)  # fmt: skip
BY_MUSCLE: Final = {
    "simulation": "simulation",
    "motion-ridge": "motion, ridge",
    "motion-network": "motion, network",
    "population": "mean curve",
    "bahdanau": "Bahdanau",
    "stdr": "STDR-Net",
    "alone": "network alone",
    "network": "default",
    "network-gain": "default, best gain",
    "calibrated": "calibrated",
    "own-strides": "own strides",
}


def page(comparison: Comparison, bootstrap: Bootstrap) -> str:
    """Return everything that stands between the marks."""
    settings, lags = comparison.settings, comparison.lags
    left_out_less = differences(comparison.left_out, settings.rate_hz, bootstrap)
    removed = ", ".join(f"{name} {1e3 * lag:+.0f} ms" for name, lag in sorted(lags.items()))
    parts = [
        f"EMG lag removed per data set, in training and in the first study: {removed}.",
        f"## People left out, {settings.folds} groups",
        _who(comparison.left_out),
        *study_tables(comparison.left_out, left_out_less, settings.rate_hz, bootstrap),
        *_with_lag_table(comparison.with_lag, settings.rate_hz, bootstrap),
    ]
    if comparison.unseen is not None:
        unseen_less = differences(comparison.unseen, settings.rate_hz, bootstrap)
        parts += [
            "## Other data sets, no lag removed",
            _who(comparison.unseen),
            *study_tables(comparison.unseen, unseen_less, settings.rate_hz, bootstrap),
            *_together(left_out_less, unseen_less, bootstrap),
        ]
    return "\n\n".join([*parts, "## Intervals", *_coverage_tables(comparison)])


def _who(study: Study) -> str:
    """Count people, trials and strides by data set and motion."""
    groups = sorted({(s.motion, s.dataset) for s in study.sequences}, reverse=True)
    lines = []
    for motion, dataset in groups:
        own = [s for s in study.sequences if (s.motion, s.dataset) == (motion, dataset)]
        strides = sum(
            bool(s.measured[stride.start : stride.stop].any())
            for s in own
            for stride in cut_strides(s)
        )
        counts = (
            _count(len({s.person for s in own}), "person", "people"),
            _count(len({s.record for s in own}), "trial", "trials"),
            _count(strides, "stride", "strides"),
        )
        lines.append(f"- {dataset}, {MOTIONS.get(motion, motion)}: {', '.join(counts)}")
    return "\n".join(lines)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def differences(study: Study, rate_hz: float, bootstrap: Bootstrap) -> Less:
    """Return the default network's scores less every other method's."""
    ours = study.estimates[OURS]
    return {
        name: difference(study.sequences, ours, other, rate_hz, bootstrap)
        for name, other in study.estimates.items()
        if name != OURS
    }


def study_tables(study: Study, less: Less, rate_hz: float, bootstrap: Bootstrap) -> list[str]:
    """Return headings and tables of every motion of a study; `less` are its `differences`."""
    ours = study.estimates[OURS]
    beside = where_both(ours, study.estimates[CALIBRATED])
    otherwise = dict(zip(OTHERWISE, (Estimates(ours.y, free_gain=True), beside), strict=True))
    scores = _scores(study, study.estimates | otherwise, rate_hz, bootstrap)
    summaries = _summaries(scores, bootstrap)
    parts = []
    for motion in sorted({s.motion for s in study.sequences}, reverse=True):
        people = {s.person for s in study.sequences if s.motion == motion}
        alone = " (one person: intervals are over strides alone)" if len(people) == 1 else ""
        parts += [
            f"### {MOTIONS.get(motion, motion).capitalize()}{alone}",
            markdown(HEADS, _method_rows(summaries, motion)),
            *_data_set_table(scores, motion, data_sets(study.sequences), bootstrap),
            "Paired, person by person, over the frames where both give an estimate:",
            _difference_table(less, motion, bootstrap),
            *(better_than(summaries, motion, name) for name in SIMULATIONS if name in summaries),
            *(_muscle_table(summaries, motion, name) for name in ("r", "rmse")),
        ]
    return parts


def _scores(
    study: Study, estimates: Mapping[str, Estimates], rate_hz: float, bootstrap: Bootstrap
) -> dict[str, list[PersonScore]]:
    return {n: score(study.sequences, e, rate_hz, bootstrap) for n, e in estimates.items()}


def _summaries(
    scores: Mapping[str, list[PersonScore]], bootstrap: Bootstrap
) -> dict[str, list[Summary]]:
    return {name: summarise(found, bootstrap) for name, found in scores.items()}


def _method_rows(summaries: dict[str, list[Summary]], motion: str) -> list[list[str]]:
    rows = []
    for name in _in_order(summaries):
        overall, common = (find_summary(summaries[name], motion, c) for c in ("all", "common"))
        if overall is None:
            continue
        of = overall.statistics
        rows.append(
            [
                ROWS[name], str(overall.people), interval_text(of["r"]),
                interval_text(common.statistics["r"]) if common else "-",
                interval_text(of["rmse"], 3),
                number(of["r_lag"].value), number(of["rmse_lag"].value, 3),
                f"{1e3 * overall.lag_s:+.0f}",
            ]
        )  # fmt: skip
    return rows


def _data_set_table(
    scores: dict[str, list[PersonScore]],
    motion: str,
    data_set: Mapping[str, str],
    bootstrap: Bootstrap,
) -> list[str]:
    """Rows are methods, columns data sets; nothing where there is but one. No gain changes r."""
    columns = sorted({data_set[s.person] for s in scores[OURS] if s.motion == motion})
    if len(columns) == 1:
        return []
    rows = []
    for name in _in_order(scores.keys() - {OURS_WITH_GAIN}):
        cells = []
        for column in columns:
            of = (motion, column)
            own = [s for s in scores[name] if (s.motion, data_set[s.person]) == of]
            common = find_summary(summarise(own, bootstrap), motion, "common")
            cells.append(interval_text(common.statistics["r"]) if common else "-")
        rows.append([ROWS[name], *cells])
    return [
        "r over the common muscles, data set by data set:",
        markdown(("method", *columns), rows),
    ]


def _with_lag_table(study: Study, rate_hz: float, bootstrap: Bootstrap) -> list[str]:
    """Rows are methods, columns motions: what they reach if no lag of the EMG is removed."""
    names = [name for name in _in_order(study.estimates) if name not in OF_THE_PERSON]
    shown = {name: study.estimates[name] for name in names}
    summaries = _summaries(_scores(study, shown, rate_hz, bootstrap), bootstrap)
    motions = sorted({s.motion for s in study.sequences}, reverse=True)
    heads = [f"{MOTIONS.get(m, m)}: {what}" for m in motions for what in ("r, common", "RMSE, all")]
    rows = []
    for name in names:
        cells = []
        for motion in motions:
            common, overall = (find_summary(summaries[name], motion, c) for c in ("common", "all"))
            cells.append(interval_text(common.statistics["r"]) if common else "-")
            cells.append(interval_text(overall.statistics["rmse"], 3) if overall else "-")
        rows.append([ROWS[name], *cells])
    return [
        "### With the EMG's lag left in",
        "The same estimates, of methods that learned with the lag removed, beside EMG of which "
        "none is; methods that know the person's EMG are left out.",
        markdown(("method", *heads), rows),
    ]


def _difference_table(less: Less, motion: str, bootstrap: Bootstrap) -> str:
    """Rows are methods; the last columns count the people for whom ours is better."""
    rows = []
    for name in _in_order(less):
        own = [person for person in less[name] if person.motion == motion]
        found = summarise(own, bootstrap)
        overall, common = (find_summary(found, motion, c) for c in ("all", "common"))
        if overall is not None:
            by = [finite_mean(person.values[0], -1) for person in own]
            ahead = (
                f"{sum(sign * person[k] > 0.0 for person in by)} of {len(by)}"
                for k, sign in ((STATISTICS.index("r"), 1.0), (STATISTICS.index("rmse"), -1.0))
            )
            cells = [
                interval_text(overall.statistics["r"], 3, signed=True),
                interval_text(common.statistics["r"], 3, signed=True) if common else "-",
                interval_text(overall.statistics["rmse"], 3, signed=True),
            ]
            rows.append([ROWS[name], str(overall.people), *cells, *ahead])
    return markdown(DIFFERENCE_HEADS, rows)


def _together(left_out: Less, unseen: Less, bootstrap: Bootstrap) -> list[str]:
    """Return differences over the people of both studies: nobody's network had seen them."""
    names = left_out.keys() & unseen.keys() - set(OF_THE_PERSON)
    both = {name: left_out[name] + unseen[name] for name in names}
    motions = [
        {person.motion for people in less.values() for person in people}
        for less in (left_out, unseen)
    ]
    parts = []
    for motion in sorted(motions[0] & motions[1], reverse=True):
        parts += [
            f"## Both together, {MOTIONS.get(motion, motion)}",
            "Everybody who was estimated by networks of other people: people left out, with the "
            "lag removed, and people of other data sets, with theirs. Paired, person by person, "
            "over the frames where both give an estimate:",
            _difference_table(both, motion, bootstrap),
        ]
    return parts


def better_than(summaries: dict[str, list[Summary]], motion: str, simulation: str) -> str:
    """Say in how many muscles the default network beats a simulation, and name the others."""
    plain, ours = summaries[simulation], summaries[OURS]
    r, rmse = (_muscles_won(ours, plain, motion, name) for name in ("r", "rmse"))
    alike = _muscles_won(summaries[OURS_WITH_GAIN], plain, motion, "rmse")
    its_name = ROWS[simulation].removesuffix(", person's best gain")
    return (
        "The default network is better than"
        f" {its_name.replace('static optimization', 'the simulation')} in r in {r} and in RMSE in "
        f"{rmse}; in RMSE, where both have the person's best gain, in {alike}."
    )


def _muscles_won(
    ours: Sequence[Summary], others: Sequence[Summary], motion: str, statistic: str
) -> str:
    """Count the muscles in which a method is better than another one, as text."""
    sign = 1.0 if statistic == "r" else -1.0
    ahead = {
        own.channel: sign * (own.statistics[statistic].value - other.statistics[statistic].value)
        for own in ours
        if own.motion == motion and own.channel in MEASURED
        if (other := find_summary(others, motion, own.channel)) is not None
    }
    lost = [channel for channel, by in ahead.items() if not by > 0.0]
    but = f" (not in {', '.join(lost)})" if lost else ""
    return f"{len(ahead) - len(lost)} of {len(ahead)} muscles{but}"


def _muscle_table(summaries: dict[str, list[Summary]], motion: str, statistic: str) -> str:
    """Rows are muscles, columns methods; a gain does not change r."""
    names = [n for n in BY_MUSCLE if statistic == "rmse" or n != OURS_WITH_GAIN]
    shown = [n for n in names if find_summary(summaries.get(n, []), motion, "all") is not None]
    rows = []
    for channel in (*MEASURED, "common", "all"):
        found = {name: find_summary(summaries[name], motion, channel) for name in shown}
        if found.get(OURS) is None:
            continue
        ours = found[OURS]
        assert ours is not None
        cells = [
            number(s.statistics[statistic].value, 2 if statistic == "r" else 3) if s else "-"
            for s in found.values()
        ]
        rows.append([channel, str(ours.people), *cells])
    title = {"r": "r", "rmse": "RMSE"}[statistic]
    return markdown([title, "people", *(BY_MUSCLE[name] for name in shown)], rows)


def _coverage_tables(comparison: Comparison) -> list[str]:
    """Coverage on people left out, raw and with others' gain, and on unseen people."""
    plain, calibrated = (_errors(comparison.left_out, name) for name in (OURS, CALIBRATED))
    gains = gains_of_others(plain)
    columns = {
        "raw": coverage(plain),
        "left out": coverage(plain, gains),
        "left out, calibrated": coverage(calibrated, gains),
    }
    elsewhere = ""
    if comparison.unseen is not None:
        others, known = (_errors(comparison.unseen, name) for name in (OURS, CALIBRATED))
        # of a composite the mean of its parts'
        own = dict.fromkeys(others | known, measured_matrix() @ comparison.gain)
        elsewhere = f" On other data sets: {_widths(half_widths(others, own))}."
        columns["other data sets"] = coverage(others, own)
        columns["other data sets, calibrated"] = coverage(known, own)
    rows = []
    for channel in (*MEASURED, "all"):
        cells = [_shares(found, channel) for found in columns.values()]
        if any(cell != "-" for cell in cells):
            fitted = channel in CHANNELS
            gain_of = number(comparison.gain[CHANNELS.index(channel)]) if fitted else "-"
            rows.append([channel, gain_of, *cells])
    return [
        "Share of the measurement within the default network's intervals of 50 % and of 90 %, "
        "mean over people, both motions. *gain*: the factor by which sigma is multiplied; *raw*: "
        "without it. People left out have the gain of the other people, other data sets the one "
        "in the column. The calibrated network is calibrated on one trial, as above, and judged "
        "on the others; its sigma is also multiplied by the share of the error that remains in "
        "parts of that trial that were not fitted.",
        "Half widths that would hold 50 and 90 % of people left out (a Gaussian's are ±0.67 and "
        f"±1.64 sigma): {_widths(half_widths(plain, gains))}; calibrated "
        f"{_widths(half_widths(calibrated, gains))}.{elsewhere}",
        markdown(["channel", "gain", *columns], rows),
    ]


def _widths(found: Sequence[float]) -> str:
    """Return half widths of intervals as text."""
    return " and ".join(f"±{width:.2f}" for width in found) + " sigma"


def _errors(study: Study, name: str) -> dict[str, RelativeErrors]:
    return relative_errors(study.sequences, study.estimates[name])


def _shares(found: Sequence[Coverage], channel: str) -> str:
    """Return the shares of one channel as text; a dash where nobody was measured."""
    shares = next((c.shares for c in found if c.channel == channel), None)
    return ", ".join(f"{100 * share:.0f}" for share in shares) + " %" if shares else "-"


def _in_order(names: Collection[str]) -> list[str]:
    """Sort methods as `ROWS` has them."""
    return [name for name in ROWS if name in names]


def find_summary(summaries: Sequence[Summary], motion: str, channel: str) -> Summary | None:
    """Return that of a motion and channel; None if there is none."""
    found = (s for s in summaries if (s.motion, s.channel) == (motion, channel))
    return next(found, None)


def number(value: float, digits: int = 2, signed: bool = False) -> str:
    """Return a number as text; a dash for NaN."""
    if not np.isfinite(value):
        return "-"
    return f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"


def interval_text(found: Interval, digits: int = 2, signed: bool = False) -> str:
    """Return a value with its interval."""
    value, low, high = (number(x, digits, signed) for x in found)
    return value if low == "-" or found.low == found.high else f"{value} ({low} to {high})"
