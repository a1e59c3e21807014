"""From feature records to sequences: one limb's inputs, targets and where the targets count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from inference.arrays import F32, F64, Bool
from inference.channels import CHANNELS, COMPOSITES, MEASURED, N_CHANNEL, N_INPUT, SIDES
from inference.emg.envelope import Envelopes
from inference.emg.reference_maximum import PERCENTILE, MovedEmg, check_unit, reference_maximum
from inference.emg.time_base import check_channels, check_overlap
from inference.exceptions import EmgError, FeatureError, InferenceError
from inference.inputs.input_stream import InputStream
from inference.inputs.limb_inputs import LimbInputs
from inference.record import FeatureRecord

__all__ = [
    "LimbSequence",
    "as_recorded",
    "build_sequences",
    "data_sets",
    "limb_targets",
    "measured_matrix",
    "people_by_channel",
    "reference_maxima",
]


@dataclass(frozen=True, eq=False)
class LimbSequence:
    """One limb of one trial at the network's rate.

    Attributes
    ----------
    record : str
        ``dataset/subject/trial``.
    variant : str
        "" as recorded; see `inference.record.FeatureRecord`.
    dataset, person, motion : str
    side : str
        ``r`` or ``l``.
    t : ndarray of shape (n,), float64 [s, the trial's clock]
        Capture time of each step.
    x : ndarray of shape (n, 2 N_INPUT), float32
        Inputs and their presence.
    y : ndarray of shape (n, len(MEASURED)), float32
        Envelope as a fraction of the subject's reference maximum; 0 where not measured.
    measured : ndarray of shape (n, len(MEASURED)), bool
        Where `y` holds a measurement of the time that the inputs describe.
    forces_measured : ndarray of shape (n,), bool
        Where moments and activations rest on measured forces alone.
    foot_force : ndarray of shape (n,), float64 [body weights]
        Vertical force under this limb's foot; NaN where not known.
    """

    record: str
    variant: str
    dataset: str
    person: str
    motion: str
    side: str
    t: F64
    x: F32
    y: F32
    measured: Bool
    forces_measured: Bool
    foot_force: F64


def as_recorded(sequences: Iterable[LimbSequence]) -> list[LimbSequence]:
    """Leave out variants: what a score rests on and seconds are counted by."""
    return [s for s in sequences if not s.variant]


def data_sets(sequences: Iterable[LimbSequence]) -> dict[str, str]:
    """Return the data set that each person is of."""
    return {s.person: s.dataset for s in sequences}


def measured_matrix() -> F32:
    """Return what a perfect network would measure: (len(MEASURED), N_CHANNEL), rows sum to 1.

    A canonical channel is measured as itself, a composite as the mean of its parts.
    """
    matrix = np.zeros((len(MEASURED), N_CHANNEL), dtype=np.float32)
    for row, name in enumerate(MEASURED):
        parts = COMPOSITES.get(name, (name,))
        matrix[row, [CHANNELS.index(part) for part in parts]] = 1.0 / len(parts)
    return matrix


def people_by_channel(sequences: Iterable[LimbSequence]) -> dict[str, int]:
    """Return of how many people each measured channel is known; a composite as its rarest part."""
    people: dict[str, set[str]] = {name: set() for name in MEASURED}
    for sequence in sequences:
        for column in np.flatnonzero(sequence.measured.any(0)):
            people[MEASURED[column]].add(sequence.person)
    counts = {name: len(known) for name, known in people.items()}
    for name, parts in COMPOSITES.items():
        counts[name] = max(counts[name], min(counts[part] for part in parts))
    return counts


def reference_maxima(records: Iterable[FeatureRecord]) -> dict[str, Mapping[str, float]]:
    """Return every person's reference maximum per channel, told from all of their records.

    Raises
    ------
    EmgError
        If a channel has none: it is at rest nearly all the time. If a person's trials are in
        different units.
    """
    by_person: dict[str, list[MovedEmg]] = {}
    by_trial: dict[str, dict[str, MovedEmg]] = {}
    for record in records:
        moved = MovedEmg(record.emg_names, record.emg, record.motion, record.speed_mps)
        by_person.setdefault(record.person, []).append(moved)
        if not record.variant:
            by_trial.setdefault(record.person, {})[record.trial] = moved
    for person, own_trials in by_trial.items():
        check_unit(person, own_trials)
    maxima = {person: reference_maximum(trials) for person, trials in by_person.items()}
    for person, own in maxima.items():
        if resting := [name for name, peak in own.items() if peak <= 0.0]:
            raise EmgError(
                f"{person}: EMG channel {resting[0]} is at rest in {PERCENTILE:g} % of the "
                "reference trial, so that it has no unit; leave it out of [emg.muscles]"
            )
    return maxima


def build_sequences(
    records: Sequence[FeatureRecord],
    rate_hz: float,
    lag_s: Mapping[str, float] | None = None,
    lead_s: float = 0.0,
) -> list[LimbSequence]:
    """Turn records into limb sequences, exactly as a live session would see the frames.

    Parameters
    ----------
    records : sequence of FeatureRecord
        All trials of a person together, for one of them is the reference of the others.
    rate_hz : float
        Of the network.
    lag_s : mapping of str to float, optional
        By data set: how late [s] its EMG stands on the trials' clock. 0 where not given.
    lead_s : float
        How far ahead of the motion the EMG is that is to be estimated [s].

    Returns
    -------
    list of LimbSequence
        Limbs that have at least one measured channel; several where a trial has holes after which
        a live session starts anew.

    Raises
    ------
    EmgError
        If a record's EMG names no known channel, does not overlap its motion or has no unit.
    InferenceError
        If there is nothing to build, or the muscles of a record's model are unknown.
    """
    maxima = reference_maxima(records)
    sequences = [
        sequence
        for record in records
        for sequence in _limbs(
            record, rate_hz, maxima[record.person], (lag_s or {}).get(record.dataset, 0.0) + lead_s
        )
    ]
    if not sequences:
        raise FeatureError(f"none of the {len(records)} trials has EMG; give trials that do")
    return sequences


def _limbs(
    record: FeatureRecord, rate_hz: float, maxima: Mapping[str, float], lag_s: float
) -> list[LimbSequence]:
    if not record.emg_names:
        return []
    check_channels(record.name, record.emg_names)
    t, x, (by_plates, usable), starts = _replay(record, rate_hz)
    # The content of the frame at t is filter_delay old; the recording shows it lag later.
    at = t - record.filter_delay_s + lag_s
    scale = [maxima[name] for name in record.emg_names]
    envelopes = Envelopes(record.emg_names, record.emg_t, record.emg / scale)
    inside = check_overlap(record.name, record.emg_t, at)
    limbs = []
    for limb, side in enumerate(SIDES):
        y, measured = limb_targets(envelopes, side, at, inside & usable)
        under = np.interp(t, record.t, record.foot_force[:, limb])
        for start, stop in pairwise((*starts, len(t))):
            part = slice(start, stop)
            if measured[part].any():
                limbs.append(
                    LimbSequence(
                        record.name, record.variant, record.dataset, record.person, record.motion,
                        side, t[part], x[part, limb].copy(), y[part], measured[part],
                        by_plates[part], under[part],
                    )
                )  # fmt: skip
    return limbs


def _replay(record: FeatureRecord, rate_hz: float) -> tuple[F64, F32, Bool, list[int]]:
    """Feed the record frame by frame: times, inputs (n, 2, 2 N_INPUT), flags (2, n), and starts.

    The flags are those of the record: forces measured, usable. At each start, the first step or the
    first after a hole, the network of a live session forgets what came before.
    """
    try:
        inputs = LimbInputs(
            record.muscle_names,
            record.coordinate_names,
            record.mass_kg,
            knee_flexion=record.knee_flexion or None,
        )
    except InferenceError as error:
        raise InferenceError(f"{record.name}: {error}") from error
    stream = InputStream(inputs, rate_hz)
    flags = np.stack([record.forces_measured, record.usable])
    flags[0, 1:] &= flags[0, :-1].copy()  # a step may lie between two frames
    t: list[float] = []
    x, frame_of, starts = [], [], []
    for i, now in enumerate(record.t.tolist()):
        frame = (record.activation[i], record.q[i], record.qd[i], record.tau[i])
        valid, seen = bool(record.forces_told[i]), bool(record.usable[i])
        before = float(record.t[i - 1]) if i else now
        if stream.begins(now, seen):
            starts.append(len(t))
        for fraction, step in stream.advance(now, *frame, forces_valid=valid):
            t.append(before + fraction * (now - before))
            x.append(step.copy())
            frame_of.append(i)
    empty = np.zeros((0, len(SIDES), 2 * N_INPUT), dtype=np.float32)
    return np.array(t), np.stack(x) if x else empty, flags[:, frame_of], starts


def limb_targets(envelopes: Envelopes, side: str, at: F64, where: Bool) -> tuple[F32, Bool]:
    """Look up one limb's channels.

    Parameters
    ----------
    envelopes : Envelopes
    side : str
        ``r`` or ``l``.
    at : ndarray of shape (n,), float64 [s, the envelopes' clock]
    where : ndarray of shape (n,), bool
        At which of these there is anything to look up.

    Returns
    -------
    y : ndarray of shape (n, len(MEASURED)), float32
        0 where not measured.
    measured : ndarray of shape (n, len(MEASURED)), bool
    """
    y = np.zeros((len(at), len(MEASURED)), dtype=np.float32)
    measured = np.zeros(y.shape, dtype=np.bool_)
    for column, channel in enumerate(MEASURED):
        name = f"{channel}_{side}"
        if name in envelopes.names:
            values = envelopes.values[:, envelopes.names.index(name)]
            y[:, column] = np.where(where, np.interp(at, envelopes.t, values), 0.0)
            measured[:, column] = where
    return y, measured
