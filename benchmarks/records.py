"""Results as JSON lines: one row a run, appended, so that runs can be compared over time."""

import json
from pathlib import Path
from typing import Any

from streamer.exceptions import ConfigError


def append_record(path: Path, row: dict[str, Any]) -> None:
    """Append one row.

    Parameters
    ----------
    path : Path
        A ``.jsonl`` file; made, with its folder, if absent.
    row : dict
        JSON values.

    Raises
    ------
    ConfigError
        If the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, allow_nan=False) + "\n")
    except OSError as error:
        raise ConfigError(
            f"cannot write {path}: {error.strerror or error}; give --out a path that can be written"
        ) from error
