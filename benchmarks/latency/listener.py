"""The client of the measured session: ``python -m benchmarks.latency.listener ENDPOINT OUT N``.

It notes when each estimate arrives, until it is asked to end (SIGTERM), and writes what it heard.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from streamer.arrays import F64, I64
from streamer.clock import LslClock
from streamer.console.terminal import asked_to_stop
from streamer.lsl.settings import quiet_liblsl
from streamer.messaging.messages import Emg
from streamer.messaging.subscriber import Subscriber

_POLL_S = 0.2


@dataclass(frozen=True)
class Heard:
    """The estimates that arrived, one entry each; times are LSL's local clock [s].

    ``seq`` and ``status`` as in the message, ``t`` of capture, ``sent`` and ``arrived``;
    ``compute_ms`` from receipt of the markers to the finished estimate.
    """

    seq: I64
    status: I64
    t: F64
    sent: F64
    arrived: F64
    compute_ms: F64

    @classmethod
    def read(cls, path: Path) -> "Heard":
        """Read what a listener wrote."""
        with np.load(path, allow_pickle=False) as archive:
            return cls(**{name: archive[name] for name in cls.__annotations__})


def listen(endpoint: str, out: Path, most: int) -> None:
    """Listen until SIGTERM or SIGINT, then write a ``Heard``.

    Parameters
    ----------
    endpoint : str
        Where estimates are published.
    out : Path
        ``.npz`` file.
    most : int
        Messages that are kept at most.
    """
    quiet_liblsl()
    stop, clock = asked_to_stop(), LslClock()
    whole = np.zeros((most, 2), dtype=np.int64)
    real = np.zeros((most, 4))
    n = 0
    with Subscriber(endpoint, ("emg",)) as subscriber:
        while not stop.is_set() and n < most:
            received = subscriber.receive(_POLL_S)
            arrived = clock.now()
            if received is None or not isinstance(received[1], Emg):
                continue
            emg = received[1]
            whole[n] = emg.seq, emg.status
            real[n] = emg.t, emg.sent, arrived, emg.compute_ms
            n += 1
    names = ("t", "sent", "arrived", "compute_ms")
    columns = dict(zip(names, real[:n].T, strict=True))
    np.savez(out, seq=whole[:n, 0], status=whole[:n, 1], **columns)


if __name__ == "__main__":
    listen(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
