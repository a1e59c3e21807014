"""Feature records of people who do not exist: EMG is a known function of the motion."""

from __future__ import annotations

import numpy as np

from inference.record import FeatureRecord
from tests.inference.test_limb_inputs import GAIT_COORDINATES
from tests.inference.test_muscle_map import RAJAGOPAL, both

MUSCLES = tuple(both(RAJAGOPAL))
EMG_NAMES = ("SOL_r", "TA_r", "VM_r", "GAS_r")


def synthetic_record(
    dataset: str = "made",
    subject: str = "one",
    trial: str = "walk",
    *,
    variant: str = "",
    motion: str = "walk",
    speed_mps: float = 1.25,
    seconds: float = 6.0,
    rate_hz: float = 100.0,
    lag_s: float = 0.0,
    gain: float = 1.0,
    delay_s: float = 0.03,
    seed: int = 0,
) -> FeatureRecord:
    """A cyclic motion, told `delay_s` late; EMG follows its phase, recorded `lag_s` late."""
    rng = np.random.default_rng(seed)
    tempo = 2.0 * np.pi * rng.uniform(0.9, 1.1)
    start = rng.uniform(0.0, 2.0 * np.pi)
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    shift = np.linspace(0.0, 5.0, len(GAIT_COORDINATES))
    phase = (tempo * (t - delay_s) + start)[:, None]
    swing = np.concatenate([phase, phase + np.pi], axis=1)  # the left foot half a stride later
    emg_t = np.arange(0.0, seconds, 0.005)
    cycle = (tempo * (emg_t - lag_s) + start)[:, None]
    return FeatureRecord(
        dataset=dataset,
        subject=subject,
        trial=trial,
        variant=variant,
        motion=motion,
        speed_mps=speed_mps,
        licence="none needed",
        citation="none",
        mass_kg=70.0,
        knee_flexion=0.0,
        filter_delay_s=delay_s,
        muscle_names=MUSCLES,
        coordinate_names=tuple(GAIT_COORDINATES),
        t=t,
        activation=np.clip(np.sin(phase + np.arange(len(MUSCLES))), 0.01, 1.0),
        q=0.5 * np.sin(phase + shift),
        qd=0.5 * tempo * np.cos(phase + shift),
        tau=40.0 * np.sin(phase + 2.0 * shift),
        forces_told=np.ones(len(t), dtype=np.bool_),
        forces_measured=np.ones(len(t), dtype=np.bool_),
        foot_force=1.2 * np.maximum(np.sin(swing), 0.0),
        usable=np.ones(len(t), dtype=np.bool_),
        emg_names=EMG_NAMES,
        emg_t=emg_t,
        emg=gain * np.maximum(np.sin(cycle + np.arange(len(EMG_NAMES))), 0.0) ** 2,
        marker_rms_m=0.01,
        marker_spread=1.0,
        doubts=(),
    )
