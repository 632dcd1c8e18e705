"""Several networks for the price of one: what their disagreement says is worth labelling."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch

from napari_salient.active_learning.model import load_segmenter
from napari_salient.engine.checkpoint import checkpoint_paths, load_checkpoint

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor, nn

    from napari_salient.active_learning.model import Segmenter

THINNED = 8
"""Thinned networks that are compared."""

KEPT_SHARE = 0.5
"""Share of the deepest level's channels that a thinned network keeps."""


def thinned(model: Segmenter, count: int = THINNED) -> list[Segmenter]:
    """Return networks that share the model's weights, each without other channels at the bottom.

    Monte-Carlo dropout (Gal and Ghahramani 2016) put in after training, which need not have used it
    (Ledda et al. 2023). A network drops the same channels for every slice, so that scores depend
    neither on batch mates nor on the order of slices.
    """
    shared = {id(weights): weights for weights in model.parameters()}
    networks = []
    for number in range(count):
        network = copy.deepcopy(model, dict(shared))
        generator = torch.Generator().manual_seed(number)
        network.deepest.register_forward_hook(_Dropping(generator))
        networks.append(network)
    return networks


def snapshots(run_dir: Path, like: Segmenter) -> list[Segmenter]:
    """Return the networks in a run's checkpoints, as many as are kept and were trained at all."""
    paths = [path for path in checkpoint_paths(run_dir) if load_checkpoint(path).step > 0]
    return [load_segmenter(path).to(like.device).eval() for path in paths]


class _Dropping:
    """Multiplies what a level gives by a fixed mask of channels."""

    def __init__(self, generator: torch.Generator) -> None:
        self._generator = generator
        self._mask: Tensor | None = None

    def __call__(self, _module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        if self._mask is None:
            kept = torch.rand(output.shape[1], generator=self._generator) < KEPT_SHARE
            self._mask = kept.to(output) / KEPT_SHARE
        return output * self._mask.view(-1, *[1] * (output.ndim - 2))
