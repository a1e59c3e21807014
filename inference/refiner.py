"""The live refiner: one call per frame from the bridge's output to EMG."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from inference.channels import CHANNELS, N_CHANNEL, SIDES
from inference.checkpoint import load_checkpoint
from inference.choice import choose_backend
from inference.input_stream import InputStream
from inference.limb_inputs import LimbInputs
from inference.stepper import Stepper

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
        ``auto`` or one of `inference.backends.BACKENDS`.
    muscle_map : mapping of str to sequence of str, optional
        Entries like ``"VM_r": ["vasmed_r"]``; they win over the default table.
    knee_flexion : {1, -1}, optional
        Sign of ``knee_angle`` in flexion; needed only for models of an unknown family, where the
        knee's inputs are left out without it.
    clock : callable, optional
        Returns the time [s]; ``auto`` measures the backends by it.

    Attributes
    ----------
    choice : Choice
        The backend and how it was proven; as text, one line for the user.
    channel_names : tuple of str
        Published channels, right limb first; those without a source muscle are left out.
    digest : str
        Of the checkpoint.
    rate_hz : float
        At which the network steps; other streams are resampled causally.
    lead_s : float
        How far ahead of the motion that it is given the estimate is [s].
    estimate : ndarray of shape (2, n_channel), float32
        The last envelopes, and the standard deviations of their errors; fractions of the reference
        maximum, order of `channel_names`; overwritten by the next step.

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
        clock: Callable[[], float] | None = None,
    ) -> None:
        loaded = load_checkpoint(checkpoint)
        card = loaded.card
        self.digest, self.rate_hz, self.lead_s = loaded.digest, card.rate_hz, card.lead_s
        inputs = LimbInputs(muscle_names, coordinate_names, mass_kg, muscle_map, knee_flexion)
        self._stream = InputStream(inputs, self.rate_hz)
        self.channel_names = tuple(
            f"{channel}_{side}"
            for i, side in enumerate(SIDES)
            for j, channel in enumerate(CHANNELS)
            if inputs.channel_present[i, j]
        )
        self._selected = np.flatnonzero(inputs.channel_present)
        self.choice = choose_backend(backend, loaded, clock)
        self._stepper = Stepper(self.choice.backend, card.architecture)
        self._held: F32 = np.zeros((len(SIDES), N_CHANNEL), dtype=np.float32)
        self.estimate: F32 = np.zeros((2, len(self._selected)), dtype=np.float32)

    def warm_up(self) -> None:
        """Run the network on an empty history a few times, then forget it."""
        self._stepper.warm_up()
        self.reset()

    def reset(self) -> None:
        """Forget the stream: the next frame is the first one."""
        self._stream.reset()
        self._stepper.reset()

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
        if self._stream.is_new_stream(t):
            self._stepper.reset()
        for _, x in self._stream.advance(t, activation, q, qd, tau, forces_valid):
            self._held = self._stepper.step(x)
        emg: F32 = self.estimate[0]
        sigma: F32 = self.estimate[1]
        np.take(self._held, self._selected, out=emg, mode="clip")
        np.take(self._stepper.sigma, self._selected, out=sigma, mode="clip")
        return emg
