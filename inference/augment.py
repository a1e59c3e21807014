"""Random but physical changes of training sequences.

People walk faster or slower, markers sit elsewhere, models scale muscles differently, and some
models lack inputs. Each change keeps the relation between inputs and EMG that a person would have.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from inference.channels import (
    COORDINATES,
    N_INPUT,
    SLICE_ACTIVATION,
    SLICE_ANGLE,
    SLICE_MOMENT,
    SLICE_VELOCITY,
)

__all__ = ["UNCHANGED", "Augmentation", "augment"]

F32 = npt.NDArray[np.float32]
_OUT_OF_PLANE = [COORDINATES.index("hip_adduction"), COORDINATES.index("hip_rotation")]


class Augmentation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much to change; 0 everywhere changes nothing.

    Attributes
    ----------
    warp : float
        Largest change of tempo, as a fraction.
    angle_offset : float
        Standard deviation of a constant offset per coordinate [rad].
    activation_gain, moment_gain : float
        Standard deviation of the logarithm of a gain per channel or coordinate.
    emg_gain : float
        The same of a gain per measured EMG channel: another electrode, another reference maximum.
    withhold_dynamics : float
        Probability of hiding moments and activations.
    withhold_plane : float
        Probability of hiding hip adduction and rotation, as in a sagittal model.
    withhold_channel : float
        Probability of hiding each activation.
    """

    warp: float = 0.15
    angle_offset: float = 0.05
    activation_gain: float = 0.15
    moment_gain: float = 0.05
    emg_gain: float = 0.10
    withhold_dynamics: float = 0.15
    withhold_plane: float = 0.10
    withhold_channel: float = 0.03


UNCHANGED: Final = Augmentation(
    warp=0.0, angle_offset=0.0, activation_gain=0.0, moment_gain=0.0, emg_gain=0.0,
    withhold_dynamics=0.0, withhold_plane=0.0, withhold_channel=0.0,
)  # fmt: skip
"""Crops as they are."""


def augment(
    x: F32, y: F32, weight: F32, settings: Augmentation, rng: np.random.Generator
) -> tuple[F32, F32, F32]:
    """Return changed copies of one sequence.

    Parameters
    ----------
    x : ndarray of shape (n, 2 N_INPUT), float32
    y, weight : ndarray of shape (n, n_target), float32
        Targets and their weight in the loss.
    settings : Augmentation
    rng : numpy.random.Generator

    Returns
    -------
    x, y, weight : ndarray
        Of n' frames, n' within the tempo's change of n.
    """
    tempo = 1.0 + settings.warp * rng.uniform(-1.0, 1.0)
    below, share = _tempo(len(x), tempo)
    value, y = (_between(array, below, share) for array in (x[:, :N_INPUT], y))
    # Between a present and an absent input, or a measured and an unmeasured target, there is none.
    present, weight = (np.minimum(a[below], a[below + 1]) for a in (x[:, N_INPUT:], weight))
    value[:, SLICE_VELOCITY] *= tempo
    n = len(COORDINATES)
    value[:, SLICE_ANGLE] += settings.angle_offset * rng.standard_normal(n)
    value[:, SLICE_MOMENT] *= np.exp(settings.moment_gain * rng.standard_normal(n))
    gains = np.exp(settings.activation_gain * rng.standard_normal(SLICE_ACTIVATION.stop))
    value[:, SLICE_ACTIVATION] *= gains
    y *= np.exp(settings.emg_gain * rng.standard_normal(y.shape[1])).astype(np.float32)
    _withhold(present, settings, rng)
    value *= present
    return np.hstack([value, present]), y, weight


def _tempo(frames: int, tempo: float) -> tuple[npt.NDArray[np.intp], F32]:
    """Return for each frame at the new tempo the old one below it, and the share of the next."""
    at = np.linspace(0.0, frames - 1.0, max(2, round(frames / tempo)))
    below = np.minimum(at.astype(np.intp), frames - 2)
    return below, (at - below).astype(np.float32)[:, None]


def _between(array: F32, below: npt.NDArray[np.intp], share: F32) -> F32:
    mixed: F32 = (1.0 - share) * array[below] + share * array[below + 1]
    return mixed


def _withhold(present: F32, settings: Augmentation, rng: np.random.Generator) -> None:
    if rng.random() < settings.withhold_dynamics:
        present[:, SLICE_ACTIVATION] = present[:, SLICE_MOMENT] = 0.0
    if rng.random() < settings.withhold_plane:
        for part in (SLICE_ANGLE, SLICE_VELOCITY, SLICE_MOMENT):
            present[:, [part.start + j for j in _OUT_OF_PLANE]] = 0.0
    hidden = rng.random(SLICE_ACTIVATION.stop) < settings.withhold_channel
    present[:, SLICE_ACTIVATION][:, hidden] = 0.0
