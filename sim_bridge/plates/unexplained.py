"""What measured forces leave unexplained: wrong signs, units, origins, clocks show there.

By Newton's laws for the whole body plates measure what the motion needs, but for errors of markers,
masses and derivatives. A frame in which more remains is told by its flag. What stays small in every
frame shows in the mean of many: forces 1.1 times too large, points 6 cm off, a side that is
inverted. In 45 trials of five data sets, walking and running, 16 of 24176 frames with whole forces
are beyond the limits of a frame, all in single support on treadmills; those of means are 1.6 to 1.8
times the most.
"""

import numpy as np

from sim_bridge._jit import F64, I64, kernel

from .missing import needed_from_ground

ALONG, UP, TWIST, TILT = 0.27, 0.34, 0.055, 0.2
"""Largest remainder of a frame along the floor and up [body weights], of the moment about the
vertical and about axes along the floor, through the base [body weights m]; times the effort."""
LEAST_S, WINDOW_S = 0.9, 5.0
"""Means are formed over the last of these [s], and believed after the first."""
_GAIN, _FOLLOWS, _OFF_M, _TORQUE_M = 0.07, 0.3, 0.06, 0.03
"""Share by which the vertical force may be off; least correlation along an axis; mean distance of
points [m]; mean size of a moment about the vertical [body weights m] that nothing needs."""
_MOVES, _MOVES_MUCH, _AGAINST = 0.02, 0.045, -0.2
"""Standard deviation of the force along an axis [body weights] from which on it tells a sign. Below
the second only a correlation below the third does, and while the force is mostly to one side: of
the steps of one foot alone, as where the other plate is off, right forces follow the motion
sideways with 0.15 to 0.7, and their mean is 3 to 5 times their deviation, not 0.1 to 0.5."""
_LIVES = 0.1
"""A force whose deviation is less than this share of the needed one's is that of a dead channel; of
one foot alone it is 0.18 or more."""
_EVERY = 10
"""Frames between looks at the means."""
_NEEDED, _MOMENT, _PRODUCTS, _TURN, _SIZE = 3, 6, 9, 15, 16
"""Places in the means: measured force, needed force, moment, and for x and z squares of needed and
measured and their product, then the size of the moment about y."""


class Unexplained:
    """Looks at frames whose forces are all measured.

    Parameters
    ----------
    parent : ndarray of shape (n_link,), int64
        Parent of each link; -1 is ground.
    base : int
        Link that carries the body; -1 looks at nothing, for ground may hold the body anywhere.
    weight : float
        Body weight [N].
    rate_hz : float
        Frame rate [Hz].

    Attributes
    ----------
    verdicts : dict of str to str
        What frames had in common that forces do not explain, by its kind: in words, as found first,
        with what to do.
    """

    def __init__(self, parent: I64, base: int, weight: float, rate_hz: float) -> None:
        self._parent, self._base, self._weight = parent, base, weight
        self._least, self._window = round(LEAST_S * rate_hz), round(WINDOW_S * rate_hz)
        self._rest, self._means = np.zeros(6), np.zeros(_SIZE)
        self._frames, self._misled = 0, False
        self.verdicts: dict[str, str] = {}
        n = len(parent)
        self.step(
            np.zeros((n, 6)), np.zeros((n, 3)), np.zeros((1, 9)), 1.0
        )  # compiled or loaded now
        self.reset()

    def reset(self) -> None:
        """Forget the frames before."""
        self._frames, self._misled = 0, False
        self.verdicts.clear()

    def step(self, force: F64, position: F64, loads: F64, effort: float) -> bool:
        """Look at a frame; whether its forces do not explain its motion.

        Nor do they while the mean of many shows a side, a clock or a place that is wrong. A gain
        alone makes moments wrong by its share, and may be the model's mass.

        Parameters
        ----------
        force : ndarray of shape (n_link, 6), float64 [N m], [N]
            Moment about ground's origin and force that each link still needs, external forces
            taken off.
        position : ndarray of shape (n_link, 3), float64 [m]
            Of the links.
        loads : ndarray of shape (n_load, 9), float64
            What was taken off.
        effort : float
            See `sim_bridge.plates.effort`; limits are so many times as large.
        """
        if self._base < 0:
            return False
        remainder(self._parent, force, position[self._base], self._weight, self._rest)
        self._frames += 1
        share = 1.0 / min(self._frames, self._window)
        follow(self._rest, loads, self._weight, share, self._means)
        if self._frames >= self._least and self._frames % _EVERY == 0:
            misleads = _misleading(self._means, self._weight)
            self._misled = bool(misleads)
            self.verdicts = misleads | _gain(self._means) | self.verdicts
        return self._misled or bool(beyond(self._rest, effort))


