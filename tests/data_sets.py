"""Where tests find the recorded trials, which are third-party data and not in the repository."""

from pathlib import Path

import pytest

from benchmarks.environment import DATA_VARIABLE, data_root

__all__ = ["all_trials", "data_root", "trial_dir"]


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
