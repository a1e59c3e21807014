"""Compiled models on disk: found again, rebuilt when the model or the file is not what it was."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest

from sim_bridge import CompiledModel, ModelFileError, compile_model
from sim_bridge.compile import cache
from tests.sim_bridge.small_models import save, standard, two_limbs
from tests.sim_bridge.small_muscles import add_muscle, joint_of_two_turns

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def osim(tmp_path: Path) -> Path:
    model = joint_of_two_turns()
    add_muscle(model, "m")
    return save(model, tmp_path / "small.osim")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def stored(folder: Path) -> Path:
    """The one file in the cache."""
    (path,) = folder.iterdir()
    return path


def assert_equal(a: Any, b: Any, where: str = "model") -> None:
    """Compare two compiled models field by field, however deep."""
    assert type(a) is type(b), where
    if dataclasses.is_dataclass(a) or hasattr(a, "_fields"):
        for name in get_type_hints(type(a)):
            assert_equal(getattr(a, name), getattr(b, name), f"{where}.{name}")
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype, where
        np.testing.assert_array_equal(a, b, err_msg=where)
    else:
        assert a == b, where


def counting(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """List of models that are really compiled from now on."""
    from sim_bridge.compile import compiler

    built: list[Path] = []
    build = compiler.build_model

    def spy(path: Path, *rest: Any) -> CompiledModel:
        built.append(path)
        return build(path, *rest)

    monkeypatch.setattr(compiler, "build_model", spy)
    return built


def test_second_start_loads_what_the_first_compiled(
    osim: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = counting(monkeypatch)
    first = compile_model(osim, cache_dir=folder)
    second = compile_model(osim, cache_dir=folder)
    assert len(built) == 1
    assert_equal(first, second)


def test_cached_arrays_cannot_be_written(osim: Path, folder: Path) -> None:
    compile_model(osim, cache_dir=folder)
    model = compile_model(osim, cache_dir=folder)
    with pytest.raises(ValueError, match="read-only"):
        model.chain.mass[0] = 1.0


def test_changed_model_is_compiled_anew(
    osim: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = counting(monkeypatch)
    first = compile_model(osim, cache_dir=folder)
    osim.write_text(osim.read_text().replace("<mass>4</mass>", "<mass>5</mass>"))
    second = compile_model(osim, cache_dir=folder)
    assert len(built) == 2
    assert second.digest != first.digest
    assert second.mass == pytest.approx(first.mass + 1.0)


def test_new_compiler_version_is_another_model(osim: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = cache.model_digest(osim)
    monkeypatch.setattr(cache, "COMPILER_VERSION", "other")
    assert cache.model_digest(osim) != before


def test_same_model_at_another_place_is_the_same(osim: Path, folder: Path) -> None:
    first = compile_model(osim, cache_dir=folder)
    moved = osim.with_name("moved.osim")
    moved.write_bytes(osim.read_bytes())
    assert compile_model(moved, cache_dir=folder).digest == first.digest
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("damage", ["empty", "cut", "text", "other keys", "flipped"])
def test_damaged_file_is_rebuilt(osim: Path, folder: Path, damage: str) -> None:
    whole = compile_model(osim, cache_dir=folder)
    path, content = stored(folder), stored(folder).read_bytes()
    if damage == "other keys":
        np.savez(path, something=np.zeros(3))
    else:
        half = len(content) // 2
        path.write_bytes(
            {
                "empty": b"",
                "cut": content[:half],
                "text": b"not an archive",
                "flipped": content[:half]
                + bytes(255 - c for c in content[half : half + 40])
                + content[half + 40 :],
            }[damage]
        )
    assert_equal(compile_model(osim, cache_dir=folder), whole)
    assert_equal(cache.load(stored(folder), whole.digest), whole)


def test_a_flipped_byte_anywhere_is_noticed_or_harmless(osim: Path, folder: Path) -> None:
    whole = compile_model(osim, cache_dir=folder)
    path, content = stored(folder), stored(folder).read_bytes()
    for at in range(0, len(content), max(len(content) // 60, 1)):
        spoilt = bytearray(content)
        spoilt[at] ^= 0xFF
        path.write_bytes(bytes(spoilt))
        try:
            found = cache.load(path, whole.digest)
        except cache.CacheError:
            continue
        assert_equal(found, whole)


def test_file_of_another_model_is_not_taken(osim: Path, folder: Path, tmp_path: Path) -> None:
    whole = compile_model(osim, cache_dir=folder)
    path = stored(folder)
    other = save(two_limbs(standard("PinJoint")), tmp_path / "other.osim")
    compile_model(other, cache_dir=tmp_path / "elsewhere")
    path.write_bytes(stored(tmp_path / "elsewhere").read_bytes())
    assert_equal(compile_model(osim, cache_dir=folder), whole)


def run_python(code: str, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **environment},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def test_cached_start_does_not_import_opensim(osim: Path, folder: Path) -> None:
    compile_model(osim, cache_dir=folder)
    code = (
        "import sys; from pathlib import Path; from sim_bridge import compile_model\n"
        f"compile_model(Path({str(osim)!r}), cache_dir=Path({str(folder)!r}))\n"
        "print([m for m in sys.modules if m.startswith('opensim')])"
    )
    output, _ = run_python(code).communicate(timeout=120)
    assert output.strip() == "[]"


def test_processes_that_compile_at_once_do_no_harm(osim: Path, folder: Path) -> None:
    code = (
        "from pathlib import Path; from sim_bridge import compile_model\n"
        f"print(compile_model(Path({str(osim)!r}), cache_dir=Path({str(folder)!r})).digest)"
    )
    processes = [run_python(code) for _ in range(3)]
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    digests = {output.strip().splitlines()[-1] for output in outputs}
    assert digests == {cache.model_digest(osim)}
    assert [path.suffix for path in folder.iterdir()] == [".npz"]  # no half file is left
    cache.load(stored(folder), cache.model_digest(osim))


def test_folder_is_named_by_the_environment(
    osim: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEM2E_CACHE", str(tmp_path / "named"))
    compile_model(osim)
    assert list((tmp_path / "named").glob("*.npz"))


def test_model_is_usable_where_nothing_can_be_kept(osim: Path, tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("no folder")
    assert compile_model(osim, cache_dir=in_the_way).muscle_names == ("m",)


def test_package_loads_where_nothing_can_be_kept(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("no folder")
    process = run_python("import sim_bridge", NEM2E_CACHE=str(in_the_way))
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output


def test_missing_and_unreadable_models_are_named(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(ModelFileError, match=r"no model at .*absent\.osim"):
        compile_model(tmp_path / "absent.osim", cache_dir=folder)
    broken = tmp_path / "broken.osim"
    broken.write_text("<OpenSimDocument><Model>")
    with pytest.raises(ModelFileError, match=r"cannot read .*broken\.osim: .*; give a whole .osim"):
        compile_model(broken, cache_dir=folder)
    with pytest.raises(ModelFileError, match=rf"{tmp_path} is a folder; give the .osim file in it"):
        compile_model(tmp_path, cache_dir=folder)


@pytest.mark.parametrize(
    ("content", "refused"),
    [
        ("", "holds no Model; give the person's .osim"),
        ("<OpenSimDocument><ExternalLoads/></OpenSimDocument>", "holds no Model; give"),
        ('<OpenSimDocument Version="40000"><Model/></OpenSimDocument>', "has no markers; add your"),
    ],
    ids=["empty", "loads", "empty model"],
)
def test_a_file_that_is_no_model_is_one_clear_line(
    tmp_path: Path, folder: Path, content: str, refused: str
) -> None:
    path = tmp_path / "person.osim"
    path.write_text(content)
    with pytest.raises(ModelFileError, match=rf"person\.osim {refused}"):
        compile_model(path, cache_dir=folder)


def test_what_opensim_refuses_is_said_without_the_places_in_its_code(
    osim: Path, folder: Path
) -> None:
    osim.write_text(osim.read_text().replace('<Marker name="', '<Marker name="R ASIS '))
    refused = "Component 'R ASIS .*' of type Marker contains invalid characters"
    with pytest.raises(ModelFileError, match=rf"cannot read .*\.osim: {refused}") as error:
        compile_model(osim, cache_dir=folder)
    assert "Thrown at" not in str(error.value)
    assert "\n" not in str(error.value)


def test_progress_is_told_from_the_first_stage_to_the_last(osim: Path, folder: Path) -> None:
    told: list[tuple[str, float]] = []
    compile_model(osim, cache_dir=folder, progress=lambda stage, share: told.append((stage, share)))
    assert told[0] == ("reading the model", 0.0)
    assert all(0.0 <= share <= 1.0 for _, share in told)
