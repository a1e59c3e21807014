"""The methods that are compared, one kind a file; only `network` needs torch."""

from typing import Final

from inference.evaluation.methods.kinematics import motion_ridge
from inference.evaluation.methods.simulation import (
    shared_gain_and_delay,
    simulated,
    simulation_ahead,
)
from inference.evaluation.methods.streamed import (
    beside_simulation,
    calibrated,
)
from inference.evaluation.methods.stride_means import own_strides, population_mean
from inference.opinion.second_opinion import MUSCLE_S

__all__ = [
    "TITLES",
    "beside_simulation",
    "calibrated",
    "motion_ridge",
    "own_strides",
    "population_mean",
    "shared_gain_and_delay",
    "simulated",
    "simulation_ahead",
]

TITLES: Final = {
    "simulation": "static optimization, person's best gain",
    "simulation-own": "static optimization at its own instant, person's best gain",
    "simulation-excitation": f"static optimization {1e3 * MUSCLE_S:.0f} ms before its own instant, "
    "person's best gain",
    "simulation-shared": "static optimization, one gain and delay per channel",
    "motion-ridge": "kinematics alone, ridge",
    "motion-network": "kinematics alone, network",
    "population": "population's mean curve at the true phase",
    "bahdanau": "GRU encoder-decoder, Bahdanau attention",
    "stdr": "STDR-Net",
    "alone": "default network, without the simulation's second opinion",
    "network": "default network",
    "calibrated": "default network, calibrated",
    "own-strides": "person's own strides of that trial at the true phase",
}
"""What each method is called in tables, in their order."""
