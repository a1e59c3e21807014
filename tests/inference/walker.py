"""A person who does not exist, walking: what a network made of it, and the EMG beside."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from inference.calibration.calibrate import Take
from inference.channels import CHANNELS, N_CHANNEL
from inference.emg.recording import EmgRecording
from inference.live.state_log import States

RATE_HZ = 100.0
DELAY_S, LEAD_S = 0.03, 0.05
DISTANCE = 4.0
"""From what is usual, in the end."""
NAMES = ("TA_r", "SOL_r", "VM_r", "GMED_r")


def level(channel: str, phase: np.ndarray) -> np.ndarray:
    """Envelope of a channel, 0 to 1, at a phase of the stride [rad]."""
    return np.maximum(np.sin(phase + 1.1 * CHANNELS.index(channel)), 0.0) ** 2


def phase(t: np.ndarray) -> np.ndarray:
    """Strides of about 1.1 s, whose tempo wanders: no two stretches stay in step for long."""
    return 2.0 * np.pi * t / 1.1 + 1.5 * np.sin(2.0 * np.pi * t / 37.0) + np.sin(t / 2.9)


def states(seconds: float, start: float = 0.0) -> States:
    """A network that is right about the rhythm: the right limb, and the left half a stride on."""
    t = start + np.arange(0.0, seconds, 1.0 / RATE_HZ)
    now = np.stack([phase(t - DELAY_S), phase(t - DELAY_S) + np.pi], axis=1)[:, :, None]
    waves = [np.sin(k * now + s) for k in (1, 2, 3, 4) for s in (0.0, 0.5 * np.pi)]
    y = np.concatenate([0.6 * level(c, now) + 0.1 for c in CHANNELS], axis=2)
    assert y.shape == (len(t), 2, N_CHANNEL)
    usable = np.ones(len(t), dtype=np.bool_)
    state = np.concatenate(waves, 2).astype(np.float32)
    distance = np.tile(np.linspace(0.0, DISTANCE, len(t), dtype=np.float32)[:, None], 2)
    return States(t, y.astype(np.float32), state, distance, usable)


def recording(
    seconds: float,
    start: float = 0.0,
    *,
    lag_s: float = 0.0,
    gain: float = 0.2,
    names: Sequence[str] = NAMES,
    spoil: Callable[[np.ndarray], None] = lambda _: None,
    rate_hz: float = 200.0,
) -> EmgRecording:
    """Envelopes of the same person, `lag_s` late against what the network estimates."""
    t = np.arange(start, start + seconds, 1.0 / rate_hz)
    at = phase(t - LEAD_S - lag_s)
    side = {"r": 0.0, "l": np.pi}
    data = np.stack([gain * level(n[:-2], at + side[n[-1]]) for n in names], axis=1)
    spoil(data)
    return EmgRecording("made/one/walk", tuple(names), t, data, "envelope")


def take(emg: EmgRecording, seconds: float = 40.0) -> Take:
    return Take(states(seconds), emg, DELAY_S)
