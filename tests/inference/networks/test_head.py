from __future__ import annotations

import torch

from inference.channels import N_CHANNEL
from inference.networks.head import LEAST_SPREAD, Head


@torch.inference_mode()
def test_of_strange_motion_the_spread_is_the_channels_usual_size_and_more() -> None:
    head = Head(4)
    head.novelty.weight.copy_(torch.tensor([[50.0, 0.0, 0.0, 0.0]]))
    head.usual.copy_(torch.linspace(0.1, 0.5, N_CHANNEL))
    z = torch.tensor([[-1.0, 0.3, 0.1, 0.2], [1.0, 0.3, 0.1, 0.2]])
    known, strange = head(z)[1]
    own = torch.nn.functional.softplus(head.spread(z)) + LEAST_SPREAD
    torch.testing.assert_close(known, own[0])
    torch.testing.assert_close(strange, torch.sqrt(own[1] ** 2 + head.usual**2))
