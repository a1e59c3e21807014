"""From an OpenSim model to arrays; the only part of the bridge that may import opensim."""

import contextlib
from collections.abc import Callable
from pathlib import Path

from sim_bridge.cache_dir import default_cache_dir
from sim_bridge.exceptions import CacheError, ModelFileError
from sim_bridge.model import CompiledModel

from .apart import brings_defaults, build_apart
from .cache import frozen, load, model_digest, save

__all__ = ["compile_model"]


def compile_model(
    osim: Path,
    *,
    cache_dir: Path | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> CompiledModel:
    """Compile an OpenSim model, or load it from the cache.

    Parameters
    ----------
    osim : Path
        The model file.
    cache_dir : Path, optional
        Where compiled models are kept; default ``$NEM2E_CACHE`` or the user's cache directory.
    progress : callable, optional
        Called with a stage and the share of it that is done, 0 to 1.

    Returns
    -------
    CompiledModel
        Frozen arrays; opensim is imported only when the cache has no valid file.

    Raises
    ------
    ModelFileError
        If the file is missing, unreadable, no model, or has no markers or nothing that moves.
    UnsupportedComponent
        If the model holds something that the bridge does not reproduce.
    """
    osim = Path(osim)
    if osim.is_dir():
        raise ModelFileError(f"{osim} is a folder; give the .osim file in it")
    if not osim.is_file():
        raise ModelFileError(f"there is no model at {osim}; check the path")
    digest = model_digest(osim)
    path = (cache_dir or default_cache_dir()) / f"{digest[:24]}.npz"
    if path.is_file():
        try:
            return load(path, digest)
        except CacheError:
            path.unlink(missing_ok=True)
    model = _build(osim, digest, progress or _silent)
    with contextlib.suppress(OSError):  # kept nowhere, it is compiled again at the next start
        save(model, path)
    return frozen(model)


def _build(osim: Path, digest: str, progress: Callable[[str, float], None]) -> CompiledModel:
    if brings_defaults(osim):
        progress("compiling", 0.0)
        return build_apart(osim, digest)
    from .compiler import build_model  # imports opensim, which a cached start does without

    return build_model(osim, digest, progress)


def _silent(stage: str, share: float) -> None:
    """Progress that nobody watches."""
