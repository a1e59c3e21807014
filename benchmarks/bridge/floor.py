"""The least work of each stage, and how long this core needs for that at its best.

Counted from the sizes of the model, for the cheapest method that we know of, with one iteration
of whatever iterates. A multiplication, addition, division or square root counts as one operation,
a sine, cosine or arc as ten. Bytes are those of the model's arrays and inputs, each read once, and
of the outputs, each written once; everything fits into the second-level cache.

pose
    Per link that turns: 18 for two columns of a matrix, 20 for sine and cosine; per link that
    slides: 6. Placing a link on its parent: 45 for the product of two rotations and 18 for the
    origin, where the placement is not the identity.
ik
    J'WJ is the mass matrix of the markers as point masses, so it costs, by composite bodies: per
    marker 45 (position 15 + 3, distance 3, moments of it 24), per link 16 to pass the moments on
    and 44 for the momentum of its motion and the gradient, per pair of links on a chain 11. One
    step solves n equations: n^3 / 3 + 2 n^2. Pose and markers are needed before and after it.
filter
    Per coordinate, value, speed and acceleration as weighted sums of the frames of its window.
id
    A pose; per link 42 for velocity and acceleration, 9 for the motion vector, 12 + 6 on the way
    back; per link with mass 177 for Newton's and Euler's equations in ground's axes; 18 per load.
paths
    A pose; 18 per point of a path; 13 per segment; 18 per link between the ends of a segment, for
    the moment of its tension; 132 per wrap (two points into the cylinder's frame, two out of it,
    two tangents and an arc). A term of a fitted length: two per coordinate that it spans.
so
    45 per muscle for its force; with z numbers of moment arms: z for the moments, 4 z for each of
    two gradients (before and after a step), one product and sum per pair of moment arms of a
    muscle for the Hessian, and k^3 / 3 + 2 k^2 for each system of k coordinates.
refine
    Every weight once per limb: two operations; 4 W d per attention over W frames of width d.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from time import process_time

import numpy as np

from inference.checkpoint import Checkpoint
from sim_bridge import CompiledModel

_FLOAT, _INT = 8, 8
_LIMBS = 2


@dataclass(frozen=True)
class Floor:
    """Operations and bytes that a stage cannot do without."""

    flops: float
    bytes: float

    def seconds(self, peak: "Peak") -> float:
        """How long they take at the core's best [s]: whichever of the two takes longer."""
        return max(self.flops / peak.flops_per_s, self.bytes / peak.bytes_per_s)


@dataclass(frozen=True)
class Peak:
    """The best of one core here: matrix products, and copies within the second-level cache."""

    flops_per_s: float
    bytes_per_s: float

    @classmethod
    def measure(cls, repeats: int = 20) -> "Peak":
        """Measure it, by processor time, so that other programs do not count."""
        rng = np.random.default_rng(0)
        a, b = rng.standard_normal((2, 60, 60))  # too small for the library to start threads
        source, target = rng.standard_normal((2, 12_288))  # 96 KiB each
        product = min(_cpu_seconds(lambda: np.matmul(a, b), 200) for _ in range(repeats))
        copy = min(_cpu_seconds(lambda: np.copyto(target, source), 400) for _ in range(repeats))
        return cls(2.0 * a.size * len(a) / product, 2.0 * source.nbytes / copy)


def _cpu_seconds(function: Callable[[], object], count: int) -> float:
    """Processor time of one call [s], all threads together, the mean of ``count``."""
    began = process_time()
    for _ in range(count):
        function()
    return max((process_time() - began) / count, 1e-9)


def floors(model: CompiledModel, n_marker: int, n_load: int, window: int) -> dict[str, Floor]:
    """Floor of every stage of the bridge; the derivation is the module's docstring.

    Parameters
    ----------
    model : CompiledModel
    n_marker : int
        Markers that are matched.
    n_load : int
        External forces.
    window : int
        Of the derivative filter [frames].
    """
    return {
        "ik": _inverse_kinematics(model, n_marker),
        "filter": _filter(model, window),
        "id": _inverse_dynamics(model, n_load),
        "paths": _paths(model),
        "so": _static_optimization(model),
    }


def network_floor(checkpoint: Checkpoint) -> Floor:
    """Floor of one step of a network for both limbs, in float32.

    Every weight of a matrix, and every number kept of the frames in its window, meets each limb
    once.
    """
    architecture = checkpoint.card.architecture
    weights = sum(array.size for array in checkpoint.weights().values() if array.ndim > 1)
    kept = architecture.window * architecture.kept_width
    return Floor(_LIMBS * 2.0 * (weights + kept), 4.0 * (weights + _LIMBS * kept))


