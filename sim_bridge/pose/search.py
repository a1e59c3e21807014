"""Looks for a person who was not seen before, or who was lost, from many poses."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from sim_bridge._jit import F64

from .first_poses import FirstPoses
from .marker_normal import MINIMUM_MARKERS, seen_markers
from .solver import PoseSolver

_FEW, _GOOD = 4, 0.03
"""The first few starts do where one of them ends below this weighted marker error [m]."""
_THOROUGH, _BRIEF = 200, 20
"""Most iterations from each start."""
BOUT = 10
"""Iterations between looks at how many are left to a frame."""
_TIE = 1.1
"""Weighted marker errors within this factor of the least are as good: then the pose that bends the
joints less is the person's, one with a joint turned over is not."""
_ROUNDING = 1e-6
"""Weighted marker errors [m] that differ by less are the same pose."""


class _End(NamedTuple):
    """Where a start led."""

    misfit: float
    bend: float
    free: F64


class PoseSearch:
    """The best pose of one frame of markers.

    Several starts end in the same pose, some with angles gone over the top of a gimbal or a joint
    turned over: among the good ones that with the smallest angles is the person's.

    It takes a hundred iterations where a pose fits, and thousands where none does: so it can be
    cut into as many pieces as there are frames to pay for it, and ends with the same pose.

    Parameters
    ----------
    solver : PoseSolver
        One of its own.
    first : FirstPoses
        Where to start.
    n_label : int
        Labels that arrive.

    Attributes
    ----------
    running : bool
        Whether it has begun and not ended.
    thorough : bool
        Whether it goes on until it is sure.
    """

    def __init__(self, solver: PoseSolver, first: FirstPoses, n_label: int) -> None:
        self._solver, self._first = solver, first
        self._markers: F64 = np.full((n_label, 3), np.nan)
        self._bouts: Iterator[int] = iter(())
        self._ends: list[_End] = []
        self.running, self.thorough = False, True

    @property
    def found(self) -> bool:
        """Whether the frame had markers enough for a pose."""
        return bool(self._ends)

    @property
    def free(self) -> F64:
        """The pose that was found, (n_free,) [rad] or [m]."""
        return self._solver.free

    def begin(self, markers: F64, *, thorough: bool) -> None:
        """Take a frame, (n_label, 3) [m]; whatever was looked for before is forgotten.

        To see whether a frame has a pose at all, a look that is not thorough does.
        """
        np.copyto(self._markers, markers)
        self.thorough = thorough
        self._ends, self._bouts, self.running = [], self._look(), True

    def go_on(self, iterations: float) -> None:
        """Spend (about) so many iterations; `running` tells whether that was enough."""
        for spent in self._bouts:
            iterations -= spent
            if iterations <= 0.0:
                return
        self.running = False

    def to(self, markers: F64) -> F64:
        """Return the pose that was found, moved to the markers of a later frame."""
        return self._first.moved(self.free, markers, self._solver)

    def _look(self) -> Iterator[int]:
        """Solve from all starts, or the first few; yields the iterations of every bout."""
        if seen_markers(self._solver.targets, self._markers)[1] < MINIMUM_MARKERS:
            yield from self._solve(self._first.standing)  # nobody is there
            return
        for k in range(len(self._first)):
            if k == _FEW and min((end.misfit for end in self._ends), default=np.inf) < _GOOD:
                break
            yield from self._solve(self._first.start(k, self._markers, self._solver))
            misfit, free = self._solver.misfit, self.free.copy()
            if np.isfinite(misfit):
                self._ends.append(_End(misfit, self._first.bend(free), free))
        yield from self._solve(self._best() if self._ends else self._first.standing)

    def _solve(self, start: F64) -> Iterator[int]:
        """Solve from one start."""
        solver = self._solver
        solver.solve(self._markers, start, BOUT)
        for _ in range(BOUT, _THOROUGH if self.thorough else _BRIEF, BOUT):
            if solver.converged or solver.iterations < BOUT:
                break
            yield solver.iterations
            solver.go_on(self._markers, BOUT)
        yield solver.iterations

    def _best(self) -> F64:
        """The end that is the person's, without whole turns of angles where it is the same."""
        least = min(end.misfit for end in self._ends)
        good = (end for end in self._ends if as_good(end.misfit, least))
        best = min(good, key=lambda end: end.bend)
        unwound = self._first.unwound(best.free)
        self._solver.solve(self._markers, unwound, 0)
        return unwound if self._solver.misfit <= best.misfit + _ROUNDING else best.free


def as_good(misfit: float, least: float) -> bool:
    """Whether weighted marker errors [m] are so near that the joints decide."""
    return misfit <= _TIE * least + _ROUNDING
