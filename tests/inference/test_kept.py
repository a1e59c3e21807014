"""Networks of a few weights that are kept on disk, trained on people who do not exist."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

torch = pytest.importorskip("torch", reason="needs torch: pip install --editable '.[train]'")

from inference.architecture import GruArchitecture, StdrArchitecture  # noqa: E402
from inference.data.dataset import LimbSequence  # noqa: E402
from inference.evaluation.methods import network as module  # noqa: E402
from inference.evaluation.methods.network import Recipe  # noqa: E402
from inference.networks import Ensemble  # noqa: E402
from inference.training.fit_settings import FitSettings  # noqa: E402
from inference.training.kept import kept_network, origin, sources  # noqa: E402
from inference.training.train import Epoch  # noqa: E402
from inference.training.train_settings import TrainSettings  # noqa: E402
from tests.inference.conftest import random_network  # noqa: E402
from tests.inference.evaluation.people import people  # noqa: E402

ARCH = GruArchitecture(d_model=8, members=2)
BRIEF = TrainSettings(epochs=1, batches=2, batch_size=2, crop=40)


def never() -> Ensemble:
    raise AssertionError("trained again")


def same(a: Ensemble, b: Ensemble) -> bool:
    ours, theirs = a.state_dict(), b.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[k], theirs[k]) for k in ours)


@pytest.mark.parametrize("arch", [ARCH, StdrArchitecture(d_model=8, effort_frames=50)])
def test_a_network_is_taken_as_it_was_kept(
    arch: GruArchitecture | StdrArchitecture, tmp_path: Path
) -> None:
    net = random_network(arch)
    net.gain.uniform_(0.5, 2.0)
    assert same(kept_network(tmp_path, "name", arch, lambda: net), net)
    again = kept_network(tmp_path, "name", arch, never)
    assert same(again, net)
    assert not again.training
    with pytest.raises(AssertionError, match="trained again"):
        kept_network(tmp_path, "another name", arch, never)


def spoilt(sequences: list[LimbSequence], name: str) -> list[LimbSequence]:
    """One number of one field of the last of them changed."""
    value = getattr(sequences[-1], name)
    if isinstance(value, str):
        return [*sequences[:-1], replace(sequences[-1], **{name: value + "x"})]
    value = value.copy()
    value.flat[-1] = ~value.flat[-1] if value.dtype == bool else value.flat[-1] + 1.0
    return [*sequences[:-1], replace(sequences[-1], **{name: value})]


Changed = Callable[[list[LimbSequence]], tuple[Any, ...]]


@pytest.mark.parametrize(
    "changed",
    [
        lambda s: (spoilt(s, "x"), [], ARCH, BRIEF),
        lambda s: (spoilt(s, "y"), [], ARCH, BRIEF),
        lambda s: (spoilt(s, "measured"), [], ARCH, BRIEF),
        lambda s: (spoilt(s, "motion"), [], ARCH, BRIEF),
        lambda s: (s[::-1], [], ARCH, BRIEF),
        lambda s: (s[:-1], [], ARCH, BRIEF),
        lambda s: (s[:-1], s[-1:], ARCH, BRIEF),
        lambda s: (s, [], msgspec.structs.replace(ARCH, members=1), BRIEF),
        lambda s: (s, [], ARCH, msgspec.structs.replace(BRIEF, seed=2)),
    ],
    ids=["inputs", "EMG", "what is measured", "motion", "order", "fewer", "to stop by",
         "architecture", "settings"],
)  # fmt: skip
def test_its_name_changes_with_whatever_it_comes_from(changed: Changed) -> None:
    sequences = people(2)
    assert origin(people(2), [], ARCH, BRIEF) == origin(sequences, [], ARCH, BRIEF)
    assert origin(*changed(sequences)) != origin(sequences, [], ARCH, BRIEF)


def test_it_comes_from_the_modules_that_training_loads_and_no_others() -> None:
    """Told by an interpreter in which packages that only name what is in them are empty."""
    code = """if True:
        import sys, types
        for name, path in (("inference", ""), ("inference.opinion", "/opinion")):
            sys.modules[name] = types.ModuleType(name)
            sys.modules[name].__path__ = [sys.argv[1] + path]
            sys.modules[name].__file__ = sys.argv[1] + path + "/__init__.py"
        import inference.training.train, inference.networks.weights
        names = [name for name in sys.modules if name.startswith("inference.")]
        print(*(sys.modules[name].__file__ for name in names), sep="\\n")
    """
    package = Path(module.__file__).parents[2]
    run = [sys.executable, "-c", code, str(package)]
    done = subprocess.run(run, check=True, capture_output=True, text=True, timeout=120)
    loaded = {Path(line) for line in done.stdout.splitlines()}
    found = set(sources("training.train", "networks.weights"))
    parents = {path / "__init__.py" for path in package.iterdir()}  # of what is loaded from them
    assert loaded - parents <= found
    assert found <= loaded
    assert package / "training" / "loss.py" in found
    assert package / "adapter.py" not in found


def test_a_recipe_trains_once_where_it_keeps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[GruArchitecture] = []

    def train(_: object, __: object, arch: GruArchitecture, ___: object) -> tuple[Ensemble, Any]:
        trained.append(arch)
        return random_network(arch), [Epoch(0, 0, 0.5, 0.5)]

    monkeypatch.setattr(module, "train_network", train)
    fit = FitSettings(architecture=ARCH, training=BRIEF)
    lines: list[str] = []
    for _ in range(2):
        Recipe(fit, lines.append, tmp_path).train(people(2), ARCH)
    assert len(trained) == len(lines) == 1
    Recipe(fit, lines.append).train(people(2), ARCH)
    assert len(trained) == 2
