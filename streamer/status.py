"""What a published frame says about itself: one integer of bit flags, 0 means fully good.

Eight bits are the bridge's own (`sim_bridge.BridgeStatus`) and pass through unchanged; the
others are set where frames meet clocks. The values are written out here, so that a client which
only wants to read messages does not load the solver; `tests/streamer/test_status.py` holds the
two tables together.
"""

from enum import IntFlag


class Status(IntFlag):
    """Quality of one published frame; a consumer that uses only ``status == 0`` is safe."""

    GAP = 1
    """Markers, or whole frames before this one, are missing; or its capture time is not known: what
    the sender says lies more than 50 ms in the future."""
    HOLD = 2
    """Too few markers were usable, or for up to 50 frames none fitted: the last pose is held."""
    LATE = 4
    """The budget was exceeded: a substitute was sent in time, or this part came after it. Or the
    frame itself came more than 0.1 s after it was taken."""
    FORCE_STALE = 8
    """The forces of this instant are not known: the last ones are held, or there are none; or a
    foot lacks one that it needs, or has one that is not under it."""
    GRF_PREDICTED = 16
    """Ground reaction is predicted, not measured."""
    IK_UNCONVERGED = 32
    """Inverse kinematics stopped at its iteration limit, or left the markers far from the model's:
    labels are exchanged, the model is not this person's, or who leapt or was lost is looked for."""
    SO_SATURATED = 64
    """A muscle is fully active: what more it would have to give, others or reserves do."""
    PATH_EXTRAPOLATED = 128
    """A coordinate left the region in which the muscle paths were fitted."""
    REFINER_SKIPPED = 256
    """The EMG of this frame does not come from the network: the last estimate, decayed."""
    WARMING_UP = 512
    """Filter or network have not yet seen enough frames."""


def names(status: int) -> list[str]:
    """Names of the bits that are set.

    Parameters
    ----------
    status : int
        Status field of a message.

    Returns
    -------
    list of str
        In the order of the bits; empty for a good frame. A bit of a later version of the
        protocol is named by its value, e.g. ``"4096"``.
    """
    known = [flag for flag in Status if status & flag]
    rest = status & ~sum(known)
    return [str(flag.name) for flag in known] + [
        str(1 << k) for k in range(rest.bit_length()) if rest >> k & 1
    ]
