"""A reader that is slower than the session is told so."""

from types import SimpleNamespace

import pytest

from streamer.commands import behind
from streamer.commands.behind import AGAIN_S, DRIFT, TOLD_S, Behind
from streamer.messaging.messages import Message
from tests.streamer.stand_ins import HandClock

OFFSET_S = 5000.0
"""Of the clock of another machine, which publishes."""


class Reader:
    """Reads messages at times of its own clock, and keeps what it says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.said: list[str] = []
        self._clock, self._behind = HandClock(), Behind()
        monkeypatch.setattr(behind, "time", SimpleNamespace(monotonic=self._clock.now))
        monkeypatch.setattr(behind, "say", self.said.append)

    def read(self, sent: float, at: float, session: str = "one") -> None:
        self._clock.t = at
        sent += OFFSET_S
        self._behind.see(Message(v=1, session=session, seq=0, t=sent, sent=sent, status=0))


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Reader:
    return Reader(monkeypatch)


def test_a_reader_that_keeps_up_is_told_nothing_whatever_the_other_clock_says(
    reader: Reader,
) -> None:
    for k in range(1000):
        reader.read(0.01 * k, 0.01 * k + (0.9 * TOLD_S if k == 500 else 0.0))
    assert not reader.said


def test_a_slow_reader_is_told_how_far_behind_it_is_and_now_and_then_again(reader: Reader) -> None:
    lasting = 10.0 * AGAIN_S
    for k in range(int(lasting)):  # reads a message of each second in two
        reader.read(float(k), 2.0 * k)
    assert reader.said[0].startswith("reading 2 s behind the session")
    assert len(reader.said) == 2.0 * lasting / AGAIN_S


def test_clocks_that_drift_apart_for_a_day_are_no_delay(reader: Reader) -> None:
    for minute in range(24 * 60):
        t = 60.0 * minute
        reader.read(t, t * (1.0 + 0.5 * DRIFT))
    assert not reader.said


def test_another_session_may_run_on_another_machine(reader: Reader) -> None:
    reader.read(0.0, 0.0)
    reader.read(-3600.0, 1.0, session="two")
    assert not reader.said
    reader.read(-3599.0, 4.0, session="two")
    assert len(reader.said) == 1


def test_a_slow_reader_is_told_on_a_machine_that_has_run_for_weeks(reader: Reader) -> None:
    """Clocks drift from message to message, not since the machine was started."""
    weeks_s = 2e6
    for k in range(1000):
        reader.read(weeks_s + 0.01 * k, weeks_s + 0.02 * k)
    assert reader.said[0].startswith("reading 1 s behind the session")
