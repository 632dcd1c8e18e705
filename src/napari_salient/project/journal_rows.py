"""The journal's SQL: functions on an open connection, in the caller's transaction."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from napari_salient.project.edits import (
    Box,
    Edit,
    now,
    pack_states,
    unpack_states,
    unpack_voxels,
)
from napari_salient.project.journal_schema import COLUMNS
from napari_salient.project.states import MarkChange, SliceMark, SliceRecord, SliceState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping

    from napari_salient.data.planes import Plane
    from napari_salient.project.states import SliceKey

_ALL = ", ".join(COLUMNS)
_INSERT = f"INSERT INTO edits ({_ALL}) VALUES ({', '.join('?' * len(COLUMNS))})"
_MARKS = "SELECT case_id, plane, slice, state, note, pseudo, edit FROM slice_states"


class Stacks(NamedTuple):
    """What the next undo and redo of a case take back after a row, and what lies below that row."""

    undo_top: int | None = None
    redo_top: int | None = None
    below: int | None = None


class Change(NamedTuple):
    """What a row changes: packed voxels of a box, and marks of slices."""

    box: Box | None = None
    before: bytes | None = None
    after: bytes | None = None
    states: Mapping[SliceKey, SliceMark] = MappingProxyType({})


class Author(NamedTuple):
    """Who makes an edit and what it is called."""

    annotator: str
    kind: str


def next_id(connection: sqlite3.Connection) -> int:
    """Return the id of the row to come; stable within a write transaction."""
    return (connection.execute("SELECT max(id) FROM edits").fetchone()[0] or 0) + 1


def stacks(connection: sqlite3.Connection, case_id: int) -> Stacks:
    """Return the case's undo and redo stacks after its last row."""
    row = connection.execute(
        "SELECT undo_top, redo_top FROM edits WHERE case_id = ? ORDER BY id DESC LIMIT 1",
        (case_id,),
    ).fetchone()
    return Stacks(*row) if row else Stacks()


def append(
    connection: sqlite3.Connection, case_id: int, author: Author, change: Change, *, undoable: bool
) -> int:
    """Append an ordinary edit; return its id."""
    edit_id, top = next_id(connection), stacks(connection, case_id)
    after = Stacks(edit_id, None, top.undo_top) if undoable else top._replace(below=None)
    _insert(connection, edit_id, case_id, author, change, after)
    return edit_id


def append_reversal(
    connection: sqlite3.Connection, case_id: int, author: Author, *, of_undo: bool
) -> Edit | None:
    """Append the undo of the last edit, or with `of_undo` the redo of the last undo, if any."""
    top = stacks(connection, case_id)
    target = top.redo_top if of_undo else top.undo_top
    if target is None:
        return None
    query = "SELECT below, before, after FROM edits WHERE id = ?"
    below, before, after = connection.execute(query, (target,)).fetchone()
    taken_back, edit_id = next(read(connection, "WHERE id = ?", target)), next_id(connection)
    stack = Stacks(taken_back.undoes, below) if of_undo else Stacks(below, edit_id, top.redo_top)
    marks = {key: change.old for key, change in taken_back.states.items()}
    change = Change(taken_back.box, after, before, marks)
    _insert(connection, edit_id, case_id, author, change, stack, undoes=target)
    return next(read(connection, "WHERE id = ?", edit_id))


def _insert(
    connection: sqlite3.Connection,
    edit_id: int,
    case_id: int,
    author: Author,
    change: Change,
    stack: Stacks,
    undoes: int | None = None,
) -> None:
    marked = _mark_slices(connection, edit_id, case_id, change.states)
    connection.execute(
        _INSERT,
        (
            edit_id, now().isoformat(), author.annotator, case_id, author.kind, undoes, *stack,
            *(change.box or (None,) * 6), pack_states(marked) if marked else None,
            change.before, change.after,
        ),
    )  # fmt: skip


def _mark_slices(
    connection: sqlite3.Connection,
    edit_id: int,
    case_id: int,
    marks: Mapping[SliceKey, SliceMark],
) -> dict[SliceKey, MarkChange]:
    changes = {}
    for (plane, index), mark in marks.items():
        old = slice_record(connection, case_id, plane, index).mark
        changes[plane, index] = MarkChange(old, mark)
        connection.execute(
            "INSERT OR REPLACE INTO slice_states VALUES (?, ?, ?, ?, ?, ?, ?)",
            (case_id, plane, index, mark.state, mark.note, mark.pseudo, edit_id),
        )
    return changes


def slice_record(
    connection: sqlite3.Connection, case_id: int, plane: Plane, index: int
) -> SliceRecord:
    """Return the record of one slice; unlabelled if nothing was ever said about it."""
    where = "WHERE case_id = ? AND plane = ? AND slice = ?"
    records = read_slices(connection, where, case_id, plane, index)
    return next(records, SliceRecord(case_id, plane, index))


def read_slices(connection: sqlite3.Connection, where: str, *values: Any) -> Iterator[SliceRecord]:
    """Yield the slice records that `where` selects, by case, plane and index."""
    for row in connection.execute(f"{_MARKS} {where} ORDER BY case_id, plane, slice", values):
        case_id, plane, index, state, note, pseudo, edit = row
        yield SliceRecord(case_id, plane, index, SliceState(state), note, bool(pseudo), edit)


def read_places(
    connection: sqlite3.Connection, plane: Plane, states: Iterable[SliceState]
) -> set[tuple[int, int]]:
    """Return case and index of the slices along a plane that are in one of the states."""
    wanted = [state.value for state in states]
    marks = ", ".join("?" * len(wanted))
    query = f"SELECT case_id, slice FROM slice_states WHERE plane = ? AND state IN ({marks})"
    return set(connection.execute(query, (plane, *wanted)))


def read(connection: sqlite3.Connection, where: str, *values: Any) -> Iterator[Edit]:
    """Yield the edits that `where` selects, oldest first."""
    for row in connection.execute(f"SELECT {_ALL} FROM edits {where} ORDER BY id", values):
        yield _edit(dict(zip(COLUMNS, row, strict=True)))


def _edit(row: dict[str, Any]) -> Edit:
    box = None
    if row["z0"] is not None:
        box = (row["z0"], row["z1"], row["y0"], row["y1"], row["x0"], row["x1"])
    return Edit(
        id=row["id"],
        time=datetime.fromisoformat(row["time"]),
        annotator=row["annotator"],
        case_id=row["case_id"],
        kind=row["kind"],
        box=box,
        before=unpack_voxels(row["before"], box) if box else None,
        after=unpack_voxels(row["after"], box) if box else None,
        states=unpack_states(row["states"]),
        undoes=row["undoes"],
    )
