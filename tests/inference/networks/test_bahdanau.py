from __future__ import annotations

import numpy as np
import torch
from torch import nn

from inference.channels import N_CHANNEL
from tests.inference.conftest import random_member
from tests.inference.networks.kinds import KINDS


@torch.inference_mode()
def test_attention_equals_naive_loop() -> None:
    """The energy of every state in the window, one at a time, as the paper writes it."""
    net = random_member(KINDS["bahdanau"]).double()
    context: list[torch.Tensor] = []
    original = net.decoder.forward

    def listen(token: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        context.append(token[:, net.arch.d_model :])
        return original(token, state)

    net.decoder.forward = listen
    x = torch.randn(1, 9, net.arch.n_input, dtype=torch.float64)
    net(x, torch.zeros(1, 9, N_CHANNEL, dtype=torch.float64))
    states, decoded = [], []
    h = s = torch.zeros(1, net.arch.d_model, dtype=torch.float64)
    fed = net.embed_output(torch.zeros(1, N_CHANNEL, dtype=torch.float64))
    for t in range(9):
        h = net.encoder(nn.functional.gelu(net.embed(x[:, t])), h)
        states.append(h)
        window = states[-net.arch.window :]
        energy = [
            float(net.energy(torch.tanh(net.key(past) + net.query(s)))[0, 0]) for past in window
        ]
        weight = np.exp(energy) / np.exp(energy).sum()
        expected = sum(w * past for w, past in zip(weight, window, strict=True))
        np.testing.assert_allclose(context[t], expected, atol=1e-13)  # rounding
        s = original(torch.cat((fed, expected), dim=-1), s)
        decoded.append(s)
