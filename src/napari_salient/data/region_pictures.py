"""The regions of one reader as a PNG mask and a JSON file, for programs that know pixels only."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_salient.data.region_files import (
    COLOURS,
    VERSION,
    check_image,
    image_entry,
    read_json,
    region_entry,
    region_of,
)
from napari_salient.data.region_masks import polygons_of, rasterise
from napari_salient.data.regions import KINDS, ImageKey, ImageRegions, Kind, Region
from napari_salient.engine.atomic import write_atomically
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = f"napari-salient region mask {VERSION}"
BITS: dict[Kind, int] = {"include": 1, "exclude": 2, "examined": 4}
"""What each kind adds to the value of a pixel, so that they may overlap."""

LARGEST = 2**26
"""Pixels of a mask; more than this is a slide, whose mask is written at a scale."""


def write_region_mask(path: Path, drawn: ImageRegions, scale: int = 1) -> None:
    """Write `path`, a PNG, and a JSON file of the same name that says whose it is.

    Both are on disk when this returns. The PNG has one byte a pixel, 1 for include, 2 for exclude
    and 4 for examined, added where they overlap, and a palette to look at.

    Parameters
    ----------
    scale
        Pixels of the image for one of the mask.

    Raises
    ------
    InputError
        If regions of a kind differ in more than their time, which a mask cannot tell apart, or the
        mask would have more than 2²⁶ pixels or none of a kind.
    OSError
        If the disk is full or the folder cannot be written.
    """
    shape = _shape(drawn.image, scale)
    if shape[0] * shape[1] > LARGEST:
        raise InputError(
            f"A mask of {shape[1]} × {shape[0]} pixels is too large; write it at a coarser scale."
        )
    layers = {kind: _as_one(drawn.of_kind(kind)) for kind in KINDS if drawn.of_kind(kind)}
    values = np.zeros(shape, np.uint8)
    for kind, region in layers.items():
        mask = rasterise(region.polygons, shape, scale)
        if not mask.any():
            raise InputError(f"The {kind} regions cover no pixel; write them at a finer scale.")
        values |= np.uint8(BITS[kind]) * mask
    said = {
        "format": FORMAT,
        "image": image_entry(drawn.image),
        "scale": scale,
        "values": BITS,
        "regions": [{**region_entry(region), "id": region.id} for region in layers.values()],
    }
    write_atomically(path, _png(values))
    write_atomically(path.with_suffix(".json"), json.dumps(said, indent=1).encode())


def read_region_mask(path: Path, image: ImageKey) -> ImageRegions:
    """Read a PNG mask and the JSON file of the same name.

    Raises
    ------
    InputError
        If one of them is missing or damaged, or they are of another image.
    """
    listing = path.with_suffix(".json")
    said = read_json(listing)
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise InputError(f"{listing} does not describe a region mask; get another copy.")
    check_image(listing, said.get("image"), image)
    scale = said.get("scale", 1)
    if not isinstance(scale, int) or scale < 1:
        raise InputError(f"{listing} has the scale {scale!r}; a scale is 1 or more.")
    values = _values(path, _shape(image, scale))
    try:
        regions = [_marked(entry, values, scale, image) for entry in said["regions"]]
    except (KeyError, TypeError, InputError) as error:
        raise InputError(f"{listing} has a region that cannot be read: {error}") from error
    return ImageRegions(image, tuple(regions))


def _shape(image: ImageKey, scale: int) -> tuple[int, int]:
    """Return the rows and columns of a mask whose middles lie in the image."""
    return math.ceil(image.height / scale - 0.5), math.ceil(image.width / scale - 0.5)


def _as_one(regions: tuple[Region, ...]) -> Region:
    """Return the union of regions that are of one reader, as of the latest of them."""
    latest = max(regions, key=lambda region: region.time)
    entries = [{**region_entry(region), "time": ""} for region in regions]
    if any(entry != entries[0] for entry in entries):
        raise InputError(
            f"The {latest.kind} regions are of several readers, labels or weights, which one mask "
            "cannot tell apart; write them as GeoJSON, or each by itself."
        )
    polygons = tuple(polygon for region in regions for polygon in region.polygons)
    return replace(latest, polygons=polygons)


def _marked(entry: dict[str, Any], values: np.ndarray, scale: int, image: ImageKey) -> Region:
    """Return the region of one kind; its last pixels end where the image does."""
    marked = (values & BITS[entry["kind"]]) > 0
    polygons = tuple(
        tuple(tuple((min(x, image.width), min(y, image.height)) for x, y in ring) for ring in area)
        for area in polygons_of(marked, scale)
    )
    return region_of(polygons, entry, id=str(entry["id"]))


def _png(values: np.ndarray) -> bytes:
    from PIL import Image

    picture = Image.fromarray(values)
    picture.putpalette(_palette())
    stored = io.BytesIO()
    picture.save(stored, "PNG", optimize=False)
    return stored.getvalue()


def _palette() -> list[int]:
    """Return a colour for each value: that of the last kind it holds, but include before all."""
    colours = [0, 0, 0] + 7 * [0, 0, 0]
    for kind in ("examined", "exclude", "include"):
        for value in range(8):
            if value & BITS[kind]:
                colours[3 * value : 3 * value + 3] = COLOURS[kind]
    return colours


def _values(path: Path, shape: tuple[int, int]) -> np.ndarray:
    from PIL import Image

    try:
        with Image.open(path) as picture:
            values = np.asarray(picture) if picture.mode in "PL" else None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(f"{path} cannot be read as a mask ({error}); get another copy.") from error
    if values is None or values.max(initial=0) > sum(BITS.values()):
        raise InputError(f"{path} is no region mask; its values go from 0 to {sum(BITS.values())}.")
    if values.shape != shape:
        raise InputError(
            f"{path} has {values.shape[1]} × {values.shape[0]} pixels and its image "
            f"{shape[1]} × {shape[0]}; choose the mask of this image."
        )
    return values
