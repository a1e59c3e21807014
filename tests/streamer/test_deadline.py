import math
import threading

import numpy as np
import pytest

from streamer.clock import LslClock
from streamer.messaging.messages import Emg, values
from streamer.session.deadline import (
    DECAY_S,
    IDLE_S,
    MARGIN_S,
    PACED_MARGIN_S,
    DeadlineThread,
    EmgSender,
)
from streamer.status import Status
from tests.streamer.stand_ins import HandClock, Tape

BUDGET = 0.010
LEVELS = np.array([[0.5, 0.25], [0.125, 0.0625]], np.float32)
"""Envelopes, and the standard deviations of their errors."""


def make(pacing: str = "asap") -> tuple[EmgSender, HandClock, Tape]:
    clock, tape = HandClock(), Tape()
    sender = EmgSender(
        tape, clock, session="s", n_channels=2, budget_s=BUDGET, pacing=pacing,
        filter_delay_s=0.03, lead_s=0.01,
    )  # fmt: skip
    return sender, clock, tape


def only(tape: Tape) -> Emg:
    assert len(tape.messages) == 1
    message = tape.messages[0][1]
    assert isinstance(message, Emg)
    return message


def test_an_estimate_leaves_at_once_with_its_age() -> None:
    sender, clock, tape = make()
    sender.begin(7, 99.990, 100.0)
    clock.t = 100.002
    assert sender.finish(7, LEVELS, 0)
    message = only(tape)
    assert values(message.emg).tolist() == [0.5, 0.25]
    assert values(message.sigma).tolist() == [0.125, 0.0625]
    assert (message.seq, message.t, message.sent, message.status) == (7, 99.990, 100.002, 0)
    assert message.age_ms == pytest.approx(12 + 30)
    assert message.lead_ms == pytest.approx(10)
    assert message.compute_ms == pytest.approx(2)
    assert (sender.published, sender.on_time, sender.substituted, sender.late) == (1, 1, 0, 0)


def test_latency_is_from_receipt_to_sending_however_old_the_frame_was() -> None:
    sender, clock, _ = make()
    sender.begin(7, 99.990, 100.0)
    clock.t = 100.002
    sender.finish(7, LEVELS, 0)
    # two digits per bucket: 1 %
    assert sender.latency.summary_ms()["max"] == pytest.approx(2.0, rel=0.01)


def test_nothing_is_due_before_the_budget_is_spent() -> None:
    sender, _, tape = make()
    sender.begin(0, 100.0, 100.0)
    assert sender.tick(100.005) <= 100.0 + BUDGET - MARGIN_S
    assert not tape.messages


@pytest.mark.parametrize("pacing", ["asap", "constant"])
def test_a_frame_that_begins_while_nothing_was_due_is_still_answered_in_time(pacing: str) -> None:
    sender, clock, tape = make(pacing)
    wakes = sender.tick(clock.t)
    sender.begin(0, clock.t, clock.t)
    while not tape.messages:
        clock.t = wakes
        wakes = sender.tick(clock.t)
    assert only(tape).sent <= 100.0 + BUDGET


def test_a_long_budget_does_not_keep_the_thread_from_ending() -> None:
    sender = EmgSender(Tape(), HandClock(), session="s", n_channels=2, budget_s=60.0)
    sender.begin(0, 100.0, 100.0)
    assert sender.tick(100.0) <= 100.0 + IDLE_S


def test_a_frame_that_takes_too_long_is_answered_in_time_by_a_flagged_substitute() -> None:
    sender, clock, tape = make()
    sender.begin(0, 100.0, 100.0)
    clock.t = 100.0 + BUDGET - MARGIN_S
    sender.tick(clock.t)
    message = only(tape)
    assert message.sent <= 100.0 + BUDGET
    assert message.status == Status.LATE | Status.REFINER_SKIPPED
    assert (sender.published, sender.on_time, sender.substituted, sender.late) == (1, 0, 1, 0)


def test_the_late_estimate_itself_is_not_sent_but_feeds_later_substitutes() -> None:
    sender, clock, tape = make()
    sender.begin(0, 100.0, 100.0)
    clock.t = 100.02
    sender.tick(clock.t)
    assert not sender.finish(0, LEVELS, 0, held_s=0.005)
    assert len(tape.messages) == 1
    sender.begin(1, 99.0, 100.0 + DECAY_S)  # capture times may jump back
    sender.finish(1, None, int(Status.HOLD))
    substitute = tape.messages[-1][1]
    assert isinstance(substitute, Emg)
    # one time constant later: 1/e of it; float32 carries 7 digits
    emg, sigma = LEVELS
    np.testing.assert_allclose(values(substitute.emg), emg / math.e, rtol=1e-6)
    doubt = np.hypot(sigma, emg * (1.0 - 1.0 / math.e))  # and by as much it may be wrong
    np.testing.assert_allclose(values(substitute.sigma), doubt, rtol=1e-6)
    assert substitute.status == Status.HOLD | Status.REFINER_SKIPPED
    assert substitute.age_ms == pytest.approx(55.0)  # the first frame, 20 ms ago, held 5, and 30


