"""Where every marker sits on the body, and what follows of it.

**Stray markers** are set aside: flown off, swapped or mislabelled. From one frame to the next a
marker hardly moves on its segment: soft tissue does not jump. So the predicted pose says where a
marker must be within centimetres. Where one is further off, either the prediction was wrong or the
marker is, and the frame's own pose tells: in it all markers sit where they sat, or some do not.
These count as missing until they are back; only where most markers say so for a while is it the
memory that is wrong, and the frame taken as it is.

**Missing markers** are stood in for: as it is known by how much each is off its place on the model,
that is taken off the others while some are missing. Else the pose would move within one frame by
what the missing ones held it back, and its acceleration would be that of a step.
"""

from typing import NamedTuple

import numpy as np

from sim_bridge._jit import F64, I64, Bool, kernel
from sim_bridge.kinematics import Pose, point_in_ground, point_on_link

from .marker_normal import Targets, is_there

GATE_M = 0.05
"""Distance from the prediction [m] beyond which a marker is looked at; at 100 Hz walkers' and
runners' are up to 23 mm from it, at 50 Hz 36 mm."""
MOVED_M = 0.03
"""A marker that is this far [m] from where it sat, in the pose that all of a frame have, moved on
the body; more do in another posture, as after a pause, but few of those that were far."""
ELSEWHERE_M = 0.5
"""Those that were never seen, or whose limb was not, are off from this distance [m] on only, if
most others are in their places: no placement and no label of a limb, but a ghost."""
_PATIENCE = 20
"""Frames for which a missing marker is waited for, and most markers may be off."""
_NEVER = _PATIENCE + 1


class _Memory(NamedTuple):
    """What is kept of every marker."""

    place: F64
    """Where it sat on its link when last used; its station, if never."""
    absent: I64
    """Frames since."""
    aside: Bool
    """Whether it is set aside in this frame."""


class MarkerGate:
    """Remembers where every marker sits on its link and screens the next frame.

    Parameters
    ----------
    targets : Targets
        Matched markers.
    n_label : int
        Labels that arrive.

    Attributes
    ----------
    markers : ndarray of shape (n_label, 3), float64 [m], ground
        The last frame without the markers set aside (NaN).
    n_aside : int
        How many were.
    n_missing : int
        How many were missing, these included, that had been there lately.
    worn : ndarray of shape (n_marker,), bool
        Which have been there since the start.
    n_expected : int
        How many these are.
    """

    def __init__(self, targets: Targets, n_label: int) -> None:
        self._targets = targets
        self.markers: F64 = np.full((n_label, 3), np.nan)
        self._corrected: F64 = np.full((n_label, 3), np.nan)
        n = len(targets.link)
        self._memory = _Memory(
            targets.station.copy(), np.full(n, _NEVER, dtype=np.int64), np.zeros(n, dtype=np.bool_)
        )
        self._point = np.zeros(3)
        self.worn = np.zeros(n, dtype=np.bool_)
        self._outvoted = self.n_aside = self.n_missing = self.n_expected = 0

    @property
    def places(self) -> F64:
        """Where every marker sat on its link when last used (n_marker, 3) [m]."""
        return self._memory.place

    def reset(self) -> None:
        """Forget everything."""
        self.forget()
        self.worn[:] = False
        self.n_expected = 0

    def forget(self) -> None:
        """Forget all places; the next frame passes as it is."""
        self._memory.place[:] = self._targets.station
        self._memory.absent[:] = _NEVER
        self._memory.aside[:] = False
        self._outvoted = 0

    def expect(self, markers: F64) -> bool:
        """Note which markers a frame has; whether one is there for the first time.

        Labels of markers that were taken off, after a static trial say, stay empty.
        """
        before, self.n_expected = self.n_expected, note_seen(self._targets, markers, self.worn)
        return self.n_expected > before

    def screen(self, markers: F64, pose: Pose, blind: bool) -> None:
        """Copy a frame to ``markers``, without those too far from the predicted ``pose``.

        Where that is ``blind``, a marker that has been away may be anywhere near.
        """
        np.copyto(self.markers, markers)
        aged = _PATIENCE if blind else _NEVER
        self.n_aside = screen_markers(
            self._targets, markers, pose, self._memory, aged, self._point, self.markers
        )

    def in_place(self, markers: F64, pose: Pose) -> bool:
        """Whether most of those set aside sit where they sat, in the ``pose`` that all have."""
        return bool(most_in_place(self._targets, markers, pose, self._memory, self._point))

    def take_all(self, markers: F64) -> None:
        """Set no marker of this frame aside."""
        np.copyto(self.markers, markers)
        self._memory.aside[:] = False
        self.n_aside = 0

    def on_model(self, markers: F64, pose: Pose) -> F64:
        """Return a frame as it is, or moved to the model's places if markers are missing from it.

        A marker that has been missing for long is not waited for.
        """
        np.copyto(self._corrected, markers)
        self.n_missing = correct_markers(
            self._targets, markers, pose, self._memory, self._point, self._corrected
        )
        return self._corrected if self.n_missing else markers

    def outvoted(self) -> None:
        """Most markers of this frame could not be used: after a while all are taken as they are."""
        self._outvoted += 1
        if self._outvoted >= _PATIENCE:
            self.forget()

    def learn(self, pose: Pose) -> None:
        """Remember where the markers that were used sit, at the solution ``pose``."""
        used = learn_places(self._targets, self.markers, pose, self._memory)
        if self.n_aside >= used:
            self.outvoted()
            return
        self._outvoted = 0


