"""Feature records: one trial as the network sees it, with the measured EMG beside it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from inference.arrays import F64, Bool
from inference.exceptions import FeatureError
from inference.whole_file import whole_file

__all__ = ["FeatureRecord", "load_record", "save_record"]


@dataclass(frozen=True, eq=False)
class FeatureRecord:
    """One trial through the bridge, as live.

    ===================  =====================================================  ===============
    field                meaning                                                shape
    ===================  =====================================================  ===============
    dataset              where it comes from                                    str
    subject, trial       whose, which                                           str
    variant              "" as recorded; else what was changed, see below       str
    motion               ``walk``, ``run``, ...                                 str
    speed_mps            mean speed of it [m/s]; NaN where not known            float
    licence, citation    of the data                                            str
    mass_kg              body mass [kg]                                         float
    knee_flexion         sign of ``knee_angle`` in flexion; 0 where it is not   float
                         told by the model's geometry, but by muscles' names
    filter_delay_s       age of the content of a frame at its time `t` [s]      float
    muscle_names         columns of `activation`                                (n_muscle,)
    coordinate_names     columns of `q`, `qd`, `tau`                            (n_coord,)
    t                    capture time [s, the trial's clock]                    (n,)
    activation           simulated activation                                   (n, n_muscle)
    q, qd, tau           the model's own signs [rad, rad/s, N m]                (n, n_coord)
    forces_told          the network is given `activation` and `tau`            (n,)
    forces_measured      ground forces behind them were measured, all of them   (n,)
    foot_force           vertical, right and left foot [body weights]           (n, 2)
    usable               the bridge gave a sound frame                          (n,)
    emg_names            channels with their side, ``SOL_r``                    (n_channel,)
    emg_t                time of the envelopes [s, the trial's clock]           (k,)
    emg                  envelopes, unit of the recording                       (k, n_channel)
    marker_rms_m         mean distance of the markers from the model's (RMS)    float
    marker_spread        how far apart they are, as a multiple of the model's   float
    doubts               what looked wrong as it was made, one line each        (n_doubt,)
    ===================  =====================================================  ===============

    Variants are ``predicted`` (ground forces predicted throughout), ``noise-1``, ``noise-2``, ...
    (marker noise through the bridge), ``causal`` (envelopes as a causal filter shows them), and
    these joined by ``+``. `foot_force` is of the instant that a frame is about, as `tau` is: NaN
    where it is neither measured nor predicted, and for a foot on which no load acts.
    """

    dataset: str
    subject: str
    trial: str
    variant: str
    motion: str
    speed_mps: float
    licence: str
    citation: str
    mass_kg: float
    knee_flexion: float
    filter_delay_s: float
    muscle_names: tuple[str, ...]
    coordinate_names: tuple[str, ...]
    t: F64
    activation: F64
    q: F64
    qd: F64
    tau: F64
    forces_told: Bool
    forces_measured: Bool
    foot_force: F64
    usable: Bool
    emg_names: tuple[str, ...]
    emg_t: F64
    emg: F64
    marker_rms_m: float
    marker_spread: float
    doubts: tuple[str, ...]

    def __post_init__(self) -> None:
        n, muscles, coordinates = len(self.t), len(self.muscle_names), len(self.coordinate_names)
        expected = {
            "activation": (n, muscles), "q": (n, coordinates), "qd": (n, coordinates),
            "tau": (n, coordinates), "forces_told": (n,), "forces_measured": (n,), "usable": (n,),
            "foot_force": (n, 2), "emg": (len(self.emg_t), len(self.emg_names)),
        }  # fmt: skip
        for name, shape in expected.items():
            found = getattr(self, name).shape
            if found != shape:
                raise FeatureError(f"{self.name}: {name} has shape {found}, expected {shape}")

    @property
    def name(self) -> str:
        """``dataset/subject/trial``."""
        return f"{self.dataset}/{self.subject}/{self.trial}"

    @property
    def person(self) -> str:
        """``dataset/subject``: what a held-out split keeps together."""
        return f"{self.dataset}/{self.subject}"


def save_record(path: Path, record: FeatureRecord) -> None:
    """Write a record as npz, whole or not at all."""
    arrays = {f.name: np.asarray(getattr(record, f.name)) for f in fields(record)}
    with whole_file(path) as stream:
        np.savez_compressed(stream, allow_pickle=False, **arrays)


def load_record(path: Path) -> FeatureRecord:
    """Read a record.

    Raises
    ------
    FeatureError
        If the file is no feature record.
    """
    try:
        # opened here, for np.load does not close a file that it finds damaged
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            values = {f.name: stored[f.name] for f in fields(FeatureRecord)}
    except Exception as error:  # damage makes numpy and zipfile raise what it pleases
        raise FeatureError(f"{path}: not a feature record ({error}); prepare it again") from error
    for name, value in values.items():
        if value.ndim == 0:
            values[name] = value.item()
        elif name.endswith("_names") or name == "doubts":
            values[name] = tuple(str(text) for text in value)
    return FeatureRecord(**values)
