"""The live refiner: one call per frame from the bridge's output to EMG."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from inference.arrays import F32, F64
from inference.channels import CHANNELS, with_sides
from inference.checkpoint import load_checkpoint
from inference.exceptions import SubjectError
from inference.inputs.input_stream import InputStream
from inference.inputs.limb_inputs import LimbInputs
from inference.live.backlog import Backlog
from inference.live.choice import choose_backend
from inference.live.estimator import Estimator, checkpoint_estimator
from inference.live.settling import LOOKED_BACK_S, Settling
from inference.subject import DELAY_TOLERANCE_S, Subject, load_subject

__all__ = ["OnStep", "Refiner"]

OnStep = Callable[[float, Estimator], None]


class Refiner:
    """Estimate EMG envelopes from simulated activations and motion, frame by frame.

    Parameters
    ----------
    inputs : LimbInputs
        What the network gets of the model's arrays.
    checkpoint : Path, optional
        Folder of a checkpoint; by default the one shipped with the package.
    backend : str
        ``auto`` or one of `inference.backends.BACKENDS`.
    clock : callable, optional
        Returns the time [s]; ``auto`` measures the backends by it.
    subject : Path, optional
        File of one person's calibration; estimates are corrected by it.

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
    held_s : float
        How long before the last frame the network stepped [s]: the estimate is so much older. 0 at
        the network's own rate and below, but for frames after a pause, see
        `inference.live.backlog`.
    settled : bool
        Whether enough of the motion was seen; false for a while after the first frame and after a
        pause, see `inference.live.settling`.
    unlikeness : float
        How unlike what network and calibration were taught the motion of the last second is; above
        1 it is no such motion. 0 where that cannot be told.
    state_width : int
        Numbers per limb in the network's state.
    subject : Subject or None
        The calibration in use.
    on_step : callable or None
        Called after each step with its time [s] and what was estimated, valid during the call.

    Raises
    ------
    CheckpointError, BackendUnavailable, SubjectError
        At construction; `step` never raises for a frame's content.
    """

    def __init__(
        self,
        inputs: LimbInputs,
        checkpoint: Path | None = None,
        *,
        backend: str = "onnxruntime",
        clock: Callable[[], float] | None = None,
        subject: Path | None = None,
    ) -> None:
        loaded = load_checkpoint(checkpoint)
        card = loaded.card
        self.digest, self.rate_hz, self.lead_s = loaded.digest, card.rate_hz, card.lead_s
        self.state_width = card.architecture.state_width
        self.subject = None if subject is None else _subject_of(subject, self.digest)
        self.on_step: OnStep | None = None
        self._stream = InputStream(inputs, self.rate_hz)
        self._backlog = Backlog(self.rate_hz)
        self._selected = np.flatnonzero(inputs.channel_present)
        names = with_sides(CHANNELS)
        self.channel_names = tuple(names[i] for i in self._selected)
        self.choice = choose_backend(backend, loaded, clock)
        correction = None if self.subject is None else self.subject.correction
        self._estimator = checkpoint_estimator(self.choice.backend, loaded, correction)
        memory = max(card.architecture.effort_frames, card.receptive_field_frames)
        looked_back = LOOKED_BACK_S if self._estimator.has_opinion else 0.0
        self._settling = Settling(max(memory / self.rate_hz, looked_back))
        self._last_t = self._stepped_t = self.held_s = 0.0
        self.estimate: F32 = np.zeros((2, len(self._selected)), dtype=np.float32)

    @property
    def settled(self) -> bool:
        """See the class."""
        return self._settling.settled

    @property
    def unlikeness(self) -> float:
        """See the class."""
        return self._estimator.unlikeness

    def warm_up(self) -> None:
        """Run the network on an empty history a few times, then forget it."""
        self._estimator.warm_up()
        self.reset()

    def check_filter_delay(self, filter_delay_s: float) -> None:
        """Refuse motion of another age [s] than that of the subject's calibration, if there is one.

        Raises
        ------
        SubjectError
            If they differ by more than `DELAY_TOLERANCE_S`.
        """
        own = filter_delay_s if self.subject is None else self.subject.facts.filter_delay_s
        if abs(filter_delay_s - own) > DELAY_TOLERANCE_S:
            raise SubjectError(
                f"the subject was calibrated behind a filter {1e3 * own:.0f} ms late, this one is "
                f"{1e3 * filter_delay_s:.0f} ms late; use that filter, or calibrate anew with this"
            )

    def reset(self) -> None:
        """Forget the stream: the next frame is the first one."""
        self._stream.reset()
        self._start_anew()

    def _start_anew(self) -> None:
        self._backlog.reset()
        self._estimator.reset()
        self._settling.reset()

    def step(
        self,
        t: float,
        activation: F64,
        q: F64,
        qd: F64,
        tau: F64,
        *,
        forces_valid: bool = True,
        seen: bool = True,
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
        seen : bool
            False where the frame tells nothing of the motion, its pose is held: a pause, however
            long, after which the network has to settle.

        Returns
        -------
        ndarray of shape (n_channel,), float32
            Envelopes as fractions of the reference maximum, order of `channel_names`. A view,
            valid until the next call. Between two steps of the network the last one is held.
        """
        if self._stream.begins(t, seen):
            self._start_anew()
        for fraction, x in self._stream.advance(
            t, activation, q, qd, tau, forces_valid=forces_valid
        ):
            self._backlog.add(self._last_t + fraction * (t - self._last_t), x)
        for at, x in self._backlog.due():
            self._estimator.step(x)
            self._stepped_t = at
            if self.on_step is not None:
                self.on_step(self._stepped_t, self._estimator)
        self._last_t = t
        self.held_s = t - self._stepped_t
        self._settling.step(t, seen, self._estimator.usual)
        emg: F32 = self.estimate[0]
        sigma: F32 = self.estimate[1]
        np.take(self._estimator.y, self._selected, out=emg, mode="clip")
        np.take(self._estimator.sigma, self._selected, out=sigma, mode="clip")
        return emg


def _subject_of(path: Path, digest: str) -> Subject:
    """Read a calibration and see that it was made with the network of that digest."""
    subject = load_subject(path)
    if subject.facts.checkpoint != digest:
        raise SubjectError(
            f"{path}: calibrated for the checkpoint {subject.facts.checkpoint[:12]}, this one is "
            f"{digest[:12]}; calibrate anew, or give the other checkpoint"
        )
    return subject
