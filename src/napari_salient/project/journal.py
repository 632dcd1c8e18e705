"""The journal of all edits: autosave, undo across restarts and audit trail in one table."""

from __future__ import annotations

import contextlib
import getpass
import threading
from contextlib import closing
from typing import TYPE_CHECKING

from napari_salient.errors import ProjectError
from napari_salient.project import journal_rows, journal_schema, sqlite
from napari_salient.project.edits import Box, Edit, diff_box, pack_voxels
from napari_salient.project.journal_rows import Author, Change
from napari_salient.project.states import SliceRecord, SliceState, slice_mark

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np

    from napari_salient.data.planes import Plane
    from napari_salient.project.states import Marks


class Journal:
    """The edits of a project, one SQLite row each, in ``journal.db``.

    Writing and short look-ups share one connection behind a lock; long reads (`edits`, `replay`,
    `slice_states`) have their own, so that a scan in a worker never holds up a stroke. Every method
    may be called from any thread.

    Parameters
    ----------
    path
        The database, which must exist (see `create`).
    annotator
        Who makes the edits; the login name by default.
    read_only
        Refuse to write.

    Raises
    ------
    ProjectError
        If the file is missing, damaged or of another format.
    """

    diff_box = staticmethod(diff_box)

    def __init__(
        self, path: Path, *, annotator: str | None = None, read_only: bool = False
    ) -> None:
        self.path = path
        self.annotator = annotator or login_name()
        self.read_only = read_only
        self._lock = threading.RLock()
        with sqlite.failures_as_sentences(path):
            self._connection = sqlite.connect(path, read_only=read_only)
        try:
            self._check_format()
        except BaseException:
            self._connection.close()
            raise

    @classmethod
    def create(cls, path: Path, *, annotator: str | None = None) -> Journal:
        """Make an empty journal at `path`, which must not exist, and open it."""
        script = f"{journal_schema.TABLES} PRAGMA user_version={journal_schema.FORMAT};"
        with (
            sqlite.failures_as_sentences(path),
            closing(sqlite.connect(path, create=True)) as connection,
        ):
            connection.executescript(f"BEGIN; {script} COMMIT;")
        return cls(path, annotator=annotator)

    def close(self) -> None:
        """Close the file; everything recorded is on disk already."""
        with self._lock:
            self._connection.close()

    def record(
        self,
        case_id: int,
        kind: str,
        box: Box | None = None,
        before: np.ndarray | None = None,
        after: np.ndarray | None = None,
        states: Marks | None = None,
        *,
        undoable: bool = True,
    ) -> int:
        """Append an edit and return its id once it is on disk.

        Parameters
        ----------
        case_id, kind
            The case, and what was done in a word: ``stroke``, ``accept``, ``prediction``, …
        box, before, after
            Where voxels changed and the uint8 voxels of that box before and after; all three or
            none.
        states
            The new marks of slices, ``{(plane, index): (state, note)}``.
        undoable
            Whether the annotator's undo takes this edit back. Only an edit of marks alone may be
            exempt.

        Raises
        ------
        ProjectError
            If the row could not be written; nothing of it is then in the journal.
        """
        if box is not None and not undoable:
            raise ValueError("an edit of voxels can always be undone")
        change = _change(box, before, after, states)
        author = Author(self.annotator, kind)
        with self._writing() as connection:
            return journal_rows.append(connection, case_id, author, change, undoable=undoable)

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Write all rows of a block in one commit, which waits for the disk once; all or none."""
        with self._writing():
            yield

    def undo(self, case_id: int) -> Edit | None:
        """Take back the case's last edit that still stands; return the new row, to be applied.

        The row's voxels are those of the undone edit, before and after exchanged; `None` if nothing
        is left.
        """
        return self._reverse(case_id, "undo", of_undo=False)

    def redo(self, case_id: int) -> Edit | None:
        """Take back the last undo, unless an edit came after it; return the new row or `None`."""
        return self._reverse(case_id, "redo", of_undo=True)

    def last_edit(self, case_id: int) -> int:
        """Return the id of the case's newest row, 0 if it has none."""
        query = "SELECT max(id) FROM edits WHERE case_id = ?"
        with self._looking() as connection:
            return connection.execute(query, (case_id,)).fetchone()[0] or 0

    def replay(self, case_id: int, labels: np.ndarray, since: int = 0) -> None:
        """Apply the case's rows after row `since` to its labels ``(z, y, x)``, in place.

        Rows hold voxels, not differences: replaying rows that the labels have already changes
        nothing.
        """
        where = "WHERE case_id = ? AND id > ? AND z0 IS NOT NULL"
        with self._scanning() as connection:
            for edit in journal_rows.read(connection, where, case_id, since):
                edit.apply(labels)

    def edits(self, case_id: int | None = None, since: int = 0) -> Iterator[Edit]:
        """Yield the rows after row `since`, oldest first, of one case or of all."""
        where, values = ("", ()) if case_id is None else (" AND case_id = ?", (case_id,))
        with self._scanning() as connection:
            yield from journal_rows.read(connection, f"WHERE id > ?{where}", since, *values)

    def authors(self, case_id: int) -> dict[int, tuple[str, str, str]]:
        """Return annotator, time (ISO, UTC) and kind of each row of a case, by row id."""
        query = "SELECT id, annotator, time, kind FROM edits WHERE case_id = ?"
        with self._scanning() as connection:
            return {row[0]: row[1:] for row in connection.execute(query, (case_id,))}

    def slice_state(self, case_id: int, plane: Plane, index: int) -> SliceRecord:
        """Return the record of one slice; unlabelled if nothing was ever said about it."""
        with self._looking() as connection:
            return journal_rows.slice_record(connection, case_id, plane, index)

    def slice_states(
        self, case_id: int | None = None, state: SliceState | None = None
    ) -> Iterator[SliceRecord]:
        """Yield the records of slices that have one, by case, plane and index."""
        wanted = {"case_id": case_id, "state": state}
        given = {column: value for column, value in wanted.items() if value is not None}
        where = " AND ".join(f"{column} = ?" for column in given) or "TRUE"
        with self._scanning() as connection:
            yield from journal_rows.read_slices(connection, f"WHERE {where}", *given.values())

    def places(self, plane: Plane, *states: SliceState) -> set[tuple[int, int]]:
        """Return case and index of the slices along a plane that are in one of the states."""
        with self._scanning() as connection:
            return journal_rows.read_places(connection, plane, states)

    def note_snapshot(self, case_id: int, content: str, edit: int) -> None:
        """Remember that labels with the hash `content` hold the case's rows up to `edit`."""
        values = (case_id, content, edit)
        with self._writing() as connection:
            connection.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?)", values)

    def snapshot_edit(self, case_id: int, content: str) -> int | None:
        """Return the row up to which labels with this hash hold; `None` for labels not ours."""
        query = "SELECT edit FROM snapshots WHERE case_id = ? AND content = ?"
        with self._looking() as connection:
            row = connection.execute(query, (case_id, content)).fetchone()
        return row[0] if row else None

    def tail(self, case_id: int) -> int:
        """Return how many edits of voxels the case has that its newest snapshot does not hold."""
        query = (
            "SELECT count(*) FROM edits WHERE case_id = :case AND z0 IS NOT NULL AND id > "
            "(SELECT coalesce(max(edit), 0) FROM snapshots WHERE case_id = :case)"
        )
        with self._looking() as connection:
            return int(connection.execute(query, {"case": case_id}).fetchone()[0])

    def check(self) -> None:
        """Read the whole file; raise `ProjectError` if any page of it is damaged."""
        with self._scanning() as connection:
            words = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if words != "ok":
            raise ProjectError(
                f"{self.path} is damaged ({words}); put it back from a backup: labels/ holds what "
                "was compacted last."
            )

    def _check_format(self) -> None:
        with self._looking() as connection:
            found = connection.execute("PRAGMA user_version").fetchone()[0]
            connection.execute("SELECT max(id) FROM edits")
        if found != journal_schema.FORMAT:
            raise ProjectError(
                f"{self.path} has format {found}, this version reads {journal_schema.FORMAT}; "
                "open its project with the version that made it."
            )

    def _reverse(self, case_id: int, kind: str, *, of_undo: bool) -> Edit | None:
        author = Author(self.annotator, kind)
        with self._writing() as connection:
            return journal_rows.append_reversal(connection, case_id, author, of_undo=of_undo)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        if self.read_only:
            raise ProjectError(
                f"{self.path.parent} was opened read-only; open it for writing first."
            )
        with self._looking() as connection, sqlite.transaction(connection):
            yield connection

    @contextlib.contextmanager
    def _looking(self) -> Iterator[sqlite3.Connection]:
        with self._lock, sqlite.failures_as_sentences(self.path):
            yield self._connection

    @contextlib.contextmanager
    def _scanning(self) -> Iterator[sqlite3.Connection]:
        with (
            sqlite.failures_as_sentences(self.path),
            closing(sqlite.connect(self.path, read_only=True)) as connection,
        ):
            yield connection


def login_name() -> str:
    """Return the name the annotator is logged in under, ``unknown`` where the system has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def _change(
    box: Box | None, before: np.ndarray | None, after: np.ndarray | None, states: Marks | None
) -> Change:
    marks = {key: slice_mark(*mark) for key, mark in (states or {}).items()}
    if box is None or before is None or after is None:
        if not (box is None and before is None and after is None):
            raise ValueError("box, before and after come together or not at all")
        return Change(states=marks)
    return Change(box, pack_voxels(before, box), pack_voxels(after, box), marks)
