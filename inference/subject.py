"""One person's calibration: one file with the correction, the reference maxima and where from.

The file is in safetensors' format: the adapter's tensors, and a JSON header under the metadata key
``nem2e_subject``. No pickle.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import safetensors.numpy
from safetensors import SafetensorError, safe_open

from inference.adapter import Adapter, Correction
from inference.arrays import F32
from inference.channels import CHANNELS, N_CHANNEL, with_sides
from inference.exceptions import SubjectError
from inference.whole_file import whole_file

__all__ = [
    "DELAY_TOLERANCE_S",
    "ChannelFit",
    "Subject",
    "SubjectFacts",
    "check_replaceable",
    "load_subject",
    "save_subject",
]

FORMAT: Final = 2
DELAY_TOLERANCE_S: Final = 0.005
"""By which the delays of the motion's filter may differ [s]."""
_KEY: Final = "nem2e_subject"


class ChannelFit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One measured channel, and what the correction made of it in frames that it was not fitted to.

    Attributes
    ----------
    name : str
        With its side: ``SOL_r``.
    maximum : float
        Reference maximum, unit of the recording.
    seconds : float
        Of measurement.
    r_before, r_after : float
        Pearson's r of the estimate with the measurement.
    rmse_before, rmse_after : float
        Fractions of the reference maximum.
    """

    name: str
    maximum: float
    seconds: float
    r_before: float
    r_after: float
    rmse_before: float
    rmse_after: float


class SubjectFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a calibration rests on.

    Attributes
    ----------
    checkpoint : str
        Digest of the network that it corrects.
    sources : tuple of str
        Trials or streams.
    seconds : float
        Of motion with EMG.
    filter_delay_s : float
        Age of a frame's content at its time [s]; a session's filter must have the same.
    lead_s : float
        How far ahead of the motion the network estimates [s].
    lag_s : float
        How late the measurement stood against the network's own estimate [s]; the correction takes
        it over.
    known : float
        How far from the usual the motion was that it was corrected on, see
        `inference.opinion.known_distance`.
    channels : tuple of ChannelFit
    sha256 : str
        Of the tensors.
    format : int
        Version of this layout.
    """

    checkpoint: str
    sources: tuple[str, ...]
    seconds: float
    filter_delay_s: float
    lead_s: float
    lag_s: float
    known: float
    channels: tuple[ChannelFit, ...]
    sha256: str = ""
    format: int = FORMAT


@dataclass(frozen=True, eq=False)
class Subject:
    """One person's calibration.

    Attributes
    ----------
    facts : SubjectFacts
    adapter : Adapter
    """

    facts: SubjectFacts
    adapter: Adapter

    @property
    def channel_names(self) -> tuple[str, ...]:
        """Channels that are corrected, right leg first; it is done in both legs alike."""
        corrected = zip(CHANNELS, self.adapter.corrected, strict=True)
        return tuple(with_sides([name for name, is_so in corrected if is_so]))

    @property
    def correction(self) -> Correction:
        """What an estimate of this person gets."""
        return Correction(self.adapter, self.facts.known)


def check_replaceable(path: Path) -> None:
    """Refuse a file that `save_subject` would refuse, before somebody has walked for it.

    Raises
    ------
    SubjectError
        If there is a file at `path` that is neither empty nor a subject file of any version.
    """
    if not path.is_file() or path.stat().st_size == 0:
        return
    try:
        with safe_open(str(path), framework="numpy") as file:
            known = _KEY in (file.metadata() or {})
    except (SafetensorError, OSError):
        known = False
    if not known:
        raise SubjectError(f"{path} exists and is no subject file; give a new name, or remove it")


def save_subject(path: Path, subject: Subject) -> None:
    """Write a subject file whole or not at all; an earlier one is replaced, no other file.

    Raises
    ------
    SubjectError
        As `check_replaceable`, or if the file cannot be written.
    """
    check_replaceable(path)
    tensors = asdict(subject.adapter)
    facts = msgspec.structs.replace(subject.facts, sha256=_hash(tensors))
    content = safetensors.numpy.save(tensors, {_KEY: msgspec.json.encode(facts).decode()})
    try:
        with whole_file(path) as stream:
            stream.write(content)
    except OSError as error:
        raise SubjectError(
            f"{path}: cannot be written ({error.strerror or error}); give another --out"
        ) from error


def load_subject(path: Path) -> Subject:
    """Read a subject file.

    Raises
    ------
    SubjectError
        If it is missing, damaged, no subject file or one of another version.
    """
    if not path.is_file():
        raise SubjectError(f"{path}: no such file; make one with `nem2e calibrate`")
    try:
        with safe_open(str(path), framework="numpy") as file:
            header = (file.metadata() or {}).get(_KEY)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise SubjectError(
            f"{path}: damaged, or not a subject file ({error}); calibrate anew"
        ) from error
    if header is None:
        raise SubjectError(f"{path}: not a subject file; give one that `nem2e calibrate` wrote")
    return Subject(_read_facts(path, header, tensors), _read_adapter(path, tensors))


def _read_facts(path: Path, header: str, tensors: Mapping[str, F32]) -> SubjectFacts:
    try:
        version = msgspec.json.decode(header, type=dict).get("format")
        if version != FORMAT:
            raise SubjectError(
                f"{path}: subject format {version}, this program reads {FORMAT}; calibrate anew"
            )
        facts = msgspec.json.decode(header, type=SubjectFacts)
    except msgspec.MsgspecError as error:
        raise SubjectError(f"{path}: damaged header ({error}); calibrate anew") from error
    if _hash(tensors) != facts.sha256:
        raise SubjectError(f"{path}: its numbers do not match its header; calibrate anew")
    return facts


def _read_adapter(path: Path, tensors: Mapping[str, F32]) -> Adapter:
    width = len(tensors.get("weights", ()))
    expected = {"weights": (width, N_CHANNEL), "offset": (N_CHANNEL,), "spread": (N_CHANNEL,)}
    found = {name: tensor.shape for name, tensor in tensors.items()}
    if found != expected or not all(np.isfinite(tensor).all() for tensor in tensors.values()):
        raise SubjectError(f"{path}: unusable numbers of shapes {found}; calibrate anew")
    return Adapter(**tensors)


def _hash(tensors: Mapping[str, F32]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode() + np.ascontiguousarray(tensors[name]).tobytes())
    return digest.hexdigest()
