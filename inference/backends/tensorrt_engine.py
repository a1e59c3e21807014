"""TensorRT engines of the step: built by torch-tensorrt, kept under the hash of what they are from.

torch-tensorrt has a cache of its own. It serves only refittable engines, names them by the graph
without its weights, and is a pickle; so the engine itself is kept here, as TensorRT serialises it.
"""

from __future__ import annotations

import copy
import hashlib
import importlib.metadata
import json
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import torch
from torch import Tensor, nn

from inference.backends.export import StepGraph, step_example
from inference.backends.table import BACKENDS
from inference.exceptions import BackendUnavailable
from inference.networks import Ensemble
from inference.networks.weights import load_network

if TYPE_CHECKING:
    from inference.checkpoint import Checkpoint

__all__ = ["HalfGraph", "Precision", "build_engine", "engine_dir", "engine_key"]

_log = logging.getLogger(__name__)

Precision = Literal["float32", "float16"]

RECIPE: Final = 2
"""Counts changes of `build_engine` that make earlier engines other ones."""

_NETWORK: Final = ("step.onnx", "weights.safetensors")
_PACKAGES: Final = ("torch", "torch-tensorrt", "tensorrt")


class HalfGraph(nn.Module):
    """The step in half precision between float32 inputs and outputs.

    TensorRT's networks are strongly typed: the graph says where it computes in what. Effort stays
    in float32: a running mean of 120 frames would stand still where a frame differs from it by less
    than 3 %, since half precision has no smaller step.
    """

    def __init__(self, net: Ensemble) -> None:
        super().__init__()
        self.net = copy.deepcopy(net).half()
        for half, member in zip(self.net.members, net.members, strict=True):
            half.effort = copy.deepcopy(member.effort)

    def forward(self, x: Tensor, y_prev: Tensor, cache: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        """See `Ensemble.step`."""
        net = self.net
        means = net.next_means(x, cache, mask)
        past = cache[..., : net.arch.state_width].half()
        halves = net.advance(x.half(), y_prev.half(), past, mask.half(), means)
        y, sigma, kept = (half.float() for half in halves)
        return y, sigma, kept if means is None else torch.cat((kept, means), dim=-1)


def engine_dir() -> Path:
    """``engines`` in ``$NEM2E_CACHE``, else the user's cache directory, beside compiled models."""
    configured = os.environ.get("NEM2E_CACHE")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nem2e"
    return (Path(configured) if configured else home) / "engines"


def engine_key(checkpoint: Checkpoint, precision: Precision, device: str) -> str:
    """Hash of all that decides what an engine computes and where it runs.

    Parameters
    ----------
    checkpoint : Checkpoint
        By the hashes of its weights and graph; its card's text may change.
    precision : {"float32", "float16"}
    device : str
        The GPU: an engine fits the kind that it was built on.
    """
    made_from = {
        "recipe": RECIPE,
        "files": {name: checkpoint.card.sha256[name] for name in _NETWORK},
        "precision": precision,
        "device": device,
        "versions": {name: importlib.metadata.version(name) for name in _PACKAGES},
    }
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()


def build_engine(checkpoint: Checkpoint, precision: Precision, timing_cache: Path) -> bytes:
    """Compile the step for the present GPU: one engine, static shapes. Takes a while.

    Parameters
    ----------
    checkpoint : Checkpoint
        Source of weights and dimensions.
    precision : {"float32", "float16"}
        float32 is strict: TF32, whose products have 10 bits of mantissa, is off.
    timing_cache : Path
        File in which TensorRT remembers what it measured.

    Returns
    -------
    bytes
        The engine as TensorRT serialises it. Its inputs are named as the graph's, its outputs
        ``output0``, ``output1``, ...

    Raises
    ------
    BackendUnavailable
        If torch-tensorrt cannot be imported or fails.
    """
    try:
        import torch_tensorrt  # here, not above: without a GPU this import raises
    except Exception as error:  # it raises a plain Exception for missing libraries
        raise BackendUnavailable(
            f"torch-tensorrt cannot be imported ({error}); {BACKENDS['tensorrt'].advice}"
        ) from error
    _log.warning("building TensorRT's engine for this GPU, which takes a while; it is kept")
    net = load_network(checkpoint)
    example = tuple(tensor.cuda() for tensor in step_example(net))
    graph = StepGraph(net) if precision == "float32" else HalfGraph(net)
    try:
        program = torch.export.export(graph.cuda().eval(), example)
        engine: bytes = torch_tensorrt.dynamo.convert_exported_program_to_serialized_trt_engine(
            program,
            arg_inputs=list(example),
            disable_tf32=True,
            timing_cache_path=str(timing_cache),
        )
    except Exception as error:  # torch, torch-tensorrt and TensorRT share no base of their errors
        raise BackendUnavailable(
            f"torch-tensorrt cannot compile the step in {precision}: {error}; use onnxruntime"
        ) from error
    return bytes(engine)
