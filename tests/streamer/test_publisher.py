"""Real sockets; each test binds a port or path of its own."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import zmq

from streamer.exceptions import PortBusy, StreamerError
from streamer.messaging import subscriber as module
from streamer.messaging.messages import Act, Emg, Message, Meta, decode
from streamer.messaging.publisher import NEWS_AT_ONCE, Publisher
from streamer.messaging.subscriber import PROBE_AFTER_S, PROBE_EVERY_S, PROBES, Subscriber


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    made = Publisher("tcp://127.0.0.1:*")
    yield made
    made.close()


def wait_for_subscription(publisher: Publisher) -> None:
    while not publisher.has_new_subscriber():
        pass


def drain(subscriber: Subscriber) -> list[tuple[str, Message]]:
    found = []
    while (received := subscriber.receive(0.3)) is not None:
        found.append(received)
    return found


def test_a_subscriber_gets_what_is_sent_in_order(publisher: Publisher) -> None:
    with Subscriber(publisher.endpoint) as subscriber:
        wait_for_subscription(publisher)
        for seq in range(5):
            publisher.send(Emg(seq=seq, emg=b"1234"))
        received = drain(subscriber)
    assert [m.seq for _, m in received] == [0, 1, 2, 3, 4]
    assert all(topic == "emg" for topic, _ in received)


def test_topics_are_filtered_by_their_whole_name(publisher: Publisher) -> None:
    with Subscriber(publisher.endpoint, ("act",)) as subscriber:
        wait_for_subscription(publisher)
        for message in (Emg(seq=1), Act(seq=2), Meta(seq=3)):
            publisher.send(message)
        assert [(t, m.seq) for t, m in drain(subscriber)] == [("act", 2)]


def test_a_new_subscription_is_noticed_once(publisher: Publisher) -> None:
    assert not publisher.has_new_subscriber()
    with Subscriber(publisher.endpoint, ("emg",)):
        wait_for_subscription(publisher)
        assert not publisher.has_new_subscriber()


def test_every_client_of_the_same_topic_is_noticed(publisher: Publisher) -> None:
    with Subscriber(publisher.endpoint, ("meta",)):
        wait_for_subscription(publisher)
        with Subscriber(publisher.endpoint, ("meta",)) as second:
            wait_for_subscription(publisher)
            publisher.send(Meta(seq=3))
            assert [m.seq for _, m in drain(second)] == [3]


def test_a_flood_of_subscriptions_is_looked_at_a_few_at_a_time(publisher: Publisher) -> None:
    topics = [f"{k}" for k in range(2 * NEWS_AT_ONCE)]
    with Subscriber(publisher.endpoint, ("emg", *topics)) as subscriber:
        wait_for_subscription(publisher)
        time.sleep(0.3)  # all have come
        assert publisher.has_new_subscriber()  # there were more than one look takes
        publisher.send(Emg(seq=7))
        assert [m.seq for _, m in drain(subscriber)] == [7]


@pytest.fixture
def publisher_6() -> Iterator[Publisher]:
    """A publisher that listens on an address of IP version 6 alone."""
    try:
        made = Publisher("tcp://[::1]:*")
    except StreamerError:
        pytest.skip("this machine has no IPv6")
    yield made
    made.close()


def test_an_address_of_ip_version_6_serves(publisher_6: Publisher) -> None:
    with Subscriber(publisher_6.endpoint) as subscriber:
        wait_for_subscription(publisher_6)
        publisher_6.send(Emg(seq=7))
        assert [m.seq for _, m in drain(subscriber)] == [7]


def test_a_name_that_has_such_an_address_alone_is_reached_by_it(publisher_6: Publisher) -> None:
    name = "ip6-localhost"  # of many a Linux
    try:
        known = {family for family, *_ in socket.getaddrinfo(name, None)}
    except OSError:
        known = set()
    if known != {socket.AF_INET6}:
        pytest.skip("this machine knows no name with an address of IP version 6 alone")
    with Subscriber(publisher_6.endpoint.replace("[::1]", name)) as subscriber:
        until = time.monotonic() + 5.0
        while not publisher_6.has_new_subscriber():
            assert time.monotonic() < until
        publisher_6.send(Emg(seq=7))
        assert [m.seq for _, m in drain(subscriber)] == [7]


@pytest.mark.parametrize(
    ("families", "version_6"),
    [((socket.AF_INET6,), True), ((socket.AF_INET6, socket.AF_INET), False), ((), False)],
)
def test_other_names_are_reached_as_before(
    families: tuple[int, ...], version_6: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that listens on all addresses of version 4 has none of version 6."""

    def found(*_: object) -> list[tuple[int]]:
        if not families:
            raise socket.gaierror("Name or service not known")
        return [(family,) for family in families]

    asked = SimpleNamespace(AF_INET6=socket.AF_INET6, getaddrinfo=found)
    monkeypatch.setattr(module, "sockets", asked)
    assert module.needs_ipv6("tcp://lab:5556") == version_6


