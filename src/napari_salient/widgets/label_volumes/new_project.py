"""Making a project from what the set-up page was told, as a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_salient.engine.events import Event, Finished, FinishReason, Progress, Warned
from napari_salient.engine.jobs import job
from napari_salient.errors import InputError, SalientError
from napari_salient.project.project import Project
from napari_salient.project.splits import SplitFractions

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from napari_salient.data.planes import Plane
    from napari_salient.engine.control import Control
    from napari_salient.project.labels import LabelSchema


@dataclass(frozen=True)
class NewProject:
    """What a project is made of.

    Parameters
    ----------
    images
        Folders of volumes, or volumes.
    folder
        Where the project goes.
    schema, plane
        Label classes and slicing plane.
    labels
        Folder of existing labels, with the names of their images.
    held_out
        Share of the patients in the validation split, and as much again in the test split.
    only_held_out
        Whether existing labels are taken for held-out cases alone.
    """

    images: tuple[Path, ...]
    folder: Path
    schema: LabelSchema
    plane: Plane = "axial"
    labels: Path | None = None
    held_out: float = 0.1
    only_held_out: bool = False

    def check(self) -> None:
        """Raise `InputError` for what can be seen to be wrong without reading a volume."""
        missing = [path for path in self.images if not path.exists()]
        if not self.images:
            raise InputError("Choose a folder of volumes first.")
        if missing:
            raise InputError(f"There is no folder {missing[0]}; check its name.")
        if not self.schema.active:
            raise InputError("Add at least one label class: what shall be labelled?")
        if self.labels is not None and not self.labels.is_dir():
            raise InputError(f"There is no folder {self.labels}; check its name.")
        if (self.folder / "project.toml").exists():
            raise InputError(f"{self.folder} holds a project already; open it, or choose another.")


@job
def new_project_job(wanted: NewProject, control: Control) -> Iterator[Event]:
    """Make the project and import the labels that are there.

    Yields
    ------
    Event
        Progress over images and labels; `Warned` for each file that was left out; `Finished` with
        the project's folder as its result.
    """
    done = yield from _make(wanted, control)
    if done:
        yield Finished(FinishReason.COMPLETED, result=wanted.folder)
    else:
        yield Finished(FinishReason.CANCELLED, message="The project was not made.")


def _make(wanted: NewProject, control: Control) -> Generator[Event, None, bool]:
    wanted.check()
    images = volumes_in(wanted.images)
    share = wanted.held_out
    job = Project.create_job(
        wanted.folder,
        images,
        control,
        labels=wanted.schema,
        plane=wanted.plane,
        fractions=SplitFractions(1 - 2 * share, share, share),
    )
    for event in job:
        if not isinstance(event, Finished):
            yield event
        elif event.error is not None:
            raise event.error
        elif event.reason is FinishReason.CANCELLED:
            return False
        else:
            yield from (Warned(refused.reason) for refused in event.result.refused)
    if wanted.labels is not None:
        yield from _import(wanted, control)
    return True


def volumes_in(paths: tuple[Path, ...]) -> list[Path]:
    """Return the volumes among files and in folders.

    Raises
    ------
    InputError
        If there are none.
    """
    from napari_salient.data.discover import find_volumes

    found = [v for path in paths for v in (find_volumes(path) if path.is_dir() else [path])]
    if not found:
        raise InputError(
            f"There are no volumes (.nii, .nii.gz) in {paths[0]}; choose another folder."
        )
    return found


def _import(wanted: NewProject, control: Control) -> Generator[Event, None, None]:
    from napari_salient.data.discover import pair_labels

    assert wanted.labels is not None
    with Project.open(wanted.folder) as project:
        cases = {case.name: case for case in project.catalogue.cases()}
        if wanted.only_held_out:
            cases = {name: case for name, case in cases.items() if case.split != "pool"}
        pairs = pair_labels([case.path for case in cases.values()], wanted.labels)
        pairs = {name: path for name, path in pairs.items() if name in cases}
        for done, (name, path) in enumerate(pairs.items(), start=1):
            if not control.proceed():
                return
            try:
                project.import_labels(cases[name].id, path)
            except SalientError as error:
                yield Warned(str(error))
            yield Progress(done, len(pairs), "labels imported")
