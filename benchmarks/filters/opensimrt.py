"""OpenSimRT's published online results as a point of the curve.

Stanev et al. 2021, doi 10.3390/s21051804: a 6 Hz low-pass with derivatives that looks at 35 frames
and answers 14 of them late, 140 ms at 100 Hz. Its files carry the instants that the results
describe, not those at which they came: against the truth their best shift is 0 (measured here), and
the delay is the published one. Its inverse kinematics weighs markers differently, so the truth it
is scored against is solved with its weights.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.interpolate import CubicSpline

from benchmarks.filters.trials import ScoredTrial, Solution
from benchmarks.means import rms
from benchmarks.trials import PlateTrial, of_leg
from streamer.formats import read_storage
from streamer.formats.ik_setup import read_ik_setup

DELAY_S = 0.140
FOLDER = "reference_opensimrt"
_FILES = {"qd": "qDot", "qdd": "qDDot", "tau": "tau", "activation": "am"}
_SHIFTS_S = np.arange(-0.1, 0.2001, 0.005)


@dataclass(frozen=True)
class Published:
    """Its errors.

    Attributes
    ----------
    trial : str
    delay_s : float
        As published [s].
    errors : dict of str to float
        RMSE per field at the instants its files state.
    best_shift_s : float
        Shift of its moments with the least error [s].
    """

    trial: str
    delay_s: float
    errors: dict[str, float]
    best_shift_s: float


def published_results(directory: Path, seconds: float) -> Published | None:
    """Score what lies beside a trial; None if nothing does."""
    folder = directory / FOLDER
    if not (folder / "tau.sto").is_file():
        return None
    setup = read_ik_setup(folder / "ik_task_set.xml")
    trial = ScoredTrial.solved(PlateTrial.load(directory, seconds), setup)
    errors = {f: _error(trial, folder / f"{name}.sto", f, 0.0) for f, name in _FILES.items()}
    shifts = [_error(trial, folder / "tau.sto", "tau", float(s)) for s in _SHIFTS_S]
    best = float(_SHIFTS_S[int(np.argmin(shifts))])
    return Published(trial.recorded.full_name, DELAY_S, errors, round(best, 3))


def _error(trial: ScoredTrial, path: Path, field: str, shift_s: float) -> float:
    """RMSE of a file's columns against the truth ``shift_s`` earlier."""
    storage, model = read_storage(path), trial.subject.model
    assert field in Solution.FIELDS
    ours = model.muscle_names if field == "activation" else model.coordinate_names
    wanted = [n for n in ours if n in storage.names and (field == "activation" or of_leg(n))]
    instants = storage.time - shift_s
    rows = trial.scored(instants)
    truth = CubicSpline(trial.time, getattr(trial.truth, field))(instants[rows])
    truth = truth[:, [ours.index(n) for n in wanted]]
    theirs = storage.data[rows][:, [storage.names.index(n) for n in wanted]]
    return rms(theirs - truth)
