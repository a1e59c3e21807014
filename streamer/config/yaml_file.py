"""YAML files of ours, read strictly, and the paths in them; one voice for what is wrong."""

import os
import re
import reprlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
import yaml
from msgspec import Struct

from streamer.exceptions import ConfigError, nearest

__all__ = ["beside", "read_settings"]

_S = TypeVar("_S", bound=Struct)

_PLAIN = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "text",
    "array": "a list",
    "object": "lines `key: value`",
    "path": "the path of a file",
}
"""What msgspec's kinds of values are called by people."""


def read_settings(path: Path, kind: type[_S], without: Collection[str] = ()) -> _S:
    """Read a file of settings.

    Parameters
    ----------
    path : Path
        In UTF-8.
    kind : type
        Of the settings; a file without content has their defaults.
    without : collection of str
        Keys that are passed over.

    Raises
    ------
    ConfigError
        If it is missing, no text or no YAML, has a key twice or an unknown one (the known ones are
        listed), lacks one that is needed, or has a value of the wrong kind.
    """
    content = _content(path)
    if content is None:
        content = {}
    if not isinstance(content, dict):
        first = next(iter(get_type_hints(kind)))
        raise ConfigError(f"{path}: no `key: value` lines; start with `{first}: ...`")
    content = {key: value for key, value in content.items() if key not in without}
    _refuse_unknown(path, content, kind)
    try:
        return msgspec.convert(content, kind, dec_hook=_to_path, strict=True)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {_refusal(str(error), content, kind)}") from error
    except ConfigError as error:  # of a check that has other callers, too
        raise ConfigError(f"{path}: {error}") from error


def _content(path: Path) -> Any:
    """Return what a file holds: a dict for lines ``key: value``, None for nothing at all."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_EveryKeyOnce)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}; check the path") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text ({error.reason}); give a YAML file") from error
    except (yaml.YAMLError, ValueError) as error:  # the latter: a date like 2026-02-30, a key twice
        line = " ".join(str(error).replace('in "<unicode string>", ', "in ").split())
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
                raise ValueError(f"line {line} repeats {key.value!r}, already in line {first}")
            lines[name] = line
        return node


def _refusal(error: str, content: Mapping[str, Any], kind: type) -> str:
    """Say in plain words what msgspec refuses at ``$.key.key[0]``: key, value, what is wanted."""
    found = re.fullmatch(r"(.*) - at (`key` in )?`\$\.?(.*)`", error, re.DOTALL)
    said, of_a_key, place = found.groups() if found else (error, None, "")
    key = place.partition("[...]")[0].replace(".", ": ")
    if missing := re.fullmatch(r"Object missing required field (`\w+`)", said):
        return f"{key and f'{key}: '}{missing[1]} is missing; add it"
    if said.startswith("Invalid value ") and (tags := _tags(key, kind)):
        return f"`{key}` is {_at(content, place)!r}, it must be {_either(tags)}"
    if not said.startswith(("Expected ", "Invalid enum ")):  # our own words, or an unknown key
        said = said.replace("Object contains unknown field", "unknown key")
        return f"{key and f'{key}: '}{said}" + ("" if ";" in said else "; correct the value")
    wanted = _wanted(said, place, kind)
    if of_a_key:
        return f"`{key}` has a key that is not {wanted}; put it in quotation marks"
    value = _at(content, place)
    must = "each in it must" if "[...]" in place else "it must"
    refusal = f"`{key}` is {'empty' if value is None else reprlib.repr(value)}, {must} be {wanted}"
    if isinstance(value, str) and re.fullmatch(r"-?\d+,\d+", value):
        refusal += f"; write {value.replace(',', '.')}, with a decimal point"
    return refusal


def _wanted(said: str, place: str, struct: type) -> str:
    """What msgspec expects, in plain words; all choices where there are some."""
    kind: Any = struct
    for name in place.split("."):
        kind = get_type_hints(kind).get(name) if isinstance(kind, type) else None
    if get_origin(kind) is Literal:
        return _either(get_args(kind))
    wanted = said.removeprefix("Expected ").partition(", got ")[0]
    for kinds in re.findall(r"`(.*?)`", wanted):
        plain = " or ".join(_PLAIN.get(kind, kind) for kind in kinds.split(" | "))
        wanted = wanted.replace(f"`{kinds}`", plain)
    return wanted.replace("<=", "of at most").replace(">=", "of at least")


def _tags(key: str, struct: type) -> list[str]:
    """Kinds of struct that there are where one is chosen by the value of a key; none elsewhere."""
    field = key.partition(": ")[0]
    kinds = get_args(get_type_hints(struct).get(field))
    return [str(kind.__struct_config__.tag) for kind in kinds if hasattr(kind, "__struct_config__")]


def _either(choices: Sequence[str]) -> str:
    *others, last = choices
    return f"{', '.join(others)} or {last}"


def _at(content: Mapping[str, Any], place: str) -> Any:
    """The value at a place, or the one that has several there."""
    value: Any = content
    for key, index in re.findall(r"(\w+)|\[(\d+)\]", place.partition("[...]")[0]):
        value = value[key] if key else value[int(index)]
    return value


def _to_path(kind: type, value: object) -> object:
    """Let text stand for a path."""
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise ValueError("Expected `path`")


def _refuse_unknown(path: Path, given: Mapping[str, Any], kind: type, place: str = "") -> None:
    """Compare keys with the fields of a struct, and of those in it."""
    known = get_type_hints(kind)
    for key, value in given.items():
        if key not in known:
            hint = nearest(str(key), list(known))
            raise ConfigError(
                f"{path}: {place}unknown key {key!r} ({hint}); known keys: {', '.join(known)}"
            )
        inner = known[key]
        if isinstance(value, dict) and isinstance(inner, type) and issubclass(inner, Struct):
            _refuse_unknown(path, value, inner, f"{place}{key}: ")


def beside(path: Path, named: str | Path) -> Path:
    """Return the absolute path that a file names: relative to itself, or below ``~``.

    The home directory of an unknown user is left as it is written; there is no such path then.
    """
    return (path.parent / os.path.expanduser(named)).resolve()
