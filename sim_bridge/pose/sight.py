"""Which coordinates markers see: any of a model's, and those of a frame.

What markers tell of one coordinate while all others are free is the Schur complement of their
normal equations N, 1 / (N^-1)_jj: the inverse of the variance that noise on them gives it. A pelvis
whose own markers are hidden is moved by those of both legs and hardly known from them: its place on
the diagonal of N is about as large as ever, its complement a sixth.
"""

import logging
from collections.abc import Iterable, Sequence

import numpy as np

from sim_bridge._jit import F64, I64, Bool, kernel
from sim_bridge.base_coordinates import base_links
from sim_bridge.exceptions import MarkerMismatch
from sim_bridge.kinematics import Pose, Skeleton, skeleton_of
from sim_bridge.linalg import inverse_diagonal
from sim_bridge.model import CompiledModel

from .marker_normal import Targets, gather_errors, is_there, normal_equations
from .marker_pose import Work, allocate

_log = logging.getLogger(__name__)

SHARE = 0.25
"""A coordinate of which markers tell less than this share of what all would is guessed: noise on
them counts double. In three walks it was 0 to 0.2 with the markers of a foot, of its front, of a
trunk or of the pelvis hidden, 0.29 and more with half of a body's or one."""
_KNOWN = 1e-5
"""What is known of any coordinate without markers [m^2/rad^2 or 1]; the only marker of a wrist
tells 30 times as much."""
_SAID_AFTER = 200
"""Frames in a row after which what is guessed is named."""


class Sight:
    """Compares what the markers of a frame tell with what others would, in the same pose.

    Parameters
    ----------
    model : CompiledModel
        The model.
    targets : Targets
        Matched markers.
    names : sequence of str
        Theirs.
    tasks : ndarray of shape (n_free,), float64 [m^2/rad^2 or 1]
        Stiffness of coordinates that are held at a value, per weight of all markers: they are known
        from that as well.

    Attributes
    ----------
    blind : bool
        Whether the last frame hardly tells a coordinate that all markers ever seen would tell.
    guessed : bool
        Whether it hardly tells one that moves the base, or that muscles span, and that all matched
        markers would tell, seen or not.
    told : ndarray of shape (n_free,), float64 [m^2/rad^2 or 1]
        What the markers of the last frame that lacked some tell of each coordinate.
    """

    def __init__(
        self, model: CompiledModel, targets: Targets, names: Sequence[str], tasks: F64
    ) -> None:
        n, n_free = len(targets.link), len(model.coordinates.free_index)
        # a marker that is followed more closely than most tells no more of where the person is
        usual = float(np.median(targets.weight))
        self._weight = np.minimum(targets.weight / usual, 1.0)
        self._skeleton, self._columns = skeleton_of(model), targets.column
        self._names, self._coordinates = tuple(names), model.coordinates.free_names
        leads = model.coordinates.lead[model.chain.coordinate[muscled_links(model)]]
        self._counts = np.zeros(n_free, dtype=np.bool_)
        self._counts[leads[leads >= 0]] = True
        # every marker has the same row: where it is does not matter, and its weight tells if it is
        self._targets = targets._replace(weight=np.zeros(n), column=np.zeros(n, dtype=np.int64))
        self._known = _KNOWN + tasks * targets.weight.sum() / usual
        self._work, self._nowhere, self._result = allocate(model), np.zeros((1, 3)), np.zeros(2)
        self._seen = np.zeros(n, dtype=np.bool_)
        self.told, self._by_worn, self._by_all = np.zeros((3, n_free))
        self._said = False
        self.reset()

    def reset(self) -> None:
        """Forget the last frame."""
        self._seen[:] = self.blind = self.guessed = False
        self._frames = 0

    def step(self, markers: F64, worn: Bool, pose: Pose) -> None:
        """Look at the markers of a frame.

        Parameters
        ----------
        markers : ndarray of shape (n_label, 3), float64
            NaN marks a missing one.
        worn : ndarray of shape (n_marker,), bool
            Matched markers that were ever seen.
        pose : Pose
            Of the frame.
        """
        changed = note_seen(self._columns, markers, self._seen)
        if self._seen.all():
            self.blind = self.guessed = False
        elif changed:  # a moment later the same markers tell about the same
            self._compare(worn, pose)
        self._frames = self._frames + 1 if self.guessed else 0
        if self._frames >= _SAID_AFTER and not self._said:
            self._say()

    def _compare(self, worn: Bool, pose: Pose) -> None:
        self._look(self._seen, pose, self.told)
        self._look(True, pose, self._by_all)
        self._by_worn[:] = self._by_all
        if not worn.all():
            self._look(worn, pose, self._by_worn)
        self.blind = bool((self.told < SHARE * self._by_worn).any())
        self.guessed = bool((self.told < SHARE * self._by_all)[self._counts].any())

    def _look(self, seen: Bool | bool, pose: Pose, told_out: F64) -> None:
        np.multiply(self._weight, seen, out=self._targets.weight)
        told_of_each(
            self._skeleton, self._targets, self._nowhere, pose, self._known, self._work,
            self._result, told_out,
        )  # fmt: skip

    def _say(self) -> None:
        """Name once what is guessed for long, and the markers that would tell it."""
        self._said = True
        hardly = (self.told < SHARE * self._by_all) & self._counts
        _log.warning(
            "too few markers show %s, so poses are guesses, and flagged; make these markers "
            "visible, or give them weight 0 in an IK setup: %s",
            ", ".join(n for n, h in zip(self._coordinates, hardly, strict=True) if h),
            ", ".join(n for n, s in zip(self._names, self._seen, strict=True) if not s),
        )


