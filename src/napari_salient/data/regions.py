"""Regions that readers or models mark on a radiograph or a slide, and whose image they belong to.

All coordinates are pixels of the image at full resolution, ``(x, y)`` as in GeoJSON: the middle of
the first pixel is at ``(0.5, 0.5)``, and a region covers the pixels whose middle is inside.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, get_args
from uuid import uuid4

from napari_salient.data.discover import content_hash
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Kind = Literal["include", "exclude", "examined"]
"""``include``: here it is; ``exclude``: not to be used; ``examined``: what is not included in here
is negative. Outside of all regions nothing is known.
"""

KINDS: tuple[Kind, ...] = get_args(Kind)

Source = Literal["person", "model"]

SOURCES: tuple[Source, ...] = get_args(Source)

Point = tuple[float, float]
Ring = tuple[Point, ...]
Polygon = tuple[Ring, ...]
"""The outline and then the holes, each without its first point repeated at the end."""

OVERHANG = 0.05
"""How far a region may reach beyond its image, relative to its longer side: drawn over the edge."""


@dataclass(frozen=True)
class ImageKey:
    """The image that regions belong to, wherever its file is moved.

    Attributes
    ----------
    sha256 : str
        Of the file's bytes, in hexadecimal.
    height, width : int
        Pixels at full resolution.
    """

    sha256: str
    height: int
    width: int

    @classmethod
    def of(cls, path: Path, height: int, width: int) -> ImageKey:
        """Return the key of the file at `path`."""
        return cls(content_hash(path), height, width)

    @property
    def whole(self) -> Polygon:
        """The outline of the whole image, for one that was examined from edge to edge."""
        return (rectangle(0, 0, self.width, self.height),)


@dataclass(frozen=True)
class Region:
    """An area and who marked it.

    Parameters
    ----------
    kind
        What is said about the area.
    polygons
        The area; two of them do not overlap.
    label
        Class of what is included, such as ``caries``; empty where there is one class only.
    author
        Who drew it, or the name of the model.
    time
        When, in UTC.
    model
        Hash of the model whose map was on screen; `None` if there was none.
    weight
        Confidence, above 0 and up to 1.
    source
        Whether a person or a model marked it.
    id
        By which versions of the same region are told apart from other regions.

    Raises
    ------
    InputError
        If it has no area, or a value out of its bounds.
    """

    kind: Kind
    polygons: tuple[Polygon, ...]
    label: str = ""
    author: str = ""
    time: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    model: str | None = None
    weight: float = 1.0
    source: Source = "person"
    id: str = field(default_factory=lambda: str(uuid4()))

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.source not in SOURCES:
            raise InputError(
                f"A region is of kind {self.kind!r} and from a {self.source!r}; kinds are "
                f"{', '.join(KINDS)}, sources {', '.join(SOURCES)}."
            )
        if not 0 < self.weight <= 1:
            raise InputError(f"A region has the weight {self.weight}; it goes from 0 to 1.")
        if self.time.tzinfo is None:
            raise InputError(f"A region is of {self.time} without a time zone; say it in UTC.")
        if not self.polygons or any(len(set(ring)) < 3 for ring in self.rings()):
            raise InputError("A region has no area; draw around something.")
        if not all(math.isfinite(value) for ring in self.rings() for xy in ring for value in xy):
            raise InputError("A region has coordinates that are no numbers; draw it again.")

    def rings(self) -> Iterator[Ring]:
        """Yield all outlines and holes."""
        for polygon in self.polygons:
            yield from polygon

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Least x and y, greatest x and y."""
        xs, ys = zip(*(point for ring in self.rings() for point in ring), strict=True)
        return min(xs), min(ys), max(xs), max(ys)


@dataclass(frozen=True)
class ImageRegions:
    """All regions of one image.

    Raises
    ------
    InputError
        If a region lies elsewhere than on the image.
    """

    image: ImageKey
    regions: tuple[Region, ...] = ()

    def __post_init__(self) -> None:
        height, width = self.image.height, self.image.width
        more = OVERHANG * max(height, width)
        for region in self.regions:
            left, top, right, bottom = region.bounds
            beyond = min(left, top) < -more or right > width + more or bottom > height + more
            if beyond or right <= 0 or bottom <= 0 or left >= width or top >= height:
                raise InputError(
                    f"A region reaches from ({left:g}, {top:g}) to ({right:g}, {bottom:g}), but "
                    f"the image has {width} × {height} pixels; choose the regions of this image at "
                    "full resolution."
                )

    def of_kind(self, kind: Kind) -> tuple[Region, ...]:
        """Return the regions of one kind."""
        return tuple(region for region in self.regions if region.kind == kind)


def rectangle(left: float, top: float, right: float, bottom: float) -> Ring:
    """Return the outline of a box."""
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def merge(first: ImageRegions, second: ImageRegions) -> ImageRegions:
    """Return the regions of two readers together, each once; of two versions the later one.

    The order in which files are merged does not matter.

    Raises
    ------
    InputError
        If they are of different images.
    """
    refuse_other_image("These regions", first.image, second.image)
    latest: dict[str, Region] = {}
    for region in (*first.regions, *second.regions):
        latest[region.id] = max(latest.get(region.id, region), region, key=_version)
    return ImageRegions(first.image, tuple(sorted(latest.values(), key=_version)))


def refuse_other_image(what: str, theirs: ImageKey, image: ImageKey) -> None:
    """Raise `InputError` if `what` belongs to another image than `image`."""
    sizes = [f"{key.width} × {key.height}" for key in (theirs, image)]
    if sizes[0] != sizes[1]:
        raise InputError(
            f"{what} are of an image of {sizes[0]} pixels and this one has {sizes[1]}; choose the "
            "regions of this image."
        )
    if theirs.sha256 != image.sha256:
        raise InputError(
            f"{what} are of another image (its content differs); choose the regions of this image."
        )


def _version(region: Region) -> tuple[datetime, str, str]:
    return region.time, region.id, repr(region)
