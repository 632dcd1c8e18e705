"""The pictures of the panel "Inspect Caries", from a model trained on sample bitewings."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

CROPS, FILMS, STEPS = 400, 6, 500
EXCLUDED = (slice(70, 100), slice(100, 160))
"""Rows and columns that the reader of the picture excludes."""


def picture_inspection(folder: Path, images: Path) -> None:
    """Train on crops, read whole films with the model, and keep pictures of it."""
    from napari_salient.engine.llvm import guard_before_window

    guard_before_window()
    import napari

    images = images.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.chdir(folder):
        _train(Path("run"))
        _picture_reading(napari.Viewer(title="napari-salient"), Path("films"), images)


def _train(run_dir: Path) -> None:
    from napari_salient.caries.settings import CariesSettings
    from napari_salient.caries.training import train_job
    from napari_salient.engine.control import Control
    from napari_salient.engine.jobs import result_of
    from napari_salient.engine.settings import FitSettings
    from napari_salient.samples.bitewing_files import make_bitewings

    make_bitewings(Path("films"), FILMS, 3, films=True)
    crops = make_bitewings(Path("crops"), CROPS)
    settings = CariesSettings(fit=FitSettings(steps=STEPS))
    result_of(train_job(crops.images, crops.labels, crops.masks, run_dir, settings, Control()))


def _picture_reading(viewer: Any, films: Path, images: Path) -> None:
    from pretrain_screenshots import picture_window, wait

    from napari_salient.caries.painted import EXCLUDE
    from napari_salient.widgets.inspect_caries import InspectCaries

    viewer.window.resize(1500, 950)
    panel = InspectCaries(viewer)
    viewer.window.add_dock_widget(panel, name="Inspect Caries", area="right")
    panel.open(films / "images", Path("run"))
    wait(lambda: panel.bench and panel.bench.desk.layers.labels)
    desk = panel.bench.desk
    picture_window(viewer, images / "inspect-caries.png")
    desk.accept()
    desk.layers.labels.data[0][EXCLUDED] = EXCLUDE
    desk.layers.labels.refresh()
    wait(lambda: not desk.recorder.pending)
    desk.frame()
    picture_window(viewer, images / "inspect-caries-steered.png")
    viewer.close()
