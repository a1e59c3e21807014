"""An EMG stream that ends while it is recorded ends the recording at once."""

import time
from types import SimpleNamespace
from typing import Any, cast

import pytest

from streamer.commands.calibrate import Watch
from streamer.config.streams import EmgStream
from streamer.exceptions import StreamNotFound
from tests.streamer.test_emg_inlet import WAIT_S, pair


def watch_for(watch: Watch, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.05)
        watch.stopped()


def test_a_recording_whose_emg_ends_is_given_up_then(source_id: str) -> None:
    outlet, inlet = pair(source_id, ("SOL_r", "TA_r"), EmgStream())
    recorder = cast(Any, SimpleNamespace(log=range(9)))
    watch = Watch(recorder, inlet, 600.0, lambda *_: None)
    inlet.start()
    assert not watch.stopped()
    del outlet
    with pytest.raises(StreamNotFound, match="it was lost while recording"):
        watch_for(watch, WAIT_S)
    inlet.close()
