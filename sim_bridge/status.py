"""What went less than well with a frame, as bits: in the loop failure is a value."""

from enum import IntFlag


class BridgeStatus(IntFlag):
    """Quality flags of one bridge step; 0 means that every stage did its job.

    The values are those of the published message, so that they pass through unchanged.
    """

    GAP = 1
    """Markers are missing: fewer equations, some coordinates may follow their prediction."""
    HOLD = 2
    """Too few markers are usable, or for up to 50 frames none fit: the last solution is held."""
    FORCE_STALE = 8
    """A measured force is not known and counts as no force; or a foot lacks one that it needs, or
    has one that is not under it."""
    GRF_PREDICTED = 16
    """Ground reaction is predicted from the motion, at least in part."""
    IK_UNCONVERGED = 32
    """Inverse kinematics stopped at its iteration limit, or left the markers far from the model's:
    labels are exchanged, the model is not this person's, or who leapt or was lost is looked for."""
    SO_SATURATED = 64
    """A muscle is fully active: what more it would have to give, others or reserves do."""
    PATH_EXTRAPOLATED = 128
    """A coordinate left the region in which the muscle paths were fitted."""
    WARMING_UP = 512
    """The filter has not yet seen enough frames for its derivatives."""
