"""What every kind of network promises."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest
import torch

from inference.architecture import MOTION, Architecture, GruArchitecture, StdrArchitecture
from inference.channels import (
    INPUT_GROUPS,
    N_CHANNEL,
    N_INPUT,
    SLICE_ACTIVATION,
    SLICE_MOMENT,
    legs,
)
from inference.exceptions import InferenceError
from inference.networks.build import NETWORKS
from tests.inference.conftest import random_member
from tests.inference.networks.kinds import KINDS, random_inputs, stream

kinds = pytest.mark.parametrize("arch", KINDS.values(), ids=KINDS)


def test_here_are_all_kinds_that_a_checkpoint_can_hold() -> None:
    assert {type(arch) for arch in KINDS.values()} == set(get_args(Architecture)) == set(NETWORKS)


@kinds
@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    [
        (torch.float32, 1e-5),  # the contract's bound; float32 sums in another order
        (torch.float64, 1e-12),  # what remains is rounding, so the algebra is the same
    ],
)
@torch.inference_mode()
def test_stream_equals_parallel_pass_over_its_own_outputs(
    arch: Architecture, dtype: torch.dtype, tolerance: float
) -> None:
    net = random_member(arch).to(dtype)
    x = random_inputs(arch, 2, 60, dtype=dtype)  # the first frame leaves every window
    streamed, spread, feedback = stream(net, x)
    parallel, parallel_spread = net(x, feedback)
    assert streamed.std(1).max() > 0.02  # it moves over time, else equality says nothing
    assert (streamed - parallel).abs().max() <= tolerance
    assert (spread - parallel_spread).abs().max() <= tolerance


@kinds
@torch.inference_mode()
def test_no_output_depends_on_the_future(arch: Architecture) -> None:
    net = random_member(arch)
    x, y_prev = random_inputs(arch, 1, 40), torch.rand(1, 40, N_CHANNEL)
    changed_x, changed_y = x.clone(), y_prev.clone()
    changed_x[:, 25:] += 1.0
    changed_y[:, 25:] += 1.0
    difference = (net(x, y_prev)[0] - net(changed_x, changed_y)[0]).abs().amax((0, 2))
    # Equal but for the order of summation inside a batched product.
    assert difference[:25].max() <= 1e-6
    assert difference[25] > 1e-3


@kinds
@torch.inference_mode()
def test_absent_input_has_no_influence(arch: Architecture) -> None:
    net = random_member(arch)
    x = random_inputs(arch, 1, 8)
    x[..., N_INPUT:] = 1.0
    x[..., N_INPUT + 3] = 0.0
    other = x.clone()
    other[..., 3] = 1e6
    y_prev = torch.zeros(1, 8, N_CHANNEL)
    assert torch.equal(net(x, y_prev)[0], net(other, y_prev)[0])


@kinds
@torch.inference_mode()
def test_inputs_that_the_architecture_leaves_out_have_no_influence(arch: Architecture) -> None:
    net = random_member(msgspec.structs.replace(arch, inputs=MOTION))
    x = torch.ones(1, 8, arch.n_input)
    other = x.clone()
    for leg in legs(other[..., :N_INPUT]):
        leg[..., SLICE_ACTIVATION] = leg[..., SLICE_MOMENT] = 5.0
    y_prev = torch.zeros(1, 8, N_CHANNEL)
    assert torch.equal(net(x, y_prev)[0], net(other, y_prev)[0])
    other[..., INPUT_GROUPS["other_velocity"].start] += 1.0
    assert not torch.equal(net(x, y_prev)[0], net(other, y_prev)[0])


@kinds
@torch.inference_mode()
def test_output_is_finite_and_nonnegative_for_garbage(arch: Architecture) -> None:
    net = random_member(arch)
    x = random_inputs(arch, 1, 8) * 1e30
    x[..., N_INPUT:] = 1.0
    y, spread = net(x, torch.zeros(1, 8, N_CHANNEL))
    assert bool(torch.isfinite(y).all() and torch.isfinite(spread).all())
    assert bool((y >= 0).all() and (spread > 0).all())


@kinds
def test_the_spread_learns_without_moving_the_estimate(arch: Architecture) -> None:
    net = random_member(arch)
    x = random_inputs(arch, 1, 8)
    with torch.no_grad():  # as if fitted
        net.head.novelty.weight.normal_()
        net.head.novelty.bias.zero_()
    _, spread = net(x, torch.zeros(1, 8, N_CHANNEL))
    spread.sum().backward()
    moved = {name for name, p in net.named_parameters() if p.grad is not None and p.grad.any()}
    heads = ("spread", "novelty")
    assert moved == {f"head.{name}.{part}" for name in heads for part in ("weight", "bias")}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: StdrArchitecture(d_model=10, n_head=4), "not a multiple"),
        (lambda: StdrArchitecture(window=1), "window"),
        (lambda: StdrArchitecture(n_head=0), "n_head=0.*all of them are 1 or more"),
        (lambda: StdrArchitecture(n_decoder=0), "n_decoder=0.*all of them are 1 or more"),
        (lambda: GruArchitecture(n_layer=0), "n_layer=0: give 1 layer or more"),
        (lambda: GruArchitecture(dropout=1.0), "dropout=1.0: give a share below 1"),
        (lambda: GruArchitecture(dropout=float("nan")), "dropout=nan: give a share below 1"),
        (lambda: GruArchitecture(members=0), "members"),
        (lambda: GruArchitecture(inputs=("angle", "torque")), "unknown inputs torque"),
        (lambda: GruArchitecture(motion_share=1.5), "between 0 and 1"),
        (
            lambda: GruArchitecture(inputs=("activation",), motion_share=0.5),
            "without motion among the inputs",
        ),
    ],
)
def test_impossible_architectures_are_refused(make: Any, message: str) -> None:
    with pytest.raises(InferenceError, match=message):
        make()
