"""Forces over real liblsl, outlet to inlet; every stream has a source id of its own."""

import logging
import time

import numpy as np
import pytest

from streamer.channels import Channel
from streamer.clock import LslClock
from streamer.config.streams import ForceStream, Stream
from streamer.exceptions import StreamLayoutError
from streamer.formats import ExternalForceColumns
from streamer.frames.forces import FORCE_TRUST_S
from streamer.lsl.finding import find
from streamer.lsl.force_inlet import (
    CLOCK_DISAGREEMENT_S,
    FIRST_S,
    FORCE_TOLERANCE_S,
    ForceInlet,
)
from streamer.lsl.inlet import CHUNK
from streamer.lsl.outlets import Outlet, force_channels
from tests.streamer.test_lsl import LABELS, WAIT_S, push

RIGHT = ExternalForceColumns(
    "right", "calcn_r", tuple(LABELS[:3]), tuple(LABELS[3:6]), tuple(LABELS[6:])
)


def force_pair(
    source_id: str, rate_hz: float = 1000.0, settings: ForceStream | None = None
) -> tuple[Outlet, ForceInlet]:
    outlet = Outlet("plates", "Force", force_channels(LABELS), rate_hz, source_id)
    info = find(Stream(source_id=source_id, timeout_s=WAIT_S))
    return outlet, ForceInlet(info, settings or ForceStream(), [RIGHT])


def test_forces_are_interpolated_to_the_instant_asked_for(source_id: str) -> None:
    outlet, inlet = force_pair(source_id)
    clock = LslClock()
    start = clock.now()
    rows = [[0, 100.0 * k, 0, 0.1, 0, 0, 0, 1.0 * k, 0] for k in range(1, 31)]
    stamps = start + np.arange(30) / 1000
    push(outlet, rows, list(stamps))
    # all of them are there, else a sample half a period before may stand for the instant
    assert inlet.align(start + 0.0285, clock.now() + WAIT_S)
    assert inlet.align(start + 0.0105, clock.now() + WAIT_S)
    # 30 N: 0.3 ms of clock offset at 100 N per sample
    assert inlet.forces[0, 1] == pytest.approx(1150, abs=30)
    assert inlet.forces[0, 3] == pytest.approx(0.1)
    assert inlet.forces[0, 7] == pytest.approx(11.5, abs=0.3)


def test_axes_and_lag_are_those_of_the_configuration(source_id: str) -> None:
    outlet, inlet = force_pair(source_id, settings=ForceStream(up="z", lag_ms=200.0))
    clock = LslClock()
    start = clock.now()
    rows = [[10.0 * k, -50.0, 700.0, 0.2, -0.1, 0.0, 1.0, 2.0, 3.0] for k in range(30)]
    push(outlet, rows, list(start + np.arange(30) / 1000))
    assert inlet.align(start - 0.2 + 0.0285, clock.now() + WAIT_S)
    assert inlet.align(start - 0.2 + 0.0105, clock.now() + WAIT_S)  # measured before its stamp
    # 3 N: 0.3 ms of clock offset at 10 N per sample
    assert inlet.forces[0, 0] == pytest.approx(105.0, abs=3.0)
    expected = [700.0, 50.0, 0.2, 0.0, 0.1, 1.0, 3.0, -2.0]  # as docs/rig.md has it
    np.testing.assert_allclose(inlet.forces[0, 1:], expected, rtol=1e-6, atol=1e-6)


def test_a_number_that_is_not_finite_is_not_known(source_id: str) -> None:
    outlet, inlet = force_pair(source_id)
    clock = LslClock()
    start = clock.now()
    rows = [[0.0, np.inf if k == 15 else 500.0, *[0.0] * 7] for k in range(30)]
    push(outlet, rows, list(start + np.arange(30) / 1000))
    inlet.align(start + 0.0285, clock.now() + WAIT_S)
    inlet.align(start + 0.0152, clock.now())
    assert np.isnan(inlet.forces[0, 1])


