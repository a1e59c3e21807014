"""The stream that backends are proven on."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from inference.architecture import StdrArchitecture
from inference.backends.reference import reference_stream
from inference.channels import N_INPUT, SLICE_ANGLE, SLICE_MOMENT
from inference.checkpoint import Checkpoint, Reference
from inference.networks.weights import load_network, network_arrays
from inference.training.rollout import rollout
from tests.inference.conftest import random_network


@pytest.fixture(scope="module")
def reference(random_checkpoint: Checkpoint) -> Reference:
    found = random_checkpoint.reference()
    assert found is not None
    return found


def test_reference_is_what_the_network_streams(
    random_checkpoint: Checkpoint, reference: Reference
) -> None:
    limbs = rollout(load_network(random_checkpoint), list(reference.x.transpose(1, 0, 2).copy()))
    # The step against the parallel pass, float32 against float64, outputs up to 3.
    np.testing.assert_allclose(np.stack([limb.y for limb in limbs], 1), reference.y, atol=1e-5)
    sigma = np.stack([limb.spread for limb in limbs], 1)
    np.testing.assert_allclose(sigma, reference.sigma, atol=1e-5)


def test_reference_reaches_beyond_the_receptive_field_and_moves(reference: Reference) -> None:
    assert len(reference.x) > StdrArchitecture().receptive_field
    assert reference.y.std(0).min() > 1e-3  # every channel of both limbs
    assert np.isfinite(reference.y).all()


def test_reference_has_frames_with_and_without_forces(reference: Reference) -> None:
    present = reference.x[..., N_INPUT:]
    assert set(np.unique(present[..., SLICE_MOMENT])) == {0.0, 1.0}
    assert (present[..., SLICE_ANGLE] == 1.0).all()
    withheld = present == 0.0
    assert not reference.x[..., :N_INPUT][withheld].any()


def test_making_it_leaves_network_and_threads_as_they_were() -> None:
    net = random_network(StdrArchitecture(d_model=8, n_head=2, window=4))
    before, threads = network_arrays(net), torch.get_num_threads()
    reference_stream(net)
    assert torch.get_num_threads() == threads
    for name, array in network_arrays(net).items():
        assert array.dtype == before[name].dtype
        np.testing.assert_array_equal(array, before[name])
