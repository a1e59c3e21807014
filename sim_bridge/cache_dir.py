"""Where this package keeps what it makes: compiled models and compiled kernels."""

import os
from pathlib import Path


def default_cache_dir() -> Path:
    """``$NEM2E_CACHE``, else the user's cache directory."""
    if configured := os.environ.get("NEM2E_CACHE"):
        return Path(configured)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nem2e"
