"""The live refiner: one call per frame from the bridge's output to EMG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from inference.backends import open_backend
from inference.channels import (
    CHANNELS,
    N_CHANNEL,
    N_INPUT,
    SIDES,
    SLICE_ACTIVATION,
    SLICE_MOMENT,
)
from inference.checkpoint import load_checkpoint
from inference.limb_inputs import LimbInputs
from inference.ring import KeyValueRing
from inference.schedule import StepSchedule

__all__ = ["Refiner"]

F64 = npt.NDArray[np.float64]
F32 = npt.NDArray[np.float32]


class Refiner:
    """Estimate EMG envelopes from simulated activations and motion, frame by frame.

    Parameters
    ----------
    checkpoint : Path, optional
        Folder of a checkpoint; by default the one shipped with the package.
    muscle_names, coordinate_names : sequence of str
        Of the model, in the order of the arrays that `step` gets.
    mass_kg : float
        Body mass [kg].
    backend : str
        One of `inference.backends.BACKENDS`.
    muscle_map : mapping of str to sequence of str, optional
        Entries like ``"VM_r": ["vasmed_r"]``; they win over the default table.
    knee_flexion : {1, -1}, optional
        Sign of ``knee_angle`` in flexion; needed only for models of an unknown family, where the
        knee's inputs are left out without it.

    Attributes
    ----------
    channel_names : tuple of str
        Published channels, right limb first; those without a source muscle are left out.
    digest : str
        Of the checkpoint.
    rate_hz : float
        At which the network steps; other streams are resampled causally.

    Raises
    ------
    CheckpointError, MuscleMapError, BackendUnavailable
        At construction; `step` never raises for a frame's content.
    """

    def __init__(
        self,
        checkpoint: Path | None,
        muscle_names: Sequence[str],
        coordinate_names: Sequence[str],
        mass_kg: float,
        backend: str = "onnxruntime",
        muscle_map: Mapping[str, Sequence[str]] | None = None,
        knee_flexion: float | None = None,
    ) -> None:
        loaded = load_checkpoint(checkpoint)
        self.digest, self.rate_hz = loaded.digest, loaded.card.rate_hz
        self._inputs = LimbInputs(muscle_names, coordinate_names, mass_kg, muscle_map, knee_flexion)
        self.channel_names = tuple(
            f"{channel}_{side}"
            for i, side in enumerate(SIDES)
            for j, channel in enumerate(CHANNELS)
            if self._inputs.channel_present[i, j]
        )
        self._selected = np.flatnonzero(self._inputs.channel_present)
        self._backend = open_backend(backend, loaded)
        self._schedule = StepSchedule(self.rate_hz)
        self._allocate(loaded.card.architecture.window, loaded.card.architecture.kv_width)

    def _allocate(self, window: int, kv_width: int) -> None:
        limbs = len(SIDES)
        self._ring = KeyValueRing(window, limbs, kv_width)
        self._now: F32 = np.zeros((limbs, 2 * N_INPUT), dtype=np.float32)
        self._before: F32 = np.zeros_like(self._now)
        self._x: F32 = np.zeros_like(self._now)
        self._finite = np.zeros((limbs, N_INPUT), dtype=np.bool_)
        self._y: F32 = np.zeros((limbs, N_CHANNEL), dtype=np.float32)
        self._y_prev: F32 = np.zeros_like(self._y)
        self._kv: F32 = np.zeros((limbs, kv_width), dtype=np.float32)
        self._emg: F32 = np.zeros(len(self._selected), dtype=np.float32)

    def warm_up(self) -> None:
        """Run the network on an empty history a few times, then forget it."""
        for _ in range(3):
            self._run(self._x)
        self.reset()

    def reset(self) -> None:
        """Forget the stream: the next frame is the first one."""
        self._schedule.reset()
        self._forget()

    def _forget(self) -> None:
        self._ring.reset()
        self._y.fill(0.0)

    def step(
        self,
        t: float,
        activation: F64,
        q: F64,
        qd: F64,
        tau: F64,
        *,
        forces_valid: bool = True,
    ) -> F32:
        """Estimate the EMG of one frame.

        Parameters
        ----------
        t : float
            Capture time [s, the stream's clock]; only differences matter.
        activation : ndarray of shape (n_muscle,), float64
        q, qd, tau : ndarray of shape (n_coordinate,), float64 [rad, rad/s, N m]
        forces_valid : bool
            False where no ground reaction was measured or predicted: moments and activations are
            then withheld from the network, which goes on with the motion alone.

        Returns
        -------
        ndarray of shape (n_channel,), float32
            Envelopes as fractions of the reference maximum, order of `channel_names`. A view,
            valid until the next call. Between two steps of the network the last one is held.
        """
        self._gather(activation, q, qd, tau, forces_valid)
        if self._schedule.is_new_stream(t):
            self._forget()
        for fraction in self._schedule.steps(t):
            self._run(self._now if fraction == 1.0 else self._between(fraction))
        self._before[...] = self._now
        np.take(self._y, self._selected, out=self._emg, mode="clip")
        return self._emg

    def _gather(self, activation: F64, q: F64, qd: F64, tau: F64, forces_valid: bool) -> None:
        value, present = self._now[:, :N_INPUT], self._now[:, N_INPUT:]
        self._inputs.fill(activation, q, qd, tau, value)
        present[...] = self._inputs.present
        if not forces_valid:
            present[:, SLICE_ACTIVATION] = present[:, SLICE_MOMENT] = 0.0
        np.isfinite(value, out=self._finite)
        present *= self._finite  # a bad number becomes a missing input, not a poisoned history
        np.copyto(value, 0.0, where=present == 0.0)

    def _between(self, fraction: float) -> F32:
        np.subtract(self._now, self._before, out=self._x)
        self._x *= fraction
        self._x += self._before
        # An input present in only one of the two frames has no value in between.
        both = self._x[:, N_INPUT:] == 1.0
        self._x[:, N_INPUT:] = both
        np.copyto(self._x[:, :N_INPUT], 0.0, where=~both)
        return self._x

    def _run(self, x: F32) -> None:
        self._y_prev[...] = self._y
        ring = self._ring
        self._backend.step(x, self._y_prev, ring.past, ring.mask, self._y, self._kv)
        ring.push(self._kv)
