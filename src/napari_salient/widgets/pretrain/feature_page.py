"""The map of a pool by what a pretrained encoder sees in its slices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_salient.engine.control import Control
from napari_salient.engine.events import FinishReason
from napari_salient.errors import SalientError
from napari_salient.widgets.notice import NoticeLine
from napari_salient.widgets.pretrain.feature_plot import (
    FeaturePlot,
    colors_of_kinds,
    colors_of_shares,
)
from napari_salient.widgets.pretrain.pool_volume import PoolVolume
from napari_salient.widgets.run_controls import RunControls
from napari_salient.widgets.worker import start_job

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qtpy.QtGui import QColor

    from napari_salient.engine.events import Event, Finished
    from napari_salient.pretraining.feature_map import FeatureMap

NO_RUN = "Choose a pretraining with a saved encoder first."
WHAT_IT_IS = (
    "Each point is a slice; those that look alike to the encoder lie close to each other. "
    "Distances across the map mean nothing. Research use only."
)
POINT_AT_IT = "Point at a slice to see which it is; click to open it."
BY_VOLUME, BY_POSITION = "volume", "position of the slice, the first dark"


class FeaturePage(QWidget):
    """Draws the map, names the slice under the mouse, and opens the one that is clicked.

    Parameters
    ----------
    napari_viewer
        The viewer to open volumes in.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.map: FeatureMap | None = None
        self.run_dir: Path | None = None
        self._source: Path | None = None
        self._held_out_every = 0
        self._control: Control | None = None
        self.controls = RunControls("Draw feature map")
        self.controls.start_requested.connect(self.draw_map)
        self.plot = FeaturePlot()
        self.plot.hovered.connect(self._tell_slice)
        self.plot.chosen.connect(self._open_slice)
        self.color_by = QComboBox()
        self.color_by.addItems([BY_VOLUME, BY_POSITION])
        self.color_by.setAccessibleName("Colour of the points")
        self.color_by.currentIndexChanged.connect(lambda _index: self._color())
        self.about, self.under_mouse, self.notice = QLabel(WHAT_IT_IS), QLabel(), NoticeLine()
        self.volume = PoolVolume(napari_viewer, self, self.notice.tell_error)
        self._lay_out()
        self.set_run(None, None, 0)

    def set_run(self, run_dir: Path | None, source: Path | None, held_out_every: int) -> None:
        """Say whose features a map would show.

        Parameters
        ----------
        run_dir
            Folder of a pretraining run; `None` if there is none, and no map can be drawn.
        source
            Its pool: a folder of volumes or pictures, or of a labelling project.
        held_out_every
            Every n-th patient is left out.
        """
        if (run_dir, source, held_out_every) != (self.run_dir, self._source, self._held_out_every):
            self._forget()
        self.run_dir, self._source, self._held_out_every = run_dir, source, held_out_every
        ready = run_dir is not None and source is not None
        self.controls.set_start_enabled(ready, "" if ready else NO_RUN)

    def draw_map(self) -> None:
        """Have the features of the pool's slices computed by the run's newest encoder."""
        if self.run_dir is None or self._source is None or self.controls.running:
            return
        run_dir, source, every = self.run_dir, self._source, self._held_out_every
        self._control = control = Control()
        self.notice.forget()
        self.controls.follow(control, "Loading the encoder")

        def events() -> Iterator[Event]:
            from napari_salient.cli.run_folders import checkpoint_of
            from napari_salient.pretraining.feature_map import feature_map_job
            from napari_salient.pretraining.intake import find_pool

            return feature_map_job(checkpoint_of(run_dir), find_pool(source, every), control)

        start_job(
            events,
            control,
            self.controls.show_event,
            lambda finished: self._ended(finished, control),
            name="Drawing a feature map",
            owner=self,
        )

    def _ended(self, finished: Finished, control: Control) -> None:
        self.controls.show_event(finished)
        self.set_run(self.run_dir, self._source, self._held_out_every)
        if finished.reason is FinishReason.CANCELLED:
            self.controls.state.setText("Cancelled")
        elif finished.reason is FinishReason.ERRORED:
            self.notice.tell_error(finished.error or SalientError(finished.message))
        elif control is self._control:
            self._show(finished.result)

    def _show(self, found: FeatureMap) -> None:
        self.map = found
        self.plot.show_points(found.points, self._colors(found))
        self.under_mouse.setText(POINT_AT_IT)
        self.about.setText(
            f"{len(found.points):,} {found.plane} slices of {len(found.paths)} files, "
            f"{found.method}. Of the slices most alike, {found.same_volume:.0%} are of the same "
            f"file; by chance {found.by_chance:.0%} would be. {WHAT_IT_IS}"
        )

    def _forget(self) -> None:
        """Show no map, and take none that is still on the way: it is of another run."""
        if self._control is not None:
            self._control.cancel()
        self._control = self.map = None
        self.plot.clear()
        self.about.setText(WHAT_IT_IS)
        self.under_mouse.clear()

    def _color(self) -> None:
        if self.map is not None:
            self.plot.set_colors(self._colors(self.map))

    def _colors(self, found: FeatureMap) -> list[QColor]:
        if self.color_by.currentText() == BY_VOLUME:
            return colors_of_kinds(found.volumes)
        return colors_of_shares(found.positions)

    def _tell_slice(self, number: int) -> None:
        if self.map is not None:
            self.under_mouse.setText(self._words(self.map, number) if number >= 0 else POINT_AT_IT)

    def _words(self, found: FeatureMap, number: int) -> str:
        path = found.paths[found.volumes[number]]
        return f"{path.name}, {found.plane} slice {found.indices[number] + 1}"

    def _open_slice(self, number: int) -> None:
        if self.map is not None:
            self.notice.forget()
            path = self.map.paths[self.map.volumes[number]]
            self.volume.show(path, self.map.plane, int(self.map.indices[number]))

    def _lay_out(self) -> None:
        for label in (self.about, self.under_mouse):
            label.setWordWrap(True)
        colors = QHBoxLayout()
        colors.addWidget(QLabel("Colour by"))
        colors.addWidget(self.color_by, 1)
        layout = QVBoxLayout(self)
        layout.addWidget(self.controls)
        layout.addLayout(colors)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self.under_mouse)
        layout.addWidget(self.about)
        layout.addWidget(self.notice)
