"""Makes the pictures of the documentation from the running program, the sample session."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from caries_screenshots import picture_inspection
from pretrain_screenshots import picture_pretraining

if TYPE_CHECKING:
    from napari_salient.active_learning.session import LabellingSession

IMAGES = Path(__file__).parent / "images"
PICTURES = {
    "4-labelling.png": "label-volumes.png",
    "6-uncertainty.png": "label-volumes-uncertainty.png",
    "7-model.png": "label-volumes-model.png",
    "9-interpolated.png": "label-volumes-interpolated.png",
    "10-click.png": "prompts-click.png",
    "repairs.png": "prompts-repairs.png",
}


STOP_ADVICE = "stop-advice.png"
ROUNDS = 5
"""Rounds after which the stop advice has a learning curve to look at."""


def main() -> None:
    """Keep pictures of all panels, then work on the sample session without a window."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        project, pictures = Path(folder, "project"), Path(folder, "pictures")
        command = [sys.executable, "-m", "napari_salient", "demo", str(project)]
        subprocess.run([*command, "--screenshots", str(pictures)], check=True)
        for source, target in PICTURES.items():
            shutil.copy(pictures / source, IMAGES / target)
        picture_pretraining(project / "images", IMAGES)
        picture_inspection(Path(folder, "bitewings"), IMAGES)
        picture_stop_advice(project, IMAGES / STOP_ADVICE)


def picture_stop_advice(folder: Path, target: Path) -> None:
    """Let the oracle label batches of the sample project, and picture what the panel says of it."""
    from napari.qt import get_stylesheet
    from qtpy.QtWidgets import QApplication

    from napari_salient.active_learning.session import LabellingSession
    from napari_salient.project.project import Project
    from napari_salient.widgets.demo.project import sample_settings
    from napari_salient.widgets.label_volumes.stop_part import StopPart

    application = QApplication.instance() or QApplication([])
    with Project.open(folder / "project") as project:
        session = LabellingSession(project, sample_settings())
        work_on(session, folder / "labels")
        part = StopPart(session)
        part.setStyleSheet(get_stylesheet("dark"))
        part.setFixedWidth(380)
        part.show_advice()
        part.show()
        application.processEvents()
        part.grab().save(str(target))


def work_on(session: LabellingSession, truth: Path) -> None:
    """Label a batch and train on it until there are enough rounds."""
    from napari_salient.active_learning.modelling import KIND
    from napari_salient.engine.run import Run
    from napari_salient.widgets.demo.oracle import Oracle

    oracle = Oracle(truth)
    while len(session.curve()) < ROUNDS:
        if not session.queue:
            session.propose()
        oracle.label_first(session, session.settings.batch)
        run = Run.create(session.project.runs_dir, KIND, session.settings)
        *_, finished = run.record(session.round_job(run))
        session.adopt(finished.result)


if __name__ == "__main__":
    main()
