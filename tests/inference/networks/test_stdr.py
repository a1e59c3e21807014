from __future__ import annotations

import numpy as np
import torch

from inference.architecture import StdrArchitecture
from inference.channels import N_CHANNEL
from inference.networks.stdr import WindowAttention
from tests.inference import naive
from tests.inference.conftest import random_member

SMALL = StdrArchitecture(d_model=16, n_head=2, window=5)


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


def test_receptive_field_is_as_declared() -> None:
    net = random_member(SMALL).double()
    length = SMALL.receptive_field + 10
    x = torch.randn(1, length, SMALL.n_input, dtype=torch.float64, requires_grad=True)
    y_prev = torch.zeros(1, length, N_CHANNEL, dtype=torch.float64)
    net(x, y_prev)[0][0, -1].sum().backward()
    assert x.grad is not None
    touched = torch.nonzero(x.grad[0].abs().sum(-1)).flatten()
    assert length - int(touched[0]) == SMALL.receptive_field


def test_default_architecture_sees_125_frames() -> None:
    assert StdrArchitecture().receptive_field == 125  # the contract's number
