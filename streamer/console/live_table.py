"""The live view of a session: a subscriber like any other, in a process of its own."""

import time
from collections.abc import Callable
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from streamer.messaging.latest import Latest
from streamer.messaging.messages import values
from streamer.messaging.subscriber import Subscriber
from streamer.status import names

REFRESH_HZ = 5.0
PLAIN_EVERY_S = 5.0
"""Without a terminal one line is printed this often [s]."""
SILENT_AFTER_S = 1.0
"""Without a new estimate for so long [s] the last one is no longer shown as if it held."""
BAR_WIDTH = 30


class LiveTable:
    """How a running session is shown in a terminal.

    Parameters
    ----------
    subscriber : Subscriber
        Of the topics `streamer.messaging.latest.SHOWN_TOPICS`.
    console : Console
        Where to print; without a terminal, lines instead of a table.
    clock : callable, optional
        Returns the time [s].
    """

    def __init__(
        self,
        subscriber: Subscriber,
        console: Console,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.latest = Latest(subscriber)
        self._console, self._now = console, clock
        self._heard_s = clock()

    def run(self, alive: Callable[[], bool]) -> None:
        """Show until the session is over.

        Parameters
        ----------
        alive : callable
            Whether the session still runs.
        """
        if self._console.is_terminal:
            with Live(console=self._console, auto_refresh=False, transient=True) as live:
                self._follow(
                    alive, 1.0 / REFRESH_HZ, lambda: live.update(self.table(), refresh=True)
                )
        else:
            self._follow(alive, PLAIN_EVERY_S, self._print_line)

    def _follow(self, alive: Callable[[], bool], every_s: float, show: Callable[[], None]) -> None:
        """Receive, and show now and then."""
        due = self._now() + every_s
        while alive():
            self.receive(0.1)
            known = self.latest.meta.session and (self.latest.health.published or self._silence())
            if self._now() >= due and known:
                due = self._now() + every_s
                show()

    def receive(self, timeout_s: float) -> None:
        """Take in everything that has arrived, waiting at most `timeout_s` [s] for the first."""
        before = self.latest.emg
        self.latest.receive(timeout_s)
        if self.latest.emg is not before or not self.latest.meta.session:
            self._heard_s = self._now()

    def _silence(self) -> str:
        """What is missing, and for how long; "" while estimates come."""
        silent_s = self._now() - self._heard_s
        if silent_s < SILENT_AFTER_S:
            return ""
        missing = "estimates" if self.latest.health.rate_in_hz else "markers"
        return f"no {missing} for {silent_s:.0f} s"

    def table(self) -> RenderableType:
        """Everything as one renderable: a head of numbers, then a bar per channel."""
        latest, silence = self.latest, self._silence()
        channels = Table(box=None, pad_edge=False, show_header=False)
        for name, level in self._levels():
            channels.add_row(name, bar(level), f"{level:5.2f}", style="dim" if silence else "")
        state = f"age {latest.emg.age_ms:.1f} ms   {flags_of(latest)}"
        if silence:
            state = f"{silence}; the bars are the last estimate" if latest.emg.emg else silence
        head = Text(f"{latest.meta.model_name}   {state}\n{describe(latest, chr(10))}")
        return Group(head, channels)

    def _print_line(self) -> None:
        """One line for logs."""
        strongest = sorted(self._levels(), key=lambda pair: -pair[1])[:4]
        levels = " ".join(f"{name} {level:.2f}" for name, level in strongest)
        shown = self._silence() or f"{levels}   {flags_of(self.latest)}"
        line = f"{describe(self.latest)} | {shown}"
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def _levels(self) -> list[tuple[str, float]]:
        """Channel names and their newest values."""
        numbers = (float(x) for x in values(self.latest.emg.emg))
        return list(zip(self.latest.channel_names(), numbers, strict=True))


def bar(level: float) -> str:
    """Text bar of a level; full at 1, the reference maximum."""
    eighths = round(8 * BAR_WIDTH * min(max(level, 0.0), 1.0))
    full, part = divmod(eighths, 8)
    return "█" * full + (chr(0x2590 - part) if part else "")  # ▏ to ▉ are 0x258F down to 0x2589


def flags_of(latest: Latest) -> str:
    """Flags of the newest estimate."""
    return f"flags: {', '.join(names(latest.emg.status)) or 'none'}"


def describe(latest: Latest, separator: str = "   ") -> str:
    """Rates, latency and kept deadlines."""
    health, latency = latest.health, latest.health.latency_ms
    rates = f"{health.rate_in_hz:.1f} Hz in, {health.rate_out_hz:.1f} Hz out"
    times = " ".join(f"{key} {latency.get(key, 0.0):.2f}" for key in ("p50", "p99", "max"))
    kept = f"on time {latest.on_time_percent():.2f} %, skipped {health.skipped}"
    return separator.join((rates, f"latency {times} ms", kept))


def summary(report: dict[str, Any], endpoint: str) -> str:
    """Text about a finished session, and what to try next.

    Parameters
    ----------
    report : dict
        As `streamer.session.loop.Session.report` gives it.
    endpoint : str
        What a client gives to `nem2e subscribe`.
    """
    latency, share = report["latency_ms"], 100.0 * report["on_time"] / max(report["frames_in"], 1)
    stages = "  ".join(f"{k} {v['p50'] / 1e3:.2f}" for k, v in report["stage_us"].items())
    flags = ", ".join(f"{k} {n}" for k, n in report["status_counts"].items())
    return (
        f"{report['frames_in']} frames in, {report['published']} estimates published, "
        f"{report['skipped']} skipped, {report['substituted']} substituted, "
        f"{share:.2f} % of the frames within {report['budget_ms']:g} ms\n"
        f"latency, marker frame received to estimate sent [ms]: p50 {latency['p50']:.2f}  "
        f"p90 {latency['p90']:.2f}  p99 {latency['p99']:.2f}  p99.9 {latency['p99_9']:.2f}  "
        f"max {latency['max']:.2f}\n"
        f"median per stage [ms]: {stages}\n"
        f"frames by flag: {flags}\n"
        "while a session runs, watch it elsewhere with\n"
        f"  nem2e subscribe {endpoint}\n"
    )


NEXT_STEPS = """Next:
  your own model     nem2e compile MODEL.osim
  in a browser       nem2e page
  a recording        nem2e offline --model MODEL.osim --markers TRIAL.trc --out RESULTS
  your own rig       docs/rig.md, then python run_realtime.py --config FILE
  without a rig      nem2e replay TRIAL_DIR --loop
  this machine       nem2e doctor
"""
