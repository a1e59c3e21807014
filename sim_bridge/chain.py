"""The skeleton as a tree of links, each moved by one rotation or translation.

An OpenSim joint becomes up to six links in a row; welded bodies share a link. Link ``i`` stands
at ``parent * fixed * motion(axis, function(coordinate))``, so that kinematics, Jacobians and
dynamics need one simple recursion (Featherstone 2008, doi 10.1007/978-1-4899-7560-7).
"""

from dataclasses import dataclass

from ._jit import F64, I64, Bool


@dataclass(frozen=True)
class Chain:
    """Links in an order in which parents come first.

    =================  ==================================================  ======  ============
    field              meaning                                             unit    shape
    =================  ==================================================  ======  ============
    parent             link below, -1 is ground                                    (n,)
    fixed_rotation     placement on the parent, before the motion                  (n, 3, 3)
    fixed_translation  placement on the parent, before the motion          m       (n, 3)
    axis               unit axis of the motion, in the placed frame                (n, 3)
    is_rotation        turns about the axis (else slides along it)                 (n,)
    coordinate         the coordinate that drives it                               (n,)
    function           displacement as a function of that coordinate               (n,)
    mass               of all bodies on this link                          kg      (n,)
    first_moment       mass times centre of mass, in the link's frame      kg m    (n, 3)
    inertia            about the link's origin, in the link's frame        kg m^2  (n, 3, 3)
    lost_pair          two turns of a joint whose Coriolis term OpenSim            (p, 2)
                       4.6 does not count as it should
    lost_target        last link of that joint                                     (p,)
    lost_factor        what to add of the term to get OpenSim's answer             (p,)
    ball               first of the three turns of a Ball or Free joint            (b,)
    =================  ==================================================  ======  ============

    On ``lost_*``: Simbody's function-based joint derives its rotation axes as if its coordinates
    turned them one by one. Where one coordinate turns several axes, as in the knee of Rajagopal et
    al. (2016), its acceleration is not the derivative of its velocity.
    """

    parent: I64
    fixed_rotation: F64
    fixed_translation: F64
    axis: F64
    is_rotation: Bool
    coordinate: I64
    function: I64
    mass: F64
    first_moment: F64
    inertia: F64
    lost_pair: I64
    lost_target: I64
    lost_factor: F64
    ball: I64
