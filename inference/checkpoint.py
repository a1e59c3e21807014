"""Checkpoints: a folder with weights, the exported step graph and a card. No pickle.

=========================  =============================================================
``weights.safetensors``    every tensor of the network, normalisation included
``step.onnx``              the step graph, what a live session runs
``reference.safetensors``  `Reference`: a stream and what the network makes of it
``usual.safetensors``      `inference.opinion.Usual`: how the training people move
``card.json``              `Card`: what it is, what it was trained on, how well it does
=========================  =============================================================

The card holds the SHA-256 of the other files and its own hash is the checkpoint's digest, so one
digest names them all. A checkpoint without a reference works; no backend can prove itself on it.
One that does not say what is usual works too; its estimate is the network's alone.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import safetensors.numpy
from safetensors import SafetensorError

from inference.architecture import Architecture
from inference.arrays import F32
from inference.channels import CHANNELS, INPUT_NAMES
from inference.exceptions import CheckpointError, CheckpointMismatch
from inference.opinion.usual import Usual

__all__ = [
    "DEFAULT_CHECKPOINT",
    "Card",
    "Checkpoint",
    "Reference",
    "check_savable",
    "load_checkpoint",
    "save_checkpoint",
]

DEFAULT_CHECKPOINT: Final = Path(__file__).parent / "checkpoints" / "default"
FORMAT: Final = 2
NAMED: Final = 5
"""Names that a message about a mismatch lists; the rest is counted."""
_CARD, _ONNX, _WEIGHTS = "card.json", "step.onnx", "weights.safetensors"
_REFERENCE, _USUAL = "reference.safetensors", "usual.safetensors"


class Reference(NamedTuple):
    """A stream and what the network makes of it, so that a backend proves itself without torch.

    Attributes
    ----------
    x : ndarray of shape (T, 2, 2 N_INPUT), float32
        Inputs of both limbs, frame by frame, from the first of a stream.
    y : ndarray of shape (T, 2, N_CHANNEL), float32
        The network's estimate over its own past, computed by torch in float64.
    sigma : ndarray of shape (T, 2, N_CHANNEL), float32
        The standard deviation of its error, likewise.
    """

    x: F32
    y: F32
    sigma: F32


class Card(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a checkpoint is.

    Attributes
    ----------
    format : int
        Version of this layout.
    name, description : str
        For people.
    channels, inputs : tuple of str
        Of one limb, in the network's order.
    architecture : Architecture
        Dimensions.
    rate_hz : float
        Frames per second that the network was trained at; streams are brought to it.
    receptive_field_frames : int
        Frames of input behind one output; 0 = all of the past.
    lead_s : float
        How far ahead of the filtered motion the estimate is [s].
    muscle_map : mapping
        Default table by model family: channel to muscle names without their side.
    normalisation : mapping
        ``mean`` and ``scale`` per input, as in the weights; in the units of
        `inference.channels.INPUT_NAMES`.
    training : mapping
        Data sets with licences and citations, trials, settings, seed, lags.
    metrics : mapping
        Held-out results, as measured.
    sha256 : mapping of str to str
        Of the other files of the folder.
    """

    name: str
    description: str
    channels: tuple[str, ...]
    inputs: tuple[str, ...]
    architecture: Architecture
    rate_hz: float
    receptive_field_frames: int
    lead_s: float = 0.0
    muscle_map: dict[str, dict[str, tuple[str, ...]]]
    normalisation: dict[str, list[float]]
    training: dict[str, Any]
    metrics: dict[str, Any]
    sha256: dict[str, str] = {}
    format: int = FORMAT


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint in memory, its files verified against the card.

    Attributes
    ----------
    path : Path
        Its folder.
    card : Card
    onnx : bytes
        The step graph.
    digest : str
        SHA-256 of the card, which holds those of the other files.
    """

    path: Path
    card: Card
    onnx: bytes
    digest: str

    def weights(self) -> dict[str, F32]:
        """Read the tensors by name."""
        return _tensors(self.path / _WEIGHTS, self.card.sha256)

    def gain(self) -> F32:
        """Read by what sigma is multiplied to hold its promise, (N_CHANNEL,)."""
        return self.weights()["gain"]

    def reference(self) -> Reference | None:
        """Read the reference; None if this checkpoint was saved without one."""
        if _REFERENCE not in self.card.sha256:
            return None
        return Reference(**_tensors(self.path / _REFERENCE, self.card.sha256))

    def usual(self) -> Usual | None:
        """Read what is usual in the training people; None if this checkpoint does not say."""
        if _USUAL not in self.card.sha256:
            return None
        return Usual(**_tensors(self.path / _USUAL, self.card.sha256))


def load_checkpoint(path: Path | None = None) -> Checkpoint:
    """Read and verify a checkpoint.

    Parameters
    ----------
    path : Path, optional
        Its folder; by default the one shipped with this package.

    Raises
    ------
    CheckpointError
        If the folder or a file is missing, damaged, or does not match the card.
    CheckpointMismatch
        If it was made for other channels or inputs.
    """
    folder = DEFAULT_CHECKPOINT if path is None else Path(path)
    if not (folder / _CARD).is_file():
        raise CheckpointError(
            f"{folder} is not a checkpoint (it has no {_CARD}); "
            "give the folder that `nem2e train --out` wrote"
        )
    raw = _bytes(folder / _CARD)
    try:
        card = msgspec.json.decode(raw, type=Card)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{folder / _CARD}: not a checkpoint card ({error})") from error
    _check_compatible(folder, card)
    onnx = _read(folder / _ONNX, card.sha256)
    return Checkpoint(folder, card, onnx, hashlib.sha256(raw).hexdigest())


def _check_compatible(folder: Path, card: Card) -> None:
    if card.format != FORMAT:
        raise CheckpointMismatch(
            f"{folder}: checkpoint format {card.format}, this program reads {FORMAT}; train anew"
        )
    for what, theirs, ours in (
        ("channels", card.channels, CHANNELS),
        ("inputs", card.inputs, INPUT_NAMES),
    ):
        if theirs != ours:
            differing = sorted(set(theirs) ^ set(ours)) or ["the order"]
            if len(differing) > NAMED:
                differing[NAMED:] = [f"{len(differing) - NAMED} more"]
            raise CheckpointMismatch(
                f"{folder}: checkpoint for other {what}: it has {len(theirs)}, this program "
                f"{len(ours)}; they differ in {', '.join(differing)}; train one for these {what}"
            )


def _read(file: Path, sha256: Mapping[str, str]) -> bytes:
    if not file.is_file():
        raise CheckpointError(f"{file} is missing; copy the checkpoint's whole folder")
    content = _bytes(file)
    found = hashlib.sha256(content).hexdigest()
    if found != sha256.get(file.name):
        raise CheckpointError(
            f"{file} does not match the card (SHA-256 {found[:12]}..., "
            f"the card says {str(sha256.get(file.name))[:12]}...); copy the checkpoint again"
        )
    return content


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CheckpointError(
            f"{file} cannot be read ({error.strerror or error}); check its rights"
        ) from error


def _tensors(file: Path, sha256: Mapping[str, str]) -> dict[str, F32]:
    content = _read(file, sha256)
    try:
        tensors: dict[str, F32] = safetensors.numpy.load(content)
    except SafetensorError as error:
        raise CheckpointError(f"{file}: damaged tensors ({error})") from error
    return tensors


def check_savable(path: Path) -> None:
    """Refuse a folder that `save_checkpoint` would refuse, before long work is done for it.

    Raises
    ------
    CheckpointError
        If `path` exists and is not a checkpoint, or is where a disk is mounted.
    """
    if path.exists() and not (path.is_dir() and _is_free(path)):
        raise CheckpointError(f"{path} exists and is not a checkpoint; give an empty folder")
    if os.path.ismount(path):
        raise CheckpointError(f"{path} is a mount and cannot be replaced; give a folder in it")


def _is_free(folder: Path) -> bool:
    return (folder / _CARD).is_file() or not any(folder.iterdir())


def save_checkpoint(
    path: Path,
    card: Card,
    weights: Mapping[str, F32],
    onnx: bytes,
    reference: Reference | None = None,
    usual: Usual | None = None,
) -> Checkpoint:
    """Write a checkpoint whole or not at all, and read it back.

    The files are written beside `path` and moved into place by renaming; a reader never sees half
    of them. An earlier checkpoint at `path` is replaced, any other folder is refused.

    Raises
    ------
    CheckpointError
        As `check_savable`, or if it cannot be written.
    """
    check_savable(path)
    files = {_WEIGHTS: safetensors.numpy.save(dict(weights)), _ONNX: onnx}
    for name, content in ((_REFERENCE, reference), (_USUAL, usual)):
        if content is not None:
            files[name] = safetensors.numpy.save(content._asdict())
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    signed = msgspec.structs.replace(card, sha256=hashes)
    files[_CARD] = msgspec.json.format(msgspec.json.encode(signed), indent=1) + b"\n"
    try:
        _write_folder(path, files)
    except OSError as error:
        raise CheckpointError(
            f"{path}: cannot be written ({error.strerror or error}); give another folder"
        ) from error
    return load_checkpoint(path)


def _write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        for name, content in files.items():
            _write_durably(staging / name, content)
        staging.chmod(0o755)
        _swap(staging, path)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _write_durably(file: Path, content: bytes) -> None:
    with file.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _swap(staging: Path, path: Path) -> None:
    if not path.exists():
        staging.rename(path)
        return
    retired = Path(tempfile.mkdtemp(prefix=f".{path.name}-old-", dir=path.parent))
    path.rename(retired / "checkpoint")
    staging.rename(path)
    shutil.rmtree(retired)