def unseen_coordinates(model: CompiledModel, links: I64) -> tuple[str, ...]:
    """Names of the coordinates that move none of the markers' links; some joint's has to."""
    seen, joint = moving(model, links.tolist()), ~moving(model, base_links(model))
    if joint.any() and not (seen & joint).any():
        raise MarkerMismatch(
            f"the {len(links)} markers that match show no joint, at most where the body is: send "
            "those of the limbs, rename them, or pair them (`names`)"
        )
    return tuple(name for name, s in zip(model.coordinates.free_names, seen, strict=True) if not s)


def moving(model: CompiledModel, links: Iterable[int]) -> Bool:
    """Which free coordinates move any of the links, (n_free,)."""
    chain, lead = model.chain, model.coordinates.lead
    found = np.zeros(len(model.coordinates.free_index), dtype=np.bool_)
    for each in set(links):
        link = int(each)
        while link >= 0:
            free = int(lead[chain.coordinate[link]])
            if free >= 0:
                found[free] = True
            link = int(chain.parent[link])
    return found


def muscled_links(model: CompiledModel) -> Bool:
    """Links of the base, and of the joints that muscles span, (n_link,)."""
    lead = model.coordinates.lead[model.chain.coordinate]
    moved: Bool = (lead >= 0) & np.isin(lead, model.paths.spanned)
    moved[list(base_links(model))] = True
    return moved


@kernel
def note_seen(columns: I64, markers: F64, seen_out: Bool) -> bool:
    """Note which markers a frame has; whether they are others than noted before."""
    changed = False
    for i in range(columns.shape[0]):
        there = is_there(markers[columns[i]])
        changed |= there != seen_out[i]
        seen_out[i] = there
    return changed


@kernel
def told_of_each(
    skeleton: Skeleton,
    targets: Targets,
    nowhere: F64,
    pose: Pose,
    known: F64,
    work: Work,
    result: F64,
    told_out: F64,
) -> None:
    """What the markers with a weight tell of each free coordinate, (n_free,) [m^2/rad^2 or 1].

    ``nowhere`` (1, 3) stands for the place of every marker, which does not matter; ``known``
    (n_free,) is what is known without them.
    """
    gather_errors(skeleton, targets, nowhere, pose, work.point, work.sums, result)
    normal_equations(skeleton, pose, work.sums, work.vectors, work.normal, work.bend, work.gradient)
    for j in range(told_out.shape[0]):
        work.normal[j, j] += known[j]
    inverse_diagonal(work.normal, told_out)
    for j in range(told_out.shape[0]):
        told_out[j] = 1.0 / told_out[j]
