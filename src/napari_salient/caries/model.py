"""The caries model: an encoder, and the head whose map is the computation of the score."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_salient.caries.evidence import Evidence
from napari_salient.caries.spec import CariesSpec
from napari_salient.data.patch_grid import PatchGrid
from napari_salient.engine.checkpoint import load_checkpoint
from napari_salient.errors import RunError
from napari_salient.networks.encoders import build_encoder
from napari_salient.networks.gated_attention import PatchHead, PatchOutput, pool_patches

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


class CariesModel(nn.Module):
    """Score images of any size by their patches.

    It is fully convolutional: trained on crops of teeth, it runs on the whole film.

    Parameters
    ----------
    spec
        What it is built from.
    """

    def __init__(self, spec: CariesSpec) -> None:
        super().__init__()
        self.spec = spec
        self.encoder = build_encoder(spec.encoder, spec.channels, spec.stride, spec.norm)
        self.head = PatchHead(
            self.encoder.channels,
            spec.classes,
            k_min=spec.k_min,
            multiclass=spec.multiclass,
            width=spec.attention_width,
        )

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    def forward(self, image: Tensor) -> PatchOutput:
        """Judge the patches of images, in the order of `grid`.

        Parameters
        ----------
        image : Tensor, shape (batch, channel, row, column)
            Of any size. Rows and columns are added on the right and below, as copies of the last,
            until every pixel lies in a patch.
        """
        rows, columns = (self._cells(side) * self.spec.stride for side in image.shape[-2:])
        added = (0, columns - image.shape[-1], 0, rows - image.shape[-2])
        features = self.encoder(F.pad(image, added, mode="replicate"))
        output: PatchOutput = self.head(pool_patches(features, self.spec.window, self.spec.step))
        return output

    def grid(self, height: int, width: int) -> PatchGrid:
        """Return where the patches of an image lie that has these sides in px."""
        spec, cells = self.spec, self.encoder.cells
        rows, columns = (
            (self._cells(side) - spec.window) // spec.step + 1 for side in (height, width)
        )
        return PatchGrid(
            height,
            width,
            rows,
            columns,
            window=spec.window * cells.stride,
            stride=spec.step * cells.stride,
            offset=(cells.offset, cells.offset),
        )

    def examine(self, image: NDArray[np.float32]) -> tuple[Evidence, PatchGrid]:
        """Return what the model makes of one image, and where; for a model in evaluation mode.

        Parameters
        ----------
        image : float32 array, shape (channel, row, column)
        """
        with torch.inference_mode():
            output = self(torch.from_numpy(np.ascontiguousarray(image))[None].to(self.device))
            probability, weight = output.probability[0].cpu(), output.weight[0, :, 0].cpu()
        evidence = Evidence(probability.numpy(), weight.numpy(), self.spec.k_min)
        return evidence, self.grid(*image.shape[1:])

    def _cells(self, side: int) -> int:
        """Return the fewest cells along a side whose patches cover it to the end."""
        window, step, cells = self.spec.window, self.spec.step, self.encoder.cells
        reaching = max(math.ceil((side - cells.offset) / cells.stride), window)
        return window + -(-(reaching - window) // step) * step


def load_caries_model(checkpoint: Path) -> CariesModel:
    """Rebuild a model from a checkpoint of its training, on the CPU.

    Raises
    ------
    RunError
        If the file is no checkpoint of a caries model.
    """
    stored = load_checkpoint(checkpoint)
    spec = stored.task.get("spec") if isinstance(stored.task, dict) else None
    if spec is None or "encoder" not in spec:
        raise RunError(
            f"{checkpoint} is no checkpoint of a caries model; choose one from a run of this tool."
        )
    model = CariesModel(CariesSpec.from_json(spec))
    model.load_state_dict(stored.model)
    return model
