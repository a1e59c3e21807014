from __future__ import annotations

import torch

from inference.networks.head import LEAST_SPREAD, Head

Z = torch.tensor([[-1.0, 0.3, 0.1, 0.2], [1.0, 0.3, 0.1, 0.2]])


def own(head: Head) -> torch.Tensor:
    return torch.nn.functional.softplus(head.spread(Z)) + LEAST_SPREAD


@torch.inference_mode()
def test_of_strange_motion_the_spread_is_the_reference_maximum_and_more() -> None:
    head = Head(4)
    head.novelty.weight.copy_(torch.tensor([[50.0, 0.0, 0.0, 0.0]]))
    head.novelty.bias.zero_()
    known, strange = head(Z)[1]
    torch.testing.assert_close(known, own(head)[0])
    torch.testing.assert_close(strange, torch.sqrt(own(head)[1] ** 2 + 1.0))


@torch.inference_mode()
def test_before_novelty_is_fitted_no_motion_is_strange() -> None:
    head = Head(4)
    torch.testing.assert_close(head(Z)[1], own(head))
