"""Compile in a process of its own, as ``python -m sim_bridge.compile.apart MODEL DIGEST FILE``.

Files may bring defaults for OpenSim's classes. OpenSim keeps these while the process lives,
so that the muscles of every model that it reads later would take them for what they do not say
themselves; and what was compiled from them would stay in the cache.
"""

import json
import logging
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from sim_bridge import exceptions
from sim_bridge.exceptions import ModelFileError, SimBridgeError
from sim_bridge.model import CompiledModel

from .cache import load, save

__all__ = ["brings_defaults", "build_apart"]


def brings_defaults(osim: Path) -> bool:
    """Whether a model file has defaults of its own."""
    return re.search(rb"<defaults[\s>]", osim.read_bytes()) is not None


def build_apart(osim: Path, digest: str) -> CompiledModel:
    """Compile a model that nothing is left of, see `sim_bridge.compile.compiler.build_model`.

    Raises
    ------
    ModelFileError, UnsupportedComponent
        As where it is compiled here.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.npz"
        done = subprocess.run(
            [sys.executable, "-m", __name__, str(osim.absolute()), digest, str(file)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            check=False,
        )
        if not (said := done.stdout.strip()):
            reason = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
            raise ModelFileError(f"{osim} cannot be compiled: {reason[0]}")
        answer = json.loads(said.splitlines()[-1])
        for name, level, message in answer["log"]:
            logging.getLogger(name).log(level, "%s", message)
        if answer["error"] is not None:
            raise _rebuilt(*answer["error"])
        return load(file, digest)


def _rebuilt(kind: str, message: str, state: dict[str, str]) -> SimBridgeError:
    """An error of another process, by the name of its class."""
    cls = getattr(exceptions, kind)
    error: SimBridgeError = cls.__new__(cls, message)
    error.args = (message,)
    vars(error).update(state)
    return error


class _Kept(logging.Handler):
    """Keeps what is logged, to be said by the process that asked."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[str, int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append((record.name, record.levelno, record.getMessage()))


def _main(osim: str, digest: str, file: str) -> None:
    from .compiler import build_model

    kept, error = _Kept(), None
    logging.getLogger().addHandler(kept)
    try:
        save(build_model(Path(osim), digest, lambda _stage, _share: None), Path(file))
    except SimBridgeError as raised:
        error = (type(raised).__name__, str(raised), vars(raised))
    print(json.dumps({"log": kept.lines, "error": error}))  # noqa: T201


if __name__ == "__main__":
    _main(*sys.argv[1:])