def _gain(means: F64) -> dict[str, str]:
    """Put into words what the means of many frames say of the size of forces."""
    ratio = means[1] / max(means[_NEEDED + 1], 1e-9)
    if abs(ratio - 1.0) <= _GAIN:
        return {}
    return {
        "gain": f"together they are {ratio:.2f} times what the motion needs: check their unit, "
        "gain and zero, the model's mass, and whether something else carries the person"
    }


def _misleading(means: F64, weight: float) -> dict[str, str]:
    """Put into words what they say of sides and places."""
    found = {}
    if means[_TURN] > _TORQUE_M:
        found["torque"] = (
            f"their moment about the vertical is {means[_TURN] * weight:.0f} N m off, or more: "
            "check the units of free torque and points, their axes and origin, and those of the "
            "markers"
        )
    for axis, c, k in (("x", 0, _PRODUCTS), ("z", 2, _PRODUCTS + 3)):
        needed = means[k] - means[_NEEDED + c] ** 2
        measured = means[k + 1] - means[c] ** 2
        common = means[k + 2] - means[_NEEDED + c] * means[c]
        r = common / np.sqrt(max(needed * measured, 1e-12))
        one_side = means[c] ** 2 > measured > _LIVES**2 * needed
        least = _FOLLOWS if needed > _MOVES_MUCH**2 and not one_side else _AGAINST
        if needed > _MOVES**2 and r < least:
            found[f"side {axis}"] = (
                f"together they do not follow the motion along {axis} (correlation {r:.2f}): check "
                "the sign and the order of their channels, and their clock"
            )
    for axis, moment in (("x", means[_MOMENT + 2]), ("z", -means[_MOMENT])):
        if abs(moment) > _OFF_M * means[1]:
            found[f"place {axis}"] = (
                f"their points lie {-100.0 * moment / means[1]:+.0f} cm off along {axis}, by the "
                "moment about the body: check their origin and axes, and those of the markers"
            )
    return found


@kernel
def remainder(parent: I64, force: F64, at: F64, weight: float, rest_out: F64) -> None:
    """What the links without parent still need.

    Parameters
    ----------
    parent, force
        See :class:`Unexplained`.
    at : ndarray of shape (3,), float64 [m]
        Of the base.
    weight : float
        [N]
    rest_out : ndarray of shape (6,), float64 [body weights m], [body weights]
        Moment about the base, and force.
    """
    for c in range(6):
        rest_out[c] = needed_from_ground(parent, force, c) / weight
    for c in range(3):
        a, b = (c + 1) % 3, (c + 2) % 3
        rest_out[c] -= at[a] * rest_out[3 + b] - at[b] * rest_out[3 + a]


@kernel
def beyond(rest: F64, effort: float) -> bool:
    """Whether a remainder is more than errors of a motion are."""
    along, tilt = max(abs(rest[3]), abs(rest[5])), max(abs(rest[0]), abs(rest[2]))
    up, twist = abs(rest[4]), abs(rest[1])
    fits = along <= ALONG * effort and up <= UP * effort
    return not (fits and twist <= TWIST * effort and tilt <= TILT * effort)


@kernel
def follow(rest: F64, loads: F64, weight: float, share: float, means_out: F64) -> None:
    """Bring the means a share of the way to a frame; see `_NEEDED`.

    A remainder counts up to what is beyond errors of a motion: a second in which the person is seen
    elsewhere is not held against the next ten, nor are accelerations of a jump that nobody made.
    """
    for c in range(3):
        measured = 0.0
        for i in range(loads.shape[0]):
            measured += loads[i, c]
        measured /= weight
        most = UP if c == 1 else ALONG
        needed = measured + min(max(rest[3 + c], -most), most)
        means_out[c] += share * (measured - means_out[c])
        means_out[_NEEDED + c] += share * (needed - means_out[_NEEDED + c])
        moment = min(max(rest[c], -TILT), TILT)
        means_out[_MOMENT + c] += share * (moment - means_out[_MOMENT + c])
        if c != 1:
            k = _PRODUCTS + (0 if c == 0 else 3)
            means_out[k] += share * (needed * needed - means_out[k])
            means_out[k + 1] += share * (measured * measured - means_out[k + 1])
            means_out[k + 2] += share * (measured * needed - means_out[k + 2])
    means_out[_TURN] += share * (min(abs(rest[1]), 2.0 * TWIST) - means_out[_TURN])
