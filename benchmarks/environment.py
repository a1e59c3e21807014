"""Where and with what a measurement was made: the head of every record."""

import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
DATA_VARIABLE = "NEM2E_DATA"
"""Environment variable that names the folder of the data sets."""
PACKAGES = ("nem2e-rt", "numba", "numpy", "onnxruntime", "opensim", "pylsl", "pyzmq", "scipy")


def data_root() -> Path:
    """Folder of the data sets: ``$NEM2E_DATA``, else ``shared/data`` beside the repository."""
    return Path(os.environ.get(DATA_VARIABLE) or REPOSITORY.parent / "shared" / "data")


def describe_environment() -> dict[str, Any]:
    """Git commit, machine, versions and how busy the machine is, as of now.

    Returns
    -------
    dict
        JSON values only; what cannot be found out is None.
    """
    return {
        "utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "git_sha": _git("rev-parse", "HEAD"),
        "git_dirty": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": _memory_gib(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
        "load_average_1min": os.getloadavg()[0],
    }


def commit_note(environment: Mapping[str, Any]) -> str:
    """Return what was measured, for numbers that do not depend on the machine's speed."""
    commit = (environment["git_sha"] or "no commit")[:12]
    return f"Commit {commit}{' with changes' if environment['git_dirty'] else ''}."


def environment_line(environment: Mapping[str, Any]) -> str:
    """Return one line for people: a number without machine and commit means nothing."""
    commit = commit_note(environment)
    return (
        f"{environment['cpu']}, {environment['cores']} cores, load average "
        f"{environment['load_average_1min']:.1f} at the start; c{commit[1:-1]}; "
        f"opensim {environment['versions']['opensim']}, numba {environment['versions']['numba']}"
    )


def _git(*arguments: str) -> str | None:
    """Output of a git command in the repository; None outside of one."""
    command = ["git", "-C", str(REPOSITORY), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _cpu_model() -> str:
    """Name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _memory_gib() -> float:
    """Physical memory [GiB]."""
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)


def _version(package: str) -> str | None:
    """Installed version; None where it is not installed as a distribution."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