def test_an_estimate_after_the_deadline_that_nobody_substituted_is_flagged_late() -> None:
    sender, clock, tape = make()
    sender.begin(0, 100.0, 100.0)
    clock.t = 100.02
    assert not sender.finish(0, LEVELS, 0)
    assert only(tape).status == Status.LATE
    assert (sender.on_time, sender.late) == (0, 1)


def test_the_last_instant_of_the_budget_is_in_time() -> None:
    sender, clock, tape = make()
    sender.begin(0, 100.0, 100.0)
    clock.t = 100.0 + BUDGET
    assert sender.finish(0, LEVELS, 0)
    assert only(tape).status == 0


def test_constant_pacing_holds_the_estimate_until_the_budget_is_spent() -> None:
    sender, clock, tape = make("constant")
    sender.begin(0, 100.0, 100.0)
    clock.t = 100.002
    assert sender.finish(0, LEVELS, 0)
    assert not tape.messages
    clock.t = sender.tick(100.002)
    while not tape.messages:
        clock.t = sender.tick(clock.t)
    message = only(tape)
    assert message.sent == pytest.approx(100.0 + BUDGET - PACED_MARGIN_S)
    assert message.status == 0
    assert message.compute_ms == pytest.approx(2)  # the waiting is not computing


def test_constant_pacing_keeps_several_frames_in_order_when_the_budget_exceeds_the_period() -> None:
    sender, clock, tape = make("constant")
    for seq in range(3):
        clock.t = 100.0 + 0.004 * seq
        sender.begin(seq, clock.t, clock.t)
        sender.finish(seq, LEVELS, 0)
    while len(tape.messages) < 3:
        clock.t = sender.tick(clock.t)
    assert [m.seq for m in tape.of("emg")] == [0, 1, 2]
    delays = [m.sent - m.t for m in tape.of("emg")]
    np.testing.assert_allclose(delays, BUDGET - PACED_MARGIN_S, atol=1e-9)


def test_what_is_finished_goes_out_when_the_session_ends() -> None:
    sender, _, tape = make("constant")
    thread = DeadlineThread(sender, LslClock())
    sender.begin(0, 100.0, 100.0)
    sender.finish(0, LEVELS, 0)
    thread.start()
    thread.stop()
    assert values(only(tape).emg).tolist() == LEVELS[0].tolist()
    assert sender.published == 1


def test_what_is_not_finished_is_not_sent_when_the_session_ends() -> None:
    sender, _, tape = make("constant")
    sender.begin(0, 100.0, 100.0)
    sender.flush()
    assert not tape.messages


def test_an_estimate_that_is_held_between_two_steps_of_the_network_is_older() -> None:
    sender, clock, tape = make()
    sender.begin(0, 99.990, 100.0)
    clock.t = 100.002
    sender.finish(0, LEVELS, 0, held_s=0.005)
    assert only(tape).age_ms == pytest.approx(12 + 30 + 5)


def test_a_substitute_before_any_estimate_is_sure_of_nothing() -> None:
    sender, _, tape = make()
    sender.begin(0, 100.0, 100.0)
    sender.finish(0, None, int(Status.HOLD))
    message = only(tape)
    assert values(message.emg).tolist() == [0.0, 0.0]
    assert values(message.sigma).tolist() == [1.0, 1.0]


def test_flags_are_counted_as_published() -> None:
    sender, _, _ = make()
    for seq, status in enumerate([0, 0, Status.GAP, Status.GAP | Status.FORCE_STALE]):
        sender.begin(seq, 100.0, 100.0)
        sender.finish(seq, LEVELS, int(status))
    assert sender.statuses.counts() == {"OK": 2, "GAP": 2, "FORCE_STALE": 1}


def test_a_frame_that_waited_for_another_is_looked_at_in_its_own_time() -> None:
    """The thread sleeps for half a budget where nothing is due; it is woken then, and only then."""
    sender, _, _ = make()
    sender.tick(100.0)
    sender.begin(0, 100.0, 100.0)
    assert not sender.woken.is_set()
    sender.begin(1, 100.0, 100.0 - 0.7 * BUDGET)
    assert sender.woken.is_set()


def test_the_thread_answers_while_the_loop_is_stuck() -> None:
    answered = threading.Event()

    class Signal(Tape):
        def send(self, message: Emg) -> None:
            super().send(message)
            answered.set()

    clock, tape = LslClock(), Signal()
    sender = EmgSender(tape, clock, session="s", n_channels=2, budget_s=BUDGET)
    thread = DeadlineThread(sender, clock)
    thread.start()
    sender.begin(0, clock.now(), clock.now())
    assert answered.wait(10.0)  # the loop never finishes this frame
    thread.stop()
    assert tape.of("emg")[0].status & Status.LATE


def test_a_substitute_is_as_old_as_what_it_repeats_and_flagged_by_what_is_known() -> None:
    sender, clock, tape = make()
    sender.begin(0, 100.0, 100.0)
    sender.finish(0, LEVELS, 0, held_s=0.005)
    clock.t = 100.2
    sender.begin(1, 100.2, 100.2, int(Status.GAP))
    clock.t = 100.2 + BUDGET
    sender.tick(clock.t)
    message = tape.messages[-1][1]
    assert isinstance(message, Emg)
    assert message.status == Status.GAP | Status.LATE | Status.REFINER_SKIPPED
    assert message.age_ms == pytest.approx(205.0 + 1e3 * BUDGET + 30.0)
