"""A training example as layers of the viewer, in place of all that it shows otherwise."""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Points, Vectors
from qtpy.QtCore import QObject, QTimer, Signal

from napari_salient.widgets.pretrain.example_drawing import (
    EMPTY_COLOR,
    appearance,
    box_edges,
    drawn_part,
    limits_of,
    role_colors,
    seen_span,
    word_colors,
)
from napari_salient.widgets.pretrain.viewer_state import ViewerState

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.layers import Layer
    from numpy.typing import NDArray

    from napari_salient.pretraining.preview_layout import Layout, Placed

VIEW, UP = (0.45, 0.75, -0.5), (-1.0, 0.0, 0.0)
"""From the front, above and left of the patient, along (z, y, x); z runs down."""
FRAMES, WORDS = "frames", "words"
MANY = 9
"""Pictures above which the words are written small."""
MARGIN = 0.12
"""As a share of all that is drawn."""
TURN_S = 0.1
"""How long the window may wait for a part of an example."""


class ExampleLayers(QObject):
    """Draws one example at a time without stopping the window.

    A jigsaw in 3D is 27 layers: napari takes a third of a second to make one, and draws all that
    are visible again at each change. So the pictures are made a few with each turn of the event
    loop, shown when all are ready, and the next example is put into the layers that are there.
    `drawn` says that all of an example can be seen.
    """

    drawn = Signal()

    def __init__(self, viewer: Any, parent: QObject) -> None:
        super().__init__(parent)
        self.viewer = viewer
        self.images: list[Image] = []
        self.frames: Vectors | None = None
        self.words: Points | None = None
        self._aside: ViewerState | None = None
        self._placement: dict[str, Any] = {}
        self._steps: deque[Callable[[], object]] = deque()
        self._turn = QTimer(self)
        self._turn.timeout.connect(self._take_steps)

    @property
    def all(self) -> list[Layer]:
        """The layers of the example."""
        return [layer for layer in (self.frames, *self.images, self.words) if layer is not None]

    def show(self, layout: Layout, axes: tuple[str, ...], channel: int | None) -> None:
        """Show an example in place of the one before.

        Parameters
        ----------
        layout
            The pictures at their places.
        axes
            Names of the axes.
        channel
            Which of an input's channels is drawn; `None` for red, green and blue together.
        """
        if not self._fits(layout):
            self.remove()
        if self._aside is None:
            self._put_aside(axes)
        pictures = [drawn_part(placed.image, channel) for placed in layout.placed]
        limits = limits_of(pictures)
        for layer in self.images:
            layer.visible = False
        self._steps = deque([partial(self._show_frames, layout)])
        for number, (placed, picture) in enumerate(zip(layout.placed, pictures, strict=True)):
            self._steps.append(partial(self._prepare_image, number, placed, picture, limits))
        self._steps.append(partial(self._show_words, layout))
        self._turn.start()

    def remove(self) -> None:
        """Take the example out of the viewer and bring back what was there before."""
        self._turn.stop()
        for layer in self.all:
            with suppress(ValueError):
                self.viewer.layers.remove(layer)
        self.images, self.frames, self.words = [], None, None
        if self._aside is not None:
            self._aside.restore()
            self._aside = None

    def _fits(self, layout: Layout) -> bool:
        """Whether an example can be put into the layers that are there."""
        complete = self.words is not None and len(self.images) == len(layout.placed)
        return complete and all(layer in self.viewer.layers for layer in self.all)

    def _take_steps(self) -> None:
        begun = time.monotonic()
        while self._steps and time.monotonic() - begun < TURN_S:
            self._steps.popleft()()
        if not self._steps:
            self._turn.stop()
            for layer in self.images:
                layer.visible = True
            self.viewer.layers.selection.active = self.images[0]
            self._name_axes(self._placement["axis_labels"])
            self.drawn.emit()

    def _name_axes(self, names: tuple[str, ...]) -> None:
        """Name the axes at last: with each layer, napari takes the names from the first one."""
        dims = self.viewer.dims
        dims.axis_labels = (*dims.axis_labels[: -len(names)], *names)

    def _put_aside(self, axes: tuple[str, ...]) -> None:
        self._aside = ViewerState(self.viewer)
        units = self.viewer.layers.units
        # Voxels have no unit here, but napari complains where some layers have one and some not.
        self._placement = {"axis_labels": axes, "units": units and units[-len(axes) :]}

    def _add(self, layer: Layer) -> Any:
        return self.viewer.add_layer(layer)

    def _show_frames(self, layout: Layout) -> None:
        """Draw a box around each picture and, fainter, each empty cell."""
        corners = np.concatenate([layout.corners, layout.empty])
        edges = box_edges(corners, layout.size)
        box_colors = [*role_colors(layout.words), *[EMPTY_COLOR] * len(layout.empty)]
        colors = np.repeat(box_colors, len(edges) // len(corners))
        if self.frames is not None:
            self.frames.data, self.frames.edge_color = edges, colors
            return
        self.frames = self._add(
            Vectors(
                edges,
                name=FRAMES,
                edge_color=colors,
                edge_width=float(np.ptp(corners + layout.size, axis=0).max() + layout.size.max())
                / 300,
                vector_style="line",
                opacity=1,
                **self._placement,
            )
        )
        self._look_at(self.frames)

    def _look_at(self, layer: Layer) -> None:
        """Bring all of a layer into sight, boxes from their front, left and upper side."""
        dims, camera = self.viewer.dims, self.viewer.scene.camera
        dims.order = tuple(range(dims.ndim))
        dims.ndisplay = layer.ndim
        first, last = layer.extent.world
        span = last - first
        if layer.ndim == 3:
            camera.set_view_direction(VIEW, UP)
            span = seen_span(span, VIEW, UP)
        # napari's own way of fitting a layer fails where the viewer has more axes than the layer.
        camera.center = (first + last) / 2
        camera.zoom = (1 - MARGIN) * float(np.min(self.viewer.canvas.size / span))
        self.viewer.canvas.overlays["axes"].visible = True

    def _prepare_image(
        self, number: int, placed: Placed, picture: NDArray[np.float32], limits: tuple[float, float]
    ) -> None:
        rgb = picture.ndim > placed.origin.size
        look = {} if rgb else appearance(picture, limits)
        place = {"scale": placed.scale, "translate": placed.origin}
        if number < len(self.images):
            layer = self.images[number]
            layer.data = picture
            for name, value in {"name": placed.words, **place, **look}.items():
                setattr(layer, name, value)
            return
        layer = Image(
            picture,
            name=placed.words,
            rgb=rgb,
            interpolation2d="nearest",
            interpolation3d="nearest",
            rendering="translucent",
            visible=False,
            **place,
            **look,
            **self._placement,
        )
        self.images.append(self._add(layer))

    def _show_words(self, layout: Layout) -> None:
        features = {"words": layout.words}
        if self.words is not None:
            self.words.data, self.words.features = layout.headings, features
            self.words.text.color = word_colors(layout.words)
            return
        text = {
            "string": "{words}",
            "color": word_colors(layout.words),
            "size": 8 if len(layout.words) > MANY else 10,
            "anchor": "center",
            "blending": "translucent_no_depth",
        }
        self.words = self._add(
            Points(
                layout.headings,
                name=WORDS,
                size=0.01,
                features=features,
                text=text,
                **self._placement,
            )
        )
