"""Images with what other annotation tools say about them, as labels, regions and crops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_salient.data.regions import ImageKey, ImageRegions, Kind, Polygon, Region
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Box = tuple[float, float, float, float]
"""Left, top, right and bottom, in pixels."""


@dataclass(frozen=True)
class Annotation:
    """Something that was marked on an image: its class and its area."""

    label: str
    polygons: tuple[Polygon, ...]

    @property
    def box(self) -> Box:
        """The box around it."""
        return Region("include", self.polygons).bounds


@dataclass(frozen=True)
class AnnotatedImage:
    """An image and what was marked on it.

    Attributes
    ----------
    path : Path
    height, width : int
        As the annotations have it, in pixels.
    annotations : tuple of Annotation
    """

    path: Path
    height: int
    width: int
    annotations: tuple[Annotation, ...]

    def labels(self) -> tuple[str, ...]:
        """Return the classes that were marked, each once, sorted."""
        return tuple(sorted({annotation.label for annotation in self.annotations}))

    def of_label(self, label: str) -> tuple[Annotation, ...]:
        """Return what was marked as `label`."""
        return tuple(a for a in self.annotations if a.label == label)

    def regions(
        self, key: ImageKey, kinds: Mapping[str, Kind], author: str = "", *, examined: bool = True
    ) -> ImageRegions:
        """Return as regions what was marked.

        Parameters
        ----------
        key
            The image.
        kinds
            What the classes stand for, such as ``{"Cavity": "include"}``; others are left out.
        author
            Who marked them.
        examined
            Whether what was not marked is negative.

        Raises
        ------
        InputError
            If the annotations are of another size than the image, or lie elsewhere.
        """
        if (self.height, self.width) != (key.height, key.width):
            raise InputError(
                f"{self.path} has {key.width} × {key.height} pixels and its annotations are for "
                f"{self.width} × {self.height}; take the image that was annotated."
            )
        marked = [
            Region(
                kind=kinds[annotation.label],
                polygons=annotation.polygons,
                label=annotation.label if kinds[annotation.label] == "include" else "",
                author=author,
            )
            for annotation in self.annotations
            if annotation.label in kinds
        ]
        whole = [Region("examined", (key.whole,), author=author)] if examined else []
        return ImageRegions(key, (*marked, *whole))
