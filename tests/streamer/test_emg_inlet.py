"""Real liblsl, an EMG outlet to the inlet that keeps everything."""

import threading
import time

import numpy as np
import pylsl
import pytest

from streamer.config.streams import EmgStream, Stream
from streamer.exceptions import StreamerError, StreamLayoutError, StreamNotFound
from streamer.lsl import inlet as inlet_module
from streamer.lsl.emg_inlet import EmgInlet
from streamer.lsl.finding import find
from streamer.lsl.inlet import CHUNK
from streamer.lsl.outlets import Outlet, emg_channels

WAIT_S = 20.0
RATE_HZ = 1000.0


def pair(
    source_id: str, labels: tuple[str, ...], settings: EmgStream, rate_hz: float = RATE_HZ
) -> tuple[Outlet, EmgInlet]:
    outlet = Outlet("amplifier", "EMG", emg_channels(labels, "mV"), rate_hz, source_id)
    info = find(Stream(source_id=source_id, timeout_s=WAIT_S))
    return outlet, EmgInlet(info, settings)


def send(outlet: Outlet, samples: np.ndarray, t: np.ndarray) -> None:
    for first in range(0, len(t), 20):  # as an amplifier: 20 ms at a time
        part = slice(first, first + 20)
        outlet.push(samples[part].astype(np.float32), t[part])


def arrived(inlet: EmgInlet, count: int) -> None:
    """Wait until so many samples are there, for a while."""
    end = time.monotonic() + WAIT_S
    while inlet._inlet.samples_available() < count and time.monotonic() < end:
        time.sleep(0.01)


def test_every_sample_is_kept_under_the_networks_names(source_id: str) -> None:
    settings = EmgStream(channels={"TA_l": "EMG 2", "SOL_r": "EMG 1"}, lag_ms=5.0)
    outlet, inlet = pair(source_id, ("EMG 1", "EMG 2", "EMG 3"), settings)
    outlet.push(np.full((3, 3), 9.0, np.float32), pylsl.local_clock() + np.arange(3) / RATE_HZ)
    inlet.start()
    t = pylsl.local_clock() + np.arange(700) / RATE_HZ  # more than one internal buffer
    samples = np.stack([np.arange(700.0), -np.arange(700.0), np.zeros(700)], axis=1)
    send(outlet, samples, t)
    inlet.stop(float(t[-1]) - 0.006, WAIT_S)
    time, data = inlet.samples()
    inlet.close()
    assert inlet.names == ("TA_l", "SOL_r")
    rows = data[-700:]  # of what was sent before, some may have come after the start
    np.testing.assert_array_equal(rows, samples[:, [1, 0]])
    # 1 ms: liblsl's estimate of the offset between two clocks, here of one and the same
    np.testing.assert_allclose(time[-700:], t - 0.005, atol=1e-3)
    assert inlet.newest_s == pytest.approx(t[-1] - 0.005, abs=1e-3)


@pytest.mark.parametrize("rate_hz", [0.0, 2000.0])
def test_as_many_samples_as_come_at_once_are_kept_of_a_stream_of_any_rate(
    source_id: str, rate_hz: float
) -> None:
    """Of a stream that names no rate liblsl keeps a number of samples, not a time."""
    outlet, inlet = pair(source_id, ("SOL_r",), EmgStream(), rate_hz)
    t = pylsl.local_clock() + np.arange(400) / 2000.0
    send(outlet, np.arange(400.0)[:, None], t)
    arrived(inlet, 400)
    inlet._thread.start()  # as `start` does, which forgets them
    inlet.stop(float(t[-1]) - 0.001, WAIT_S)
    np.testing.assert_array_equal(inlet.samples()[1][:, 0], np.arange(400))
    inlet.close()


def test_what_came_before_the_start_is_forgotten(source_id: str) -> None:
    outlet, inlet = pair(source_id, ("SOL_r",), EmgStream())
    t = pylsl.local_clock() + np.arange(300) / RATE_HZ
    send(outlet, np.full((200, 1), -1.0), t[:200])
    arrived(inlet, 200)
    inlet.start()
    send(outlet, np.arange(100.0)[:, None], t[200:])
    inlet.stop(float(t[-1]) - 0.001, WAIT_S)
    np.testing.assert_array_equal(inlet.samples()[1][:, 0], np.arange(100))
    inlet.close()


def test_a_sample_of_no_time_is_left_out(source_id: str) -> None:
    outlet, inlet = pair(source_id, ("SOL_r",), EmgStream())
    inlet.start()
    t = pylsl.local_clock() + np.arange(60) / RATE_HZ
    stamps = np.where(np.arange(60) % 20 == 19, np.nan, t)  # also the newest of a chunk
    send(outlet, np.arange(60.0)[:, None], stamps)
    inlet.stop(float(t[-2]) - 0.001, WAIT_S)
    time, data = inlet.samples()
    inlet.close()
    timed = np.isfinite(stamps)
    np.testing.assert_array_equal(data[:, 0], np.flatnonzero(timed))
    # 1 ms: liblsl's estimate of the offset between two clocks, here of one and the same
    np.testing.assert_allclose(time, t[timed], atol=1e-3)


def test_labels_serve_as_names_by_themselves(source_id: str) -> None:
    _, inlet = pair(source_id, ("SOL_r", "TA_r"), EmgStream())
    inlet.close()
    assert inlet.names == ("SOL_r", "TA_r")


