"""The one place where numba is configured.

Every kernel of this package goes through :func:`kernel`, so that its options are decided once:

- ``cache``: a compiled kernel is kept beside its source; later processes load it.
- ``nogil``: several bridges run in threads.
- ``error_model="numpy"``: no Python exception machinery inside a loop.
- fastmath without ``nnan`` and ``ninf``: a missing marker is a NaN, and those two flags let the
  compiler assume that there are none.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

_FASTMATH = {"nsz", "arcp", "contract", "afn", "reassoc"}

_F = TypeVar("_F", bound=Callable[..., Any])


def kernel(function: _F) -> _F:
    """Compile a function with the house options."""
    compiled: _F = njit(cache=True, nogil=True, error_model="numpy", fastmath=_FASTMATH)(function)
    return compiled
