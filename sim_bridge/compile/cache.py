"""Compiled models on disk: one .npz per model and compiler version, no pickle.

A file is written beside its final name and moved there, so that a reader sees a whole file or
none and two processes that compile at once do not damage it.
"""

import hashlib
import os
import re
import tempfile
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np

from sim_bridge.exceptions import CacheError
from sim_bridge.model import CompiledModel

COMPILER_VERSION = "18"
"""Raised with every change of what the compiler writes: older files are then not found."""
_INCLUDED = re.compile(rb"""<\w+[^>]*\sfile\s*=\s*["']([^"']+)["']""")
"""Files that OpenSim reads in the place of an element: ``<MarkerSet file="markers.xml"/>``."""


def model_digest(osim: Path) -> str:
    """SHA-256 over the model file, what it includes, and the compiler's version, hexadecimal."""
    content = osim.read_bytes()
    digest = hashlib.sha256(COMPILER_VERSION.encode() + b"\0" + content)
    for name in _INCLUDED.findall(content):
        included = osim.parent / name.decode(errors="replace")
        if included.is_file():
            digest.update(b"\0" + name + b"\0" + included.read_bytes())
    return digest.hexdigest()


def save(model: CompiledModel, path: Path) -> None:
    """Write a compiled model atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            np.savez_compressed(stream, **_flatten(model))
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def load(path: Path, digest: str) -> CompiledModel:
    """Read a compiled model.

    Raises
    ------
    CacheError
        If the file is damaged or belongs to another model.
    """
    try:
        # opened here, for np.load does not close a file that it finds damaged
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            model: CompiledModel = _restore(CompiledModel, archive, "")
    except Exception as error:  # numpy, zipfile, zlib and tokenize raise a dozen kinds of it
        raise CacheError(f"{path} is damaged ({error}); it will be rebuilt") from error
    if model.digest != digest:
        raise CacheError(f"{path} holds another model; it will be rebuilt")
    return model


def frozen(model: CompiledModel) -> CompiledModel:
    """The model as :func:`load` would give it: kernels are compiled for arrays of that kind."""
    arrays = {key: np.array(value) for key, value in _flatten(model).items()}
    restored: CompiledModel = _restore(CompiledModel, arrays, "")
    return restored


def _flatten(value: Any, prefix: str = "") -> dict[str, Any]:
    """Nested records of arrays as one dict with dotted keys."""
    out: dict[str, Any] = {}
    for name, kind in get_type_hints(type(value)).items():
        child, key = getattr(value, name), prefix + name
        if _is_record(kind):
            out |= _flatten(child, key + ".")
        else:
            out[key] = np.array(child, dtype=np.str_) if isinstance(child, tuple) else child
    return out


def _restore(record: Any, archive: Any, prefix: str) -> Any:
    """Inverse of :func:`_flatten`; arrays come back read-only."""
    values: dict[str, Any] = {}
    for name, kind in get_type_hints(record).items():
        key = prefix + name
        if _is_record(kind):
            values[name] = _restore(kind, archive, key + ".")
            continue
        stored = archive[key]
        if kind in (str, float):
            values[name] = stored.item()
        elif stored.dtype.kind == "U" or name == "names":
            values[name] = tuple(str(s) for s in stored)
        else:
            stored.setflags(write=False)
            values[name] = stored
    return record(**values)


def _is_record(kind: Any) -> bool:
    """Whether a field has fields of its own; those that kernels take are named tuples."""
    return is_dataclass(kind) or hasattr(kind, "_fields")
