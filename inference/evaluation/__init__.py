"""Evaluation: methods side by side on people they have not seen, stride by stride.

Frames that count are those of complete strides with measured EMG, for every method the same ones.
`compare` trains and needs torch; the rest does not.
"""

from inference.evaluation.bootstrap import Bootstrap
from inference.evaluation.coverage import coverage_by_others, relative_errors, spread_gain
from inference.evaluation.estimates import (
    Estimates,
    Family,
    Method,
    as_family,
    hide_unknown,
    known_channels,
    predict,
)
from inference.evaluation.score import PersonScore, difference, score
from inference.evaluation.stream import Stream, Streamed, estimate_stream
from inference.evaluation.summary import Summary, score_tables, summarise, summary_table

__all__ = [
    "Bootstrap",
    "Estimates",
    "Family",
    "Method",
    "PersonScore",
    "Stream",
    "Streamed",
    "Summary",
    "as_family",
    "coverage_by_others",
    "difference",
    "estimate_stream",
    "hide_unknown",
    "known_channels",
    "predict",
    "relative_errors",
    "score",
    "score_tables",
    "spread_gain",
    "summarise",
    "summary_table",
]
