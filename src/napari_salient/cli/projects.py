"""``project create``, ``info`` and ``export``: the labelling project on disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_salient.cli.follow import exit_code, follow, left_out_code
from napari_salient.cli.output import pairs, show, show_written, table
from napari_salient.data.planes import Plane
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from napari_salient.engine.control import Control
    from napari_salient.engine.events import Event
    from napari_salient.project.labels import LabelSchema
    from napari_salient.project.project import Project


def create(
    images: Path,
    project: Path,
    /,
    *,
    labels: Sequence[str],
    label_files: Path | None = None,
    plane: Plane = "axial",
    name: str = "",
    seed: int = 0,
) -> int:
    """Start a labelling project on a folder of volumes.

    The images stay where they are and are never changed. Patients are dealt once to pool,
    validation and test.

    Parameters
    ----------
    images
        Folder of volumes (.nii, .nii.gz), searched with its subfolders.
    project
        Folder for the project; it must not hold one yet.
    labels
        Names of the label classes; the first gets value 1, the next 2, and so on.
    label_files
        Folder of labels that exist already, with the same file names as the volumes; their slices
        count as accepted.
    plane
        Plane in which slices are proposed and labelled.
    name
        Name of the project; that of its folder if empty.
    seed
        Seed of the split.
    """
    from napari_salient.data.discover import case_name, find_volumes
    from napari_salient.engine.control import Control
    from napari_salient.project.labels import LabelSchema
    from napari_salient.project.project import Project

    files = find_volumes(images)
    pairs_of_labels = _label_pairs(files, label_files)
    schema = LabelSchema.of(*labels)
    _check_labels(files, pairs_of_labels, schema)
    control = Control()
    job = Project.create_job(
        project, files, control, labels=schema, plane=plane, name=name, seed=seed
    )
    finished = follow(job, control, "project create")
    if exit_code(finished):
        return exit_code(finished)
    for refused in finished.result.refused:
        print(f"left out: {refused.reason}")
        pairs_of_labels.pop(case_name(refused.path), None)
    if pairs_of_labels:
        finished = follow(_import(project, pairs_of_labels, control), control, "import labels")
    info(project)
    return exit_code(finished)


def info(project: Path, /, *, json: bool = False, output: Path | None = None) -> int:
    """Say what is in a project and how far its labelling is.

    Parameters
    ----------
    project
        The project's folder; another process may have it open.
    json
        Print JSON instead of a table.
    output
        Also write the JSON to this file.
    """
    from napari_salient.project.project import Project

    with Project.open(project, read_only=True) as opened:
        result = _summary(opened)
    shown = {name: value for name, value in result.items() if name not in ("rounds", "slices")}
    shown |= {"labels": ", ".join(f"{v} {n}" for n, v in result["labels"].items())}
    shown |= {"cases": _counts(result["cases"]), "slices": _counts(result["slices"])}
    text = pairs(shown)
    if result["rounds"]:
        text += f"\n\n{_rounds_table(result['rounds'])}"
    show(result, text, as_json=json, output=output)
    return 0


def export(project: Path, /, *, output: Path | None = None, drafts: bool = False) -> int:
    """Write a project's labels as NIfTI files with the source's geometry.

    Beside each file a JSON file says for every slice who labelled it, when and how. Voxels of
    slices that are not exported get the value 255. A case whose image is gone is named and left
    out.

    Parameters
    ----------
    project
        The project's folder; another process may have it open.
    output
        Where the files go; the project's own exports folder if not given.
    drafts
        Also export slices that are edited but not yet accepted.
    """
    from napari_salient.engine.control import Control
    from napari_salient.project.project import Project
    from napari_salient.project.states import SliceState

    control = Control()
    states = [SliceState.ACCEPTED, *([SliceState.DRAFT] if drafts else [])]
    with Project.open(project, read_only=True) as opened:
        folder = output or opened.exports_dir
        job = opened.export_job(folder, control, states)
        finished = follow(job, control, "project export")
    show_written(finished.result, folder)
    return left_out_code(finished, finished.result.left_out)


def _label_pairs(files: Sequence[Path], folder: Path | None) -> dict[str, Path]:
    from napari_salient.data.discover import pair_labels

    if folder is None:
        return {}
    found = pair_labels(files, folder)
    if not found:
        raise InputError(f"No file in {folder} has the name of a volume; rename the labels.")
    return found


def _check_labels(
    files: Sequence[Path], pairs_of_labels: Mapping[str, Path], schema: LabelSchema
) -> None:
    """Refuse labels that do not fit, before there is a project."""
    from napari_salient.data.discover import case_name
    from napari_salient.data.labels import read_labels
    from napari_salient.data.volumes import read_header

    for image in files:
        if path := pairs_of_labels.get(case_name(image)):
            try:
                header = read_header(image)
            except InputError:
                continue  # the image will be left out
            schema.refuse_unknown_values(read_labels(path, header), path)


def _import(folder: Path, files: dict[str, Path], control: Control) -> Iterator[Event]:
    from napari_salient.engine.events import Finished, FinishReason, Progress
    from napari_salient.project.project import Project

    with Project.open(folder) as project:
        for done, (name, path) in enumerate(files.items(), start=1):
            if not control.proceed():
                yield Finished(FinishReason.CANCELLED, message=f"{done - 1} label files are in.")
                return
            project.import_labels(project.catalogue.case_named(name).id, path)
            yield Progress(done, len(files), "label files")
    yield Finished(FinishReason.COMPLETED)


def _summary(project: Project) -> dict[str, Any]:
    from napari_salient.project.splits import SPLITS

    states = Counter(record.state.value for record in project.journal.slice_states())
    return {
        "project": project.settings.name,
        "folder": str(project.folder),
        "plane": project.settings.plane,
        "labels": {c.name: c.value for c in project.schema.active},
        "cases": {split: project.catalogue.count(split) for split in SPLITS},
        "slices": dict(states),
        "rounds": [
            {"round": r.number, "labelled": r.labelled, "strategy": r.strategy, "run": r.run_id}
            | {"active": r.active, "metrics": r.metrics}
            for r in project.catalogue.rounds()
        ],
    }


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none labelled yet"


def _rounds_table(rounds: list[dict[str, Any]]) -> str:
    rows = [
        (r["round"], r["labelled"], r["strategy"], r["metrics"].get("dice"), "*" * r["active"])
        for r in rounds
    ]
    return table(("round", "labelled", "strategy", "dice", "active"), rows)
