from __future__ import annotations

import sys
from pathlib import Path

from inference.architecture import GruArchitecture
from inference.backends.export import export_step
from inference.checkpoint import load_checkpoint
from tests.inference.conftest import random_network

REPOSITORY = Path(__file__).resolve().parents[2]


def test_the_graph_tells_nothing_of_the_machine_that_exported_it() -> None:
    content = export_step(random_network(GruArchitecture(members=1)))
    for place in (str(REPOSITORY), sys.prefix, "site-packages", ".py"):
        assert place.encode() not in content


def test_nor_does_the_shipped_one() -> None:
    assert b".py" not in load_checkpoint(None).onnx