@pytest.mark.parametrize("stated_hz", [50.0, 0.0])
def test_forces_as_slow_as_markers_are_measured_all_the_same(
    source_id: str, stated_hz: float
) -> None:
    outlet, inlet = force_pair(source_id, stated_hz)
    clock = LslClock()
    start = clock.now() - 0.1
    push(outlet, [[0, 100.0 * k, 0, 0.1, 0, 0, 0, 0, 0] for k in range(5)], [
        start + at for at in (0.0, 0.021, 0.04, 0.061, 0.08)
    ])  # fmt: skip
    assert inlet.align(start + 0.075, clock.now() + WAIT_S)  # all have come
    assert all(inlet.align(start + at, 0.0) for at in (0.01, 0.03, 0.05, 0.07))


def test_late_forces_are_waited_for_no_longer_than_told_then_held(source_id: str) -> None:
    outlet, inlet = force_pair(source_id)
    clock = LslClock()
    start = clock.now()
    push(outlet, [[0, 500.0, 0, 0, 0, 0, 0, 0, 0]], [start])
    assert inlet.align(start, clock.now() + WAIT_S)
    assert not inlet.align(start + 0.5, clock.now() + 0.01)
    assert inlet.forces[0, 1] == 500.0


def test_all_that_has_come_is_taken_where_there_is_no_time_to_wait(
    source_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a pause of the loop that is more than one pull of the inlet."""
    _outlet, inlet = force_pair(source_id)
    start, taken, sizes = LslClock().now() - 1.0, 0, [CHUNK, CHUNK, 20]

    def pull(_: float) -> np.ndarray:
        nonlocal taken
        count = sizes.pop(0) if sizes else 0
        inlet._stamps[:count] = start + 1e-3 * np.arange(taken, taken + count)
        taken += count
        return inlet._stamps[:count]

    monkeypatch.setattr(inlet, "_pull", pull)
    assert inlet.align(start + 1e-3 * (2 * CHUNK + 19), 0.0)
    assert not sizes


def waits_of(inlet: ForceInlet, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the inlet waits for samples that never come is put into this list."""
    waited: list[float] = []
    monkeypatch.setattr(inlet, "_drain", lambda timeout_s: waited.append(timeout_s))
    return waited


def test_plates_that_send_nothing_from_the_start_are_soon_not_waited_for(
    source_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _outlet, inlet = force_pair(source_id)
    clock = LslClock()
    inlet.flush()
    start, waited = clock.now(), waits_of(inlet, monkeypatch)
    for after_s, waits in ((FIRST_S - 0.1, 2), (FIRST_S + 0.1, 1)):
        waited.clear()
        assert not inlet.align(start + after_s, clock.now() + WAIT_S)
        assert len(waited) == waits


def test_plates_that_are_silent_are_not_waited_for(
    source_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outlet, inlet = force_pair(source_id)
    clock = LslClock()
    start = clock.now()
    push(outlet, [[0, 500.0, 0, 0, 0, 0, 0, 0, 0]], [start])
    assert inlet.align(start, clock.now() + WAIT_S)
    waited = waits_of(inlet, monkeypatch)
    inlet._since_s = start - FIRST_S  # the session is not a new one
    for after_s, waits in ((FORCE_TRUST_S - 0.01, 2), (FORCE_TRUST_S + 0.01, 1)):
        waited.clear()
        assert not inlet.align(start + after_s, clock.now() + WAIT_S)
        assert len(waited) == waits
        assert waited[0] == 0.0


@pytest.mark.parametrize(
    ("rate_hz", "stands_s"),
    [
        (50.0, FORCE_TOLERANCE_S),
        (1000.0, 1e-3),
        (4000.0, CLOCK_DISAGREEMENT_S),
        (0.0, CLOCK_DISAGREEMENT_S),
    ],
)
def test_a_sample_stands_for_a_frame_shortly_after_it_and_no_longer(
    source_id: str, monkeypatch: pytest.MonkeyPatch, rate_hz: float, stands_s: float
) -> None:
    _outlet, inlet = force_pair(source_id, rate_hz)
    sample, coming = LslClock().now() - 1.0, [1]

    def pull(_: float) -> np.ndarray:
        count = coming.pop() if coming else 0
        inlet._stamps[:count] = sample
        return inlet._stamps[:count]

    monkeypatch.setattr(inlet, "_pull", pull)
    # 10 us: far above the rounding of a clock, far below any of these
    assert inlet.align(sample + stands_s - 1e-5, 0.0)
    assert not inlet.align(sample + stands_s + 1e-5, 0.0)


def test_what_comes_while_there_are_no_frames_is_taken(source_id: str) -> None:
    outlet, inlet = force_pair(source_id)
    sent, end = LslClock().now(), time.monotonic() + WAIT_S
    push(outlet, [[0.0] * 9], [sent])
    while not np.isfinite(inlet.newest_s) and time.monotonic() < end:
        inlet.look()
    # 1 ms: liblsl's estimate of the offset between two clocks, here of one
    assert inlet.newest_s == pytest.approx(sent, abs=1e-3)


def test_plates_are_found_by_their_labels_if_nobody_names_them(source_id: str) -> None:
    _outlet, named = force_pair(source_id)
    inlet = ForceInlet(find(Stream(source_id=source_id, timeout_s=WAIT_S)), ForceStream(), None)
    assert [load.name for load in inlet.loads] == ["ground_force_r"]
    assert inlet.forces.shape == named.forces.shape


def test_a_stream_without_plates_is_refused(source_id: str) -> None:
    _outlet = Outlet("f", "Force", [Channel("Fz", type="ForceZ", unit="N")], 100.0, source_id)
    with pytest.raises(StreamLayoutError, match="ExternalLoads"):
        ForceInlet(find(Stream(source_id=source_id, timeout_s=WAIT_S)), ForceStream(), None)


def test_a_broken_force_sample_is_not_known(source_id: str) -> None:
    outlet, inlet = force_pair(source_id)
    clock = LslClock()
    t = clock.now()
    push(outlet, [[float("nan")] * 9], [t])
    assert inlet.align(t, clock.now() + WAIT_S)
    assert np.isnan(inlet.forces).all()


def test_a_broken_plate_leaves_those_beside_it_known(source_id: str) -> None:
    labels = [f"{plate}_{part}{a}" for plate in "ab" for part in "vp" for a in "xyz"]
    loads = [
        ExternalForceColumns(p, "calcn_r", tuple(six[:3]), tuple(six[3:]), None)
        for p, six in (("a", labels[:6]), ("b", labels[6:]))
    ]
    outlet = Outlet("plates", "Force", force_channels(labels), 1000.0, source_id)
    inlet = ForceInlet(find(Stream(source_id=source_id, timeout_s=WAIT_S)), ForceStream(), loads)
    clock = LslClock()
    t = clock.now()
    push(outlet, [[float("nan"), *[1.0] * 11]], [t])
    assert inlet.align(t, clock.now() + WAIT_S)
    assert np.isnan(inlet.forces[0, 0])
    np.testing.assert_array_equal(inlet.forces[1], [1.0] * 6 + [0.0] * 3)


@pytest.mark.parametrize(
    ("ahead_s", "told"), [(0.5, "0.5 s"), (float("nan"), "inf s"), (-float("inf"), "inf s")]
)
def test_samples_from_the_future_or_of_no_time_are_not_used_and_said_once(
    source_id: str, caplog: pytest.LogCaptureFixture, ahead_s: float, told: str
) -> None:
    outlet, inlet = force_pair(source_id)
    clock = LslClock()
    up = [0, 500.0, 0, 0, 0, 0, 0, 0, 0]
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            push(outlet, [up, up], [clock.now() + ahead_s, clock.now() + ahead_s + 1e-3])
            assert not inlet.align(clock.now(), clock.now() + 0.3)
    (said,) = caplog.messages
    assert f"'plates': time stamps are {told} ahead of this machine's clock" in said
    now = clock.now()
    push(outlet, [up], [now])
    assert inlet.align(now, clock.now() + WAIT_S)  # what is of its time is
