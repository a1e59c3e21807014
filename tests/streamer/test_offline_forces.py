"""Forces that `nem2e offline` writes: OpenSim's tools take them, and find what we found."""

from pathlib import Path

import numpy as np
import pytest

from sim_bridge import compile_model
from streamer.commands import offline
from streamer.formats import find_model, read_external_loads, read_storage
from tests.configs.opensim_tools import inverse_dynamics
from tests.data_sets import trial_dir

WALK = "rajagopal/walker/walk"
SPAN_S = (0.4, 0.9)


def written(trial: str, out: Path, *, plates: bool, end: float) -> Path:
    """The files of a part of a trial, without any delay."""
    folder = trial_dir(trial)
    options = {"model": find_model(folder), "filter": "zero-phase:6"}
    grf = folder / "grf.mot" if plates else None
    if plates:
        options["loads"] = folder / "external_loads.xml"
    offline.run(folder / "markers.trc", out, options, grf=grf, end=end, refine=False)
    return out


@pytest.mark.parametrize("plates", [True, False], ids=["measured", "predicted"])
def test_inverse_dynamics_of_opensim_finds_the_same_moments(tmp_path: Path, plates: bool) -> None:
    osim = pytest.importorskip("opensim")
    out = written(WALK, tmp_path / "out", plates=plates, end=1.2)
    at, theirs = inverse_dynamics(
        osim, find_model(trial_dir(WALK)), out / "external_loads.xml", out / "ik.mot", SPAN_S,
        tmp_path, cutoff_hz=6.0,
    )  # fmt: skip
    ours = read_storage(out / "id.sto")
    middle = (ours.time > SPAN_S[0] + 0.05) & (ours.time < SPAN_S[1] - 0.05)
    worst = {
        name: np.abs(column[middle] - np.interp(ours.time[middle], at, theirs[name])).max()
        for name, column in zip(ours.names, ours.data.T, strict=True)
        if name in theirs
    }
    assert len(worst) > 30
    assert max(worst.values()) < 1e-6  # 5e-9 seen: the digits that OpenSim writes


def test_forces_are_those_of_the_feet_and_of_the_file(tmp_path: Path) -> None:
    out = written(WALK, tmp_path, plates=True, end=0.8)
    loads = read_external_loads(out / "external_loads.xml")
    given = read_external_loads(trial_dir(WALK) / "external_loads.xml")
    assert loads.data_file == out / "forces.mot"
    assert [f.body for f in loads.forces] == [f.body for f in given.forces]
    rows = loads.select(read_storage(out / "forces.mot"))
    assert rows.shape[1:] == (2, 9)
    assert np.isfinite(rows).all()
    assert rows[:, :, 1].max() > 500.0


def test_muscle_forces_are_activation_times_strength(tmp_path: Path) -> None:
    out = written(WALK, tmp_path, plates=True, end=0.8)
    force, activation = (
        read_storage(out / name) for name in ("muscle_force.sto", "activation.sto")
    )
    model = compile_model(find_model(trial_dir(WALK)))
    assert force.names == model.muscle_names
    used = activation.data[:, : len(force.names)]
    assert force.data.min() >= 0.0
    # along the tendon and at moderate speeds no muscle exceeds 1.8 times its isometric maximum
    assert (force.data <= 1.8 * model.muscles.max_isometric_force * used + 1e-9).all()
    assert force.data.max() > 300.0


def test_strength_is_that_of_opensim_s_static_optimization(tmp_path: Path) -> None:
    """Their force over their activation, ours over ours: activations differ by their tolerance."""
    out, reference = written(WALK, tmp_path, plates=True, end=2.4), trial_dir(WALK) / "reference"
    ours, theirs = (
        [read_storage(folder / name) for name in names]
        for folder, names in (
            (out, ("muscle_force.sto", "activation.sto")),
            (reference, ("so_force.sto", "so_activation.sto")),
        )
    )
    time = theirs[0].time[(theirs[0].time > 0.6) & (theirs[0].time < 1.8)]
    for name in ours[0].names:
        mine, other = (
            np.divide(*(np.interp(time, f.time, f.data[:, f.names.index(name)]) for f in pair))
            for pair in (ours, theirs)
        )
        assert np.abs(mine - other).max() < 1e-4 * other.max()  # 3e-5 seen
