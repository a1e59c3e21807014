"""C3D files for tests, written with ezc3d from what the trial should read back as.

They are written in a process of their own: ezc3d and opensim are both SWIG modules, and where both
are loaded ezc3d cannot set a parameter of whole numbers. Reading is not touched by that.
"""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


@dataclass
class C3dContent:
    """What goes into the file; positions in `unit`, channels in `channel_units`."""

    labels: list[str]
    points: F64
    """(n, m, 3)."""
    unit: str = "mm"
    rate: float = 100.0
    screen: str = "+Z"
    computed: dict[str, list[str]] = field(default_factory=dict)
    channels: F64 = field(default_factory=lambda: np.empty((0, 0)))
    """(samples, channels), a multiple of n samples."""
    channel_labels: list[str] = field(default_factory=list)
    channel_units: list[str] = field(default_factory=list)
    samples: str = ""
    """SIGNED or UNSIGNED; not told if empty."""
    plates: list[dict[str, Any]] = field(default_factory=list)
    """Each with type, corners (4, 3), origin (3,), channel (numbers from 1), cal_matrix."""


@cache
def _writer() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


def apart(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in the process in which opensim is not loaded."""
    return _writer().submit(function, *arguments).result()


def write_c3d(path: Path, content: C3dContent) -> Path:
    """Write the file."""
    apart(_write, path, content)
    return path


def _write(path: Path, content: C3dContent) -> None:
    import ezc3d

    file = ezc3d.c3d()
    point = file["parameters"]["POINT"]
    point["RATE"]["value"] = [content.rate]
    point["LABELS"]["value"] = content.labels
    point["UNITS"]["value"] = [content.unit] if content.unit else []
    for group, labels in content.computed.items():
        file.add_parameter("POINT", group, labels)
    if content.screen:
        file.add_parameter("POINT", "X_SCREEN", ["+X"])
        file.add_parameter("POINT", "Y_SCREEN", [content.screen])
    n, m, _ = content.points.shape
    points = np.ones((4, m, n))
    points[:3] = content.points.transpose(2, 1, 0)
    file["data"]["points"] = points
    if content.channels.size:
        analog = file["parameters"]["ANALOG"]
        analog["RATE"]["value"] = [content.rate * len(content.channels) / n]
        analog["LABELS"]["value"] = content.channel_labels
        analog["UNITS"]["value"] = content.channel_units
        if content.samples:
            file.add_parameter("ANALOG", "FORMAT", [content.samples])
        file["data"]["analogs"] = content.channels.T[None]
    if content.plates:
        _describe_plates(file, content.plates)
    file.write(str(path))


def _describe_plates(file: Any, plates: list[dict[str, Any]]) -> None:
    group = file["parameters"]["FORCE_PLATFORM"]
    group["USED"]["value"] = np.array([len(plates)])
    group["TYPE"]["value"] = np.array([plate["type"] for plate in plates])
    group["ZERO"]["value"] = np.array([1, 0])
    group["CHANNEL"]["value"] = np.array([plate["channel"] for plate in plates]).T
    corners = np.stack([np.asarray(p["corners"], dtype=float).T for p in plates], axis=2)
    origins = np.stack([np.asarray(p["origin"], dtype=float) for p in plates], axis=1)
    file.add_parameter("FORCE_PLATFORM", "CORNERS", corners)
    file.add_parameter("FORCE_PLATFORM", "ORIGIN", origins)
    if "cal_matrix" in plates[0]:
        matrices = np.stack([p["cal_matrix"] for p in plates], axis=2)
        file.add_parameter("FORCE_PLATFORM", "CAL_MATRIX", matrices)
