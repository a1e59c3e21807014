"""Limb sequences of people who do not exist, their strides of a known number of frames."""

from __future__ import annotations

import numpy as np

from inference.channels import MEASURED, N_INPUT, SLICE_ACTIVATION
from inference.data.dataset import LimbSequence

PERIOD = 100
CHANNELS = ("TA", "SOL", "GAS", "VM")
SMALLEST = 0.05


def walker(
    person: str,
    trial: str = "walk",
    *,
    strides: int = 4,
    channels: tuple[str, ...] = CHANNELS,
    motion: str = "walk",
    variant: str = "",
    noise: float = 0.0,
    delay: int = 0,
    seed: int = 0,
) -> LimbSequence:
    """Somebody whose EMG repeats every stride.

    The activation of every channel is its EMG `delay` frames earlier; the motion tells the phase.
    The trial begins and ends in mid-swing, so that contacts are seen.
    """
    rng = np.random.default_rng(seed)
    n = PERIOD * (strides + 1)
    through = 2.0 * np.pi * (np.arange(n) - PERIOD // 2) / PERIOD
    shapes = SMALLEST + 0.5 + 0.5 * np.sin(through[:, None] + np.arange(len(MEASURED)))
    ahead = (
        SMALLEST
        + 0.5
        + 0.5 * np.sin(through[:, None] + 2.0 * np.pi * delay / PERIOD + np.arange(len(MEASURED)))
    )
    measured = np.zeros((n, len(MEASURED)), dtype=np.bool_)
    measured[:, [MEASURED.index(name) for name in channels]] = True
    x = np.ones((n, 2 * N_INPUT), dtype=np.float32)
    x[:, :N_INPUT] = np.sin(through[:, None] + 0.7 * np.arange(N_INPUT))
    n_channel = SLICE_ACTIVATION.stop
    x[:, SLICE_ACTIVATION] = ahead[:, :n_channel]
    return LimbSequence(
        record=f"{person}/{trial}",
        variant=variant,
        dataset=person.split("/")[0],
        person=person,
        motion=motion,
        side="r",
        t=np.arange(n) / 100.0,
        x=x,
        y=np.where(measured, shapes + noise * rng.standard_normal(shapes.shape), 0.0).astype(
            np.float32
        ),
        measured=measured,
        forces_measured=np.ones(n, dtype=np.bool_),
        foot_force=1.2 * np.maximum(np.sin(through), 0.0),
    )


def people(count: int = 3, **options: object) -> list[LimbSequence]:
    """So many, each with EMG of their own."""
    return [walker(f"made/p{k}", seed=k, **options) for k in range(count)]  # type: ignore[arg-type]
