import io

import numpy as np
import pytest
from rich.console import Console

from streamer.console.live_table import BAR_WIDTH, LiveTable, bar, summary
from streamer.messaging.messages import Emg, Health, Message, Meta
from tests.streamer.stand_ins import HandClock

REPORT = {
    "frames_in": 3000, "published": 3000, "on_time": 2999, "substituted": 1, "skipped": 0,
    "latency_ms": {"p50": 1.1, "p90": 1.2, "p99": 1.5, "p99_9": 2.4, "max": 7.2},
    "stage_us": {"ik": {"p50": 400.0, "p99": 600.0, "max": 3000.0}},
    "budget_ms": 10.0,
    "status_counts": {"OK": 2999, "LATE": 1},
}  # fmt: skip


class Heard:
    """A subscriber that has heard these messages."""

    def __init__(self, messages: list[Message]) -> None:
        self._messages = messages

    def receive(self, timeout_s: float) -> tuple[str, Message] | None:  # noqa: ARG002
        return ("", self._messages.pop(0)) if self._messages else None


ESTIMATE = Emg(session="s", emg=np.array([0.5], "<f4").tobytes(), age_ms=31.5)
DIM = "\x1b[2m"


def drawn(messages: list[Message], *, silent_s: float = 0.0) -> str:
    console = Console(file=io.StringIO(), width=120, color_system="standard", force_terminal=True)
    clock = HandClock()
    table = LiveTable(Heard(list(messages)), console, clock.now)  # type: ignore[arg-type]
    table.receive(0.0)
    clock.t += silent_s
    table.receive(0.0)
    console.print(table.table())
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def lines(messages: list[Message]) -> list[str]:
    """What is printed without a terminal: messages come after 6 s, then nothing for 12 s."""
    console = Console(file=io.StringIO(), width=120)
    clock = HandClock()
    table = LiveTable(Heard(list(messages)), console, clock.now)  # type: ignore[arg-type]
    looks = iter(range(3))

    def alive() -> bool:
        clock.t += 6.0
        return next(looks, None) is not None

    table.run(alive)
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize(
    ("level", "full"), [(0.0, 0), (1.0, BAR_WIDTH), (0.5, BAR_WIDTH // 2), (7.0, BAR_WIDTH)]
)
def test_a_bar_is_as_long_as_its_level(level: float, full: int) -> None:
    assert bar(level) == "█" * full


def test_a_bar_ends_in_eighths_and_knows_no_negative_level() -> None:
    assert bar(1 / (8 * BAR_WIDTH)) == "▏"
    assert bar(7 / (8 * BAR_WIDTH)) == "▉"
    assert bar(-1.0) == bar(-0.01) == ""


def test_the_table_names_channels_and_shows_rate_latency_and_flags() -> None:
    emg = np.array([0.5, 0.25], "<f4").tobytes()
    text = drawn(
        [
            Meta(channel_names=("SOL_r", "TA_r"), model_name="walker"),
            Health(rate_in_hz=99.9, frames_in=200, on_time=100, latency_ms={"p50": 1.23}),
            Emg(session="s", emg=emg, status=1, age_ms=31.5),
        ]
    )
    for part in ("walker", "99.9 Hz in", "p50 1.23", "50.00 %", "31.5 ms", "GAP", "SOL_r", "0.25"):
        assert part in text


def test_before_meta_has_come_channels_are_numbered() -> None:
    assert "0" in drawn([Emg(session="s", emg=np.array([0.5], "<f4").tobytes())])


@pytest.mark.parametrize(("rate_in_hz", "missing"), [(0.0, "no markers"), (99.9, "no estimates")])
def test_the_last_estimate_is_not_shown_as_if_it_held(rate_in_hz: float, missing: str) -> None:
    heard = [Meta(session="s"), Health(published=200, rate_in_hz=rate_in_hz), ESTIMATE]
    live, old = drawn(heard, silent_s=0.8), drawn(heard, silent_s=12.0)
    assert "age 31.5 ms" in live
    assert DIM not in live
    assert f"{missing} for 12 s; the bars are the last estimate" in old
    assert "age" not in old
    assert DIM in old
    assert f"{missing} for 1 s" in drawn(heard, silent_s=1.2)


def test_without_a_terminal_silence_is_told_in_place_of_levels() -> None:
    heard = [Meta(session="s", channel_names=("SOL_r",)), Health(published=200), ESTIMATE]
    told = lines(heard)
    assert ["SOL_r" in line for line in told] == [True, False, False]
    assert told[-1].endswith("| no markers for 12 s")


def test_without_a_terminal_the_four_strongest_channels_are_told() -> None:
    emg = np.array([0.1, 0.6, 0.2, 0.5, 0.4, 0.3], "<f4").tobytes()
    names = Meta(session="s", channel_names=tuple("ABCDEF"))
    (told, *_) = lines([names, Health(published=200), Emg(session="s", emg=emg, status=3)])
    assert told.endswith("| B 0.60 D 0.50 E 0.40 F 0.30   flags: GAP, HOLD")


def test_silence_is_counted_from_when_the_session_was_there() -> None:
    messages: list[Message] = []
    console, clock = Console(file=io.StringIO(), width=120), HandClock()
    table = LiveTable(Heard(messages), console, clock.now)  # type: ignore[arg-type]
    for _ in range(100):  # a session that takes long to begin
        clock.t += 0.5
        table.receive(0.1)
    messages += [Meta(session="s"), Health(published=1)]
    table.receive(0.1)
    console.print(table.table())
    assert "no markers" not in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_session_that_never_got_a_frame_is_told_too() -> None:
    heard = [Meta(session="s"), Health()]
    assert [line.split("| ")[1] for line in lines(heard)] == [
        f"no markers for {silent} s" for silent in (6, 12, 18)
    ]
    assert "the last estimate" not in drawn(heard, silent_s=6.0)


def test_the_summary_tells_counts_latency_flags_and_where_to_listen() -> None:
    text = summary(REPORT, "tcp://127.0.0.1:5556")
    within = "99.97 % of the frames within 10 ms"
    for part in ("3000 frames in", within, "p99 1.50", "max 7.20", "ik 0.40"):
        assert part in text
    assert "nem2e subscribe tcp://127.0.0.1:5556" in text
    assert "LATE 1" in text
