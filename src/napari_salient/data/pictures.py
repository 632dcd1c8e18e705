"""Photographs such as those of the fundus: found in folders, cut to what is not black, resized."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")

DARK = 0.06
"""Brightness, from 0 to 1, below which a row or column all along is border."""


def find_pictures(folder: Path, suffixes: tuple[str, ...] = SUFFIXES) -> list[Path]:
    """Return the pictures in `folder`, sorted; hidden files are passed over."""
    if not folder.is_dir():
        return []
    visible = (path for path in folder.iterdir() if not path.name.startswith("."))
    return sorted(path for path in visible if path.suffix.lower() in suffixes)


def load_picture(path: Path, side: int) -> NDArray[np.float32]:
    """Read a picture as a square of `side` pixels.

    Its dark borders are cut off; what is missing to a square is black.

    Returns
    -------
    float32 array, shape (3, side, side)
        Red, green and blue from 0 to 1.

    Raises
    ------
    InputError
        If the file is damaged or not a picture.
    """
    from PIL import Image
    from skimage.transform import resize

    try:
        with Image.open(path) as picture:
            stored = np.asarray(picture.convert("RGB"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as a picture ({error}); replace it.") from error
    scaled = stored.astype(np.float32) / np.float32(255)
    square = _to_square(_without_border(scaled))
    resized = resize(square, (side, side), order=1, anti_aliasing=True, preserve_range=True)
    return np.ascontiguousarray(resized.transpose(2, 0, 1), dtype=np.float32)


def _without_border(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    bright = picture.max(2) > DARK
    spans = [_span(bright.any(axis)) for axis in (1, 0)]
    return picture[spans[0], spans[1]]


def _span(used: NDArray[np.bool_]) -> slice:
    places: Sequence[int] = np.flatnonzero(used).tolist()
    return slice(places[0], places[-1] + 1) if places else slice(None)


def _to_square(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    side = max(picture.shape[:2])
    margins = [((side - have) // 2, side - have - (side - have) // 2) for have in picture.shape[:2]]
    return np.pad(picture, [*margins, (0, 0)])
