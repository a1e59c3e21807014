"""Trained networks, kept on disk: a comparison that was cut off goes on where it was.

Training is what takes hours when people are left out in turn. A network is kept under a hash of all
that it comes from: what it was taught and stopped by, its architecture, the settings, and the code
that trains it.
"""

from __future__ import annotations

import ast
import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import safetensors.numpy
import torch

from inference.architecture import Architecture
from inference.data.dataset import LimbSequence
from inference.networks import Ensemble
from inference.networks.weights import network_arrays, network_of
from inference.training.train_settings import TrainSettings
from inference.whole_file import cached

__all__ = ["kept_network", "origin", "sources"]

PACKAGE: Final = Path(__file__).parents[1]


def kept_network(
    folder: Path, name: str, architecture: Architecture, train: Callable[[], Ensemble]
) -> Ensemble:
    """Return the network that is kept under a name, or train it and keep it.

    Parameters
    ----------
    folder : Path
        Made where it is missing; whatever is deleted from it is trained anew.
    name : str
        Its `origin`.
    architecture : Architecture
    train : callable
        Called where the network is not there or its file is damaged.
    """

    def build() -> bytes:
        content: bytes = safetensors.numpy.save(network_arrays(train()))
        return content

    arrays = safetensors.numpy.load(cached(folder / f"{name[:32]}.network", build))
    return network_of(architecture, arrays)


def origin(
    taught: Sequence[LimbSequence],
    stopped_by: Sequence[LimbSequence],
    architecture: Architecture,
    settings: TrainSettings,
) -> str:
    """Return the hash, hexadecimal, of all that a training comes from."""
    digest = hashlib.sha256(_code().encode())
    digest.update(msgspec.json.encode((architecture, settings, len(taught))))
    for sequence in (*taught, *stopped_by):
        for field in fields(sequence):
            value = getattr(sequence, field.name)
            part = value.tobytes() if isinstance(value, np.ndarray) else value.encode()
            digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


@functools.cache
def _code() -> str:
    """Hash of the sources that train, and of torch's version; they do not change while they run."""
    digest = hashlib.sha256(torch.__version__.encode())
    for path in sources("training.train", "networks.weights"):
        name = path.relative_to(PACKAGE).as_posix()
        digest.update(name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def sources(*modules: str) -> list[Path]:
    """Return the files of modules of this package, and of all of it that they import.

    What only calibrates, estimates or judges a network is not among them: it may change, and the
    network is the same.
    """
    found: set[Path] = set()
    left = [path for module in modules for path in _files(f"{PACKAGE.name}.{module}")]
    while left:
        path = left.pop()
        if path not in found:
            found.add(path)
            left += [file for name in _imported(path) for file in _files(name)]
    return sorted(found)


def _imported(path: Path) -> set[str]:
    """Names of modules that a file imports, and of what it takes out of them."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def _files(name: str) -> list[Path]:
    """Return the file of a module of this package; none for any other, nor for the package."""
    package, *parts = name.split(".")
    if package != PACKAGE.name or not parts:
        return []
    at = PACKAGE.joinpath(*parts)
    return [path for path in (at.with_suffix(".py"), at / "__init__.py") if path.is_file()]
