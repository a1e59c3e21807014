"""Matplotlib, which the base installation does not have, without a screen; how figures look."""

from pathlib import Path
from typing import Any

from streamer.exceptions import ConfigError

__all__ = ["GREY", "INK", "OTHERS", "OURS", "PALE", "plain", "pyplot", "save"]

INK, OURS, GREY, PALE = "#30343b", "#c2410c", "#64748b", "#94a3b8"
OTHERS = ("#0f766e", GREY, "#7c3aed", "#a16207")
"""Where there are more than ours and one other."""


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
            "drawing needs matplotlib, from the extra `train`; install it, or leave --docs out"
        ) from error
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    return plt


def plain(axis: Any) -> None:
    """Small numbers, and no lines at the top and on the right."""
    axis.tick_params(labelsize=7, colors=INK)
    axis.spines[["top", "right"]].set_visible(False)


def save(figure: Any, path: Path, dpi: int, colours: int) -> None:
    """Write a figure and close it; in so few colours it takes a third of the bytes."""
    figure.savefig(path, dpi=dpi)
    pyplot().close(figure)
    from PIL import Image  # matplotlib needs it anyway

    with Image.open(path) as image:
        image.convert("RGB").quantize(colours).save(path, optimize=True)
