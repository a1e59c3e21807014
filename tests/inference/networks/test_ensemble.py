from __future__ import annotations

import msgspec
import pytest
import torch

from inference.architecture import Architecture, GruArchitecture
from inference.channels import N_CHANNEL, N_INPUT, hide_dynamics
from inference.networks import Ensemble
from tests.inference.conftest import random_member, random_network
from tests.inference.networks.kinds import KINDS, random_inputs, stream


@pytest.mark.parametrize("arch", KINDS.values(), ids=KINDS)
@torch.inference_mode()
def test_stream_of_an_ensemble_equals_its_parallel_pass(arch: Architecture) -> None:
    net = random_network(msgspec.structs.replace(arch, members=3)).double()
    x = random_inputs(arch, 2, 30, dtype=torch.float64)
    y, sigma, feedback = stream(net, x)
    expected, expected_sigma = net(x, feedback)
    assert (y - expected).abs().max() < 1e-12  # rounding
    assert (sigma - expected_sigma).abs().max() < 1e-12


@torch.inference_mode()
def test_estimate_is_the_mean_and_disagreement_adds_to_the_doubt() -> None:
    arch = msgspec.structs.replace(KINDS["gru"], members=2)
    members = [random_member(arch, seed) for seed in (1, 2)]
    net = Ensemble(arch, members)
    net.gain.fill_(1.5)
    x, y_prev = random_inputs(arch, 1, 6), torch.zeros(1, 6, N_CHANNEL)
    (y1, s1), (y2, s2) = (m(x, y_prev) for m in members)
    y, sigma = net(x, y_prev)
    torch.testing.assert_close(y, (y1 + y2) / 2)
    torch.testing.assert_close(sigma, 1.5 * ((s1**2 + s2**2) / 2 + (y1 - y2) ** 2 / 4).sqrt())


def test_an_ensemble_is_where_its_members_are() -> None:
    """As in validation on a GPU; `meta` is the other place that every machine has."""
    arch = msgspec.structs.replace(KINDS["gru"], members=1)
    net = Ensemble(arch, [random_member(arch).to("meta")])
    assert {part.device.type for part in (*net.parameters(), *net.buffers())} == {"meta"}


@pytest.mark.parametrize(
    ("share", "blind"),
    [(0.0, [False] * 3), (0.5, [False, False, True]), (1.0, [True] * 3)],
)
@torch.inference_mode()
def test_a_share_of_the_members_is_blind_to_forces(share: float, blind: list[bool]) -> None:
    net = random_network(GruArchitecture(members=3, motion_share=share))
    x, y_prev = random_inputs(net.arch, 1, 6), torch.zeros(1, 6, N_CHANNEL)
    without = x.clone()
    for part in (without[..., :N_INPUT], without[..., N_INPUT:]):
        hide_dynamics(part.numpy())
    same = [torch.equal(m(x, y_prev)[0], m(without, y_prev)[0]) for m in net.members]
    assert same == blind
