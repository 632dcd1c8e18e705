"""The first round of a labelling project from a pretrained encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from napari_salient.active_learning.model import build_segmenter
from napari_salient.pretraining.transfer import load_pretrained, transfer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor

    from napari_salient.active_learning.rounds import FirstWeights
    from napari_salient.active_learning.spec import SegmenterSpec


def weights_from(checkpoint: Path) -> FirstWeights:
    """Return what gives a model the encoder of a pretraining, and random weights elsewhere.

    Calling it raises `InputError` if the encoder does not fit the model.

    Raises
    ------
    RunError
        If the file is damaged or no checkpoint of a pretraining.
    """
    pretraining, pretrained = load_pretrained(checkpoint)

    def weights(spec: SegmenterSpec) -> tuple[Mapping[str, Tensor], str]:
        torch.manual_seed(pretraining.seed)
        model = build_segmenter(spec)
        coverage = transfer(pretrained, model)
        words = (
            f"Training starts from an encoder that {pretraining.task} taught on "
            f"{pretraining.volumes} volumes: {coverage}."
        )
        return model.state_dict(), words

    return weights
