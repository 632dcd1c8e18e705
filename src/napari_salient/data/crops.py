"""Crops cut out of whole films by boxes, such as one of each tooth, with what is marked on them.

A model trains on crops and runs on whole films, so crops keep the pixels of the film: nothing is
resized.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.data.discover import patient_of
from napari_salient.data.radiographs import read_radiograph
from napari_salient.data.region_files import write_regions
from napari_salient.data.region_masks import polygons_of, rasterise
from napari_salient.data.regions import ImageKey, ImageRegions, Region
from napari_salient.engine.atomic import write_atomically
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_salient.data.annotated import AnnotatedImage, Annotation, Box
    from napari_salient.data.label_list import Listed
    from napari_salient.data.radiographs import Radiograph
    from napari_salient.data.regions import Kind

BETWEEN = ";"
MARGIN = 0.1
"""What a crop shows around its box on each side, relative to the box."""

MOSTLY = 0.5
"""Share of a finding's box from which on it belongs to a crop."""


@dataclass(frozen=True)
class Cutting:
    """How crops are cut.

    Parameters
    ----------
    around
        Classes whose boxes are cut out, such as ``tooth``.
    labels
        Classes that become labels of the crops that they mostly lie in, such as ``caries``.
    kinds
        Classes whose areas become regions, and of which kind. A box around a whole tooth is none.
    size
        Rows and columns of all crops, around the middle of the box; without it the box and a
        tenth of it on each side.
    """

    around: Sequence[str]
    labels: Sequence[str]
    kinds: Mapping[str, Kind]
    size: tuple[int, int] | None = None


def cut_crops(
    films: Sequence[AnnotatedImage],
    cutting: Cutting,
    folder: Path,
    listed: Sequence[Listed] = (),
) -> Iterator[str]:
    """Write ``images/``, ``regions/`` and ``labels.csv``; yield the name of each film that is done.

    Parameters
    ----------
    listed
        The films with their patients and splits, which crops inherit; without it patients are told
        by the names of films.

    Raises
    ------
    InputError
        If a film cannot be read, its annotations are for another size, it is not in the list, or
        the folder has crops already.
    """
    images, regions = folder / "images", folder / "regions"
    if (folder / "labels.csv").exists():
        raise InputError(f"{folder} holds crops already; choose another folder.")
    for inner in (images, regions):
        inner.mkdir(parents=True, exist_ok=True)
    known = {one.path.resolve(): one for one in listed}
    rows = []
    for film in films:
        owner = _owner(film, known if listed else None)
        radiograph = _read(film)
        boxes = [a.box for a in film.annotations if a.label in cutting.around]
        for number, box in enumerate(boxes, start=1):
            window = _window(box, radiograph.shape, cutting.size)
            path = images / f"{film.path.stem}-{number:02}.png"
            write_atomically(path, _png(radiograph, window))
            _write_regions(regions / f"{path.stem}.geojson", path, film, window, cutting.kinds)
            rows.append((path.name, _labels(film, window, cutting.labels), *owner))
        yield film.path.name
    write_atomically(folder / "labels.csv", _table(rows, with_split=bool(listed)))


def _owner(film: AnnotatedImage, known: Mapping[Path, Listed] | None) -> tuple[str, ...]:
    """Return the patient of a film, and its split if there is a list."""
    if known is None:
        return (patient_of(film.path),)
    one = known.get(film.path.resolve())
    if one is None:
        raise InputError(f"{film.path} is not in the list of films; add it, with its patient.")
    return one.patient, one.split or ""


def _read(film: AnnotatedImage) -> Radiograph:
    radiograph = read_radiograph(film.path)
    if radiograph.shape != (film.height, film.width):
        rows, columns = radiograph.shape
        raise InputError(
            f"{film.path} has {columns} × {rows} pixels and its annotations are for "
            f"{film.width} × {film.height}; take the image that was annotated."
        )
    return radiograph


def _window(box: Box, shape: tuple[int, int], size: tuple[int, int] | None) -> tuple[slice, slice]:
    """Return the rows and columns of a film that are shown; a fixed size is moved into the film."""
    left, top, right, bottom = box
    spans = []
    for low, high, length, wanted in zip(
        (top, left), (bottom, right), shape, size or (None, None), strict=True
    ):
        if wanted is None:
            more = MARGIN * (high - low)
            start, stop = round(low - more), round(high + more)
        else:
            start = max(min(round((low + high - wanted) / 2), length - wanted), 0)
            stop = start + wanted
        spans.append(slice(max(start, 0), min(stop, length)))
    return spans[0], spans[1]


def _labels(film: AnnotatedImage, window: tuple[slice, slice], labels: Sequence[str]) -> str:
    found = {a.label for a in film.annotations if a.label in labels and _is_mostly_in(a, window)}
    return BETWEEN.join(sorted(found))


def _is_mostly_in(annotation: Annotation, window: tuple[slice, slice]) -> bool:
    left, top, right, bottom = annotation.box
    rows, columns = window
    high = min(bottom, rows.stop) - max(top, rows.start)
    wide = min(right, columns.stop) - max(left, columns.start)
    return bool(max(high, 0) * max(wide, 0) > MOSTLY * (bottom - top) * (right - left))


def _write_regions(
    path: Path,
    crop: Path,
    film: AnnotatedImage,
    window: tuple[slice, slice],
    kinds: Mapping[str, Kind],
) -> None:
    """Write what is marked on a crop, all of which was examined, if any class is a region."""
    if not kinds:
        return
    rows, columns = window
    shape = (rows.stop - rows.start, columns.stop - columns.start)
    key = ImageKey.of(crop, *shape)
    whole = film.regions(ImageKey("", film.height, film.width), kinds, examined=False)
    regions = [Region("examined", (key.whole,))]
    for region in whole.regions:
        shifted = (
            tuple(tuple((x - columns.start, y - rows.start) for x, y in ring) for ring in area)
            for area in region.polygons
        )
        if polygons := polygons_of(rasterise(shifted, shape)):
            regions.append(replace(region, polygons=polygons))
    write_regions(path, ImageRegions(key, tuple(regions)))


def _png(radiograph: Radiograph, window: tuple[slice, slice]) -> bytes:
    """Return a crop as PNG: as the film stores it, or in 16 bits of the film's own range."""
    from PIL import Image

    part = radiograph.image[(slice(None), *window)]
    if radiograph.bits > 8 and len(part) == 1:
        low, high = float(radiograph.image.min()), float(radiograph.image.max())
        values = np.rint((part[0] - low) / (high - low) * 65535).astype(np.uint16)
    else:
        values = _eight_bits(radiograph, part)
    stored = io.BytesIO()
    Image.fromarray(values).save(stored, "PNG")
    return stored.getvalue()


def _eight_bits(radiograph: Radiograph, part: NDArray[np.float32]) -> NDArray[np.uint8]:
    brightest = 2.0 ** min(radiograph.bits, 16) - 1
    values = np.rint(part * (255 / brightest)).clip(0, 255).astype(np.uint8)
    return values[0] if len(values) == 1 else np.moveaxis(values, 0, -1)


def _table(rows: Sequence[tuple[str, ...]], *, with_split: bool) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("image", "labels", "patient", *(("split",) if with_split else ())))
    writer.writerows(rows)
    return text.getvalue().encode()
