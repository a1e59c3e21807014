from __future__ import annotations

import numpy as np
import pytest
import torch

from inference.architecture import Architecture
from inference.channels import N_CHANNEL, N_INPUT
from inference.exceptions import InferenceError
from inference.model import STDRNet, WindowAttention
from tests.inference import naive
from tests.inference.conftest import random_network

SMALL = Architecture(d_model=16, n_head=2, window=5)


def stream(net: STDRNet, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Feed x (B, T, C) frame by frame on a plain list of cache rows; y and y_prev (B, T, n)."""
    arch, (b, t, _) = net.arch, x.shape
    y = torch.zeros(b, arch.n_output, dtype=x.dtype)
    rows = [torch.zeros(b, arch.kv_width, dtype=x.dtype)] * (arch.window - 1)
    mask = torch.full((arch.window - 1,), float("-inf"), dtype=x.dtype)
    outputs, feedback = [], []
    for frame in range(t):
        feedback.append(y)
        y, kv = net.step(x[:, frame], y, torch.stack(rows), mask)
        outputs.append(y)
        rows = [*rows[1:], kv]
        mask = torch.cat((mask[1:], torch.zeros(1, dtype=x.dtype)))
    return torch.stack(outputs, 1), torch.stack(feedback, 1)


@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    [
        (torch.float32, 1e-5),  # the contract's bound; float32 sums in another order
        (torch.float64, 1e-12),  # what remains is rounding, so the algebra is the same
    ],
)
@torch.inference_mode()
def test_stream_equals_parallel_pass_over_its_own_outputs(
    dtype: torch.dtype, tolerance: float
) -> None:
    net = random_network(Architecture()).to(dtype)
    frames = net.arch.receptive_field + 2 * net.arch.window  # the first frame leaves every window
    x = torch.randn(2, frames, net.arch.n_input, dtype=dtype)
    streamed, feedback = stream(net, x)
    parallel = net(x, feedback)
    assert streamed.std(1).max() > 0.02  # it moves over time, else equality says nothing
    assert (streamed - parallel).abs().max() <= tolerance


@torch.inference_mode()
def test_attention_equals_naive_loop() -> None:
    attention = WindowAttention(SMALL).double().eval()
    torch.nn.init.normal_(attention.bias_by_age)
    z = torch.randn(1, 12, SMALL.d_model, dtype=torch.float64)
    shape = (12, SMALL.n_head, SMALL.d_model // SMALL.n_head)
    q = attention.query(z).reshape(shape).numpy()
    k, v = (part.reshape(shape).numpy() for part in attention.key_value(z).chunk(2, dim=-1))
    mixed = naive.window_attention(q, k, v, attention.bias_by_age.numpy(), SMALL.window)
    expected = mixed.reshape(12, SMALL.d_model) @ attention.project.weight.numpy().T
    np.testing.assert_allclose(attention(z, z)[0].numpy(), expected, atol=1e-13)  # rounding


@torch.inference_mode()
def test_no_output_depends_on_the_future() -> None:
    net = random_network(SMALL)
    x, y_prev = torch.randn(1, 40, SMALL.n_input), torch.rand(1, 40, N_CHANNEL)
    changed_x, changed_y = x.clone(), y_prev.clone()
    changed_x[:, 25:] += 1.0
    changed_y[:, 25:] += 1.0
    difference = (net(x, y_prev) - net(changed_x, changed_y)).abs().amax((0, 2))
    # Equal but for the order of summation inside a batched product.
    assert difference[:25].max() <= 1e-6
    assert difference[25] > 1e-3


def test_receptive_field_is_as_declared() -> None:
    net = random_network(SMALL).double()
    length = SMALL.receptive_field + 10
    x = torch.randn(1, length, SMALL.n_input, dtype=torch.float64, requires_grad=True)
    y_prev = torch.zeros(1, length, N_CHANNEL, dtype=torch.float64)
    net(x, y_prev)[0, -1].sum().backward()
    assert x.grad is not None
    touched = torch.nonzero(x.grad[0].abs().sum(-1)).flatten()
    assert length - int(touched[0]) == SMALL.receptive_field


@torch.inference_mode()
def test_absent_input_has_no_influence() -> None:
    net = random_network(SMALL)
    x = torch.randn(1, 8, SMALL.n_input)
    x[..., N_INPUT:] = 1.0
    x[..., N_INPUT + 3] = 0.0
    other = x.clone()
    other[..., 3] = 1e6
    y_prev = torch.zeros(1, 8, N_CHANNEL)
    assert torch.equal(net(x, y_prev), net(other, y_prev))


@torch.inference_mode()
def test_output_is_finite_and_nonnegative_for_garbage() -> None:
    net = random_network(SMALL)
    x = torch.randn(1, 8, SMALL.n_input) * 1e30
    x[..., N_INPUT:] = 1.0
    y = net(x, torch.zeros(1, 8, N_CHANNEL))
    assert bool(torch.isfinite(y).all())
    assert bool((y >= 0).all())


def test_default_architecture_sees_125_frames() -> None:
    assert Architecture().receptive_field == 125  # the contract's number


def test_impossible_architectures_are_refused() -> None:
    with pytest.raises(InferenceError, match="not a multiple"):
        Architecture(d_model=10, n_head=4)
    with pytest.raises(InferenceError, match="window"):
        Architecture(window=1)
