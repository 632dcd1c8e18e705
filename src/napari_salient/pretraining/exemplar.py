"""Exemplar: a deformed view is closer to its original than to another volume."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_salient.pretraining.heads import Coder
from napari_salient.pretraining.proxy import Example, Picture, Proxy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_salient.pretraining.geometry import Geometry
    from napari_salient.pretraining.settings import ExemplarSettings
    from napari_salient.pretraining.spec import EncoderSpec

LEAST_SIDE = 8
BRIGHTNESS = 0.6
"""Largest offset, in SD of a volume: an eighth of its range."""


@dataclass(frozen=True, eq=False)
class ExemplarDraw:
    """How the view is deformed.

    Parameters
    ----------
    matrix : float32 array, shape (axis, axis)
        From positions in the deformed view to those in the original, both within -1 and 1, so that
        nothing from outside is ever needed.
    contrast, brightness
        Factor about the mean, and offset.
    """

    matrix: NDArray[np.float32]
    contrast: float
    brightness: float


class Exemplar(Proxy[ExemplarDraw]):
    """Triplets of a flipped, turned, zoomed and re-contrasted view, its original, and a stranger.

    A. Dosovitskiy et al., 2014; with triplets and in 3D, Taleb et al., NeurIPS 2020. Views are
    turned within planes of equal voxel edges only. A view that would reach beyond the original
    when it is turned is zoomed in until it does not.

    Raises
    ------
    InputError
        If the smallest volume has a side of less than 8 voxels.
    """

    volumes = 2
    needs_anatomy = False

    def __init__(self, geometry: Geometry, settings: ExemplarSettings) -> None:
        super().__init__(geometry, geometry.turnable_sides)
        geometry.require((LEAST_SIDE,) * geometry.spatial_dims, "exemplar")
        self.settings = settings
        self.turnable = geometry.turnable

    def draw(self, rng: np.random.Generator) -> ExemplarDraw:
        """Draw flips, a turn for half of the planes, contrast for half, zoom for 15 %."""
        dims = self.geometry.spatial_dims
        matrix = np.diag(rng.choice([-1.0, 1.0], dims))
        for plane in self.turnable:
            if rng.random() < 0.5:
                matrix = matrix @ _turn(dims, plane, _angle(rng))
        if rng.random() < 0.15:
            matrix = matrix @ np.diag(rng.uniform(0.8, 1.2, dims))
        matrix /= max(1.0, np.abs(matrix).sum(1).max())
        changed = rng.random() < 0.5
        contrast = float(rng.uniform(0.5, 1.5)) if changed else 1.0
        brightness = float(rng.uniform(-BRIGHTNESS, BRIGHTNESS)) if changed else 0.0
        return ExemplarDraw(matrix.astype(np.float32), contrast, brightness)

    def apply(self, windows: Tensor, draw: ExemplarDraw) -> Example:
        """Put the deformed view, its original and the other volume's view together."""
        return {"views": self.apply_all(windows[None], [draw])["views"][0]}

    def apply_all(self, windows: Tensor, draws: Sequence[ExemplarDraw]) -> Example:
        """Deform the originals of all examples at once."""
        deformed = deform(windows[:, 0], draws)
        return {"views": torch.cat([deformed[:, None], windows], 1)}

    def head(self, spec: EncoderSpec) -> nn.Module:
        """Return the coder of views."""
        return Coder(spec, self.settings.code)

    def outcome(self, answer: Tensor, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the triplet loss and how often the original is closer than the stranger."""
        if self.settings.distance == "sigmoid":
            codes = answer.sigmoid() / self.settings.code**0.5
        else:
            codes = F.normalize(answer, dim=-1)
        deformed, original, stranger = codes.unbind(1)
        near = (deformed - original).square().sum(-1)
        far = (deformed - stranger).square().sum(-1)
        return F.relu(near - far + self.settings.margin).mean(), (near < far).float().mean()

    def chance(self, batch_size: int) -> float:
        """Return one half."""
        return 0.5

    def preview(self, draw: ExemplarDraw, example: Example) -> list[Picture]:
        """Return the triplet side by side."""
        words = ("deformed", "its original", "another volume")
        rest = (0,) * (self.geometry.spatial_dims - 1)
        return [
            Picture(name, view.numpy(), (*rest, place))
            for place, (name, view) in enumerate(zip(words, example["views"], strict=True))
        ]


def deform(views: Tensor, draws: Sequence[ExemplarDraw]) -> Tensor:
    """Deform views (view, channel, *sides), each in its own way."""
    matrices = torch.from_numpy(np.stack([draw.matrix for draw in draws]))
    matrices = matrices.flip(1, 2)  # affine_grid counts the last axis first
    grid = F.affine_grid(F.pad(matrices, (0, 1)), list(views.shape), align_corners=False)
    moved = F.grid_sample(views, grid, padding_mode="border", align_corners=False)
    each = (-1, *[1] * (views.ndim - 1))
    contrast = views.new_tensor([draw.contrast for draw in draws]).reshape(each)
    brightness = views.new_tensor([draw.brightness for draw in draws]).reshape(each)
    mean = moved.mean(tuple(range(2, moved.ndim)), keepdim=True)
    return (moved - mean) * contrast + mean + brightness


def _angle(rng: np.random.Generator) -> float:
    """Draw a quarter turn half of the time, else any angle; in radians."""
    if rng.random() < 0.5:
        return float(rng.integers(4)) * np.pi / 2
    return float(rng.uniform(0, 2 * np.pi))


def _turn(dims: int, plane: tuple[int, int], angle: float) -> NDArray[np.float64]:
    matrix = np.eye(dims)
    matrix[np.ix_(plane, plane)] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return matrix
