"""Export the step graph of a trained network to ONNX."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import torch
from torch import Tensor, nn

from inference.backends.base import INPUTS, OUTPUTS, input_shapes
from inference.networks import Ensemble

__all__ = ["StepGraph", "export_step", "step_example"]


class StepGraph(nn.Module):
    """`Ensemble.step` under the name that the exporter traces."""

    def __init__(self, net: Ensemble) -> None:
        super().__init__()
        self.net = net

    def forward(
        self, x: Tensor, y_prev: Tensor, cache: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """See `Ensemble.step`."""
        return self.net.step(x, y_prev, cache, mask)


def step_example(net: Ensemble) -> tuple[Tensor, ...]:
    """Return zero inputs of the step's shapes: both limbs, an empty cache."""
    shapes = input_shapes(net.arch)
    values = {name: torch.zeros(shape) for name, shape in shapes.items()}
    values["mask"].fill_(float("-inf"))
    return tuple(values[name] for name in INPUTS)


def export_step(net: Ensemble) -> bytes:
    """Return the step graph as an ONNX file's bytes.

    It is ``(x, y_prev, cache, mask) -> (y, sigma, new_kv)``. Shapes are static: both limbs in one
    batch, the window of the architecture; float32.
    """
    graph = StepGraph(net).eval()
    quiet = logging.getLogger("torch.onnx")
    level = quiet.level
    quiet.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            # The exporter's own deprecations concern torch and onnxscript, not this graph, whose
            # result is compared with the network in the tests and at every checkpoint.
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                graph,
                step_example(net),
                dynamo=True,
                verbose=False,
                input_names=list(INPUTS),
                output_names=list(OUTPUTS),
            )
    finally:
        quiet.setLevel(level)
    assert program is not None
    content: bytes = _without_traces(program.model_proto).SerializeToString()
    return content


def _without_traces(model: Any) -> Any:
    """Drop where in the source each node came from: paths of the machine that exported it."""
    for part in (model, model.graph, *model.graph.node, *model.graph.value_info):
        del part.metadata_props[:]
    return model
