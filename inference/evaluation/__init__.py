"""Evaluation: methods side by side on people they have not seen, stride by stride.

Frames that count are those of complete strides with measured EMG, for every method the same ones.
`compare` trains and needs torch; the rest does not.
"""

from inference.evaluation.coverage import coverage_by_others, relative_errors, spread_gain
from inference.evaluation.estimates import Estimates, Family, Method, as_family, predict
from inference.evaluation.score import (
    Bootstrap,
    PersonScore,
    Summary,
    difference,
    score,
    score_tables,
    summarise,
    summary_table,
)
from inference.evaluation.stream import Stream, Streamed, estimate_stream

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
    "predict",
    "relative_errors",
    "score",
    "score_tables",
    "spread_gain",
    "summarise",
    "summary_table",
]
