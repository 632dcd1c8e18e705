"""Settings that come ready-made: the tool's own, and those with which a task was published."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QWidget

from napari_salient.pretraining.presets import SCHEDULES, examples_of, published
from napari_salient.pretraining.settings import PretrainingSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULTS = (
    "Fill in the tool's own settings for this task, made for small volumes and for minutes on a "
    "CPU. What a project's model fixes stays, and so does the plane."
)
PUBLISHED = (
    "Fill in the settings of A. Taleb et al., 3D Self-Supervised Methods for Medical Imaging "
    "(2020), as their public library has them: sizes, losses, learning rate, and up to 1,000 "
    "epochs of this pool. They were made for large volumes on a GPU: ask for an estimate before "
    "you start. Each of them can be changed."
)
NOT_THERE = "There are no published settings for this task."
NO_POOL = "Name a pool first: the published settings count in epochs of it."


class PresetsRow(QWidget):
    """Two buttons that fill the form in; what they filled in can be changed."""

    defaults_requested = Signal()
    published_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.defaults = QPushButton("Defaults")
        self.published = QPushButton("Published (Taleb 2020)")
        self.defaults.setToolTip(f"<qt>{DEFAULTS}</qt>")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for button, signal in (
            (self.defaults, self.defaults_requested),
            (self.published, self.published_requested),
        ):
            button.setAutoDefault(True)
            button.clicked.connect(lambda _checked=False, signal=signal: signal.emit())
            row.addWidget(button)
        self.setFocusProxy(self.defaults)

    def offer_published(self, settings: PretrainingSettings, *, pool_known: bool) -> None:
        """Offer the published settings where the task has some, and there is a pool to count."""
        there = settings.task in SCHEDULES[settings.spatial_dims]
        said = PUBLISHED if there and pool_known else NO_POOL if there else NOT_THERE
        self.published.setEnabled(there and pool_known)
        self.published.setToolTip(f"<qt>{said}</qt>")


def own_settings(
    settings: PretrainingSettings, of_model: PretrainingSettings | None
) -> PretrainingSettings:
    """Return the tool's defaults for a task, so that the encoder fits a project's model."""
    model = of_model or PretrainingSettings(plane=settings.plane)
    return PretrainingSettings(
        task=settings.task,
        spatial_dims=settings.spatial_dims,
        plane=model.plane,
        context=model.context,
        width=model.width,
    )


def published_settings(
    settings: PretrainingSettings, shapes: Sequence[tuple[int, ...]]
) -> PretrainingSettings:
    """Return what was published for a task, on the plane that is chosen.

    Parameters
    ----------
    settings
        Their task, dimensions and plane count, and the size of pictures.
    shapes
        Of the volumes to learn from, along (z, y, x).
    """
    dims, plane = settings.spatial_dims, settings.plane
    chosen = published(settings.task, dims, examples_of(shapes, dims, plane))
    return replace(chosen, plane=plane, side=settings.side)
