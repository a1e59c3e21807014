"""What computes the step graph; each is imported when it is asked for.

`inference.live.choice` proves them and chooses between them.
"""

from __future__ import annotations

from pkgutil import resolve_name
from typing import TYPE_CHECKING

from inference.backends.base import StepBackend
from inference.backends.table import BACKENDS
from inference.exceptions import BackendUnavailable, nearest_names

if TYPE_CHECKING:
    from inference.checkpoint import Checkpoint

__all__ = ["BACKENDS", "StepBackend", "open_backend"]


def open_backend(name: str, checkpoint: Checkpoint) -> StepBackend:
    """Return the named backend, loaded with the checkpoint's network, not yet proven.

    Raises
    ------
    BackendUnavailable
        If the name is unknown or the backend cannot run on this machine.
    """
    if name not in BACKENDS:
        near = nearest_names(name, list(BACKENDS))
        raise BackendUnavailable(
            f"unknown network backend {name!r}; "
            + (f"did you mean {near[0]}? " if near else "")
            + f"choose one of auto, {', '.join(BACKENDS)}"
        )
    entry = BACKENDS[name]
    if lack := entry.lack():
        raise BackendUnavailable(f"the {name} backend cannot run here: {lack}; {entry.advice}")
    try:
        opener = resolve_name(entry.opener)
    except Exception as error:  # a broken installation raises what it likes, OSError for torch's
        raise BackendUnavailable(
            f"the {name} backend cannot be loaded ({error}); {entry.advice}"
        ) from error
    backend: StepBackend = opener(checkpoint)
    return backend
