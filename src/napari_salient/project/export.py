"""Labels leaving the project: NIfTI, and JSON that says how each slice came about."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_salient import __version__
from napari_salient.data.label_values import UNSURE
from napari_salient.data.planes import slice_of
from napari_salient.engine.atomic import write_atomically
from napari_salient.engine.jobs import job
from napari_salient.engine.writing import write_each
from napari_salient.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_salient.engine.control import Control
    from napari_salient.engine.events import Event
    from napari_salient.project.catalogue import Case
    from napari_salient.project.project import Project
    from napari_salient.project.states import SliceRecord, SliceState

NOTICE = "Research use only."


@job
def export_job(
    project: Project, folder: Path, states: tuple[SliceState, ...], control: Control
) -> Iterator[Event]:
    """Write each case that has a slice in `states`.

    Yields
    ------
    Event
        What `engine.writing.write_each` yields; the files of its result are the NIfTI files.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ProjectError(
            f"{folder} cannot be made ({error.strerror}); choose another folder to export to."
        ) from error
    cases = []
    for case_id, records in _by_case(project, states).items():
        case = project.catalogue.case(case_id)
        cases.append((case.name, partial(_export_case, project, case, records, folder)))
    yield from write_each(cases, "volumes exported", control)


def _by_case(project: Project, states: tuple[SliceState, ...]) -> dict[int, list[SliceRecord]]:
    cases: dict[int, list[SliceRecord]] = {}
    for record in project.journal.slice_states():
        if record.state in states:
            cases.setdefault(record.case_id, []).append(record)
    return cases


def _export_case(project: Project, case: Case, records: list[SliceRecord], folder: Path) -> Path:
    from napari_salient.data.labels import write_labels

    labels = project.label_array(case.id)
    target = folder / f"{case.name}.nii.gz"
    write_labels(target, only_slices(labels, records), project.header(case))
    provenance = json.dumps(_provenance(project, case, records), indent=2) + "\n"
    write_atomically(folder / f"{case.name}.json", provenance.encode())
    return target


def only_slices(labels: np.ndarray, records: list[SliceRecord]) -> np.ndarray:
    """Return labels ``(z, y, x)`` with 255 (unsure) wherever no slice of `records` lies."""
    exported = np.full_like(labels, UNSURE)
    for record in records:
        source = slice_of(labels, record.plane, record.index)
        slice_of(exported, record.plane, record.index)[...] = source
    return exported


def _provenance(project: Project, case: Case, records: list[SliceRecord]) -> dict[str, Any]:
    rows = project.journal.authors(case.id)
    return {
        "notice": NOTICE,
        "program": f"napari-salient {__version__}",
        "project": project.settings.name,
        "case": case.name,
        "image": {"content_hash": case.content_hash, "file": case.path.name},
        "split": case.split,
        "labels": {c.name: c.value for c in project.schema.active},
        "value_of_other_slices": UNSURE,
        "slices": [_slice_entry(record, rows) for record in records],
    }


def _slice_entry(record: SliceRecord, rows: dict[int, tuple[str, str, str]]) -> dict[str, Any]:
    annotator, time, kind = rows[record.edit]
    return {
        "plane": record.plane,
        "index": record.index,
        "state": record.state,
        "note": record.note,
        "pseudo_label": record.pseudo,
        "annotator": annotator,
        "time": time,
        "edit": {"id": record.edit, "kind": kind},
    }
