"""Taking a pretrained encoder over into another network, tensor by tensor."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch

from napari_salient.engine.checkpoint import load_checkpoint
from napari_salient.errors import InputError, RunError
from napari_salient.pretraining.spec import PretrainingSpec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor, nn

LEAST_SHARE = 0.95
"""Share of the encoder's parameters below which nothing is loaded."""

ENCODER_TENSOR = re.compile(
    r"(?:net\.|encoder\.)?((?:conv_0|down_[1-4]|input_block|downsamples|bottleneck)\..+)"
)
"""An encoder's tensor as it is called in a segmentation or pretraining model or a bare network."""

LAYER = re.compile(r"downsamples\.\d+|[^.]+")
"""The part of an encoder tensor's name that says in which layer it is."""

SHOWN = 5
"""Tensors that an error lists."""


@dataclass(frozen=True)
class TensorFate:
    """What became of one tensor of the encoder.

    Parameters
    ----------
    name
        Its name in the encoder, such as ``down_1.convs.conv_0.conv.weight``.
    shape
        Of the tensor in the model.
    fate
        Loaded, missing in the source, or there but not usable.
    reason
        Why it is not usable; empty otherwise.
    """

    name: str
    shape: tuple[int, ...]
    fate: Literal["loaded", "missing", "mismatched"]
    reason: str = ""

    @property
    def parameters(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)

    def __str__(self) -> str:
        return f"{self.name} ({self.reason or self.fate})"


@dataclass(frozen=True)
class Coverage:
    """What a transfer loads, tensor by tensor, in the order of the layers."""

    tensors: tuple[TensorFate, ...]

    @property
    def share(self) -> float:
        """Share of the encoder's parameters that were loaded."""
        loaded = sum(t.parameters for t in self.tensors if t.fate == "loaded")
        return loaded / max(sum(t.parameters for t in self.tensors), 1)

    @property
    def layers(self) -> dict[str, Coverage]:
        """The same for each layer of the encoder, the finest first."""
        found: dict[str, list[TensorFate]] = {}
        for tensor in self.tensors:
            match = LAYER.match(tensor.name)
            found.setdefault(match[0] if match else tensor.name, []).append(tensor)
        return {layer: Coverage(tuple(tensors)) for layer, tensors in found.items()}

    @property
    def left_out(self) -> tuple[TensorFate, ...]:
        """The tensors that keep the values they had."""
        return tuple(t for t in self.tensors if t.fate != "loaded")

    @property
    def refusal(self) -> str:
        """Why nothing is to be loaded, in sentences; empty if it may be.

        A tensor that is there but does not fit, or less than 95 % of the parameters, is a reason.
        """
        unfit = any(tensor.fate == "mismatched" for tensor in self.tensors)
        return _refusal(self) if unfit or self.share < LEAST_SHARE else ""

    def __str__(self) -> str:
        loaded = len(self.tensors) - len(self.left_out)
        parameters = sum(t.parameters for t in self.tensors)
        said = (
            f"{loaded} of {len(self.tensors)} encoder tensors transferred "
            f"({self.share:.1%} of {parameters:,} parameters)"
        )
        return "; not ".join([said, *map(str, self.left_out)])


def would_transfer(source_state: Mapping[str, Tensor], model: nn.Module) -> Coverage:
    """Return what `transfer` would load into the encoder of `model`; nothing is loaded."""
    source = encoder_tensors(source_state)
    return Coverage(
        tuple(_fate(name, t, source.get(name)) for name, t in _encoder_of(model).items())
    )


def transfer(source_state: Mapping[str, Tensor], model: nn.Module) -> Coverage:
    """Load a pretrained encoder into the encoder of `model`, by name.

    Parameters
    ----------
    source_state
        Weights of a pretraining model, of a segmentation model, or of an encoder alone.
    model
        Any of these; its other parts are not touched.

    Raises
    ------
    InputError
        If a tensor is there but does not fit, or less than 95 % of the encoder's parameters would
        be loaded; the model is unchanged then.
    """
    coverage = would_transfer(source_state, model)
    if coverage.refusal:
        raise InputError(coverage.refusal)
    source, target = encoder_tensors(source_state), _encoder_of(model)
    with torch.no_grad():
        for tensor in coverage.tensors:
            if tensor.fate == "loaded":
                target[tensor.name].copy_(source[tensor.name])
    return coverage


def load_pretrained(checkpoint: Path) -> tuple[PretrainingSpec, dict[str, Tensor]]:
    """Return what a pretraining made: its spec and its weights, on the CPU.

    Raises
    ------
    RunError
        If the file is damaged or no checkpoint of a pretraining.
    """
    stored = load_checkpoint(checkpoint)
    spec = stored.task.get("pretraining")
    if spec is None:
        raise RunError(
            f"{checkpoint} is no checkpoint of a pretraining; choose one from a run of this tool."
        )
    return PretrainingSpec.from_json(spec), stored.model


def encoder_tensors(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the encoder's tensors of a state under the names they have in the encoder."""
    matches = ((ENCODER_TENSOR.fullmatch(name), tensor) for name, tensor in state.items())
    return {match[1]: tensor for match, tensor in matches if match}


def _encoder_of(model: nn.Module) -> dict[str, Tensor]:
    return encoder_tensors(dict(model.named_parameters()))


def _fate(name: str, target: Tensor, source: Tensor | None) -> TensorFate:
    size = tuple(target.shape)
    if source is None:
        return TensorFate(name, size, "missing")
    if source.shape != target.shape:
        shapes = f"{tuple(source.shape)} does not fit {tuple(target.shape)}"
        return TensorFate(name, size, "mismatched", shapes)
    if not bool(torch.isfinite(source).all()):
        return TensorFate(name, size, "mismatched", "holds values that are no numbers")
    return TensorFate(name, size, "loaded")


def _refusal(coverage: Coverage) -> str:
    if not coverage.tensors:
        return "The model has no encoder that pretrained weights could go to."
    listed = ", ".join(map(str, coverage.left_out[:SHOWN]))
    more = len(coverage.left_out) - SHOWN
    return (
        f"The weights fit {coverage.share:.1%} of the encoder; nothing was loaded. "
        f"Not usable: {listed}{f' and {more} more' if more > 0 else ''}. Choose a pretraining "
        "with the same dimensions, plane, channels, context and width."
    )
