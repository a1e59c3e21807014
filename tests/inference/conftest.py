"""A network with random weights, saved like a trained one: it shows wiring, not skill."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inference.architecture import Architecture, GruArchitecture
from inference.channels import CHANNELS, INPUT_NAMES, N_INPUT
from inference.checkpoint import Card, Checkpoint, save_checkpoint

torch = pytest.importorskip("torch", reason="needs torch: pip install --editable '.[train]'")


def blank_card(architecture: Architecture, **changes: object) -> Card:
    fields: dict[str, object] = {
        "name": "random weights",
        "description": "for tests",
        "channels": CHANNELS,
        "inputs": INPUT_NAMES,
        "architecture": architecture,
        "rate_hz": 100.0,
        "receptive_field_frames": architecture.receptive_field,
        "muscle_map": {},
        "normalisation": {"mean": [0.0] * N_INPUT, "scale": [1.0] * N_INPUT},
        "training": {},
        "metrics": {},
    }
    return Card(**(fields | changes))  # type: ignore[arg-type]


def random_member(architecture: Architecture, seed: int = 0) -> torch.nn.Module:
    """Weights large enough that every path through the network matters to the output."""
    from inference.networks import build_member

    torch.manual_seed(seed)
    net = build_member(architecture).eval()
    for name, parameter in net.named_parameters():
        gain = "norm" in name and name.endswith("weight")
        torch.nn.init.normal_(parameter, mean=1.0 if gain else 0.0, std=0.15)
    net.embed.mean.normal_(std=0.2)
    net.embed.scale.uniform_(0.5, 2.0)
    return net


def random_network(architecture: Architecture, seed: int = 0) -> torch.nn.Module:
    """An ensemble of such members."""
    from inference.networks import Ensemble

    each = [architecture.of_member(k) for k in range(architecture.members)]
    return Ensemble(architecture, [random_member(a, seed + k) for k, a in enumerate(each)]).eval()


@pytest.fixture(scope="session")
def random_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    from inference.backends.export import export_step
    from inference.backends.reference import reference_stream
    from inference.networks.weights import network_arrays

    net = random_network(GruArchitecture(members=2))
    folder: Path = tmp_path_factory.mktemp("checkpoints") / "random"
    return save_checkpoint(
        folder, blank_card(net.arch), network_arrays(net), export_step(net), reference_stream(net)
    )


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20250101)
