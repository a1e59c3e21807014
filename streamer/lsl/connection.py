"""How an LSL stream is connected to, its clock offset known, its description read.

liblsl's own dejittering stays off: see `streamer.frames.dejitter` for what it does to frames that
are missing, and for what is used instead. So does its monotonizing: a clock that is set back would
stand still until it has caught up, and nobody could tell.
"""

from typing import NamedTuple

import pylsl
from pylsl.util import LostError
from pylsl.util import TimeoutError as LslTimeoutError

from streamer.exceptions import StreamNotFound

POSTPROCESSING = pylsl.proc_clocksync
ANSWER_S = 5.0
"""How long each of the three answers of a stream that was found may take [s]."""
_BUFFER_S = 1  # liblsl keeps at most this much [s]: what is older is of no use live
_BUFFER_HUNDREDS = 50  # of a stream that names no rate it counts samples, in hundreds: 1 s at 5 kHz


class Connection(NamedTuple):
    """A stream that is being received.

    Attributes
    ----------
    info : pylsl.StreamInfo
        As it was found, without its extended description.
    inlet : pylsl.StreamInlet
        Open.
    xml : str
        Its full description.
    created_s : float
        When the sender made it [s], LSL local clock of this machine.
    """

    info: pylsl.StreamInfo
    inlet: pylsl.StreamInlet
    xml: str
    created_s: float


def connect(info: pylsl.StreamInfo) -> Connection:
    """Open a stream.

    It is not recovered by liblsl, which would go on under the same source_id without a look at the
    channels: `streamer.lsl.lost_stream` does that.

    Parameters
    ----------
    info : pylsl.StreamInfo
        As it was found.

    Raises
    ------
    StreamNotFound
        If it does not answer.
    """
    buffer = _BUFFER_S if info.nominal_srate() > 0.0 else _BUFFER_HUNDREDS
    inlet = pylsl.StreamInlet(info, buffer, recover=False, processing_flags=POSTPROCESSING)
    try:
        xml = inlet.info(ANSWER_S).as_xml()
        inlet.open_stream(ANSWER_S)
        # the first estimate takes 0.5 s, during which the first pull would wait
        offset_s = inlet.time_correction(ANSWER_S)
    except (LslTimeoutError, LostError) as error:
        raise StreamNotFound(
            f"name {info.name()}",
            ANSWER_S,
            "it announces itself but does not answer: check the firewall (TCP and UDP 16572-16604)",
        ) from error
    return Connection(info, inlet, xml, info.created_at() + offset_s)
