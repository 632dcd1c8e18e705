"""Opening a folder of radiographs, or a project of them, to be read with a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_salient.caries.examination import Examiner
from napari_salient.caries.painted import SCHEMA
from napari_salient.caries.session import ReadingSession
from napari_salient.data.discover import case_name
from napari_salient.data.radiographs import find_radiographs
from napari_salient.engine.events import Event, Finished, FinishReason, Warned
from napari_salient.engine.jobs import Cancelled, job, outcome
from napari_salient.errors import InputError
from napari_salient.project.layout import is_project
from napari_salient.project.project import Project
from napari_salient.project.splits import SplitFractions

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from napari_salient.engine.control import Control
    from napari_salient.project.creation import Added

NONE_HELD_OUT = SplitFractions(1.0, 0.0, 0.0)
"""What is held out from training the list of labels says."""


@job
def open_job(folder: Path, model: Path | None, control: Control) -> Iterator[Event]:
    """Open a project, or the one beside a folder of radiographs, which is made if need be.

    Radiographs that are new in the folder become cases of its project.

    Parameters
    ----------
    model
        Run or checkpoint of a caries model; `None` to mark regions without one.

    Yields
    ------
    Progress
        After each new radiograph.
    Warned
        For each that is left out.
    Finished
        Its result is a `ReadingSession`; who closes that project is whoever gets it.
    """
    examiner = Examiner(model) if model else None
    target = folder if is_project(folder) else folder.absolute().parent / f"{folder.name}-project"
    existing = is_project(target)
    try:
        if not existing:
            yield from _make(target, folder, control)
        project = Project.open(target)
        try:
            if existing and target != folder:
                yield from _add_new(project, folder, control)
            session = ReadingSession(project, examiner)
        except BaseException:
            project.close()
            raise
    except Cancelled:
        yield Finished(FinishReason.CANCELLED, message="Nothing was opened.")
        return
    yield Finished(FinishReason.COMPLETED, result=session)


def _make(target: Path, folder: Path, control: Control) -> Generator[Event, None, None]:
    images = find_radiographs(folder)
    making = Project.create_job(target, images, control, labels=SCHEMA, fractions=NONE_HELD_OUT)
    added: Added = yield from outcome(making)
    yield from (Warned(refused.reason) for refused in added.refused)


def _add_new(project: Project, folder: Path, control: Control) -> Generator[Event, None, None]:
    known = {case.name for case in project.catalogue.cases()}
    new = [path for path in find_radiographs(folder) if case_name(path) not in known]
    if not new:
        return
    try:
        added: Added = yield from outcome(project.add_job(new, control))
    except InputError as error:
        yield Warned(str(error))
    else:
        yield from (Warned(refused.reason) for refused in added.refused)
