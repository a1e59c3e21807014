from __future__ import annotations

import msgspec
import numpy as np
import pytest
import torch

from inference.architecture import Architecture
from inference.channels import N_CHANNEL, N_INPUT
from inference.networks import Ensemble
from inference.networks.novelty import LARGEST, N_CENTRES, Novelty
from tests.inference.conftest import random_member, random_network
from tests.inference.networks.kinds import KINDS, stream


def frames(n: int, seed: int = 0) -> np.ndarray:
    """Inputs on a closed curve, all present."""
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0.0, 2.0 * np.pi, n)[:, None]
    x = np.ones((n, 2 * N_INPUT), dtype=np.float32)
    x[:, :N_INPUT] = np.sin(phase + np.arange(N_INPUT))
    return x


@pytest.mark.parametrize("arch", KINDS.values(), ids=KINDS)
@torch.inference_mode()
def test_stream_of_an_ensemble_equals_its_parallel_pass(arch: Architecture) -> None:
    net = random_network(msgspec.structs.replace(arch, members=3)).double()
    x = torch.randn(2, 30, arch.n_input, dtype=torch.float64)
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
    x, y_prev = torch.randn(1, 6, arch.n_input), torch.zeros(1, 6, N_CHANNEL)
    (y1, s1), (y2, s2) = (m(x, y_prev) for m in members)
    y, sigma = net(x, y_prev)
    torch.testing.assert_close(y, (y1 + y2) / 2)
    torch.testing.assert_close(sigma, 1.5 * ((s1**2 + s2**2) / 2 + (y1 - y2) ** 2 / 4).sqrt())


@torch.inference_mode()
def test_doubt_grows_to_the_channels_own_spread_on_inputs_unlike_the_training_set() -> None:
    net = random_network(KINDS["gru"])
    net.novelty.fit(frames(3000))
    net.novelty.near.fill_(0.5)
    net.prior.fill_(0.4)
    known, strange = torch.from_numpy(frames(50, seed=1)), torch.from_numpy(frames(50, seed=1))
    strange[:, :N_INPUT] = -3.0
    y_prev = torch.zeros(1, 50, N_CHANNEL)
    usual, unusual = (net(x[None], y_prev)[1] for x in (known, strange))
    assert bool((unusual >= 0.4).all())
    net.prior.fill_(0.0)
    torch.testing.assert_close(usual, net(known[None], y_prev)[1])  # nothing is added to these


@torch.inference_mode()
def test_distance_is_that_to_the_nearest_centre() -> None:
    novelty = Novelty()
    novelty.fit(frames(2000))
    x = torch.from_numpy(frames(20, seed=3)) + 0.1
    x[5, N_INPUT:] = 0.0  # nothing is present
    distance = novelty.distance(x)[:, 0]
    motion = slice(12, 22)
    for i, row in enumerate(x.numpy()):
        z = (row[motion] - novelty.mean.numpy()) / novelty.scale.numpy()
        apart = [np.sqrt(np.mean((z - centre) ** 2)) for centre in novelty.centres.numpy()]
        if i != 5:
            assert float(distance[i]) == pytest.approx(min(apart), rel=1e-4)
    assert float(novelty(x)[5]) == 1.0
    assert len(novelty.centres) == N_CENTRES


@torch.inference_mode()
def test_novelty_is_bounded_and_absent_until_it_is_fitted() -> None:
    novelty = Novelty()
    x = torch.from_numpy(frames(10)) * 1e6
    x[:, N_INPUT:] = 1.0
    assert not novelty(x).any()
    novelty.fit(frames(2000))
    novelty.near.fill_(0.3)
    assert bool((novelty(x) == LARGEST).all())
