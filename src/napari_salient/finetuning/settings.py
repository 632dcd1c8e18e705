"""The options of fine-tuning."""

from __future__ import annotations

from dataclasses import dataclass

from napari_salient.active_learning.settings import SegmentationSettings
from napari_salient.engine.bounds import Share


@dataclass(frozen=True)
class FinetuningSettings(SegmentationSettings):
    """A segmentation model that starts from a pretrained encoder, and its training.

    Parameters
    ----------
    warm_up
        Share of the steps, from the first on, in which the encoder stays as it was pretrained; with
        1 it is never trained.
    encoder_rate
        Learning rate of the encoder after that, as a share of that of the other layers.
    """

    warm_up: Share = 0.1
    encoder_rate: Share = 1.0
