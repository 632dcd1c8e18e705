"""Contrastive predictive coding: pick what really lies below from what lies above."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_salient.pretraining.grid import Grid
from napari_salient.pretraining.heads import Coder
from napari_salient.pretraining.proxy import Example, Picture, Proxy
from napari_salient.pretraining.pyramid import pyramid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from napari_salient.pretraining.geometry import Geometry
    from napari_salient.pretraining.settings import CpcSettings
    from napari_salient.pretraining.spec import EncoderSpec

Answer = tuple[Tensor, Tensor]
"""Predicted and true codes, each of shape (column, step, code), columns of all examples."""


@dataclass(frozen=True, eq=False)
class CpcDraw:
    """Where each piece lies in its cell (piece, axis), in voxels, and whether it is flipped."""

    offsets: NDArray[np.int64]
    flipped: NDArray[np.bool_]


class Cpc(Proxy[CpcDraw]):
    """Predict the codes of the lower cells of a column from a pyramid of cells above.

    A. van den Oord et al., 2018; O. Hénaff et al., 2020; in 3D, with 4 x 4 x 4 cells that do not
    overlap, Taleb et al., NeurIPS 2020. In 2D the 5 x 5 cells overlap by half, and the row is left
    out that would share pixels with the context. The false continuations are those of all other
    columns and volumes of the batch.

    Raises
    ------
    InputError
        If the smallest volume is too small for the grid.
    """

    split_is_exact = False

    def __init__(self, geometry: Geometry, settings: CpcSettings) -> None:
        flat = geometry.spatial_dims == 2
        count = 5 if flat else 4
        self.grid = Grid.of(geometry, count, settings.jitter, "CPC", halves=flat)
        super().__init__(geometry, self.grid.sides)
        self.settings = settings
        self.pyramid = pyramid(count, geometry.spatial_dims, skipped=int(flat))
        self.cells = self.pyramid.cells

    def draw(self, rng: np.random.Generator) -> CpcDraw:
        """Draw the places of the pieces and which are flipped along the first axis."""
        pieces = len(self.cells)
        return CpcDraw(self.grid.draw_offsets(pieces, rng), rng.random(pieces) < 0.5)

    def apply(self, windows: Tensor, draw: CpcDraw) -> Example:
        """Cut out the pieces that are context or to be predicted."""
        pieces = self.grid.cut(windows[0], self.cells, draw.offsets)
        flipped = torch.from_numpy(draw.flipped)
        pieces[flipped] = pieces[flipped].flip(2)
        return {"views": pieces}

    def head(self, spec: EncoderSpec) -> nn.Module:
        """Return what reads the pyramid and predicts the rest of the column."""
        number = {cell: index for index, cell in enumerate(self.cells)}
        context, predicted = (
            torch.tensor([[number[cell] for cell in column] for column in cells])
            for cells in (self.pyramid.context, self.pyramid.predicted)
        )
        return Predictor(spec, self.settings, context, predicted)

    def outcome(self, answer: Answer, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the loss and how often the true continuation was picked."""
        if self.settings.loss == "binary":
            return _binary(*answer, len(self.pyramid.predicted))
        return _info_nce(*answer, self.settings.temperature)

    def answers(self, batch_size: int) -> int:
        """Return the pairs of a continuation: true ones, and as many false ones where there are."""
        columns, steps = len(self.pyramid.predicted), len(self.pyramid.predicted[0])
        return batch_size * columns * steps * (2 if self.settings.loss == "binary" else 1)

    def chance(self, batch_size: int) -> float:
        """Return one over the number of continuations to pick from."""
        if self.settings.loss == "binary":
            return 0.5
        return 1 / (batch_size * len(self.pyramid.predicted))

    def preview(self, draw: CpcDraw, example: Example) -> list[Picture]:
        """Return the pyramid of the middle column and what is to be predicted from it."""
        middle = len(self.pyramid.predicted) // 2
        roles = dict.fromkeys(self.pyramid.predicted[middle], "to be predicted")
        roles |= dict.fromkeys(self.pyramid.context[middle], "context")
        number = {cell: index for index, cell in enumerate(self.cells)}
        return [
            Picture(words, example["views"][number[cell]].numpy(), cell)
            for cell, words in roles.items()
        ]


class Predictor(nn.Module):
    """Reads the codes of a pyramid in order and predicts those below, one linear map a step."""

    context: Tensor
    predicted: Tensor

    def __init__(
        self, spec: EncoderSpec, settings: CpcSettings, context: Tensor, predicted: Tensor
    ) -> None:
        super().__init__()
        self.coder = Coder(spec, settings.code)
        self.reader = nn.GRU(settings.code, settings.context, batch_first=True)
        steps = predicted.shape[1]
        self.steps = nn.ModuleList(nn.Linear(settings.context, settings.code) for _ in range(steps))
        self.register_buffer("context", context, persistent=False)
        self.register_buffer("predicted", predicted, persistent=False)

    def forward(self, levels: Sequence[Tensor], examples: int) -> Answer:
        """Return predicted and true codes."""
        codes = self.coder(levels, examples)
        _, read = self.reader(codes[:, self.context].flatten(0, 1))
        guesses = torch.stack([step(read[0]) for step in self.steps], 1)
        return guesses, codes[:, self.predicted].flatten(0, 1)


def _info_nce(guesses: Tensor, truths: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    guesses, truths = F.normalize(guesses, dim=-1), F.normalize(truths, dim=-1)
    logits = torch.einsum("asc,bsc->abs", guesses, truths) / temperature
    own = torch.arange(len(guesses), device=guesses.device)[:, None].expand(-1, guesses.shape[1])
    right = (logits.argmax(1) == own).float().mean()
    return F.cross_entropy(logits, own), right


def _binary(guesses: Tensor, truths: Tensor, columns: int) -> tuple[Tensor, Tensor]:
    """Tell the true continuation from that of another column, of another volume if there is one."""
    others = truths.roll(columns + 1, 0)
    logits = torch.cat([(guesses * truths).mean(-1), (guesses * others).mean(-1)])
    labels = torch.cat([logits.new_ones(truths.shape[:2]), logits.new_zeros(truths.shape[:2])])
    right = ((logits > 0) == (labels > 0)).float().mean()
    return F.binary_cross_entropy_with_logits(logits, labels), right
