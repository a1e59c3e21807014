"""Random but physical changes of training sequences.

People walk faster or slower, markers sit elsewhere, models scale muscles differently, and some
models lack inputs. Each change keeps the relation between inputs and EMG that a person would have.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from inference.arrays import F32
from inference.channels import (
    COORDINATES,
    N_CHANNEL,
    N_INPUT,
    SLICE_ACTIVATION,
    SLICE_ANGLE,
    SLICE_MOMENT,
    SLICE_VELOCITY,
    hide_dynamics,
    legs,
)
from inference.ranges import check_least, check_share

__all__ = ["UNCHANGED", "Augmentation", "augment"]

LEAST_TEMPO: Final = 0.1
"""Nobody walks as slowly, and a crop grows as its tempo falls."""
_OUT_OF_PLANE = [COORDINATES.index("hip_adduction"), COORDINATES.index("hip_rotation")]
_GROWING = [SLICE_MOMENT.start + COORDINATES.index(name) for name in ("hip_flexion", "knee_angle")]
"""Moments that grow with the tempo; those of the ankle and of hip adduction hardly do."""


class Augmentation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much to change; 0 everywhere changes nothing.

    Attributes
    ----------
    warp : float
        Largest change of tempo, as a fraction.
    slowed : float
        Share of crops that are slowed far more instead.
    slowest : float
        Tempo of the slowest of these.
    effort : float
        Power of the tempo by which EMG, activations and the moments of hip flexion and knee grow.
        In people who walked at several paces, the power of the cadence was 0.75 and 0.76 for EMG,
        0.2 and 0.7 for activations (0.9 and 1.7 in the logarithm of cadence), more over less.
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
    withhold_other : float
        Probability of hiding the other leg, as in a model of one. Half of the time, so that what
        the leg itself does is learned too: the two together are seen as people walk, and little of
        that holds for another gait (running, taught on walking: r 0.60 against 0.53).
    withhold_channel : float
        Probability of hiding each activation.
    """

    warp: float = 0.15
    slowed: float = 0.25
    slowest: float = 0.37
    effort: float = 0.8
    angle_offset: float = 0.05
    activation_gain: float = 0.15
    moment_gain: float = 0.05
    emg_gain: float = 0.10
    withhold_dynamics: float = 0.15
    withhold_plane: float = 0.10
    withhold_other: float = 0.50
    withhold_channel: float = 0.03

    def __post_init__(self) -> None:
        """Refuse numbers that cannot work."""
        check_share(self, "slowed", "withhold_dynamics", "withhold_plane")
        check_share(self, "withhold_other", "withhold_channel")
        check_least(self, 0, "effort", "angle_offset", "activation_gain", "moment_gain", "emg_gain")
        if not 0.0 <= self.warp <= 1.0 - LEAST_TEMPO:
            raise ValueError(
                f"`warp` is {self.warp:g}, it must be between 0 and {1.0 - LEAST_TEMPO:g}"
            )
        if not LEAST_TEMPO <= self.slowest <= 1.0:
            raise ValueError(
                f"`slowest` is {self.slowest:g}, it must be between {LEAST_TEMPO:g} and 1"
            )


UNCHANGED: Final = Augmentation(
    warp=0.0, slowed=0.0, effort=0.0, angle_offset=0.0, activation_gain=0.0, moment_gain=0.0,
    emg_gain=0.0, withhold_dynamics=0.0, withhold_plane=0.0, withhold_other=0.0,
    withhold_channel=0.0,
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
    tempo = _tempo(settings, rng)
    below, share = _frames(len(x), tempo)
    value, y = (_between(array, below, share) for array in (x[:, :N_INPUT], y))
    # Between a present and an absent input, or a measured and an unmeasured target, there is none.
    present, weight = (np.minimum(a[below], a[below + 1]) for a in (x[:, N_INPUT:], weight))
    for leg in legs(value):
        _change(leg, tempo, settings, rng)
    gains = np.exp(settings.emg_gain * rng.standard_normal(y.shape[1]))
    y *= (tempo**settings.effort * gains).astype(np.float32)
    _withhold(present, settings, rng)
    value *= present
    return np.hstack([value, present]), y, weight


def _tempo(settings: Augmentation, rng: np.random.Generator) -> float:
    if rng.random() < settings.slowed:
        return float(settings.slowest ** rng.random())
    return float(1.0 + settings.warp * rng.uniform(-1.0, 1.0))


def _frames(frames: int, tempo: float) -> tuple[npt.NDArray[np.intp], F32]:
    """Return for each frame at the new tempo the old one below it, and the share of the next."""
    at = np.linspace(0.0, frames - 1.0, max(2, round(frames / tempo)))
    below = np.minimum(at.astype(np.intp), frames - 2)
    return below, (at - below).astype(np.float32)[:, None]


def _change(leg: F32, tempo: float, settings: Augmentation, rng: np.random.Generator) -> None:
    """Change one leg's values (n, N_LEG) in place, which already have the new tempo."""
    n = len(COORDINATES)
    effort = tempo**settings.effort
    leg[:, SLICE_VELOCITY] *= tempo
    leg[:, SLICE_ANGLE] += settings.angle_offset * rng.standard_normal(n)
    leg[:, _GROWING] *= effort
    leg[:, SLICE_MOMENT] *= np.exp(settings.moment_gain * rng.standard_normal(n))
    gains = np.exp(settings.activation_gain * rng.standard_normal(N_CHANNEL))
    leg[:, SLICE_ACTIVATION] *= effort * gains


def _between(array: F32, below: npt.NDArray[np.intp], share: F32) -> F32:
    mixed: F32 = (1.0 - share) * array[below] + share * array[below + 1]
    return mixed


def _withhold(present: F32, settings: Augmentation, rng: np.random.Generator) -> None:
    own, other = legs(present)
    if rng.random() < settings.withhold_other:
        other[:] = 0.0
    if rng.random() < settings.withhold_dynamics:
        hide_dynamics(present)
    without_plane = rng.random() < settings.withhold_plane
    for leg in (own, other):
        if without_plane:
            for part in (SLICE_ANGLE, SLICE_VELOCITY, SLICE_MOMENT):
                leg[:, [part.start + j for j in _OUT_OF_PLANE]] = 0.0
        leg[:, SLICE_ACTIVATION][:, rng.random(N_CHANNEL) < settings.withhold_channel] = 0.0
