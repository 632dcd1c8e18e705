"""The volume that prompts are about, and the part of it that one prompt looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.prompts.relabelling import shifted
from napari_salient.data.label_values import BACKGROUND
from napari_salient.errors import InputError
from napari_salient.project.edits import Box, box_slices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Spacing = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Scene:
    """A volume with its labels and what the model says about it. Prompts change none of it.

    Parameters
    ----------
    image : float32 array, shape (channel, z, y, x)
        Intensities of any scale.
    labels : uint8 array, shape (z, y, x)
        The labels so far.
    spacing
        Edges of a voxel along (z, y, x) in mm.
    values
        Label values of the classes, background first.
    probabilities : floating array, shape (class, z, y, x), optional
        The model's probability of each of `values`.
    locked : bool array that broadcasts to (z, y, x), optional
        Where no prompt may change a label: accepted slices, or all slices but one.
    """

    image: NDArray[np.float32]
    labels: NDArray[np.uint8]
    spacing: Spacing
    values: tuple[int, ...]
    probabilities: NDArray[np.floating] | None = None
    locked: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        self._check("image", self.image.shape[1:])
        if self.probabilities is not None:
            self._check("map of probabilities", self.probabilities.shape[1:])
            if len(self.probabilities) != len(self.values):
                raise InputError(
                    f"There are {len(self.probabilities)} maps of probabilities for "
                    f"{len(self.values)} classes; give one for each, background first."
                )

    def _check(self, what: str, shape: tuple[int, ...]) -> None:
        if shape != self.labels.shape:
            raise InputError(
                f"The {what} has {shape} voxels and the labels have {self.labels.shape}; "
                "take both from one volume."
            )

    def check_class(self, value: int) -> None:
        """Raise `InputError` unless `value` is that of a class other than background."""
        if value == BACKGROUND or value not in self.values:
            known = ", ".join(map(str, self.values[1:]))
            raise InputError(f"There is no class with value {value}; choose one of {known}.")

    def view(self, box: Box) -> View:
        """Return the part of the scene in `box`.

        Raises
        ------
        InputError
            If an intensity or a probability in it is no number.
        """
        part = box_slices(box)
        image = self.image[:, *part]
        probabilities = None if self.probabilities is None else self.probabilities[:, *part]
        for what, array in (("intensities", image), ("probabilities", probabilities)):
            if array is not None and not np.isfinite(array).all():
                raise InputError(
                    f"The {what} around the prompt are not all numbers; mend the image, or work "
                    "without the model."
                )
        locked = np.False_ if self.locked is None else self.locked
        open_ = ~np.broadcast_to(locked, self.labels.shape)[part]
        return View(box, image, self.labels[part], open_, probabilities, self.values, self.spacing)

    def reach_box(self, voxels: NDArray[np.intp], reach_mm: float) -> Box:
        """Return the box around `voxels` (voxel, 3) and all that lies within reach of them."""
        if not 0 <= reach_mm < np.inf:
            raise InputError(f"A reach of {reach_mm} mm is none; choose a number from 0 on.")
        steps = np.floor(reach_mm / np.asarray(self.spacing)).astype(np.intp)
        low = np.maximum(voxels.min(0) - steps, 0)
        high = np.minimum(voxels.max(0) + steps + 1, self.labels.shape)
        z0, y0, x0 = low.tolist()
        z1, y1, x1 = high.tolist()
        return z0, z1, y0, y1, x0, x1


@dataclass(frozen=True, eq=False)
class View:
    """What a `Scene` holds in a box, in views of its arrays; `open` is where labels may change."""

    box: Box
    image: NDArray[np.float32]
    labels: NDArray[np.uint8]
    open: NDArray[np.bool_]
    probabilities: NDArray[np.floating] | None
    values: tuple[int, ...]
    spacing: Spacing

    def log_odds(self, value: int, include: bool = True) -> NDArray[np.float64] | None:
        """Return the model's log odds ``(z, y, x)`` for a class, or against; `None` without one.

        They are limited to those of 1 and 99 %, as a network is surer of itself than it should be.
        """
        if self.probabilities is None:
            return None
        p = np.clip(self.probabilities[self.values.index(value)].astype(np.float64), 0.01, 0.99)
        odds: NDArray[np.float64] = np.log(p) - np.log1p(-p)
        return odds if include else -odds

    def frame(self, box: Box) -> NDArray[np.bool_]:
        """Return where a box of the volume, inside this view's, is."""
        frame = np.zeros(self.labels.shape, dtype=bool)
        z, y, x = self.box[::2]
        frame[box_slices(shifted(box, -z, -y, -x))] = True
        return frame

    def mask(self, voxels: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Return where voxels of the volume ``(voxel, 3)``, all of the box, are."""
        mask = np.zeros(self.labels.shape, dtype=bool)
        mask[tuple((voxels - np.asarray(self.box[::2])).T)] = True
        return mask
