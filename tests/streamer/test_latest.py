"""The newest of what a session publishes, for those who show it."""

import numpy as np

from streamer.exceptions import MessageError
from streamer.messaging.latest import Latest
from streamer.messaging.messages import Emg, Health, Message, Meta


class Heard:
    """A subscriber to whom these come, and what it was asked to wait; None cannot be read."""

    def __init__(self, *messages: Message | None) -> None:
        self._messages = list(messages)
        self.waited: list[float] = []

    def receive(self, timeout_s: float) -> tuple[str, Message] | None:
        self.waited.append(timeout_s)
        if not self._messages:
            return None
        message = self._messages.pop(0)
        if message is None:
            raise MessageError("of another version")
        return "", message


def levels(*values: float) -> bytes:
    return np.array(values, "<f4").tobytes()


def test_all_that_has_come_is_taken_in_and_only_the_first_is_waited_for() -> None:
    heard = Heard(Emg(seq=1), Health(published=3), Emg(seq=2))
    latest = Latest(heard)  # type: ignore[arg-type]
    latest.receive(0.5)
    assert (latest.emg.seq, latest.health.published) == (2, 3)
    assert heard.waited == [0.5, 0.0, 0.0, 0.0]


def test_a_message_that_cannot_be_read_hides_no_other() -> None:
    latest = Latest(Heard(None, Emg(seq=7)))  # type: ignore[arg-type]
    latest.receive(0.0)
    assert latest.emg.seq == 7


def test_channels_are_numbered_where_the_names_are_those_of_others() -> None:
    latest = Latest(Heard(Meta(channel_names=("SOL_r", "TA_r")), Emg(emg=levels(0.5, 0.2))))  # type: ignore[arg-type]
    latest.receive(0.0)
    assert latest.channel_names() == ("SOL_r", "TA_r")
    latest.emg = Emg(emg=levels(0.5, 0.2, 0.1))  # of a session whose names have not come
    assert latest.channel_names() == ("0", "1", "2")
