"""Errors of the network package; each message says what is wrong, which value, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

__all__ = [
    "ArchitectureError",
    "BackendDiffers",
    "BackendUnavailable",
    "CalibrationError",
    "CheckpointError",
    "CheckpointMismatch",
    "CoordinateError",
    "EmgError",
    "FeatureError",
    "InferenceError",
    "MuscleMapError",
    "SubjectError",
    "TrainingDiverged",
    "nearest_names",
]


class InferenceError(Exception):
    """Root of every error that this package raises on purpose."""


class MuscleMapError(InferenceError):
    """A muscle map names something that the model or the network does not have.

    Attributes
    ----------
    unknown : tuple of str
        The offending names, in the order in which they were given.
    """

    def __init__(self, message: str, unknown: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.unknown = tuple(unknown)


class CoordinateError(InferenceError):
    """A leg's coordinates do not have the names that the network's inputs are found by."""


class ArchitectureError(InferenceError, ValueError):
    """Dimensions that no network can have; a ValueError, too, so that a file's reader places it."""


class CheckpointError(InferenceError):
    """A checkpoint is missing, incomplete or damaged."""


class CheckpointMismatch(CheckpointError):
    """A sound checkpoint that was made for other channels or inputs than this program has."""


class BackendUnavailable(InferenceError):
    """The chosen step backend or accelerator cannot run on this machine."""


class BackendDiffers(BackendUnavailable):
    """A step backend computes something else than the torch reference.

    Attributes
    ----------
    difference, tolerance : float
        Largest difference found and allowed, fractions of the reference maximum.
    """

    def __init__(self, message: str, difference: float, tolerance: float) -> None:
        super().__init__(message)
        self.difference, self.tolerance = difference, tolerance

    def __reduce__(self) -> tuple[type[BackendDiffers], tuple[str, float, float]]:
        return BackendDiffers, (str(self), self.difference, self.tolerance)


class EmgError(InferenceError):
    """A measured EMG recording cannot serve as a target."""


class CalibrationError(InferenceError):
    """EMG and motion from which no one can be calibrated."""


class SubjectError(InferenceError):
    """A subject file is missing, damaged, of another kind or for another checkpoint."""


class FeatureError(InferenceError):
    """Feature records are inconsistent or too few."""


class TrainingDiverged(InferenceError):
    """The loss became NaN or infinite; training stopped and nothing was written.

    Attributes
    ----------
    epoch, batch : int
        Where it happened, counted from 0.
    records : tuple of str
        The feature records in the offending batch.
    """

    def __init__(self, message: str, epoch: int, batch: int, records: Sequence[str]) -> None:
        super().__init__(message)
        self.epoch, self.batch, self.records = epoch, batch, tuple(records)

    def __reduce__(self) -> tuple[type[TrainingDiverged], tuple[str, int, int, tuple[str, ...]]]:
        return TrainingDiverged, (str(self), self.epoch, self.batch, self.records)


def nearest_names(name: str, known: Sequence[str]) -> tuple[str, ...]:
    """Return up to three known names that resemble `name`, best first, ignoring case."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    close = get_close_matches(name.lower(), list(by_lower), n=3, cutoff=0.5)
    return tuple(by_lower[lower] for lower in close)
