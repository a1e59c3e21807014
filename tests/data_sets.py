"""Where tests find the recorded trials, which are third-party data and not in the repository."""

import os
from pathlib import Path

import pytest

DATA_VARIABLE = "NEM2E_DATA"
"""Environment variable that names the folder of the data sets."""


def data_root() -> Path:
    """Folder of the data sets: ``$NEM2E_DATA``, else ``shared/data`` beside the repository."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get(DATA_VARIABLE) or default)


def trial_dir(trial: str) -> Path:
    """Return a trial's directory, or skip the test that asks for it.

    Parameters
    ----------
    trial : str
        ``<dataset>/<subject>/<trial>``, e.g. ``"rajagopal/walker/walk"``.
    """
    directory = data_root() / trial
    if not (directory / "trial.toml").is_file():
        pytest.skip(f"no trial {trial} under {data_root()}; set {DATA_VARIABLE} to the data sets")
    return directory


def all_trials() -> list[str]:
    """Every trial there is, as ``<dataset>/<subject>/<trial>``; empty without the data."""
    root = data_root()
    return sorted(str(p.parent.relative_to(root)) for p in root.glob("*/*/*/trial.toml"))
