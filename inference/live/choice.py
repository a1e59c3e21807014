"""Which backend runs the network: each is proven on the checkpoint's reference, then measured.

The reference is a stream that torch computed in float64 when the checkpoint was saved, so a machine
without torch can check what it computes just as well. A backend that differs is refused: wrong
numbers that look like EMG are worse than none.

``auto`` takes the fastest by 99th percentile among those that compute in float32, so that a
session's numbers do not depend on the machine by more than rounding. Half precision is for whoever
asks for it by name. Eager torch is never a candidate: on a CPU it needs several times what
onnxruntime needs, and seconds to import.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from inference.architecture import Architecture
from inference.backends import BACKENDS, StepBackend, open_backend
from inference.backends.base import input_shapes
from inference.checkpoint import Checkpoint, Reference
from inference.exceptions import BackendDiffers, BackendUnavailable
from inference.live.stepper import Stepper

__all__ = ["AUTO", "Choice", "choose_backend", "largest_difference", "measure_p99", "open_proven"]

AUTO: Final = "auto"
CANDIDATES: Final = tuple(name for name, backend in BACKENDS.items() if backend.auto)
"""What ``auto`` considers, in the order in which ties are decided."""

CLEAR_GAIN: Final = 0.9
"""Part of the 99th percentile of an earlier candidate that a later one must stay below: percentiles
of some hundred steps repeat within a tenth on a quiet machine."""

_SETTLING, _TIMED = 100, 400

Clock = Callable[[], float]
"""Returns the time [s]; handed in, because nothing in this package reads one."""


@dataclass(frozen=True)
class Choice:
    """A backend, and why it may run.

    Attributes
    ----------
    backend : StepBackend
    difference : float or None
        Largest difference from the torch reference, a fraction of the reference maximum; None if
        the checkpoint has no reference.
    p99_s : float or None
        99th percentile of a step [s]; None if no clock was handed in.
    passed_over : tuple of str
        The other candidates of ``auto``, each with its reason.
    """

    backend: StepBackend
    difference: float | None
    p99_s: float | None = None
    passed_over: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One line for people."""
        parts = [f"network on {self.backend.name}: {self.measured}"]
        return "; ".join((*parts, *self.passed_over))

    @property
    def measured(self) -> str:
        """What was found, without the name."""
        proof = (
            "not proven, no reference in this checkpoint"
            if self.difference is None
            else f"differs from torch by at most {self.difference:.1e}"
        )
        return proof if self.p99_s is None else f"{proof}, p99 {1e3 * self.p99_s:.2f} ms a step"


def choose_backend(name: str, checkpoint: Checkpoint, clock: Clock | None = None) -> Choice:
    """Open a backend by name, or the fastest of this machine, proven on the reference.

    Parameters
    ----------
    name : str
        ``auto`` or one of `inference.backends.BACKENDS`.
    checkpoint : Checkpoint
        The network.
    clock : callable, optional
        Returns the time [s], for measuring steps; ``auto`` needs it.

    Raises
    ------
    BackendUnavailable
        If the name is unknown, the backend cannot run here, or ``auto`` finds none or no clock.
    BackendDiffers
        If it computes something else than the reference.
    """
    if name != AUTO:
        return open_proven(name, checkpoint, clock)
    if clock is None:
        raise BackendUnavailable(
            "backend 'auto' measures steps; hand in a clock, or name a backend"
        )
    best: Choice | None = None
    reasons: list[str] = []
    for candidate in CANDIDATES:
        if candidate != CANDIDATES[0] and BACKENDS[candidate].lack():
            continue  # not installed: `nem2e doctor` says what it would take
        try:
            found = open_proven(candidate, checkpoint, clock)
        except BackendUnavailable as error:
            reasons.append(f"{candidate} is out: {error}")
            continue
        if best is not None:
            best, slower = (found, best) if _clearly_faster(found, best) else (best, found)
            reasons.append(f"{slower.backend.name} {slower.measured}")
        else:
            best = found
    if best is None:
        raise BackendUnavailable("; ".join(reasons))
    return Choice(best.backend, best.difference, best.p99_s, tuple(reasons))


def open_proven(name: str, checkpoint: Checkpoint, clock: Clock | None = None) -> Choice:
    """Open one backend, prove it, and measure it if there is a clock.

    Raises
    ------
    BackendUnavailable
        If the name is unknown or the backend cannot run here.
    BackendDiffers
        If it computes something else than the reference.
    """
    backend = open_backend(name, checkpoint)
    architecture = checkpoint.card.architecture
    reference = checkpoint.reference()
    difference = None
    if reference is not None:
        difference = largest_difference(backend, architecture, reference)
        if not difference <= backend.tolerance:  # so that NaN is refused
            raise BackendDiffers(
                f"the {name} backend differs from the torch reference by {difference:.1e} of the "
                f"reference maximum, more than {backend.tolerance:.0e}; use another backend",
                difference,
                backend.tolerance,
            )
    p99_s = None if clock is None else measure_p99(backend, architecture, clock)
    return Choice(backend, difference, p99_s)


def largest_difference(
    backend: StepBackend, architecture: Architecture, reference: Reference
) -> float:
    """Stream the reference's inputs; the largest deviation from its outputs, NaN if any is NaN."""
    stepper = Stepper(backend, architecture)
    outputs = [np.stack([stepper.step(x), stepper.sigma]) for x in reference.x]
    expected = np.stack([reference.y, reference.sigma], axis=1)
    return float(np.abs(np.stack(outputs) - expected).max())


def measure_p99(backend: StepBackend, architecture: Architecture, clock: Clock) -> float:
    """99th percentile [s] of some hundred steps back to back, after as many to settle."""
    stepper = Stepper(backend, architecture)
    blank = np.zeros(input_shapes(architecture)["x"], dtype=np.float32)
    durations = np.zeros(_SETTLING + _TIMED)
    for i in range(len(durations)):
        began = clock()
        stepper.step(blank)
        durations[i] = clock() - began
    return float(np.percentile(durations[_SETTLING:], 99.0))


def _clearly_faster(one: Choice, other: Choice) -> bool:
    return (
        one.p99_s is not None and other.p99_s is not None and (one.p99_s < CLEAR_GAIN * other.p99_s)
    )
