"""Models that bring defaults, or consist of several files."""

import dataclasses
import logging
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sim_bridge import ModelFileError, UnsupportedComponent, compile_model
from sim_bridge.compile.apart import brings_defaults
from sim_bridge.compile.cache import model_digest
from tests.sim_bridge.small_models import save
from tests.sim_bridge.small_muscles import add_muscle, joint_of_two_turns
from tests.sim_bridge.test_cache import assert_equal

SLOW = "<Thelen2003Muscle name='default'><max_contraction_velocity>4</max_contraction_velocity>"
DEFAULTS = f"<defaults>{SLOW}</Thelen2003Muscle></defaults>"


def written(path: Path, *, defaults: bool, kind: str = "Thelen2003Muscle") -> Path:
    """A model of one muscle that does not say how fast it is, unless its defaults do."""
    model = joint_of_two_turns()
    model.setName(path.stem)
    add_muscle(model, "m", kind=kind)
    tree = ElementTree.parse(save(model, path))
    root = tree.getroot().find("Model")
    assert root is not None
    for muscle in root.iter(kind):
        for own in muscle.findall("max_contraction_velocity"):
            muscle.remove(own)
    for other in root.findall("defaults"):
        root.remove(other)
    if defaults:
        root.insert(0, ElementTree.fromstring(DEFAULTS))
    tree.write(path)
    return path


def speed(path: Path, folder: Path) -> float:
    """Largest speed of its muscle [optimal lengths/s]."""
    muscles = compile_model(path, cache_dir=folder).muscles
    return float(muscles.max_velocity[0] / muscles.optimal_fiber_length[0])


def test_one_model_s_defaults_are_not_another_s(tmp_path: Path) -> None:
    first = written(tmp_path / "first.osim", defaults=True)
    second = written(tmp_path / "second.osim", defaults=False)
    cache = tmp_path / "cache"
    assert speed(first, cache) == pytest.approx(4.0)
    assert speed(second, cache) == pytest.approx(10.0)  # OpenSim's own default
    assert speed(first, cache) == pytest.approx(4.0)  # from the cache


@pytest.mark.parametrize(
    ("element", "brings"),
    [("<defaults>", True), ("<defaults >", True), ("<defaults/>", False), ("<Model>", False)],
)
def test_defaults_are_found_as_xml_has_them(tmp_path: Path, element: str, brings: bool) -> None:
    (tmp_path / "any.osim").write_text(element)
    assert brings_defaults(tmp_path / "any.osim") == brings


def test_a_model_apart_is_compiled_as_any_other(tmp_path: Path) -> None:
    plain = written(tmp_path / "plain.osim", defaults=False)
    apart = tmp_path / "apart.osim"
    apart.write_text(plain.read_text().replace("<Model ", "<!--<defaults>--><Model ", 1))
    here, there = (compile_model(path, cache_dir=tmp_path / "cache") for path in (plain, apart))
    assert_equal(here, dataclasses.replace(there, digest=here.digest))


def test_what_is_wrong_with_it_is_said_as_of_any_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path / "odd.osim", defaults=True, kind="RigidTendonMuscle")
    with caplog.at_level(logging.INFO), pytest.raises(UnsupportedComponent, match="'m'") as raised:
        compile_model(path, cache_dir=tmp_path / "cache")
    assert (raised.value.kind, raised.value.name) == ("RigidTendonMuscle", "m")
    broken = tmp_path / "broken.osim"
    broken.write_text("<defaults>")
    with pytest.raises(ModelFileError, match=r"broken\.osim"):
        compile_model(broken, cache_dir=tmp_path / "cache")


def test_a_file_that_a_model_includes_is_part_of_it(tmp_path: Path) -> None:
    path, markers = written(tmp_path / "whole.osim", defaults=False), tmp_path / "markers.xml"
    markers.write_text("<MarkerSet/>")
    whole = path.read_text()
    path.write_text(whole.replace("<Model ", '<!--<MarkerSet file="markers.xml"/>--><Model ', 1))
    before = model_digest(path)
    assert before == model_digest(path)
    markers.write_text("<MarkerSet></MarkerSet>")
    assert model_digest(path) != before
    markers.unlink()
    assert model_digest(path) != before
