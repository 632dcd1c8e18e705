"""Bitewing radiographs as a folder that `train caries` takes: pictures, labels, masks and boxes."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_OID, uuid5

import numpy as np

from napari_salient.data.region_masks import polygons_of
from napari_salient.data.region_pictures import write_region_mask
from napari_salient.data.regions import ImageKey, ImageRegions, Region
from napari_salient.engine.atomic import write_atomically
from napari_salient.errors import InputError
from napari_salient.samples.bitewing import NO_SHORTCUT, draw_crop, draw_film

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from napari_salient.data.regions import Kind, Polygon
    from napari_salient.samples.bitewing import Bitewing

SIGNATURE = "napari-salient sample"
HEAD = ("image", "label", "patient", "split", "restoration")
CATEGORIES = {"tooth": 1, "caries": 2}
PER_PATIENT = 2
SPLIT_EVERY = 5
"""Of five patients in a row the fourth is for validation and the fifth for the test."""

DRAWN = datetime(2026, 1, 1, tzinfo=UTC)
"""Time of the regions, so that the same seed makes the same bytes."""


@dataclass(frozen=True)
class BitewingFolder:
    """Where the radiographs and the truth about them lie."""

    images: Path
    masks: Path
    labels: Path
    boxes: Path


def make_bitewings(
    folder: Path,
    cases: int = 40,
    seed: int = 0,
    *,
    films: bool = False,
    scale: int = 1,
    shortcut: float | None = None,
) -> BitewingFolder:
    """Write radiographs into a folder; half of them show caries.

    ``images/`` has the pictures, ``labels.csv`` what they show, ``masks/`` the caries as regions,
    and ``boxes.json`` the teeth and lesions in COCO's format.

    Parameters
    ----------
    films
        Whole films of 128 × 160 pixels in place of crops of one tooth, 64 × 48.
    scale
        Times that size.
    shortcut
        Share of the decayed teeth that have a restoration and of the sound ones that have none, in
        crops that are not for the test; lesions are fainter then. `None` for neither.

    Raises
    ------
    InputError
        If a file that is no sample would be replaced.
    """
    if films and shortcut is not None:
        raise InputError("A shortcut is drawn with crops; leave it out, or make crops.")
    made = BitewingFolder(*(folder / n for n in ("images", "masks", "labels.csv", "boxes.json")))
    _refuse_to_replace(made)
    for inner in (made.images, made.masks):
        inner.mkdir(parents=True, exist_ok=True)
    rows, coco = [], _Coco()
    for number in range(cases):
        name, split = f"{'film' if films else 'crop'}-{number + 1:04}", _split(number)
        drawn = (
            draw_film(seed, number, scale=scale)
            if films
            else _crop(seed, number, split, scale, shortcut)
        )
        _write(made, name, drawn)
        coco.add(f"{name}.png", drawn)
        truth = (int(drawn.decayed), f"patient-{number // PER_PATIENT + 1:03}", split)
        rows.append((f"{name}.png", *truth, int(drawn.restorations.any())))
    write_atomically(made.boxes, json.dumps(coco.document(), indent=1).encode())
    write_atomically(made.labels, _table(rows))
    return made


def _crop(seed: int, number: int, split: str, scale: int, shortcut: float | None) -> Bitewing:
    share = NO_SHORTCUT if shortcut is None or split == "test" else shortcut
    return draw_crop(seed, number, share, faint=shortcut is not None, scale=scale)


def _split(number: int) -> str:
    place = number // PER_PATIENT % SPLIT_EVERY
    return {SPLIT_EVERY - 1: "test", SPLIT_EVERY - 2: "validation"}.get(place, "train")


def _refuse_to_replace(made: BitewingFolder) -> None:
    """Refuse a folder with such files unless they are samples, perhaps not all of them yet."""
    there = [made.boxes, *sorted(made.images.glob("*"))]
    foreign = [path for path in there if path.is_file() and not _is_sample(path)]
    if made.labels.exists() and not made.boxes.exists():
        foreign.append(made.labels)
    if foreign:
        raise InputError(
            f"{foreign[0]} exists and is no sample, so it is kept; choose another folder."
        )


def _is_sample(path: Path) -> bool:
    with path.open("rb") as stream:
        return SIGNATURE.encode() in stream.read(200)


def _write(made: BitewingFolder, name: str, drawn: Bitewing) -> None:
    path = made.images / f"{name}.png"
    write_atomically(path, _png(drawn))
    key = ImageKey.of(path, *drawn.image.shape)
    areas: dict[Kind, tuple[Polygon, ...]] = {"examined": (key.whole,)}
    if drawn.decayed:
        areas["include"] = polygons_of(drawn.lesions)
    regions = [
        Region(
            kind=kind,
            polygons=polygons,
            label="caries" if kind == "include" else "",
            author=SIGNATURE,
            time=DRAWN,
            source="model",
            id=str(uuid5(NAMESPACE_OID, f"{key.sha256} {kind}")),
        )
        for kind, polygons in areas.items()
    ]
    write_region_mask(made.masks / f"{name}.png", ImageRegions(key, tuple(regions)))


def _png(drawn: Bitewing) -> bytes:
    from PIL import Image, PngImagePlugin

    about = PngImagePlugin.PngInfo()
    about.add_text("Software", SIGNATURE)
    stored = io.BytesIO()
    values = np.rint(drawn.image * 255).astype(np.uint8)
    Image.fromarray(values).save(stored, "PNG", pnginfo=about)
    return stored.getvalue()


class _Coco:
    """Boxes of teeth and lesions, collected picture by picture."""

    def __init__(self) -> None:
        self._images: list[dict[str, Any]] = []
        self._annotations: list[dict[str, Any]] = []

    def add(self, name: str, drawn: Bitewing) -> None:
        """Add what a picture shows."""
        height, width = drawn.image.shape
        number = len(self._images) + 1
        entry = {"id": number, "file_name": name, "width": width, "height": height}
        self._images.append(entry)
        for tooth in drawn.teeth:
            sides = (tooth.right - tooth.left, tooth.bottom - tooth.top)
            self._annotate(number, "tooth", (tooth.left, tooth.top, *sides))
        for outline, *_ in polygons_of(drawn.lesions):
            (left, top), (right, bottom) = np.min(outline, 0).tolist(), np.max(outline, 0).tolist()
            flat = [value for point in outline for value in point]
            self._annotate(number, "caries", (left, top, right - left, bottom - top), [flat])

    def document(self) -> dict[str, Any]:
        """Return what the file says."""
        return {
            "info": {"description": SIGNATURE},
            "images": self._images,
            "categories": [{"id": number, "name": name} for name, number in CATEGORIES.items()],
            "annotations": self._annotations,
        }

    def _annotate(
        self,
        image: int,
        category: str,
        box: tuple[float, float, float, float],
        outline: Iterable[list[float]] = (),
    ) -> None:
        self._annotations.append(
            {
                "id": len(self._annotations) + 1,
                "image_id": image,
                "category_id": CATEGORIES[category],
                "bbox": box,
                "area": box[2] * box[3],
                "segmentation": list(outline),
                "iscrowd": 0,
            }
        )


def _table(rows: Iterable[tuple[object, ...]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEAD)
    writer.writerows(rows)
    return text.getvalue().encode()