def test_a_channel_that_is_not_there_is_named_with_the_nearest(source_id: str) -> None:
    with pytest.raises(StreamLayoutError, match=r"no channel 'EMG 7' \(nearest: EMG "):
        pair(source_id, ("EMG 1", "EMG 2"), EmgStream(channels={"SOL_r": "EMG 7"}))


def test_a_channel_that_is_there_twice_is_refused_if_it_is_wanted(source_id: str) -> None:
    labels = ("EMG 1", "EMG 2", "EMG 2")
    with pytest.raises(StreamLayoutError, match="EMG stream has two channels named 'EMG 2'"):
        pair(source_id, labels, EmgStream(channels={"SOL_r": "EMG 2"}))
    _, inlet = pair(source_id, labels, EmgStream(channels={"SOL_r": "EMG 1"}))
    inlet.close()
    assert inlet.names == ("SOL_r",)


@pytest.mark.parametrize("labels", [(), ("SOL_r",)])
def test_a_stream_without_all_labels_is_refused(source_id: str, labels: tuple[str, ...]) -> None:
    """Which of two channels a single label is of, nobody knows."""
    described = pylsl.StreamInfo("bare", "EMG", 2, 0.0, "float32", source_id)
    channels = described.desc().append_child("channels")
    for label in labels:
        channels.append_child("channel").append_child_value("label", label)
    outlet = pylsl.StreamOutlet(described)
    info = find(Stream(source_id=source_id, timeout_s=WAIT_S))
    with pytest.raises(StreamLayoutError, match=f"2 channels and labels for {len(labels)}"):
        EmgInlet(info, EmgStream())
    del outlet


def test_closing_ends_what_was_not_stopped(source_id: str) -> None:
    outlet, inlet = pair(source_id, ("SOL_r", "TA_r"), EmgStream())
    inlet.start()
    inlet.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "emg"]
    end = time.monotonic() + WAIT_S
    while outlet._outlet.have_consumers() and time.monotonic() < end:
        time.sleep(0.01)
    assert not outlet._outlet.have_consumers()


@pytest.mark.timeout(60)
def test_a_stream_that_ends_while_it_is_recorded_is_told_at_once(source_id: str) -> None:
    """What came before is not half a recording: the hole may be in the middle of the walk."""
    outlet, inlet = pair(source_id, ("SOL_r",), EmgStream())
    inlet.start()
    send(outlet, np.zeros((60, 1)), pylsl.local_clock() + np.arange(60) / RATE_HZ)
    del outlet
    with pytest.raises(StreamNotFound, match=r"amplifier.*lost while recording .*begin anew"):
        inlet.stop(np.inf, 3600.0)  # longer than this test may take
    inlet.close()


def test_a_stream_that_is_silent_while_it_is_recorded_is_not_replaced(
    source_id: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The sender may be slow to start; what comes from another connection is another recording."""
    monkeypatch.setattr(inlet_module, "SILENT_S", 0.1)
    outlet, inlet = pair(source_id, ("SOL_r",), EmgStream())
    inlet.start()
    inlet.stop(np.inf, 0.5)
    inlet.close()
    assert "sends nothing" not in caplog.text
    del outlet


def test_samples_of_no_time_at_first_end_nothing(source_id: str) -> None:
    outlet, inlet = pair(source_id, ("SOL_r",), EmgStream())
    inlet.start()
    t = pylsl.local_clock() + np.arange(80) / RATE_HZ
    t[:CHUNK] = np.nan  # all that are pulled at once
    send(outlet, np.arange(80.0)[:, None], t)
    inlet.stop(float(t[-1]) - 0.001, WAIT_S)
    np.testing.assert_array_equal(inlet.samples()[1][:, 0], np.arange(CHUNK, 80))
    inlet.close()


def test_a_sample_of_the_time_of_the_last_one_is_left_out_with_its_value(source_id: str) -> None:
    """Two that stand alone; amid others what differs is jitter, and all are kept."""
    outlet, inlet = pair(source_id, ("SOL_r",), EmgStream())
    inlet.start()
    t = np.concatenate([np.arange(200.0), [300.0, 300.0], 400.0 + np.arange(200)]) / RATE_HZ
    t[[50, 51]] = t[[51, 50]]
    t += pylsl.local_clock()
    send(outlet, np.arange(402.0)[:, None], t)
    inlet.stop(float(t[-1]) - 0.001, WAIT_S)
    kept = inlet.samples()[1][:, 0]
    np.testing.assert_array_equal(kept, np.delete(np.arange(402), 201))
    inlet.close()


def test_without_a_sample_there_is_an_empty_recording(source_id: str) -> None:
    _, inlet = pair(source_id, ("SOL_r", "TA_r"), EmgStream())
    inlet.start()
    inlet.stop(pylsl.local_clock(), 0.1)
    time, data = inlet.samples()
    inlet.close()
    assert data.shape == (0, 2)
    assert time.shape == (0,)
    assert inlet.newest_s == -np.inf


def test_a_clock_that_is_set_back_is_told(source_id: str) -> None:
    outlet, inlet = pair(source_id, ("SOL_r",), EmgStream())
    inlet.start()
    t = pylsl.local_clock() + np.arange(400) / RATE_HZ
    t[200:] -= 0.1
    send(outlet, np.zeros((400, 1)), t)
    inlet.stop(float(t.max()) - 0.001, 1.0)
    with pytest.raises(
        StreamerError, match=r"clock of EMG stream 'amplifier' was set back by 0.10"
    ):
        inlet.samples()
    inlet.close()
