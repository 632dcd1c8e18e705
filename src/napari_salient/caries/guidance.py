"""Regions that readers painted, as files from which the next model learns."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

import numpy as np

from napari_salient.caries.painted import SCHEMA
from napari_salient.caries.training import REGIONS
from napari_salient.data.region_files import read_regions, write_regions
from napari_salient.data.region_masks import polygons_of
from napari_salient.data.regions import KINDS, ImageKey, ImageRegions, Region
from napari_salient.engine.jobs import job
from napari_salient.engine.writing import write_each
from napari_salient.errors import ProjectError
from napari_salient.project.edits import box_slices
from napari_salient.project.states import SliceState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_salient.data.regions import Kind
    from napari_salient.engine.control import Control
    from napari_salient.engine.events import Event
    from napari_salient.project.catalogue import Case
    from napari_salient.project.project import Project

NAMESPACE = UUID("0f4bd8a5-3d5e-5c6c-8d7e-5a4c1d2e9b60")


@job
def save_regions_job(
    project: Project, folder: Path, model: str | None, control: Control
) -> Iterator[Event]:
    """Write what is painted on each radiograph to a file called like it.

    Regions of other readers that a file holds already stay in it.

    Parameters
    ----------
    model
        Hash of the model on screen.

    Yields
    ------
    Event
        What `engine.writing.write_each` yields.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ProjectError(
            f"{folder} cannot be made ({error.strerror}); choose another folder for the regions."
        ) from error
    touched = dict.fromkeys(record.case_id for record in project.journal.slice_states())
    cases = [project.catalogue.case(case_id) for case_id in touched]
    attempts = [(case.name, partial(_save, project, case, folder, model)) for case in cases]
    yield from write_each(attempts, "radiographs saved", control)


def regions_of(project: Project, case: Case, model: str | None) -> ImageRegions:
    """Return what is painted on a radiograph, by reader and kind, as the journal knows it."""
    image = ImageKey(case.content_hash, *case.shape[1:])
    labels = project.label_array(case.id)
    readers, drawn_by, times = _readers(project, case.id, labels)
    regions = [
        _region(image, kind, reader, times[reader], model, mask)
        for value, kind in ((label.value, label.name) for label in SCHEMA.classes)
        for number, reader in enumerate(readers)
        if (mask := (labels[0] == value) & (drawn_by[0] == number)).any()
    ]
    whole = _whole(project, case.id, image, model)
    if whole is not None:
        regions = [region for region in regions if region.id != whole.id] + [whole]
    return ImageRegions(image, tuple(regions))


def _save(project: Project, case: Case, folder: Path, model: str | None) -> Path:
    drawn = regions_of(project, case, model)
    path = folder / f"{project.image_path(case).stem}{REGIONS}"
    if path.exists():
        readers = _readers(project, case.id, project.label_array(case.id))[0]
        ours = {_id(drawn.image, kind, reader) for kind in KINDS for reader in readers}
        others = read_regions(path, drawn.image).regions
        kept = tuple(region for region in others if region.id not in ours)
        drawn = replace(drawn, regions=(*drawn.regions, *kept))
    try:
        write_regions(path, drawn)
    except OSError as error:
        raise ProjectError(f"{path} cannot be written ({error.strerror}).") from error
    return path


def _readers(
    project: Project, case_id: int, labels: NDArray[np.uint8]
) -> tuple[list[str], NDArray[np.int_], dict[str, datetime]]:
    """Return who edited a case, whose each pixel is by number, and when each edited it last."""
    readers: list[str] = []
    times: dict[str, datetime] = {}
    drawn_by = np.zeros(labels.shape, np.int_)
    for edit in project.journal.edits(case_id):
        if edit.annotator not in readers:
            readers.append(edit.annotator)
        times[edit.annotator] = edit.time.replace(microsecond=0)
        if edit.box is not None:
            changed = edit.before != edit.after
            drawn_by[box_slices(edit.box)][changed] = readers.index(edit.annotator)
    return readers, drawn_by, times


def _whole(project: Project, case_id: int, image: ImageKey, model: str | None) -> Region | None:
    """Return the region of a radiograph that somebody examined from edge to edge."""
    record = project.journal.slice_state(case_id, "axial", 0)
    if record.state is not SliceState.ACCEPTED:
        return None
    reader, time, _ = project.journal.authors(case_id)[record.edit]
    when = datetime.fromisoformat(time).replace(microsecond=0)
    return Region(
        "examined",
        (image.whole,),
        author=reader,
        time=when,
        model=model,
        id=_id(image, "examined", reader),
    )


def _region(
    image: ImageKey,
    kind: str,
    reader: str,
    time: datetime,
    model: str | None,
    mask: NDArray[np.bool_],
) -> Region:
    known: Kind = next(name for name in KINDS if name == kind)
    polygons = polygons_of(mask)
    named = _id(image, known, reader)
    return Region(known, polygons, author=reader, time=time, model=model, id=named)


def _id(image: ImageKey, kind: Kind, reader: str) -> str:
    """Return the same id whenever the regions of a reader are saved: the last ones count."""
    return str(uuid5(NAMESPACE, f"{image.sha256}/{kind}/{reader}"))
