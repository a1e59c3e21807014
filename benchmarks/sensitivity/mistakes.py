"""Mistakes that a laboratory makes, each done to a session that was right."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple

import numpy as np

from sim_bridge import CompiledModel
from streamer.arrays import F64
from streamer.formats.bridge_input import BridgeInput


class Session(NamedTuple):
    """A person's model, and what the cameras and plates saw."""

    model: CompiledModel
    recording: BridgeInput


Mistake = Callable[[Session, np.random.Generator], Session]
"""The session as it would have been, chance drawn from a generator."""


def _with_positions(session: Session, positions: F64) -> Session:
    recording = session.recording
    markers = replace(recording.markers, positions=positions)
    return session._replace(recording=replace(recording, markers=markers))


def _with_rows(session: Session, rows: F64) -> Session:
    return session._replace(recording=replace(session.recording, force_rows=rows))


def none(session: Session, _: np.random.Generator) -> Session:
    """Leave all as it is."""
    return session


def misplaced(sd_m: float, session: Session, rng: np.random.Generator) -> Session:
    """Put every marker elsewhere on its body, so far [m] along each axis (standard deviation)."""
    markers = session.model.markers
    moved = markers.station + rng.normal(0.0, sd_m, markers.station.shape)
    return session._replace(model=replace(session.model, markers=replace(markers, station=moved)))


def larger(by: float, session: Session, _: np.random.Generator) -> Session:
    """Measure a person who is larger than the model by that share."""
    rows = session.recording.force_rows.copy()
    rows[..., 3:6] *= 1.0 + by
    positions = (1.0 + by) * session.recording.markers.positions
    return _with_rows(_with_positions(session, positions), rows)


def noisy(sd_m: float, session: Session, rng: np.random.Generator) -> Session:
    """Let cameras err by so much [m] along each axis, independently in every frame."""
    positions = session.recording.markers.positions
    return _with_positions(session, positions + rng.normal(0.0, sd_m, positions.shape))


def tilted(degrees: float, session: Session, _: np.random.Generator) -> Session:
    """Tilt the cameras' axes against the floor, about the axis across the walkway."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    return _with_positions(session, session.recording.markers.positions @ turn.T)


def displaced(axis: int, by_m: float, session: Session, _: np.random.Generator) -> Session:
    """Believe the plates so far [m] from where they are, along an axis of ground."""
    rows = session.recording.force_rows.copy()
    rows[..., 3 + axis] += by_m
    return _with_rows(session, rows)


def amplified(by: float, session: Session, _: np.random.Generator) -> Session:
    """Take forces for larger than they are by that share."""
    rows = session.recording.force_rows.copy()
    rows[..., :3] *= 1.0 + by
    rows[..., 6:] *= 1.0 + by
    return _with_rows(session, rows)


def late(by_s: float, session: Session, _: np.random.Generator) -> Session:
    """Stamp forces so much [s] later than markers."""
    recording = session.recording
    later = replace(recording, force_time=recording.force_time + by_s)
    return session._replace(recording=later)


def without_plates(session: Session, _: np.random.Generator) -> Session:
    """Have no plates; no mistake, but the measure of what forces are worth."""
    return session._replace(recording=BridgeInput(session.recording.markers))


AHEAD, ACROSS = 0, 2
MISTAKES: Final[dict[str, Mistake]] = {
    "none": none,
    "markers on the body 5 mm off": partial(misplaced, 0.005),
    "markers on the body 10 mm off": partial(misplaced, 0.010),
    "markers on the body 20 mm off": partial(misplaced, 0.020),
    "person 1.5 % larger than the model": partial(larger, 0.015),
    "person 3 % larger": partial(larger, 0.03),
    "person 3 % smaller": partial(larger, -0.03),
    "cameras' noise of 1 mm": partial(noisy, 0.001),
    "cameras' noise of 3 mm": partial(noisy, 0.003),
    "cameras tilted by 1 degree": partial(tilted, 1.0),
    "plates 10 mm too far ahead": partial(displaced, AHEAD, 0.010),
    "plates 20 mm too far ahead": partial(displaced, AHEAD, 0.020),
    "plates 10 mm to the side": partial(displaced, ACROSS, 0.010),
    "forces 5 % too large": partial(amplified, 0.05),
    "forces 10 ms late": partial(late, 0.010),
    "forces 20 ms late": partial(late, 0.020),
    "no plates": without_plates,
}
"""By name, in the order of the table."""
