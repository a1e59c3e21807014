"""Rules of the house that no linter knows: sizes, and one place for numba's options."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("sim_bridge", "inference", "streamer", "configs", "benchmarks", "tests")
MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 50
MAX_FILE_BYTES = 120_000
LARGE_FILES_MAY_LIE_IN = ("inference/checkpoints/", "configs/demo/", "docs/")
NUMBA_OPTIONS = "sim_bridge/_jit.py"
JIT_NAMES = ("njit", "jit", "vectorize", "guvectorize", "cfunc")


def tracked_files() -> list[Path]:
    """Files that git tracks or would track; everything but hidden folders without git."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        found = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
        return [p for p in found if not any(part.startswith(".") for part in p.parts)]
    names = [name for name in listed.decode().split("\0") if name]
    return [Path(name) for name in names if (ROOT / name).is_file()]


def modules() -> list[Path]:
    own = [p for p in tracked_files() if p.parts[0] in PACKAGES or p.name == "run_realtime.py"]
    return sorted(path for path in own if path.suffix == ".py")


def parsed(module: Path) -> ast.Module:
    return ast.parse((ROOT / module).read_text(encoding="utf-8"), str(module))


def functions(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Name and lines of each function, without decorators, signature and docstring."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            if body:
                yield node.name, (body[-1].end_lineno or 0) - body[0].lineno + 1


def decorator_name(node: ast.expr) -> str:
    target = node.func if isinstance(node, ast.Call) else node
    return target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")


def test_modules_are_short_enough_to_read() -> None:
    lines = {str(m): len((ROOT / m).read_text(encoding="utf-8").splitlines()) for m in modules()}
    long = {module: n for module, n in lines.items() if n > MAX_MODULE_LINES}
    assert lines
    assert not long, f"over {MAX_MODULE_LINES} lines, split by what they do: {long}"


def test_functions_are_short_enough_to_read() -> None:
    long = {
        f"{module}:{name}": n
        for module in modules()
        for name, n in functions(parsed(module))
        if n > MAX_FUNCTION_LINES
    }
    assert not long, f"over {MAX_FUNCTION_LINES} lines: {long}"


def test_numba_options_are_chosen_in_one_place() -> None:
    """A raw decorator may let NaN, our mark of a missing marker, be optimised away."""
    raw = [
        f"{module}:{node.name}"
        for module in modules()
        if module.as_posix() != NUMBA_OPTIONS
        for node in ast.walk(parsed(module))
        if isinstance(node, ast.FunctionDef)
        and any(decorator_name(d) in JIT_NAMES for d in node.decorator_list)
    ]
    assert not raw, f"use the decorators of {NUMBA_OPTIONS}: {raw}"


def test_no_file_is_large() -> None:
    large = {
        path.as_posix(): size
        for path in tracked_files()
        if not path.as_posix().startswith(LARGE_FILES_MAY_LIE_IN)
        and (size := (ROOT / path).stat().st_size) > MAX_FILE_BYTES
    }
    assert not large, f"over {MAX_FILE_BYTES} bytes: {large}"
