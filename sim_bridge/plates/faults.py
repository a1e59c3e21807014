"""What can be wrong with a force plate."""

from enum import IntEnum


class PlateFault(IntEnum):
    """What is wrong with a row of measured forces."""

    NONE = 0
    """It measures as it should."""
    INVERTED = 1
    WEIGHT_ON_X = 2
    WEIGHT_ON_Z = 3
    HEAVY = 4
    """It shows many times the body's weight."""
    FROZEN = 5
    """It shows the same force to the last bit."""
    NO_LOAD = 6
    """It shows no load although the foot carries the body."""
    EDGE = 7
    """A foot is on its edge."""
    BESIDE = 8
    """Its centre of pressure is not on it."""
    NOT_ZEROED = 9
    """It shows force while nobody is on it."""
    OTHER_FOOT = 10
    """Its force is given to one foot while the other stands on it."""
    UNDER_NOBODY = 11
    """Its centre of pressure is under neither foot."""

    @property
    def message(self) -> str:
        """What was seen, what it means, what to do; ``{offset}`` is the force without load [N]."""
        return _MESSAGES[self]


_MESSAGES = {
    PlateFault.NONE: "measures as it should",
    PlateFault.INVERTED: "its vertical force points down: its sign is inverted; it is not used. "
    "Send the force of the floor on the foot, from a plate that was zeroed",
    PlateFault.WEIGHT_ON_X: "the body's weight lies on its x axis, but y is up: its axes are "
    "swapped; it is not used. Correct the order of its channels",
    PlateFault.WEIGHT_ON_Z: "the body's weight lies on its z axis, but y is up: its axes are "
    "swapped; it is not used. Set `up: z` for the stream, or correct the order of its channels",
    PlateFault.HEAVY: "it shows more than three times the body's weight: its unit is wrong; it is "
    "not used. Send newtons, and check the model's mass",
    PlateFault.FROZEN: "its vertical force stays the same under load: it is stuck or at its limit; "
    "not used while that lasts. Check its amplifier and range",
    PlateFault.NO_LOAD: "it shows no load although the foot carries the body: the foot is beside "
    "it, it is off, or sends no newtons; predicted until it shows load. Check it if the foot was "
    "on it",
    PlateFault.EDGE: "a foot is on its edge, so part of the force may miss it; force is "
    "predicted there. Step on the middle of a plate",
    PlateFault.BESIDE: "its centre of pressure lies outside its corners: the unit of its points or "
    "moments is wrong, or its corners, its origin or the order of its channels; it is not used. "
    "Correct that, or swap it with the plate it really is",
    PlateFault.NOT_ZEROED: "it shows {offset:+.0f} N while nobody is on it: it was not zeroed, or "
    "it drifts; it is used as it is, so moments are wrong. Zero it with nobody on it",
    PlateFault.OTHER_FOOT: "the foot on it is not the one that gets its force: left and right are "
    "exchanged; it is not used. Swap its channels or the bodies of the loads, or let "
    "`plates: auto` find the feet",
    PlateFault.UNDER_NOBODY: "its centre of pressure is more than 12 cm from both feet: its origin,"
    " an axis or a unit is wrong, its channels are another plate's, or the markers have another "
    "origin; it is not used. Correct that",
}
