"""Matplotlib, which the base installation does not have, without a screen."""

from typing import Any

from streamer.exceptions import ConfigError

__all__ = ["pyplot"]


def pyplot() -> Any:
    """Return `matplotlib.pyplot`, drawing into files.

    Raises
    ------
    ConfigError
        If matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise ConfigError(
            "drawing needs matplotlib, of the extra `train`; install it, or leave --docs out"
        ) from error
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    return plt
