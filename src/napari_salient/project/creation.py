"""Making a project of images, and adding images to it, as jobs."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_salient.engine.events import Event, Finished, FinishReason, Started
from napari_salient.engine.jobs import job
from napari_salient.errors import ProjectError
from napari_salient.project import layout
from napari_salient.project.catalogue import Catalogue
from napari_salient.project.filesystem import refuse_network_share
from napari_salient.project.intake import Intake, Refused, read_images
from napari_salient.project.journal import Journal
from napari_salient.project.manifest import ProjectSettings, write_settings
from napari_salient.project.splits import draw_split, draw_splits, hash_patient

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from napari_salient.engine.control import Control


@dataclass(frozen=True)
class Added:
    """What a job added to the project in `folder`, and which images it had to leave out."""

    folder: Path
    cases: int
    refused: tuple[Refused, ...]

    @property
    def sentence(self) -> str:
        """The outcome in words."""
        left_out = f"; {len(self.refused)} images were left out" if self.refused else ""
        return f"{self.cases} cases in {self.folder}{left_out}."


def create_job(
    folder: Path, images: Sequence[Path], settings: ProjectSettings, control: Control
) -> Iterator[Event]:
    """Make a project in `folder`, new or with none of a project's files in it.

    Nothing is written before every image is read, so a job that ends early leaves no half project.
    Images that cannot be read are left out and listed in the result.

    Yields
    ------
    Event
        `Started`, a `Progress` an image, `Finished` whose result is an `Added`.
    """
    yield from _as_job(_create(Path(folder), images, settings, control), len(images))


def add_job(
    folder: Path,
    images: Sequence[Path],
    settings: ProjectSettings,
    catalogue: Catalogue,
    control: Control,
) -> Iterator[Event]:
    """Add images to an open project: known patients keep their split, new ones are dealt one.

    Yields
    ------
    Event
        `Started`, a `Progress` an image, `Finished` whose result is an `Added`.
    """
    yield from _as_job(_add(folder, images, settings, catalogue, control), len(images))


@job
def _as_job(work: Generator[Event, None, Added | None], total: int) -> Iterator[Event]:
    yield Started(total)
    added = yield from work
    if added is None:
        yield Finished(FinishReason.CANCELLED, message="Nothing was changed.")
    else:
        yield Finished(FinishReason.COMPLETED, total, added.sentence, added)


def _create(
    folder: Path, images: Sequence[Path], settings: ProjectSettings, control: Control
) -> Generator[Event, None, Added | None]:
    _refuse_occupied(folder)
    refuse_network_share(folder)
    intake = yield from read_images(images, control, known={})
    if intake is None:
        return None
    try:
        _write_project(folder, intake, settings)
    except OSError as error:
        raise ProjectError(
            f"{folder} cannot be written ({error.strerror}); choose another folder."
        ) from error
    return Added(folder, len(intake.images), intake.refused)


def _add(
    folder: Path,
    images: Sequence[Path],
    settings: ProjectSettings,
    catalogue: Catalogue,
    control: Control,
) -> Generator[Event, None, Added | None]:
    intake = yield from read_images(images, control, catalogue.contents())
    if intake is None:
        return None
    known = catalogue.patient_splits()
    catalogue.add_cases(
        image.as_case(
            known.get(hash_patient(image.patient, settings.salt))
            or draw_split(image.patient, settings.fractions, settings.seed),
            settings.salt,
        )
        for image in intake.images
    )
    return Added(folder, len(intake.images), intake.refused)


def _refuse_occupied(folder: Path) -> None:
    taken = [name for name in layout.ALL if (folder / name).exists()]
    if taken:
        raise ProjectError(
            f"{folder} already holds {', '.join(taken)}; open it, or choose another folder for a "
            "new project."
        )


def _write_project(folder: Path, intake: Intake, settings: ProjectSettings) -> None:
    was_there = folder.exists()
    try:
        layout.make_folders(folder)
        Journal.create(folder / layout.JOURNAL).close()
        catalogue = Catalogue.create(folder / layout.CATALOGUE)
        try:
            patients = (image.patient for image in intake.images)
            splits = draw_splits(patients, settings.fractions, settings.seed)
            catalogue.add_cases(
                image.as_case(splits[image.patient], settings.salt) for image in intake.images
            )
        finally:
            catalogue.close()
        write_settings(folder, settings)
    except BaseException:
        _remove_started(folder, was_there)
        raise


def _remove_started(folder: Path, was_there: bool) -> None:
    for name in layout.FOLDERS:
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in (layout.JOURNAL, layout.CATALOGUE, layout.SETTINGS):
        for suffix in ("", "-wal", "-shm"):
            (folder / f"{name}{suffix}").unlink(missing_ok=True)
    if not was_there and folder.exists():
        folder.rmdir()
