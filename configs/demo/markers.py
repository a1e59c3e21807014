"""Marker set of the demo subject, and how its skin and cameras err.

Places are ours: on the skin of a person of this height, with at least three markers per segment
of the leg counting those shared across a joint. Recorded markers are the model's plus a small
error that loops with the walk: soft tissue that moves with the stride and a camera's noise.
"""

import numpy as np
import numpy.typing as npt

from configs.demo.anthropometry import SHANK_LENGTH, THIGH_LENGTH
from configs.demo.motion import N_STRIDES

F64 = npt.NDArray[np.float64]

SOFT_TISSUE_RMS = 0.0005
"""Soft tissue error, RMS per axis [m]; of stride harmonics 1 to 4."""

CAMERA_RMS = 0.0001
"""Camera noise, RMS per axis and frame [m], white."""

SEED = 2010

_TRUNK = (
    ("V.Sacral", "pelvis", (-0.115, 0.085, 0.0)),
    ("C7", "torso", (-0.085, 0.415, 0.0)),
)
_PAIRED = (
    ("ASIS", "pelvis", (0.085, 0.085, 0.125)),
    ("Shoulder", "torso", (-0.005, 0.405, 0.185)),
    ("Thigh.Upper", "femur", (0.075, -0.45 * THIGH_LENGTH, 0.045)),
    ("Thigh.Rear", "femur", (-0.015, -0.70 * THIGH_LENGTH, 0.078)),
    ("Knee.Lat", "femur", (0.002, -THIGH_LENGTH, 0.055)),
    ("Shank.Front", "tibia", (0.045, -0.35 * SHANK_LENGTH, 0.020)),
    ("Shank.Rear", "tibia", (-0.030, -0.60 * SHANK_LENGTH, 0.052)),
    ("Ankle.Lat", "tibia", (-0.004, -SHANK_LENGTH, 0.042)),
    ("Heel", "calcn", (-0.060, -0.032, -0.003)),
    ("MT5", "calcn", (0.118, -0.042, 0.056)),
    ("Toe", "calcn", (0.150, -0.026, -0.006)),
)


def _mirrored() -> tuple[tuple[str, str, tuple[float, float, float]], ...]:
    markers = list(_TRUNK)
    for side, sign in (("r", 1.0), ("l", -1.0)):
        for name, body, (x, y, z) in _PAIRED:
            on_trunk = body in ("pelvis", "torso")
            segment = body if on_trunk else f"{body}_{side}"
            markers.append((f"{side.upper()}.{name}", segment, (x, y, sign * z)))
    return tuple(markers)


MARKERS = _mirrored()
"""Name, body and place in the body's frame [m], x forward, y up, z to the right."""


def recording_error(n_frames: int) -> F64:
    """Error of the recorded markers, shape (n_frames, n_markers, 3) [m]; loops without a seam."""
    generator = np.random.default_rng(SEED)
    shape = (len(MARKERS), 3)
    phase = 2.0 * np.pi * N_STRIDES * np.arange(n_frames) / n_frames
    error = CAMERA_RMS * generator.standard_normal((n_frames, *shape))
    for harmonic in range(1, 5):
        amplitude = SOFT_TISSUE_RMS / 2.0 * generator.standard_normal((2, *shape))
        error += np.multiply.outer(np.cos(harmonic * phase), amplitude[0])
        error += np.multiply.outer(np.sin(harmonic * phase), amplitude[1])
    return error
