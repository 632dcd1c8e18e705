"""Annotations in the format of COCO: one JSON file with images, categories, boxes and outlines.

See Lin et al., "Microsoft COCO: Common Objects in Context" (2014).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_salient.data.annotated import AnnotatedImage, Annotation
from napari_salient.data.region_files import read_json
from napari_salient.data.region_masks import polygons_of
from napari_salient.data.regions import Polygon, rectangle
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


def read_coco(listing: Path, images: Path) -> list[AnnotatedImage]:
    """Read a COCO file whose images lie in a folder, in the order of its list.

    An annotation has the area of its outline or run-length mask, or else of its box.

    Raises
    ------
    InputError
        If the file is damaged or of another format, or names an image that is not there.
    """
    said = read_json(listing)
    try:
        names = {entry["id"]: str(entry["name"]) for entry in said["categories"]}
        marked: dict[Any, list[Annotation]] = {entry["id"]: [] for entry in said["images"]}
        for entry in said["annotations"]:
            annotation = Annotation(names[entry["category_id"]], _area(listing, entry))
            marked[entry["image_id"]].append(annotation)
        return [
            AnnotatedImage(
                path=_path(listing, images, str(entry["file_name"])),
                height=int(entry["height"]),
                width=int(entry["width"]),
                annotations=tuple(marked[entry["id"]]),
            )
            for entry in said["images"]
        ]
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise InputError(
            f"{listing} is not as COCO has it ({type(error).__name__}: {error}); export it as COCO "
            "again."
        ) from error


def _path(listing: Path, images: Path, name: str) -> Path:
    path = images / name
    if not path.is_file():
        raise InputError(f"{listing} names {name}, which is not in {images}; add it.")
    return path


def _area(listing: Path, entry: dict[str, Any]) -> tuple[Polygon, ...]:
    outline = entry.get("segmentation")
    if isinstance(outline, dict):
        return polygons_of(_decoded(listing, outline))
    if outline:
        return tuple((tuple(zip(flat[::2], flat[1::2], strict=True)),) for flat in outline)
    left, top, width, height = map(float, entry["bbox"])
    return ((rectangle(left, top, left + width, top + height),),)


def _decoded(listing: Path, outline: dict[str, Any]) -> np.ndarray:
    """Return the mask of run lengths, which go down the columns and begin outside."""
    counts, (height, width) = outline["counts"], outline["size"]
    if isinstance(counts, str):
        raise InputError(
            f"{listing} has compressed run-length masks; export outlines, or decode the masks with "
            "pycocotools."
        )
    values = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return values.reshape(width, height).T
