from __future__ import annotations

import torch

from inference.architecture import GruArchitecture
from inference.channels import N_CHANNEL
from inference.networks import Ensemble
from tests.inference.conftest import random_member
from tests.inference.networks.kinds import random_inputs

SMALL = GruArchitecture(d_model=8)


@torch.inference_mode()
def test_a_young_stream_starts_from_rest_whatever_the_cache_holds() -> None:
    net = Ensemble(SMALL.of_member(0), [random_member(SMALL)])
    x, y_prev = random_inputs(SMALL, 2), torch.zeros(2, N_CHANNEL)
    young = torch.tensor([float("-inf")])
    garbage = torch.full((1, 2, net.arch.kept_width), torch.nan)
    blank = torch.zeros_like(garbage)
    for a, b in zip(
        net.step(x, y_prev, garbage, young), net.step(x, y_prev, blank, young), strict=True
    ):
        assert torch.equal(a, b)


@torch.inference_mode()
def test_its_own_output_is_not_an_input() -> None:
    net = random_member(SMALL)
    x = random_inputs(SMALL, 1, 10)
    assert torch.equal(
        net(x, torch.zeros(1, 10, N_CHANNEL))[0], net(x, torch.rand(1, 10, N_CHANNEL))[0]
    )
