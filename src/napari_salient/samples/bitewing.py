"""Bitewing radiographs with known caries, drawn from scratch: whole films, and crops of one tooth.

Teeth with a bright enamel rim, dentine and dark pulp stand in two rows; metal restorations, faint
burn-out at the necks, spongy bone, blur and noise are there to be mistaken. Nothing is downloaded
and no patient is shown.

With a shortcut, restorations go with caries in training: a network that has only the labels of the
images can pass by knowing metal. In a test set that is drawn without one it is found out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_salient.samples.bitewing_anatomy import (
    FILM,
    LESION_CONTRAST,
    SHORTCUT_LESION_CONTRAST,
    SIDES,
    Shape,
    Tooth,
    draw_row,
    moved,
    with_lesion,
    with_restoration,
)
from napari_salient.samples.bitewing_film import Shown, draw_exposure, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

CROP = (64, 48)
"""Rows and columns of a crop: the half of a film that a tooth is in."""

NO_SHORTCUT = 0.5
ABOVE_CUSPS = 6
SHAPES: tuple[Shape, Shape] = ("molar", "premolar")
UPPER: tuple[Shape, ...] = ("molar", "molar", *5 * ("premolar",))
LOWER: tuple[Shape, ...] = ("molar", "molar", "molar", *4 * ("premolar",))
MOST_DECAYED = 3
RESTORED = 0.3
"""Teeth of a film with caries at most, and the share of those with a restoration."""


@dataclass(frozen=True)
class ToothBox:
    """Where a tooth is on a film, in pixels of its image, and what it has."""

    left: int
    top: int
    right: int
    bottom: int
    decayed: bool
    restored: bool


@dataclass(frozen=True, eq=False)
class Bitewing:
    """A radiograph and the truth about it.

    Attributes
    ----------
    image : numpy.ndarray, float32 in 0..1, shape (y, x)
    lesions, restorations : numpy.ndarray, bool, shape (y, x)
    teeth : tuple of ToothBox
        Those of which the larger part is in the picture.
    """

    image: NDArray[np.float32]
    lesions: NDArray[np.bool_]
    restorations: NDArray[np.bool_]
    teeth: tuple[ToothBox, ...]

    @property
    def decayed(self) -> bool:
        """Whether any caries is seen."""
        return bool(self.lesions.any())


@dataclass(frozen=True, eq=False)
class Crops:
    """Crops of one tooth each, half of them with caries.

    Attributes
    ----------
    images : numpy.ndarray, float32 in 0..1, shape (crop, 1, y, x)
    lesions, restorations : numpy.ndarray, bool, shape (crop, y, x)
    decayed, restored : numpy.ndarray, bool, shape (crop,)
    """

    images: NDArray[np.float32]
    lesions: NDArray[np.bool_]
    restorations: NDArray[np.bool_]
    decayed: NDArray[np.bool_]
    restored: NDArray[np.bool_]


def draw_crops(
    count: int, seed: int, shortcut: float = NO_SHORTCUT, *, faint: bool = False
) -> Crops:
    """Draw crops of 64 × 48 pixels; the first ones do not depend on how many follow.

    Parameters
    ----------
    shortcut
        Share of the decayed teeth that have a restoration, and of the sound ones that have none.
    faint
        Whether lesions have the lower contrast that goes with shortcuts.
    """
    drawn = [draw_crop(seed, number, shortcut, faint=faint) for number in range(count)]
    return Crops(
        images=np.stack([crop.image for crop in drawn])[:, np.newaxis],
        lesions=np.stack([crop.lesions for crop in drawn]),
        restorations=np.stack([crop.restorations for crop in drawn]),
        decayed=np.array([crop.decayed for crop in drawn]),
        restored=np.array([crop.restorations.any() for crop in drawn]),
    )


def draw_crop(
    seed: int,
    number: int,
    shortcut: float = NO_SHORTCUT,
    *,
    faint: bool = False,
    scale: int = 1,
) -> Bitewing:
    """Draw one crop; every second one has caries, in its middle tooth."""
    rng = np.random.default_rng([seed, number])
    decayed = number % 2 == 1
    restored = rng.random() < (shortcut if decayed else 1 - shortcut)
    jaw, rows = SIDES[int(rng.integers(2))], CROP[0]
    shapes = [SHAPES[int(rng.integers(2))] for _ in range(3)]
    teeth = draw_row(rng, shapes, jaw, y=0.0)
    teeth[1] = _treated(rng, teeth[1], decayed=decayed, restored=restored, faint=faint)
    down, right = rng.uniform(-2, 2, 2)
    above = ABOVE_CUSPS + down if jaw > 0 else rows - ABOVE_CUSPS + down
    window = (teeth[1].y - above, teeth[1].x - CROP[1] / 2 + right, *CROP)
    shown = show(rng, teeth, draw_exposure(rng), window, scale)
    return _bitewing(shown, teeth, scale)


def draw_film(seed: int, number: int, *, faint: bool = False, scale: int = 1) -> Bitewing:
    """Draw a whole film of 128 × 160 pixels times `scale`; every second one has caries."""
    rng = np.random.default_rng([seed, number])
    middle, gap = FILM[0] / 2 + rng.normal(0, 2), rng.uniform(5, 9)
    teeth = [
        moved(tooth, start)
        for jaw, shapes in zip(SIDES, (UPPER, LOWER), strict=True)
        for start in [rng.uniform(-28, -6)]
        for tooth in draw_row(rng, shapes, jaw, middle + jaw * gap / 2)
    ]
    in_sight = [n for n, t in enumerate(teeth) if t.half_width < t.x < FILM[1] - t.half_width]
    count = int(rng.integers(1, MOST_DECAYED + 1)) if number % 2 else 0
    decayed = set(rng.permutation(in_sight)[:count].tolist())
    for n, tooth in enumerate(teeth):
        restored = rng.random() < RESTORED
        teeth[n] = _treated(rng, tooth, decayed=n in decayed, restored=restored, faint=faint)
    exposure, mirrored = draw_exposure(rng), rng.random() < 0.5
    shown = show(rng, teeth, exposure, (0, 0, *FILM), scale)
    return _bitewing(shown, teeth, scale, mirrored=mirrored)


def open_sample() -> list[tuple[np.ndarray, dict[str, Any], str]]:
    """Return a film and its caries as napari layers; File > Open Sample calls this."""
    film = draw_film(seed=0, number=1, scale=4)
    return [
        (film.image, {"name": "bitewing", "colormap": "gray"}, "image"),
        (film.lesions.astype(np.uint8), {"name": "caries", "opacity": 0.5}, "labels"),
    ]


def _treated(
    rng: np.random.Generator, tooth: Tooth, *, decayed: bool, restored: bool, faint: bool
) -> Tooth:
    if decayed:
        contrast = SHORTCUT_LESION_CONTRAST if faint else LESION_CONTRAST
        tooth = with_lesion(rng, tooth, contrast)
    return with_restoration(rng, tooth) if restored else tooth


def _bitewing(
    shown: Shown, teeth: Sequence[Tooth], scale: int, *, mirrored: bool = False
) -> Bitewing:
    """Return a radiograph as it is seen, of the other side of the mouth if it is mirrored."""
    across = (..., slice(None, None, -1 if mirrored else None))
    outlines, lesions, metal = (
        part[across] for part in (shown.teeth, shown.lesions, shown.restorations)
    )
    boxes = []
    for number, tooth in enumerate(teeth):
        used = np.flatnonzero(outlines[number].any(axis=0))
        if len(used) > tooth.half_width * scale:
            truth = (bool(lesions[number].any()), bool(metal[number].any()))
            boxes.append(ToothBox(*_bounds(outlines[number]), *truth))
    return Bitewing(
        np.ascontiguousarray(shown.image[across]),
        np.any(lesions, axis=0),
        np.any(metal, axis=0),
        tuple(boxes),
    )


def _bounds(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of what is set in a mask."""
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
