"""Regions as GeoJSON in pixels, which QuPath and geometry libraries read, and as QuPath writes it.

See RFC 7946 and QuPath's documentation, "Exporting annotations". What GeoJSON has no word for
stands in ``properties.metadata``, which QuPath keeps when it writes a file again.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID, uuid5

from napari_salient.data.regions import (
    KINDS,
    ImageKey,
    ImageRegions,
    Kind,
    Point,
    Polygon,
    Region,
    Ring,
    refuse_other_image,
)
from napari_salient.engine.atomic import write_atomically
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VERSION = 1
COLOURS: dict[Kind, list[int]] = {
    "include": [230, 85, 13],
    "exclude": [49, 130, 189],
    "examined": [160, 160, 160],
}
QUPATH_KINDS: dict[str, Kind] = {"region*": "examined", "ignore*": "exclude"}
"""Classes that every QuPath project has; any other class is one of what is included."""

NAMESPACE = UUID("5b0a7a4e-6a38-5d59-9d0b-0b7bb8b5a3f1")
EPOCH = datetime.fromtimestamp(0, UTC)
"""Time of a region whose file does not say when it was drawn."""


def write_regions(path: Path, drawn: ImageRegions) -> None:
    """Write regions as a GeoJSON feature collection; it is on disk when this returns.

    Raises
    ------
    OSError
        If the disk is full or the folder cannot be written; `path` is then as it was.
    """
    collection = {
        "type": "FeatureCollection",
        "format": f"napari-salient regions {VERSION}",
        "image": image_entry(drawn.image),
        "features": [_feature(region) for region in drawn.regions],
    }
    write_atomically(path, json.dumps(collection, indent=1).encode())


def read_regions(path: Path, image: ImageKey) -> ImageRegions:
    """Read the regions of an image from our GeoJSON, or from that of QuPath.

    QuPath does not say which image its regions are of, so they are taken for `image` if they lie on
    it. Its classes ``include``, ``exclude`` and ``examined`` are the kinds, ``Ignore*`` excludes,
    ``Region*`` is examined, and any other class is a label of what is included.

    Raises
    ------
    InputError
        If the file is damaged, has regions of another image, a region without class or without
        area, or was written by a later version.
    """
    said = read_json(path)
    if isinstance(said, dict) and said.get("format"):
        _check_format(path, said, image)
    regions = []
    for number, feature in enumerate(_features(path, said), start=1):
        try:
            regions.append(_region(feature))
        except InputError as error:
            raise InputError(f"{path}, region {number}: {error}") from error
    try:
        return ImageRegions(image, tuple(regions))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def read_json(path: Path) -> Any:
    """Return what a JSON file says.

    Raises
    ------
    InputError
        If it cannot be read or is no JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check it.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no JSON ({error}); get another copy.") from error


def image_entry(image: ImageKey) -> dict[str, Any]:
    """Return what a file says about the image it belongs to."""
    return {"sha256": image.sha256, "width": image.width, "height": image.height}


def check_image(path: Path, entry: Any, image: ImageKey) -> None:
    """Refuse a file that says by `entry` that it belongs to another image."""
    try:
        theirs = ImageKey(str(entry["sha256"]), int(entry["height"]), int(entry["width"]))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} does not say which image it is of; get another copy.") from error
    refuse_other_image(f"The regions in {path}", theirs, image)


def region_entry(region: Region) -> dict[str, str]:
    """Return who marked a region and when, as text by name."""
    said = {
        "kind": region.kind,
        "label": region.label,
        "author": region.author,
        "time": region.time.astimezone(UTC).isoformat(),
        "model": region.model or "",
        "weight": repr(region.weight),
        "source": region.source,
    }
    return {name: text for name, text in said.items() if text}


