"""Real liblsl: which stream is taken for one that ended or fell silent, and which is not."""

import time
import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pylsl
import pytest

from streamer.channels import Channel
from streamer.config.streams import MarkerStream, Stream
from streamer.exceptions import StreamAmbiguous
from streamer.lsl import inlet as inlet_module
from streamer.lsl import lost_stream
from streamer.lsl.connection import Connection
from streamer.lsl.finding import find
from streamer.lsl.lost_stream import Sought, difference
from streamer.lsl.marker_inlet import MarkerInlet
from streamer.lsl.outlets import Outlet, marker_channels

WAIT_S = 20.0
NAMES = ("A", "B")


@pytest.fixture
def name() -> str:
    return f"rig {uuid.uuid4().hex}"


def sender(
    name: str, source_id: str = "", names: tuple[str, ...] = NAMES, unit: str = "mm"
) -> Outlet:
    return Outlet(name, "MoCap", marker_channels(names, unit), 100.0, source_id)


def session(name: str, **settings: str) -> MarkerInlet:
    return MarkerInlet(find(Stream(name=name, timeout_s=WAIT_S)), MarkerStream(**settings))


def push(outlet: Outlet, value: float) -> None:
    values = np.full((1, 3 * len(NAMES)), value, np.float32)
    outlet.push(values, np.array([pylsl.local_clock()]))


def until(inlet: MarkerInlet, reached: Callable[[], bool], *outlets: Outlet) -> list[float]:
    """Pull until something is so, while these send 1, 2, ...; returns what came."""
    came, end = [], time.monotonic() + WAIT_S
    while not reached():
        assert time.monotonic() < end, "it never was so"
        for value, outlet in enumerate(outlets, start=1):
            push(outlet, 1000.0 * value)
        if inlet.pull(0.05):
            came.append(float(inlet.markers[0, 0]))
    return came


def heard(name: str, sent_id: str = "", **settings: str) -> tuple[Outlet, MarkerInlet]:
    """A sender, and a session that has heard it."""
    outlet, inlet = sender(name, sent_id), session(name, **settings)
    until(inlet, lambda: inlet.t > 0.0, outlet)
    return outlet, inlet


