import gc
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from streamer.clock import LslClock
from streamer.lsl.settings import quiet_liblsl
from streamer.session.realtime import SWITCH_S, prefer, undisturbed
from tests.streamer.test_loop import START, Rig


def test_the_clock_sleeps_until_a_time_and_not_for_a_past_one() -> None:
    clock = LslClock()
    due = clock.now() + 0.01
    clock.sleep_until(due)
    assert clock.now() >= due
    clock.sleep_until(due - 1000.0)


def test_afterwards_garbage_is_collected_as_before() -> None:
    switch_s = sys.getswitchinterval()
    meanwhile = []

    def interrupted() -> None:
        with undisturbed():
            meanwhile.append((gc.isenabled(), sys.getswitchinterval()))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert meanwhile == [(False, pytest.approx(SWITCH_S))]
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
    assert sys.getswitchinterval() == switch_s


def test_a_session_that_cannot_begin_leaves_nothing_behind() -> None:
    rig = Rig([START])

    def fail() -> int:
        raise KeyboardInterrupt

    rig.markers.flush = fail  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        rig.session.run(1.0, lambda: False)
    assert gc.isenabled()
    assert "deadlines" not in [thread.name for thread in threading.enumerate()]


def test_without_a_priority_nothing_changes() -> None:
    before = os.sched_getscheduler(0)
    assert not prefer(None)
    assert os.sched_getscheduler(0) == before


@pytest.mark.skipif(sys.platform != "linux", reason="SCHED_FIFO is asked for on Linux only")
def test_all_threads_are_preferred_or_none_where_that_is_not_permitted() -> None:
    code = (
        "import os, threading, time\n"
        "from streamer.session.realtime import prefer\n"
        "threading.Thread(target=time.sleep, args=(1,), daemon=True).start()\n"
        "done = prefer(3)\n"
        "kinds = {os.sched_getscheduler(int(t)) for t in os.listdir('/proc/self/task')}\n"
        "print(done, kinds == {os.SCHED_FIFO if done else os.SCHED_OTHER})\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() in (["True", "True"], ["False", "True"])


@pytest.mark.skipif(sys.platform != "linux", reason="SCHED_FIFO is asked for on Linux only")
def test_a_thread_that_ends_meanwhile_is_no_reason_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def ended(task: int, *_: object) -> None:
        asked.append(task)
        raise ProcessLookupError

    monkeypatch.setattr(os, "sched_setscheduler", ended)
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    assert prefer(3)
    stop.set()
    thread.join()
    assert len(asked) >= 2


@pytest.mark.skipif(sys.platform != "linux", reason="SCHED_FIFO is asked for on Linux only")
def test_where_it_is_not_permitted_nothing_is_preferred(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    assert not prefer(10)


def test_a_users_lsl_configuration_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []
    monkeypatch.setattr("pylsl.set_config_content", given.append)
    monkeypatch.setenv("LSLAPICFG", "/somewhere/lsl_api.cfg")
    quiet_liblsl()
    assert not given
    monkeypatch.delenv("LSLAPICFG")
    for home in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(home, str(tmp_path))
    (tmp_path / "lsl_api.cfg").touch()
    places = (tmp_path / "none.cfg", Path("~/lsl_api.cfg"))
    monkeypatch.setattr("streamer.lsl.settings.PLACES", places)
    quiet_liblsl()
    assert not given
    monkeypatch.setattr("streamer.lsl.settings.PLACES", places[:1])
    quiet_liblsl()
    assert given == ["[log]\nlevel = -1\n"]
