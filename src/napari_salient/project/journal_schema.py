"""The tables of ``journal.db``.

Undo and redo need no list in memory. Each row carries, for its case, what the next undo and the
next redo would take back *after* it (`undo_top`, `redo_top`) and what lies below it on the stack it
was put on (`below`). The last row of a case therefore holds both stacks, as linked lists through
the rows, and no row is ever changed.
"""

from __future__ import annotations

FORMAT = 2
"""Version of the layout, kept in the file's ``user_version``."""

COLUMNS = (
    "id", "time", "annotator", "case_id", "kind", "undoes", "undo_top", "redo_top", "below",
    "z0", "z1", "y0", "y1", "x0", "x1", "states", "before", "after",
)  # fmt: skip
"""Columns of `edits`; voxels come last, so that reading the others skips their pages."""

TABLES = """
CREATE TABLE edits (
    id INTEGER PRIMARY KEY,
    time TEXT NOT NULL,
    annotator TEXT NOT NULL,
    case_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    undoes INTEGER REFERENCES edits (id),
    undo_top INTEGER,
    redo_top INTEGER,
    below INTEGER,
    z0 INTEGER, z1 INTEGER, y0 INTEGER, y1 INTEGER, x0 INTEGER, x1 INTEGER,
    states TEXT,
    before BLOB,
    after BLOB
);
CREATE INDEX edits_by_case ON edits (case_id, id);
CREATE TABLE slice_states (
    case_id INTEGER NOT NULL,
    plane TEXT NOT NULL,
    slice INTEGER NOT NULL,
    state TEXT NOT NULL,
    note TEXT NOT NULL,
    pseudo INTEGER NOT NULL,
    edit INTEGER NOT NULL REFERENCES edits (id),
    PRIMARY KEY (case_id, plane, slice)
) WITHOUT ROWID;
CREATE INDEX slice_states_by_state ON slice_states (state, case_id);
CREATE TABLE snapshots (
    case_id INTEGER NOT NULL,
    content TEXT NOT NULL,
    edit INTEGER NOT NULL REFERENCES edits (id),
    PRIMARY KEY (case_id, content)
) WITHOUT ROWID;
"""