def _pose(model: CompiledModel) -> Floor:
    chain = model.chain
    inner = chain.parent >= 0
    turned = inner & (np.abs(chain.fixed_rotation - np.eye(3)).max(axis=(1, 2)) > 0.0)
    moved = inner & (np.abs(chain.fixed_translation).max(axis=1) > 0.0)
    turns = int(chain.is_rotation.sum())
    flops = 38 * turns + 6 * (len(chain.parent) - turns) + 45 * turned.sum() + 18 * moved.sum()
    tables = (
        chain.parent, chain.fixed_rotation, chain.fixed_translation, chain.axis,
        chain.is_rotation, chain.coordinate, chain.function,
    )  # fmt: skip
    result = (9 + 3 + 3) * _FLOAT * len(chain.parent)
    return Floor(float(flops), float(sum(t.nbytes for t in tables) + result))


def _inverse_kinematics(model: CompiledModel, n_marker: int) -> Floor:
    pose, links = _pose(model), _links_with_markers(model)
    pairs = sum(_depth(model, i) for i in links)
    n = len(model.coordinates.free_index)
    system = n**3 / 3.0 + 2.0 * n**2
    flops = 2 * (pose.flops + 45 * n_marker) + 60 * len(links) + 11 * pairs + system
    markers = n_marker * (3 * _FLOAT + 3 * _FLOAT + 2 * _INT + _FLOAT)
    return Floor(flops, pose.bytes + markers + 3 * n * _FLOAT)


def _filter(model: CompiledModel, window: int) -> Floor:
    n = len(model.coordinate_names)
    numbers = (window + 1 + 3) * n + 3 * window  # window, new frame and estimate; weights
    return Floor(float(2 * 3 * window * n), float(numbers * _FLOAT))


def _inverse_dynamics(model: CompiledModel, n_load: int) -> Floor:
    pose, n = _pose(model), len(model.chain.parent)
    bodies = int((model.chain.mass > 0.0).sum())
    flops = pose.flops + (42 + 9 + 18) * n + 177 * bodies + 18 * n_load
    coordinates = 4 * _FLOAT * len(model.coordinates.names)
    inertia = 13 * _FLOAT * bodies
    return Floor(flops, pose.bytes + inertia + coordinates + 9 * _FLOAT * n_load)


def _paths(model: CompiledModel) -> Floor:
    pose, g, fits = _pose(model), model.geometry, model.paths
    segments, between = 0, 0
    for m in range(len(model.muscles.names)):
        links = g.link[g.start[m] : g.start[m + 1]]
        segments += max(len(links) - 1, 0)
        ends = pairwise(links)
        between += sum(_links_between(model, int(a), int(b)) for a, b in ends)
    spanned = np.repeat(fits.n_spanned, np.diff(fits.start))
    flops = pose.flops + 18 * len(g.link) + 13 * segments + 18 * between
    flops += 132 * len(g.wrap_link) + 2 * float(spanned.sum())
    points = len(g.link) * (3 * _FLOAT + 2 * _INT) + len(g.wrap_link) * (15 * _FLOAT + 4 * _INT)
    terms = fits.coefficient.nbytes + fits.exponent.nbytes
    arms = int((fits.spanned >= 0).sum()) * (_FLOAT + _INT)
    return Floor(flops, pose.bytes + points + terms + arms + 2 * _FLOAT * len(g.start))


def _static_optimization(model: CompiledModel) -> Floor:
    per_muscle = (model.paths.spanned >= 0).sum(axis=1)
    arms = int(per_muscle.sum())
    pairs = int((per_muscle * (per_muscle + 1) // 2).sum())
    systems = sum(k**3 / 3.0 + 2.0 * k**2 for k in _system_sizes(model))
    n = len(model.muscles.names)
    flops = 45 * n + arms + 2 * 4 * arms + 2 * pairs + systems
    numbers = 10 * n + arms  # parameters, length, speed and activation of a muscle; moment arms
    return Floor(flops, float(numbers * _FLOAT + arms * _INT))


def _depth(model: CompiledModel, link: int) -> int:
    """Links from this one down to ground."""
    depth = 0
    while link >= 0:
        depth, link = depth + 1, int(model.chain.parent[link])
    return depth


def _links_with_markers(model: CompiledModel) -> set[int]:
    """Links that move at least one marker."""
    found: set[int] = set()
    for link in map(int, model.markers.link):
        while link >= 0 and link not in found:
            found.add(link)
            link = int(model.chain.parent[link])
    return found


def _links_between(model: CompiledModel, a: int, b: int) -> int:
    """Links on the way from one to another that move with a free coordinate."""
    count = 0
    while a != b:
        upper = max(a, b)
        count += int(model.coordinates.lead[model.chain.coordinate[upper]] >= 0)
        parent = int(model.chain.parent[upper])
        a, b = (parent, b) if upper == a else (a, parent)
    return count


def _system_sizes(model: CompiledModel) -> list[int]:
    """Numbers of free coordinates that muscles tie together; those without muscles count one."""
    label = np.arange(len(model.coordinates.free_index))
    for row in model.paths.spanned:
        tied = row[row >= 0]
        if len(tied):
            label[np.isin(label, label[tied])] = label[tied].min()
    return [int(k) for k in np.unique(label, return_counts=True)[1]]
