"""Radiographs as the model sees them, with their labels and what was marked on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.caries.targets import PatchTargets, patch_targets
from napari_salient.data.radiographs import normalise, with_channels
from napari_salient.data.region_masks import rasterise, weights

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from napari_salient.data.patch_grid import PatchGrid
    from napari_salient.data.regions import ImageRegions, Region


@dataclass(frozen=True, eq=False)
class Marks:
    """What regions say about the pixels of an image.

    Parameters
    ----------
    lesions : float32 array, shape (lesion class, row, column)
        Where a lesion is, or how sure a model is of that.
    examined, excluded : bool array, shape (row, column)
        Where somebody looked at everything, and what is not to be used.
    confidence : float32 array, shape (row, column)
        How far whoever drew them is trusted.
    """

    lesions: NDArray[np.float32]
    examined: NDArray[np.bool_]
    excluded: NDArray[np.bool_]
    confidence: NDArray[np.float32]

    @classmethod
    def of(
        cls, drawn: ImageRegions, shape: tuple[int, int], classes: Sequence[str]
    ) -> Marks | None:
        """Return the regions of an image as masks of some shape; `None` where nothing was drawn.

        What is included without a label, or with that of no class, counts for the only class; of
        several classes it says nothing about which.
        """
        if not drawn.regions:
            return None
        scale = drawn.image.height / shape[0]
        alone = len(classes) == 1

        def mask_of(regions: Iterable[Region]) -> NDArray[np.bool_]:
            return rasterise((p for r in regions for p in r.polygons), shape, scale)

        lesions = [
            mask_of(r for r in drawn.of_kind("include") if alone or r.label == name)
            for name in classes
        ]
        trust = weights(drawn.regions, shape, scale)
        return cls(
            np.stack(lesions).astype(np.float32),
            mask_of(drawn.of_kind("examined")),
            mask_of(drawn.of_kind("exclude")),
            np.where(trust > 0, trust, 1).astype(np.float32),
        )

    def mirrored(self, axes: tuple[int, ...]) -> Marks:
        """Return them mirrored along rows (-2) or columns (-1)."""
        return Marks(
            np.flip(self.lesions, axes),
            np.flip(self.examined, axes),
            np.flip(self.excluded, axes),
            np.flip(self.confidence, axes),
        )

    def targets(self, grid: PatchGrid) -> PatchTargets:
        """Return what they teach about patches."""
        return patch_targets(
            grid,
            self.lesions,
            examined=self.examined,
            excluded=self.excluded,
            confidence=self.confidence,
        )


@dataclass(frozen=True, eq=False)
class Example:
    """A radiograph in memory.

    Parameters
    ----------
    name, patient
        Whose it is.
    image : float32 array, shape (channel, row, column)
        Scaled and normalised.
    label : float32 array, shape (class,)
        Which classes are true.
    marks
        What is known of its pixels; `None` where nothing is.
    """

    name: str
    patient: str
    image: NDArray[np.float32]
    label: NDArray[np.float32]
    marks: Marks | None = None

    def without_marks(self) -> Example:
        """Return the radiograph with its label alone."""
        return replace(self, marks=None)


def prepare(image: NDArray[np.float32], channels: int, scale: float) -> NDArray[np.float32]:
    """Scale and normalise an image (channel, row, column)."""
    image = with_channels(image, channels)
    if scale != 1:
        from skimage.transform import resize

        shape = [max(round(side * scale), 1) for side in image.shape[1:]]
        image = resize(image, (len(image), *shape), order=1, anti_aliasing=scale < 1).astype(
            np.float32
        )
    return normalise(image)
