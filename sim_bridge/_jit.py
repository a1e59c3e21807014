"""The one place where numba is configured.

Every kernel of this package goes through :func:`kernel`, so that its options are decided once:

- ``cache``: a compiled kernel is kept on disk; later processes load it. Numba notices a changed
  source file only for the kernels in it, not for those elsewhere that call them, so the folder is
  named after the state of the whole package.
- ``nogil``: several bridges run in threads.
- ``error_model="numpy"``: no Python exception machinery inside a loop.
- ``_nrt=False``: no kernel may allocate, the compiler refuses one that does. Without this, numba
  counts references of every array of every argument at every call: the muscle paths took ten times
  as long.
- fastmath without ``nnan`` and ``ninf``: a missing marker is a NaN, and those two flags let the
  compiler assume that there are none.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

from sim_bridge.cache_dir import default_cache_dir

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

_FASTMATH = {"nsz", "arcp", "contract", "afn", "reassoc"}

_F = TypeVar("_F", bound=Callable[..., Any])


def _kernel_dir() -> str:
    """Folder of compiled kernels for the sources as they are now."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(str(source).encode() + source.read_bytes())
    return str(default_cache_dir() / "kernels" / digest.hexdigest()[:16])


_KERNEL_DIR = _kernel_dir()


def kernel(function: _F) -> _F:
    """Compile a function with the house options."""
    before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, _KERNEL_DIR
    try:
        decorate = numba.njit(
            cache=True, nogil=True, error_model="numpy", fastmath=_FASTMATH, _nrt=False
        )
        compiled: _F = decorate(function)
    finally:
        numba.config.CACHE_DIR = before
    return compiled


@kernel
def is_finite(x: float) -> bool:
    """Whether a number is neither NaN nor infinite; ``np.isfinite`` is not safe here.

    Numba writes that as ``x - x == 0``, and where x is a sum, ``reassoc`` cancels its terms one by
    one: a missing marker would count as seen.
    """
    return abs(x) <= 1.7976931348623157e308