def test_a_client_may_keep_the_newest_message_alone(publisher: Publisher) -> None:
    """As the client of README does."""
    with zmq.Context() as context, context.socket(zmq.SUB) as client:
        client.setsockopt(zmq.CONFLATE, 1)
        client.subscribe(b"emg\0")
        client.connect(publisher.endpoint)
        wait_for_subscription(publisher)
        for seq in range(50):
            publisher.send(Emg(seq=seq))
        received = []
        while client.poll(300):
            received.append(decode(client.recv())[1].seq)
    assert received[-1] == 49
    assert len(received) < 50


def test_a_subscriber_that_does_not_read_does_not_stop_the_publisher(publisher: Publisher) -> None:
    with Subscriber(publisher.endpoint):
        wait_for_subscription(publisher)
        payload = bytes(1000)
        for seq in range(20_000):  # 20 MB: more than all buffers hold
            publisher.send(Emg(seq=seq, emg=payload))


def test_few_old_messages_are_kept_for_a_subscriber_that_does_not_read(
    publisher: Publisher,
) -> None:
    with zmq.Context() as context, context.socket(zmq.SUB) as slow:
        slow.linger, slow.rcvhwm, slow.rcvbuf = 0, 1, 4096
        slow.subscribe(b"")
        slow.connect(publisher.endpoint)
        wait_for_subscription(publisher)
        for seq in range(20_000):
            publisher.send(Emg(seq=seq, emg=bytes(1000)))
        kept = 0
        while slow.poll(300):
            slow.recv()
            kept += 1
    # HIGH_WATER, and what 64 KiB hold; as the system would choose its buffers it is 1800
    assert 0 < kept < 800


def timer_of_connection_to(port: int) -> tuple[str, int]:
    """Kind of timer that the system runs for a connection ("02": probes), and its ticks."""
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    (timer,) = [row[5] for row in rows if row[2].endswith(f":{port:04X}") and row[3] == "01"]
    kind, _, ticks = timer.partition(":")
    return kind, int(ticks, 16)


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the system tells no timers")
def test_a_silent_connection_is_probed(publisher: Publisher) -> None:
    """Else a machine that lost its power, or its network, would be listened to for ever."""
    port = int(publisher.endpoint.rpartition(":")[2])
    with Subscriber(publisher.endpoint) as subscriber:
        # the system tells nobody how often: for its own 75 s and nine times this would be 11 min
        own = subscriber._socket
        assert (own.tcp_keepalive_intvl, own.tcp_keepalive_cnt) == (PROBE_EVERY_S, PROBES)
        wait_for_subscription(publisher)
        kind, ticks = "01", 0
        until = time.monotonic() + 2.0
        while kind == "01" and time.monotonic() < until:  # what was sent is not answered yet
            kind, ticks = timer_of_connection_to(port)
    assert kind == "02"
    assert 0 < ticks <= PROBE_AFTER_S * os.sysconf("SC_CLK_TCK")


def test_a_busy_port_is_named_with_a_remedy(publisher: Publisher) -> None:
    with pytest.raises(PortBusy, match=r"already in use; stop the program .* or publish elsewhere"):
        Publisher(publisher.endpoint)


def test_a_busy_path_is_not_taken_over(tmp_path: Path) -> None:
    endpoint = f"ipc://{tmp_path}/out"
    first = Publisher(endpoint)
    with pytest.raises(PortBusy):
        Publisher(endpoint)
    first.close()
    Publisher(endpoint).close()


@pytest.mark.parametrize(
    "endpoint", ["tcp://127.0.0.1", "nonsense", "ipc:///no/such/folder/x", "tcp://[::1:5974"]
)
def test_an_impossible_endpoint_is_one_clear_error(endpoint: str) -> None:
    with pytest.raises(StreamerError, match=r"publish on|can be reached|is not an endpoint"):
        Publisher(endpoint)


def test_an_impossible_endpoint_to_connect_to_is_one_clear_error() -> None:
    with pytest.raises(StreamerError, match="give an endpoint like"):
        Subscriber("nonsense")