@kernel
def note_seen(targets: Targets, markers: F64, ever_out: Bool) -> int:
    """Mark the markers that a frame has; returns how many are marked."""
    marked = 0
    for i in range(targets.link.shape[0]):
        row = targets.column[i]
        if is_there(markers[row]):
            ever_out[i] = True
        marked += 1 if ever_out[i] else 0
    return marked


@kernel
def screen_markers(
    targets: Targets,
    markers: F64,
    pose: Pose,
    memory: _Memory,
    aged: int,
    point: F64,
    markers_out: F64,
) -> int:
    """Set markers aside in a copy and count them; those absent for ``aged`` frames may be near."""
    far = near = elsewhere = 0
    for i in range(targets.link.shape[0]):
        row = targets.column[i]
        if not is_there(markers[row]):
            continue
        off = distance(targets, i, markers[row], pose, memory.place[i], point)
        if memory.absent[i] >= aged:
            elsewhere += 1 if off > ELSEWHERE_M else 0
        elif off > GATE_M:
            far += 1
            markers_out[row] = np.nan
        else:
            near += 1
    if 0 < elsewhere < near:
        for i in range(targets.link.shape[0]):
            row = targets.column[i]
            off = distance(targets, i, markers[row], pose, memory.place[i], point)
            if memory.absent[i] >= aged and off > ELSEWHERE_M:
                far += 1
                markers_out[row] = np.nan
    for i in range(targets.link.shape[0]):
        row = targets.column[i]
        memory.aside[i] = is_there(markers[row]) and not is_there(markers_out[row])
    return far


@kernel
def most_in_place(targets: Targets, markers: F64, pose: Pose, memory: _Memory, point: F64) -> bool:
    """See :meth:`MarkerGate.in_place`; one that was never seen is, unless it is a ghost."""
    aside = moved = 0
    for i in range(targets.link.shape[0]):
        if memory.aside[i]:
            off = distance(targets, i, markers[targets.column[i]], pose, memory.place[i], point)
            limit = MOVED_M if memory.absent[i] < _NEVER else ELSEWHERE_M
            aside += 1
            moved += 1 if off > limit else 0
    return 2 * moved < aside


@kernel
def distance(targets: Targets, i: int, marker: F64, pose: Pose, place: F64, point: F64) -> float:
    """Distance of a marker from its place on the link in a pose [m]."""
    point_in_ground(pose, targets.link[i], place, point)
    squared = 0.0
    for c in range(3):
        squared += (point[c] - marker[c]) ** 2
    return float(np.sqrt(squared))


@kernel
def correct_markers(
    targets: Targets, markers: F64, pose: Pose, memory: _Memory, point: F64, markers_out: F64
) -> int:
    """Move markers to their stations in a copy; returns how many are missing that were there."""
    missing = 0
    for i in range(targets.link.shape[0]):
        row = targets.column[i]
        if memory.absent[i] >= _PATIENCE:
            continue
        if is_there(markers[row]):
            point_in_ground(pose, targets.link[i], targets.station[i], point)
            for c in range(3):
                markers_out[row, c] += point[c]
            point_in_ground(pose, targets.link[i], memory.place[i], point)
            for c in range(3):
                markers_out[row, c] -= point[c]
        else:
            missing += 1
    return missing


@kernel
def learn_places(targets: Targets, markers: F64, pose: Pose, memory: _Memory) -> int:
    """Take the places of the ``markers`` and count them; the others are absent for longer."""
    used = 0
    for i in range(targets.link.shape[0]):
        row = targets.column[i]
        if is_there(markers[row]):
            point_on_link(pose, targets.link[i], markers[row], memory.place[i])
            memory.absent[i] = 0
            used += 1
        elif memory.absent[i] < _PATIENCE:
            memory.absent[i] += 1
    return used
