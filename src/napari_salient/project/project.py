"""A labelling project: a folder with a catalogue, a journal of edits, labels and runs."""

from __future__ import annotations

import dataclasses
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from napari_salient.engine.control import Control
from napari_salient.engine.events import Finished
from napari_salient.errors import InputError, ProjectError
from napari_salient.project import creation, export, layout, manifest, relocation, snapshots
from napari_salient.project.catalogue import Case, Catalogue
from napari_salient.project.edits import box_slices, diff_box
from napari_salient.project.filesystem import refuse_network_share
from napari_salient.project.journal import Journal
from napari_salient.project.lock import ProjectLock
from napari_salient.project.manifest import ProjectSettings
from napari_salient.project.migrations import migrate
from napari_salient.project.relocation import Move
from napari_salient.project.splits import SplitFractions, check_no_leak
from napari_salient.project.states import IMPORTED, SliceState, slice_mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np

    from napari_salient.data.planes import Plane
    from napari_salient.data.volumes import VolumeHeader
    from napari_salient.engine.events import Event
    from napari_salient.engine.writing import Written
    from napari_salient.project.intake import Refused
    from napari_salient.project.labels import LabelSchema
    from napari_salient.project.states import Marks


class Project:
    """An open project; `create` and `open` make one, `close` or a ``with`` block ends it.

    Parameters
    ----------
    folder
        The project's folder.
    settings
        What its ``project.toml`` says.
    catalogue, journal
        Its open databases.
    held
        What to release when the project is closed.
    """

    def __init__(
        self,
        folder: Path,
        settings: ProjectSettings,
        catalogue: Catalogue,
        journal: Journal,
        held: ExitStack,
    ) -> None:
        self.folder = folder
        self.settings = settings
        self.catalogue = catalogue
        self.journal = journal
        self.read_only = journal.read_only
        self.refused: tuple[Refused, ...] = ()
        self._held = held
        self._moves: set[Move] = set()
        self._compacting = threading.Lock()

    @classmethod
    def create(
        cls,
        folder: Path,
        images: Sequence[Path],
        *,
        labels: LabelSchema,
        plane: Plane = "axial",
        name: str = "",
        fractions: SplitFractions | None = None,
        seed: int = 0,
    ) -> Self:
        """Make a project of `images` in `folder` and open it; `create_job` does it with progress.

        Images that cannot be read are left out and listed in `refused`.

        Raises
        ------
        InputError
            If no image can be read, or two have the same name.
        ProjectError
            If the folder holds a project already or cannot be written.
        """
        settings = new_settings(folder, labels, plane, name, fractions, seed)
        added: creation.Added = _result(creation.create_job(folder, images, settings, Control()))
        project = cls.open(folder)
        project.refused = added.refused
        return project

    @staticmethod
    def create_job(
        folder: Path,
        images: Sequence[Path],
        control: Control,
        *,
        labels: LabelSchema,
        plane: Plane = "axial",
        name: str = "",
        fractions: SplitFractions | None = None,
        seed: int = 0,
    ) -> Iterator[Event]:
        """Return the job that makes a project; its result is a `creation.Added`. See `create`."""
        settings = new_settings(folder, labels, plane, name, fractions, seed)
        return creation.create_job(folder, images, settings, control)

    @classmethod
    def open(cls, folder: Path, *, read_only: bool = False) -> Self:
        """Open the project in `folder`, after converting it if an older version made it.

        Raises
        ------
        ProjectError
            If it is no project, is held by another process, is damaged, is on a network share (for
            writing), or was made by a newer version.
        """
        folder = Path(folder).absolute()
        document = manifest.read_document(folder)
        with ExitStack() as held:
            if not read_only:
                refuse_network_share(folder)
                held.callback(ProjectLock(folder).release)
                layout.make_folders(folder)
                layout.remove_leftovers(folder)
            migrate(folder, document, read_only=read_only)
            settings = manifest.read_settings(folder)
            catalogue = Catalogue(folder / layout.CATALOGUE, read_only=read_only)
            held.callback(catalogue.close)
            journal = Journal(folder / layout.JOURNAL, read_only=read_only)
            held.callback(journal.close)
            return cls(folder, settings, catalogue, journal, held.pop_all())

    def close(self) -> None:
        """Close the databases and let others write; a second call does nothing."""
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def schema(self) -> LabelSchema:
        """The label classes."""
        return self.settings.schema

    @property
    def runs_dir(self) -> Path:
        """Where training runs are kept."""
        return self.folder / layout.RUNS

    @property
    def exports_dir(self) -> Path:
        """Where exports go unless another folder is named."""
        return self.folder / layout.EXPORTS

    def set_schema(self, schema: LabelSchema) -> None:
        """Change the label classes; voxels that are stored stay as they are."""
        missing = {c.value for c in self.schema.classes} - {c.value for c in schema.classes}
        if missing:
            raise InputError(
                f"Label class {min(missing)} cannot be taken out, voxels may have its value; "
                "retire it."
            )
        self._refuse_read_only()
        settings = dataclasses.replace(self.settings, schema=schema)
        manifest.write_settings(self.folder, settings)
        self.settings = settings

    def add_images(self, images: Sequence[Path]) -> creation.Added:
        """Add images as cases; `add_job` does it with progress."""
        added: creation.Added = _result(self.add_job(images, Control()))
        return added

    def add_job(self, images: Sequence[Path], control: Control) -> Iterator[Event]:
        """Return the job that adds images as cases; its result is a `creation.Added`."""
        return creation.add_job(self.folder, images, self.settings, self.catalogue, control)

    def header(self, case: Case | int) -> VolumeHeader:
        """Return the header of a case's image, which is looked for if it was moved.

        That of a radiograph is a grid of one slice.

        Raises
        ------
        InputError
            If the image is gone, or is another one now.
        """
        from napari_salient.data.radiograph_grid import read_grid
        from napari_salient.data.volumes import read_header

        case = self.catalogue.case(case) if isinstance(case, int) else case
        read = read_grid if case.kind == "radiograph" else read_header
        return read(self.image_path(case))

    def image_path(self, case: Case | int, roots: Iterable[Path] = ()) -> Path:
        """Return where a case's image is; if moved, it is found by content in `roots` or nearby.

        Raises
        ------
        InputError
            If it is in none of these places.
        """
        case = self.catalogue.case(case) if isinstance(case, int) else case
        if relocation.is_in_place(case):
            return case.path
        roots = [*roots, self.folder.parent]
        path = relocation.find_moved(case, roots, self._moves)
        if path is None:
            raise relocation.not_found(case, roots)
        self._moves.add(Move.of(case.path, path))
        if not self.read_only:
            self.catalogue.set_path(case.id, path)
        return path

    def label_file(self, case: Case) -> Path:
        """Return where the case's labels are compacted to."""
        return self.folder / layout.LABELS / f"{case.name}{snapshots.SUFFIX}"

    def label_array(self, case_id: int) -> np.ndarray:
        """Return the case's labels as the schema sees them, uint8 ``(z, y, x)``."""
        return self.schema.resolve(self._stored_labels(case_id))

    def compact(self, case_id: int) -> None:
        """Write the case's labels to ``labels/``, so that opening it need not replay all edits.

        Any thread may do this while others record edits of the same case: those that come too late
        for the file are replayed when it is read.
        """
        self._refuse_read_only()
        case = self.catalogue.case(case_id)
        with self._compacting:
            snapshots.compact(self.label_file(case), self.journal, case.id, self.header(case))

    def import_labels(self, case_id: int, path: Path) -> int:
        """Replace the case's labels by those of a file, as one undoable edit; return its row.

        All slices in the project's plane become accepted, with the note ``imported``.

        Raises
        ------
        InputError
            If the file does not fit the image or has values that no label class has.
        """
        from napari_salient.data.labels import read_labels

        header, before = self.header(case_id), self._stored_labels(case_id)
        after = read_labels(path, header)
        self.schema.refuse_unknown_values(after, path)
        box = diff_box(before, after)
        inside = box_slices(box) if box else None
        return self.journal.record(
            case_id,
            "import",
            box,
            before[inside] if inside else None,
            after[inside] if inside else None,
            self._all_slices(header, SliceState.ACCEPTED, IMPORTED),
        )

    def set_states(self, case_id: int, marks: Marks, kind: str) -> int:
        """Set the marks of slices ``{(plane, index): (state, note)}`` as one edit; return its row.

        The annotator's undo passes over changes of the queue (proposed, or unlabelled without a
        note).

        Raises
        ------
        ProjectError
            If a slice of a held-out case would be proposed.
        """
        given = [slice_mark(*mark) for mark in marks.values()]
        if any(mark.state == SliceState.PROPOSED for mark in given):
            check_no_leak(self.catalogue, [case_id], "propose")
        return self.journal.record(
            case_id, kind, states=marks, undoable=not all(mark.is_queue for mark in given)
        )

    def export(
        self, folder: Path, states: Iterable[SliceState] = (SliceState.ACCEPTED,)
    ) -> Written:
        """Write the labels of slices in `states`: a NIfTI a case, with a JSON file of provenance.

        Voxels of all other slices get the value 255 (unsure). `export_job` does it with progress.
        """
        written: Written = _result(self.export_job(folder, Control(), states))
        return written

    def export_job(
        self, folder: Path, control: Control, states: Iterable[SliceState] = (SliceState.ACCEPTED,)
    ) -> Iterator[Event]:
        """Return the job that exports; its result is an `engine.writing.Written`. See `export`."""
        return export.export_job(self, Path(folder), tuple(states), control)

    def _stored_labels(self, case_id: int) -> np.ndarray:
        case = self.catalogue.case(case_id)
        return snapshots.stored_labels(
            self.label_file(case), self.journal, case.id, self.header(case)
        )

    def _all_slices(self, header: VolumeHeader, state: SliceState, note: str) -> Marks:
        from napari_salient.data.planes import axis_of

        plane = self.settings.plane
        return {(plane, index): (state, note) for index in range(header.shape[axis_of(plane)])}

    def _refuse_read_only(self) -> None:
        if self.read_only:
            raise ProjectError(f"{self.folder} was opened read-only; open it for writing first.")


def new_settings(
    folder: Path,
    labels: LabelSchema,
    plane: Plane = "axial",
    name: str = "",
    fractions: SplitFractions | None = None,
    seed: int = 0,
) -> ProjectSettings:
    """Return the settings of a project to be made; it is called after its folder unless named."""
    return ProjectSettings(
        name=name or Path(folder).absolute().name,
        plane=plane,
        schema=labels,
        fractions=fractions or SplitFractions(),
        seed=seed,
    )


def _result(job: Iterator[Event]) -> Any:
    *_, last = job
    assert isinstance(last, Finished)
    if last.error is not None:
        raise last.error
    return last.result
