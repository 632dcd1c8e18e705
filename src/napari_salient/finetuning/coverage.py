"""How much of a segmentation model a pretrained encoder fills, and what would have to change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.spec import spec_for
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_salient.active_learning.settings import SegmentationSettings
    from napari_salient.active_learning.spec import SegmenterSpec
    from napari_salient.pretraining.spec import PretrainingSpec
    from napari_salient.pretraining.transfer import Coverage
    from napari_salient.project.project import Project

FATES = {"loaded": "taken over", "missing": "left at random: not in the encoder"}
"""What became of a tensor, in words; where it does not fit, its reason is said."""

SETTINGS = {
    "spatial_dims": "spatial dims",
    "width": "width",
    "context": "context",
    "channels": "image channels",
    "strides": "strides, which follow the shape of the voxels,",
}
"""What has to be the same for the weights to fit, as the settings page calls it."""


@dataclass(frozen=True)
class EncoderFit:
    """What a pretraining gives to a segmentation model, before anything is trained.

    Parameters
    ----------
    encoder
        Every tensor of the model's encoder and what would become of it.
    decoder
        Names and shapes of the model's other tensors, which start at random.
    obstacles
        What would have to be how: ``width would have to be 8 and is 4``.
    remark
        What a user should know though the weights fit; empty if nothing.
    """

    encoder: Coverage
    decoder: tuple[tuple[str, tuple[int, ...]], ...]
    obstacles: tuple[str, ...] = ()
    remark: str = ""

    @property
    def refusal(self) -> str:
        """Why the encoder is not to be used here, in sentences; empty if it may be."""
        if not self.encoder.refusal:
            return ""
        if self.obstacles:
            return f"The encoder does not fit: {'; '.join(self.obstacles)}."
        return self.encoder.refusal

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """Name, shape and fate of every tensor of the model, those that do not fit first."""
        ordered = sorted(self.encoder.tensors, key=lambda tensor: tensor.fate == "loaded")
        rows = [(t.name, _by(t.shape), FATES.get(t.fate, t.reason)) for t in ordered]
        return rows + [(name, _by(shape), "starts at random") for name, shape in self.decoder]

    def __str__(self) -> str:
        count = len(self.encoder.tensors)
        taken, share = count - len(self.encoder.left_out), 100 * self.encoder.share
        return (
            f"{taken} of {count} tensors of the encoder, {share:.4g} % of its weights; "
            f"the {len(self.decoder)} of the decoder start at random"
        )


def coverage_of(checkpoint: Path, spec: SegmenterSpec) -> EncoderFit:
    """Return what the encoder of a pretraining would give to a model; nothing is trained.

    Raises
    ------
    RunError
        If the file is damaged or no checkpoint of a pretraining.
    """
    import torch

    from napari_salient.active_learning.model import build_segmenter
    from napari_salient.pretraining.transfer import ENCODER_TENSOR, load_pretrained, would_transfer

    pretraining, weights = load_pretrained(checkpoint)
    with torch.device("meta"):  # It has shapes alone, and draws no random numbers.
        model = build_segmenter(spec)
    decoder = tuple(
        (name, tuple(tensor.shape))
        for name, tensor in model.named_parameters()
        if not ENCODER_TENSOR.fullmatch(name)
    )
    return EncoderFit(
        would_transfer(weights, model),
        decoder,
        tuple(_obstacles(pretraining, spec)),
        _remark(pretraining, spec),
    )


def refuse_unfit(checkpoint: Path, spec: SegmenterSpec) -> None:
    """Refuse a pretraining whose encoder a model cannot take over.

    Raises
    ------
    InputError
        If it does not fit; it says what would have to be how.
    RunError
        If the file is damaged or no checkpoint of a pretraining.
    """
    if refusal := coverage_of(checkpoint, spec).refusal:
        raise InputError(refusal)


def spec_of_project(project: Project, settings: SegmentationSettings) -> SegmenterSpec:
    """Return the spec of the model that the first round of a project trains, but for its patch.

    The volumes of the whole pool stand for those that will be labelled.
    """
    cases = [case for case in project.catalogue.cases("pool") if case.kind == "volume"]
    z, y, x = np.median([case.spacing or (1.0, 1.0, 1.0) for case in cases], axis=0).tolist()
    return spec_for(
        settings,
        project.settings.plane,
        channels=cases[0].channels,
        class_names=[label.name for label in project.schema.active],
        label_values=[0, *(label.value for label in project.schema.active)],
        spacing=(z, y, x),
    )


def _obstacles(pretraining: PretrainingSpec, spec: SegmenterSpec) -> Iterator[str]:
    alike = pretraining.spatial_dims == spec.spatial_dims
    for name, words in SETTINGS.items():
        wanted, found = getattr(pretraining, name), getattr(spec, name)
        depends = name in ("context", "strides") and not alike
        if wanted != found and not depends:
            verb = "are" if name in ("spatial_dims", "channels", "strides") else "is"
            yield f"{words} would have to be {_shown(wanted)} and {verb} {_shown(found)}"


def _remark(pretraining: PretrainingSpec, spec: SegmenterSpec) -> str:
    if pretraining.plane == spec.plane:
        return ""
    return f"The encoder was taught on {pretraining.plane} and not on {spec.plane} slices."


def _shown(value: object) -> str:
    if not isinstance(value, tuple):
        return str(value)
    return " then ".join(_by(steps) for steps in value) or "none"


def _by(sides: tuple[int, ...]) -> str:
    return " × ".join(map(str, sides))
