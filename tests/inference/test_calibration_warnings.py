"""What a calibration says of EMG that it uses all the same."""

from __future__ import annotations

from inference.channels import CHANNELS
from tests.inference.test_calibration import recording, run, take


def test_emg_that_runs_against_the_estimate_is_named() -> None:
    """As that of another muscle does; the correction follows it."""
    made = take(recording(40.0))
    sol = made.states.y[:, :, CHANNELS.index("SOL")]
    sol[:] = sol.max() + 0.05 - sol
    found = run(made)
    (line,) = (line for line in found.warnings if "runs against" in line)
    assert line.startswith("SOL_r runs against the network's estimate (r -")
    (fit,) = (fit for fit in found.subject.facts.channels if fit.name == "SOL_r")
    assert fit.r_before < 0.0 < fit.r_after
