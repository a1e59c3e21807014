"""YAML files of ours: the content, and the paths in it, with one voice for what is wrong."""

import os
from pathlib import Path
from typing import Any

import yaml

from streamer.exceptions import ConfigError

__all__ = ["beside", "read_yaml"]


def read_yaml(path: Path) -> Any:
    """Read a file.

    Parameters
    ----------
    path : Path
        In UTF-8.

    Returns
    -------
    Any
        What it holds: a dict for lines ``key: value``, None for nothing at all.

    Raises
    ------
    ConfigError
        If it is missing, no text or no YAML, or has a key twice.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_EveryKeyOnce)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}; check the path") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: no text in UTF-8 ({error.reason}); give a YAML file") from error
    except (yaml.YAMLError, ValueError) as error:  # the latter: a date like 2026-02-30, a key twice
        line = " ".join(str(error).split())
        raise ConfigError(f"{path}: not valid YAML ({line}); correct it") from error


class _EveryKeyOnce(yaml.SafeLoader):
    """PyYAML's safe loader, which takes the last of a key's values; this one takes neither."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        lines: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            line = key.start_mark.line + 1
            if (name := (key.tag, key.value)) in lines:
                first = lines[name]
                raise ValueError(f"line {line} has {key.value!r} again, which is in line {first}")
            lines[name] = line
        return node


def beside(path: Path, named: str | Path) -> Path:
    """Return the absolute path that a file names: relative to itself, or below ``~``.

    A home directory that nobody has is left as it is written, for whoever looks for the path.
    """
    return (path.parent / os.path.expanduser(named)).resolve()
