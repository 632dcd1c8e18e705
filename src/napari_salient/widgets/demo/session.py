"""The sample session in the window: for a person, or by itself."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from napari_salient.widgets.demo.oracle import Oracle
from napari_salient.widgets.demo.project import BATCH, sample_project_job, sample_settings
from napari_salient.widgets.launch import docked_panel

if TYPE_CHECKING:
    from pathlib import Path

    from napari_salient.widgets.label_volumes import LabelVolumes

UNATTENDED = "NAPARI_SALIENT_UNATTENDED"
"""Environment variable: set, the session labels by itself and ends."""


def run(folder: Path, pictures: Path | None) -> int:
    """Open the sample session and stay until its window is closed.

    Parameters
    ----------
    folder
        Where volumes and project go, or are from the last time.
    pictures
        Let the oracle label through the window's keys, then leave pictures and a summary here.

    Returns
    -------
    int
        0, or 1 when the session by itself did not reach its end.
    """
    import napari

    viewer, panel = docked_panel()
    oracle = Oracle(folder / "labels")
    panel.follow_set_up(
        lambda control: sample_project_job(folder, control),
        lambda project: panel.open_project(project, sample_settings()),
    )
    if pictures is None and not os.environ.get(UNATTENDED):
        panel.opened.connect(lambda: first_round(panel, oracle))
        napari.run()
        return 0
    return _unattended(viewer, panel, oracle, pictures or folder / "pictures")


def first_round(panel: LabelVolumes, oracle: Oracle) -> None:
    """Label a first batch and train on it, if the project is new."""
    bench = panel.bench
    if bench is None or bench.session.progress().accepted:
        return
    oracle.label_first(bench.session, BATCH)
    bench.desk.begin()
    bench.trainer.start()


def _unattended(viewer: Any, panel: LabelVolumes, oracle: Oracle, pictures: Path) -> int:
    import napari

    from napari_salient.widgets.demo.unattended import Script

    script = Script(viewer, panel, oracle, pictures)
    script.start()
    napari.run()
    if script.failure is not None:
        print(f"The sample session did not reach its end: {script.failure}", file=sys.stderr)
        return 1
    return 0
