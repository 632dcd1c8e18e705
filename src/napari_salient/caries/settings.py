"""The options of the caries model and its training."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from napari_salient.caries.spec import CariesSpec
from napari_salient.engine.bounds import Bounded, Count, NonNegative, Positive, Share
from napari_salient.engine.settings import FitSettings
from napari_salient.networks.encoder_names import EncoderName, Norm

if TYPE_CHECKING:
    from napari_salient.caries.classes import Classes


@dataclass(frozen=True)
class CariesSettings(Bounded):
    """A model that scores radiographs by their patches, and its training.

    Parameters
    ----------
    encoder
        Network that turns an image into features; its weights are random unless others are given.
    stride
        From one patch to the next, in pixels: 4 for the tiny encoder, 4, 8, 16 or 32 for the
        others.
    norm
        Batch norm, or group norm where batches are small.
    window
        Side of a patch, in strides.
    k_min
        Least total attention for a full score; with 1 a single patch is enough.
    attention_width
        Hidden units of the attention.
    scale
        Factor by which images are made smaller (or larger) before the network sees them.
    location_weight
        Weight of what regions say about patches, beside the labels of the images.
    attention_weight
        Weight of what regions say about attention.
    guided
        Share of the training images whose regions are used, drawn by the seed; 0 trains on labels
        alone.
    batch_size
        Images in one optimiser step.
    augment
        Whether to mirror the training images and to change their contrast, at random.
    fit
        The training run.
    """

    encoder: EncoderName = "tiny"
    stride: Count = 4
    norm: Norm = "batch"
    window: Count = 1
    k_min: Positive = 1.0
    attention_width: Count = 128
    scale: Positive = 1.0
    location_weight: NonNegative = 1.0
    attention_weight: NonNegative = 0.5
    guided: Share = 1.0
    batch_size: Count = 16
    augment: bool = True
    fit: FitSettings = field(default_factory=lambda: FitSettings(steps=1200))

    def spec(self, classes: Classes, channels: int) -> CariesSpec:
        """Return the model for these classes and image channels."""
        return CariesSpec(
            encoder=self.encoder,
            stride=self.stride,
            channels=channels,
            class_names=classes.names,
            multiclass=classes.exclusive,
            norm=self.norm,
            window=self.window,
            k_min=self.k_min,
            attention_width=self.attention_width,
            scale=self.scale,
        )