def region_of(polygons: tuple[Polygon, ...], said: dict[str, Any], **known: Any) -> Region:
    """Return a region from what `region_entry` says of it.

    Raises
    ------
    InputError
        If something is missing or no such value.
    """
    try:
        return Region(
            polygons=polygons,
            kind=said["kind"],
            label=str(said.get("label", "")),
            author=str(said.get("author", "")),
            time=datetime.fromisoformat(said["time"]) if "time" in said else EPOCH,
            model=said.get("model"),
            weight=float(said.get("weight", 1)),
            source=said.get("source", "person"),
            **known,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"its metadata cannot be read ({error}).") from error


def _feature(region: Region) -> dict[str, Any]:
    shapes = [
        [[[_short(x), _short(y)] for x, y in (*ring, ring[0])] for ring in polygon]
        for polygon in region.polygons
    ]
    single = len(shapes) == 1
    return {
        "type": "Feature",
        "id": region.id,
        "geometry": {
            "type": "Polygon" if single else "MultiPolygon",
            "coordinates": shapes[0] if single else shapes,
        },
        "properties": {
            "objectType": "annotation",
            "classification": {
                "name": region.label or region.kind,
                "color": COLOURS[region.kind],
            },
            "metadata": region_entry(region),
        },
    }


def _short(value: float) -> float:
    return int(value) if value == int(value) else value


def _check_format(path: Path, said: dict[str, Any], image: ImageKey) -> None:
    if said["format"] != f"napari-salient regions {VERSION}":
        raise InputError(
            f"{path} is of the format {said['format']!r}, which this version does not read; get "
            "the latest version of napari-salient."
        )
    check_image(path, said.get("image"), image)


def _features(path: Path, said: Any) -> Iterator[dict[str, Any]]:
    """Yield the features of a collection, a bare list or a single one, with those inside them."""
    if isinstance(said, dict) and said.get("type") == "Feature":
        said = [said]
    listed = said.get("features") if isinstance(said, dict) else said
    if not isinstance(listed, list) or not all(isinstance(feature, dict) for feature in listed):
        raise InputError(f"{path} holds no list of regions; export them as GeoJSON.")
    for feature in listed:
        yield feature
        if inner := (feature.get("properties") or {}).get("childObjects"):
            yield from _features(path, inner)


def _region(feature: dict[str, Any]) -> Region:
    properties = feature.get("properties") or {}
    polygons = _polygons(feature.get("geometry") or {})
    said = dict(properties.get("metadata") or {})
    if said.get("kind") not in KINDS:
        said |= _classified(properties.get("classification"))
    return region_of(polygons, said, id=_id(feature, polygons, said))


def _classified(classification: Any) -> dict[str, str]:
    """Return the kind and label that a class of QuPath stands for."""
    said = classification if isinstance(classification, dict) else {"name": classification}
    name = said.get("name") or ": ".join(map(str, said.get("names") or ()))
    if not name:
        raise InputError("it has no class; give it one, such as include.")
    kind = QUPATH_KINDS.get(name.lower(), name.lower())
    return {"kind": kind} if kind in KINDS else {"kind": "include", "label": name}


def _id(feature: dict[str, Any], polygons: tuple[Polygon, ...], said: dict[str, Any]) -> str:
    """Return the region's own id; without one, one that the same content gets again."""
    try:
        return str(UUID(str(feature.get("id"))))
    except ValueError:
        return str(uuid5(NAMESPACE, repr((polygons, sorted(said.items())))))


def _polygons(geometry: dict[str, Any]) -> tuple[Polygon, ...]:
    kind, shapes = geometry.get("type"), geometry.get("coordinates")
    if kind not in ("Polygon", "MultiPolygon"):
        raise InputError(f"it is a {kind}, which has no area; only areas are regions, remove it.")
    try:
        listed = cast("list[Any]", [shapes] if kind == "Polygon" else shapes)
        return tuple(tuple(_ring(ring) for ring in polygon) for polygon in listed)
    except (TypeError, ValueError, IndexError) as error:
        raise InputError(f"its coordinates cannot be read ({error}).") from error


def _ring(positions: list[Any]) -> Ring:
    points: list[Point] = [(float(position[0]), float(position[1])) for position in positions]
    return tuple(points[:-1] if len(points) > 1 and points[0] == points[-1] else points)
