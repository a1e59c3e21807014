"""What the system says about a running process: libraries, processor time, memory, scheduling.

Read from ``/proc``; where there is none, nothing is known and None is reported.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

_PROC = Path("/proc")
_SPAWNED = b"multiprocessing.spawn"


@dataclass
class Observation:
    """Of the loop's process, taken again and again while it lives.

    Attributes
    ----------
    looks : int
        How often it was seen.
    opensim_mapped : bool
        Whether a library of OpenSim was ever part of it.
    cpu_s : float
        Processor time, all threads [s].
    memory_mib : list of float
        Resident memory at each look [MiB].
    realtime : bool
        Whether it ran under SCHED_FIFO or SCHED_RR at the last look.
    """

    looks: int = 0
    opensim_mapped: bool = False
    cpu_s: float = 0.0
    memory_mib: list[float] = field(default_factory=list)
    realtime: bool = False

    def look(self, pid: int) -> None:
        """Look at a process; one that is gone, or is not shown to us, changes nothing."""
        try:
            maps = (_PROC / str(pid) / "maps").read_text(encoding="utf-8", errors="replace")
            fields = (_PROC / str(pid) / "stat").read_text(encoding="ascii").rpartition(")")[2]
            pages = (_PROC / str(pid) / "statm").read_text(encoding="ascii").split()[1]
            policy = os.sched_getscheduler(pid)
        except (OSError, ValueError):
            return
        if pages == "0":  # it has ended, and waits to be seen
            return
        user, system = fields.split()[11:13]
        self.looks += 1
        self.opensim_mapped |= "/opensim/" in maps or "libosim" in maps
        self.cpu_s = (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
        self.memory_mib.append(int(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20)
        self.realtime = policy in (os.SCHED_FIFO, os.SCHED_RR)


def loop_process(parent: int) -> int | None:
    """Find the process that ``run_realtime.py`` started for the loop.

    Parameters
    ----------
    parent : int
        Process id of ``run_realtime.py``.

    Returns
    -------
    int or None
        Its process id, None if it is not there (yet, or any more).
    """
    try:
        children = (_PROC / str(parent) / "task" / str(parent) / "children").read_text().split()
        for child in children:
            if _SPAWNED in (_PROC / child / "cmdline").read_bytes():
                return int(child)
    except OSError:
        pass
    return None
