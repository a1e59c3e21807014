"""When a frame was received: what latencies are computed from, whatever the outlet does."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from streamer.config.streams import MarkerStream, Stream
from streamer.lsl.finding import find
from streamer.lsl.inlet import CHUNK
from streamer.lsl.marker_inlet import MarkerInlet
from streamer.lsl.outlets import Outlet, marker_channels
from tests.streamer.stand_ins import HandClock

Arrive = Callable[[float, list[int]], int]
"""Pull at a time [s] when so many frames are there, and then come while it waits; how many came."""

WAITED_S = 0.005


@pytest.fixture
def pulled(source_id: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[MarkerInlet, Arrive]]:
    outlet = Outlet("rig", "MoCap", marker_channels(("A",), "m"), 100.0, source_id)
    inlet = MarkerInlet(find(Stream(source_id=source_id, timeout_s=20.0)), MarkerStream())
    clock, coming, sent = HandClock(), list[int](), 0

    def pull(timeout_s: float) -> np.ndarray:
        nonlocal sent
        count = coming.pop(0)
        clock.t += WAITED_S if timeout_s else 0.0
        for k in range(count):
            sent += 1
            inlet._stamps[k], inlet._buffer[k] = clock.t + 1e-6 * sent, sent
        return inlet._stamps[:count]

    def arrive(at: float, frames: list[int]) -> int:
        clock.t, coming[:] = at, frames
        count = inlet.pull(1.0)
        assert not coming
        return count

    monkeypatch.setattr(inlet, "_clock", clock)
    monkeypatch.setattr(inlet, "_pull", pull)
    yield inlet, arrive
    inlet.close()
    del outlet


def test_a_frame_that_was_waited_for_is_received_when_it_comes(
    pulled: tuple[MarkerInlet, Arrive],
) -> None:
    inlet, arrive = pulled
    assert arrive(200.0, [0, 1]) == 1
    assert inlet.received == 200.0 + WAITED_S


def test_a_frame_that_was_there_may_have_come_as_soon_as_the_last_pull_ended(
    pulled: tuple[MarkerInlet, Arrive],
) -> None:
    """Whatever that pull brought: a frame, none, one that was there as well, a repeated one."""
    inlet, arrive = pulled
    for at, frames in ((200.0, [0, 1]), (201.0, [0, 0]), (202.0, [1])):
        arrive(at, frames)
        ended = at + WAITED_S * (len(frames) - 1)
        assert arrive(at + 0.02, [1]) == 1
        assert inlet.received == ended


def test_a_repeated_frame_ends_a_pull(
    pulled: tuple[MarkerInlet, Arrive], monkeypatch: pytest.MonkeyPatch
) -> None:
    inlet, arrive = pulled
    arrive(200.0, [0, 1])
    with monkeypatch.context() as repeated:
        repeated.setattr(inlet._repeats, "step", lambda *_: True)
        assert arrive(201.0, [1]) == 0
    arrive(201.02, [1])
    assert inlet.received == 201.0


def test_what_comes_after_a_flush_came_after_it(pulled: tuple[MarkerInlet, Arrive]) -> None:
    """A session flushes once kernels are compiled, which takes a minute."""
    inlet, arrive = pulled
    arrive(200.0, [0, 1])
    inlet._clock.t = 260.0  # type: ignore[attr-defined]
    inlet.flush()
    arrive(260.02, [1])
    assert inlet.received == 260.0


def test_of_more_frames_than_are_pulled_at_once_the_newest_wins(
    pulled: tuple[MarkerInlet, Arrive],
) -> None:
    """After a loop that stood still: else it would show the past until it has caught up."""
    inlet, arrive = pulled
    sent = 0
    for at, frames in ((200.0, [CHUNK, CHUNK, 10]), (201.0, [CHUNK, 0]), (202.0, [CHUNK, 1])):
        assert arrive(at, frames) == sum(frames)
        sent += sum(frames)
        np.testing.assert_array_equal(inlet.markers, np.full((1, 3), sent))  # a frame's number
        assert inlet._clock.now() == at  # nothing was waited for


@pytest.mark.parametrize(("frames", "lines"), [([0, 2], 1), ([2], 0), ([0, 1], 0)])
def test_frames_that_arrive_in_batches_are_told_of(
    pulled: tuple[MarkerInlet, Arrive],
    frames: list[int],
    lines: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Those that were waiting already may have come one by one."""
    _, arrive = pulled
    for k in range(150):
        arrive(200.0 + 0.02 * k, list(frames))
    assert caplog.text.count("frames arrive 2 at a time") == lines
