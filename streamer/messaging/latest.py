"""The newest of what a running session publishes, for whoever shows it."""

from streamer.exceptions import MessageError
from streamer.messaging.messages import Emg, Health, Meta, values
from streamer.messaging.subscriber import Subscriber

SHOWN_TOPICS = ("emg", "health", "meta")
"""What a `Latest` wants its subscriber to hear."""


class Latest:
    """The newest estimate, health and names of a session.

    Parameters
    ----------
    subscriber : Subscriber
        Of the `SHOWN_TOPICS`.

    Attributes
    ----------
    emg, health, meta
        The newest message of each topic; an empty one, without a session, before the first.
    """

    def __init__(self, subscriber: Subscriber) -> None:
        self._subscriber = subscriber
        self.emg, self.health, self.meta = Emg(), Health(), Meta()

    def receive(self, timeout_s: float) -> None:
        """Take in everything that has arrived, waiting at most `timeout_s` [s] for the first."""
        while True:
            try:
                received = self._subscriber.receive(timeout_s)
            except MessageError:
                continue
            if received is None:
                return
            timeout_s = 0.0
            message = received[1]
            if isinstance(message, Emg):
                self.emg = message
            elif isinstance(message, Health):
                self.health = message
            elif isinstance(message, Meta):
                self.meta = message

    def channel_names(self) -> tuple[str, ...]:
        """One per entry of the newest estimate: numbers until the names have come."""
        n, named = len(values(self.emg.emg)), self.meta.channel_names
        return named if len(named) == n else tuple(str(k) for k in range(n))

    def on_time_percent(self) -> float:
        """Share of the frames that were answered within the budget [%]; 0 before the first."""
        return 100.0 * self.health.on_time / max(self.health.frames_in, 1)
