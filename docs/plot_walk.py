"""Draw ``walk.png``: a walk through the live pipeline, beside OpenSim and measured EMG.

    python docs/plot_walk.py [TRIAL_DIR]

needs the trial (by default the Rajagopal walk beside the repository) and the ``train`` extra for
matplotlib.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.environment import data_root
from benchmarks.subject import RAJAGOPAL_WALK
from inference import Refiner
from inference.emg.envelope import envelope
from sim_bridge import Bridge, BridgeSettings, compile_model
from streamer.commands.offline import process
from streamer.formats import Trial, read_storage, read_trial
from streamer.formats.bridge_input import BridgeInput
from streamer.model_inputs import inputs_of
from streamer.reports.drawing import INK, OURS, PALE, plain, pyplot

HERE = Path(__file__).resolve().parent
MOMENTS = {"hip_flexion_r": "hip flexion", "knee_angle_r": "knee", "ankle_angle_r": "ankle"}
MUSCLES = ("SOL", "TA", "BFLH", "VL", "RF", "GMED")


def main(directory: Path) -> None:
    """Run the trial through bridge and refiner and write the figure."""
    plt, trial = pyplot(), read_trial(directory)
    recording = BridgeInput.of_trial(trial)
    model = compile_model(trial.model)
    bridge = Bridge(model, recording.markers.names, recording.loads, BridgeSettings(100.0))
    refiner = Refiner(inputs_of(model))
    results = process(recording, bridge, refiner)
    moved = recording.markers.time - bridge.filter_delay_s
    figure, axes = plt.subplots(3, 3, figsize=(10, 6.4), sharex=True, layout="constrained")
    reference = read_storage(directory / "reference/id.sto")
    for axis, (name, title) in zip(axes[0], MOMENTS.items(), strict=True):
        column = reference.names.index(f"{name}_moment")
        axis.plot(reference.time, reference.data[:, column], color=PALE, lw=3)
        axis.plot(moved, results.tau[:, model.coordinate_names.index(name)], color=OURS, lw=1.2)
        axis.set_title(f"{title} moment [N m]", fontsize=9, color=INK)
    for axis, muscle in zip(axes[1:].flat, MUSCLES, strict=True):
        time_s, measured = _measured(trial, f"{muscle}_r")
        estimate = results.emg[:, refiner.channel_names.index(f"{muscle}_r")]
        axis.plot(time_s, measured, color=PALE, lw=3)
        axis.plot(moved + refiner.lead_s, estimate, color=OURS, lw=1.2)
        axis.set_title(f"{muscle} EMG [of maximum]", fontsize=9, color=INK)
        axis.set_ylim(0.0, 1.1)
    start, end = trial.valid[0]
    for axis in axes.flat:
        axis.set_xlim(start, end)
        shown = [line.get_ydata()[_within(line.get_xdata(), start, end)] for line in axis.lines]
        if axis in axes[0]:
            axis.set_ylim(1.1 * min(y.min() for y in shown), 1.1 * max(y.max() for y in shown))
        plain(axis)
    figure.supxlabel("time [s]", fontsize=9)
    figure.legend(
        handles=[
            plt.Line2D([], [], color=PALE, lw=3, label="OpenSim offline / measured EMG"),
            plt.Line2D([], [], color=OURS, lw=1.2, label="live pipeline"),
        ],
        loc="outside upper right",
        ncols=2,
        frameon=False,
        fontsize=8,
    )
    figure.savefig(HERE / "walk.png", dpi=110)


def _within(time_s: NDArray[np.float64], start: float, end: float) -> NDArray[np.bool_]:
    return (time_s >= start) & (time_s <= end)


def _measured(trial: Trial, channel: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Envelope of a measured channel as a fraction of its own maximum in the valid stretch."""
    assert trial.emg is not None
    raw = trial.emg.data[:, trial.emg.names.index(channel)]
    smooth = envelope(raw, trial.emg.rate_hz) if trial.emg_kind == "raw" else raw
    start, end = trial.valid[0]
    inside = _within(trial.emg.time, start, end)
    return trial.emg.time, smooth / smooth[inside].max()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else data_root() / RAJAGOPAL_WALK)