def said(caplog: pytest.LogCaptureFixture, words: str) -> Callable[[], bool]:
    return lambda: words in caplog.text


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"names": ("B", "A")}, "its channel 1 is B_X PositionX millimeters, not A_X"),
        ({"unit": "m"}, "its channel 1 is A_X PositionX meters, not A_X PositionX millimeters"),
        ({"names": ("A", "B", "C")}, "it has 9 channels, not 6"),
    ],
)
def test_other_channels_under_the_same_source_id_are_not_taken(
    name: str, other: dict[str, object], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    first, inlet = heard(name, "rig-1")
    del first
    until(inlet, said(caplog, "ended"))
    another = sender(name, "rig-1", **other)  # type: ignore[arg-type]
    assert until(inlet, said(caplog, why)) == []
    again = sender(name, "rig-1")
    assert until(inlet, said(caplog, "is back")) == []
    assert until(inlet, lambda: inlet.t > pylsl.local_clock() - 0.1, again)[-1] == 1.0
    assert caplog.text.count("is not used in its place") == 1
    assert caplog.text.count("; restart the session to use it") == 1
    inlet.close()
    del another


def test_frames_that_came_while_it_was_connected_to_are_not_counted_as_skipped(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    first, inlet = heard(name)
    del first
    until(inlet, said(caplog, "ended"))
    again = sender(name)
    until(inlet, said(caplog, "is back"))
    for expected, sent in ((1, (1000.0, 2000.0, 3000.0)), (2, (4000.0, 5000.0))):
        for value in sent:
            push(again, value)
        time.sleep(0.3)
        assert inlet.pull(WAIT_S) == expected
        assert inlet.markers[0, 0] == 1e-3 * sent[-1]
    inlet.close()
    del again


def test_a_sender_that_starts_anew_under_another_source_id_is_taken_back(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    first, inlet = heard(name, uuid.uuid4().hex)  # as `nem2e replay` does
    del first
    until(inlet, said(caplog, "ended"))
    again = sender(name, uuid.uuid4().hex)
    until(inlet, said(caplog, "is back"))
    assert 1.0 in until(inlet, lambda: inlet.t > pylsl.local_clock() - 0.1, again)
    inlet.close()


def anonymous(name: str, markers: tuple[str, ...], number_format: int) -> pylsl.StreamOutlet:
    """A marker stream without source_id, of any number format; `Outlet` knows one alone."""
    info = pylsl.StreamInfo(name, "MoCap", 3 * len(markers), 100.0, number_format, "")
    channels = info.desc().append_child("channels")
    for description in marker_channels(markers, "m"):
        child = channels.append_child("channel")
        for field in ("label", "type", "unit", "marker"):
            child.append_child_value(field, getattr(description, field))
    return pylsl.StreamOutlet(info)


def test_a_stream_may_come_again_in_another_number_format(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    first = anonymous(name, ("A", "B"), pylsl.cf_float32)
    inlet = MarkerInlet(find(Stream(name=name, timeout_s=WAIT_S)), MarkerStream())
    first.push_sample([1.0] * 6)
    assert inlet.pull(WAIT_S)
    del first
    end = pylsl.local_clock() + WAIT_S
    until(inlet, said(caplog, "ended"))
    text = anonymous(name, ("A", "B"), pylsl.cf_string)
    again = anonymous(name, ("A", "B"), pylsl.cf_double64)
    place = [1.0 + k / 3.0 for k in range(6)]
    while not inlet.pull(0.05) and pylsl.local_clock() < end + WAIT_S:
        text.push_sample(["5"] * 6)
        again.push_sample(place)
    # 1e-12: read as float32 it would be right to 1e-7 at best
    np.testing.assert_allclose(inlet.markers.ravel(), place, rtol=1e-12)
    inlet.close()


def test_a_stream_without_source_id_may_end_and_come_again(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    first = sender(name)
    inlet = MarkerInlet(find(Stream(name=name, timeout_s=WAIT_S)), MarkerStream())
    until(inlet, lambda: inlet.t > 0.0, first)
    del first
    end = pylsl.local_clock() + WAIT_S
    until(inlet, said(caplog, "ended"))
    assert f"stream '{name}' ended" in caplog.text
    other = sender(name, names=("C", "D"))
    again = sender(name)
    while not inlet.pull(0.05) and pylsl.local_clock() < end + WAIT_S:
        push(other, 5000.0)
        push(again, 2000.0)
    np.testing.assert_allclose(inlet.markers, 2.0)
    assert "is back" in caplog.text
    inlet.close()


def test_another_source_id_than_the_one_asked_for_is_not_taken(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    first, inlet = heard(name, "mine", source_id="mine")
    del first
    until(inlet, said(caplog, "ended"))
    other = sender(name, "yours")
    assert until(inlet, said(caplog, "source_id yours"), other) == []
    assert "its source_id is not mine" in caplog.text
    again = sender(name, "mine")
    until(inlet, said(caplog, "is back (source_id mine"))
    inlet.close()
    del again


def test_of_two_that_answer_for_it_none_is_taken(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    first, inlet = heard(name)
    del first
    until(inlet, said(caplog, "ended"))
    one, other = sender(name, "one"), sender(name, "other")
    assert until(inlet, said(caplog, "using none of source_id one on"), one, other) == []
    del one
    until(inlet, said(caplog, "is back (source_id other"))
    inlet.close()
    del other


def test_one_that_was_there_beside_it_is_not_taken(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lost_stream, "BESIDE_S", 0.0)
    first = sender(name)
    inlet = session(name)
    beside = sender(name)
    since = pylsl.local_clock()
    until(inlet, lambda: inlet.t > since + 0.1, first)
    del first
    assert until(inlet, said(caplog, "it was already there beside it; restart"), beside) == []
    inlet.close()


def test_a_sender_that_pauses_goes_on_at_once(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(inlet_module, "SILENT_S", 0.1)
    outlet, inlet = heard(name)
    until(inlet, said(caplog, "sends nothing"))
    push(outlet, 7000.0)
    assert inlet.pull(WAIT_S) == 1
    assert inlet.markers[0, 0] == 7.0
    assert "back" not in caplog.text
    inlet.close()


def test_a_search_that_nobody_waits_for_any_more_ends(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Because the stream goes on, or ends after it was silent, or the session ends."""
    monkeypatch.setattr(inlet_module, "SILENT_S", 0.1)
    monkeypatch.setattr(lost_stream, "REOPEN_S", np.inf)
    outlet, inlet = heard(name)
    searches = []
    for _ in range(2):
        until(inlet, lambda: inlet._lost is not None)
        searches.append(inlet._lost)
        push(outlet, 7000.0 + len(searches))
        assert inlet.pull(WAIT_S) == 1
    until(inlet, lambda: inlet._lost is not None)
    searches.append(inlet._lost)
    del outlet
    until(inlet, said(caplog, "ended"))
    searches.append(inlet._lost)
    inlet.close()
    for search in searches:
        assert search is not None
        search.join(WAIT_S)
        assert not search.is_alive()


def test_a_stream_to_which_nobody_listened_is_not_silent(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While kernels compiled, say; what came meanwhile is dropped."""
    monkeypatch.setattr(inlet_module, "SILENT_S", 0.3)
    _outlet, inlet = heard(name)  # it lives on, and is silent
    time.sleep(0.4)
    inlet.flush()
    assert inlet.pull(0.01) == 0
    assert "sends nothing" not in caplog.text
    until(inlet, said(caplog, "sends nothing"))
    inlet.close()


def test_connecting_anew_to_a_silent_stream_loses_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(inlet_module, "SILENT_S", 0.1)
    monkeypatch.setattr(lost_stream, "REOPEN_S", 0.0)
    outlet = sender(name)
    inlet = session(name)
    connect, found = lost_stream.connect, []

    def connected(info: pylsl.StreamInfo) -> Connection:
        found.append(connect(info))
        return found[-1]

    monkeypatch.setattr(lost_stream, "connect", connected)
    until(inlet, lambda: len(found) == 2)
    push(outlet, 7000.0)
    assert inlet.pull(WAIT_S) == 1
    assert inlet.markers[0, 0] == 7.0
    assert caplog.text.count("sends nothing") == 1
    inlet.close()


def test_a_silent_stream_that_answers_no_more_is_replaced(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As after a sender's computer lost its power: the connection never ends."""
    monkeypatch.setattr(inlet_module, "SILENT_S", 0.1)
    gone, inlet = heard(name)
    resolve = pylsl.resolve_bypred
    monkeypatch.setattr(
        pylsl, "resolve_bypred",
        lambda *a, **k: [info for info in resolve(*a, **k) if info.uid() != gone.uid],
    )  # fmt: skip
    until(inlet, said(caplog, "sends nothing"))
    again = sender(name)
    until(inlet, said(caplog, "is back"))
    assert 1.0 in until(inlet, lambda: inlet.t > pylsl.local_clock() - 0.1, again)
    inlet.close()


def test_what_goes_wrong_in_the_search_does_not_end_it(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lost_stream, "_PAUSE_S", 0.1)
    outlet, inlet = heard(name)
    resolve, failed = pylsl.resolve_bypred, []

    def failing(*args: object, **options: object) -> list[pylsl.StreamInfo]:
        if len(failed) < 3:
            failed.append(True)
            raise RuntimeError("no network")
        return list(resolve(*args, **options))

    monkeypatch.setattr(pylsl, "resolve_bypred", failing)
    del outlet
    until(inlet, said(caplog, "looking for it failed (RuntimeError: no network); going on"))
    again = sender(name)
    until(inlet, said(caplog, "is back"), again)
    assert caplog.text.count("looking for it failed") == 1
    inlet.close()


def test_one_that_cannot_be_read_is_not_used_in_its_place(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    outlet, inlet = heard(name)
    del outlet
    until(inlet, said(caplog, "ended"))
    unreadable = sender(name, names=("A\x01", "B"))
    until(inlet, said(caplog, "is not used in its place: the description of a stream is no XML"))
    again = sender(name)
    until(inlet, said(caplog, "is back"), again)
    del unreadable
    inlet.close()


def test_two_senders_of_one_source_id_are_not_chosen_between(name: str) -> None:
    outlets = [sender(name, name) for _ in range(2)]
    with pytest.raises(StreamAmbiguous, match=r"; stop all but one$"):
        find(Stream(source_id=name, timeout_s=WAIT_S))
    del outlets


def test_channels_without_descriptions_differ_in_their_number() -> None:
    assert difference([], []) == ""
    assert difference([Channel("a")], []) == "it describes 1 channels, not 0"
    assert difference([Channel()], [Channel("a")]) == "its channel 1 is without a label, not a"


def test_a_sender_on_another_host_is_another_one() -> None:
    def on(host: str) -> Any:
        return SimpleNamespace(
            channel_format=lambda: pylsl.cf_float32,
            hostname=lambda: host,
            channel_count=lambda: 6,
        )

    last: Any = SimpleNamespace(info=on("lab"))
    sought = Sought(last, source_id="", heard_s=0.0)
    assert sought.is_not(on("lab")) == ""
    assert sought.is_not(on("visitor")) == (
        "it is on host visitor, not lab; restart the session to use it"
    )
