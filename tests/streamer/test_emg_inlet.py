"""Real liblsl, an EMG outlet to the inlet that keeps everything."""

import threading
import time

import numpy as np
import pylsl
import pytest

from streamer.config.streams import EmgStream, Stream
from streamer.exceptions import StreamerError, StreamLayoutError
from streamer.lsl.emg_inlet import EmgInlet
from streamer.lsl.marker_inlet import find
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


def test_a_stream_without_labels_is_refused(source_id: str) -> None:
    outlet = pylsl.StreamOutlet(pylsl.StreamInfo("bare", "EMG", 2, 0.0, "float32", source_id))
    info = find(Stream(source_id=source_id, timeout_s=WAIT_S))
    with pytest.raises(StreamLayoutError, match="2 channels and labels for 0"):
        EmgInlet(info, EmgStream())
    del outlet


def test_closing_ends_what_was_not_stopped(source_id: str) -> None:
    _, inlet = pair(source_id, ("SOL_r", "TA_r"), EmgStream())
    inlet.start()
    inlet.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "emg"]


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
