"""From project format 1 to 2.

Format 2 adds kinds, channels and file sizes of cases, measurements, an active round, pseudo-label
marks, and undo and redo stacks in the journal's rows; it packs the scores of a case into one
row, and gives label classes colours and keys. Nothing of format 1 is dropped.
"""

from __future__ import annotations

import json
import struct
from contextlib import closing
from itertools import groupby
from typing import TYPE_CHECKING, Any

from napari_salient.project import layout, sqlite
from napari_salient.project.labels import LabelClass, LabelSchema
from napari_salient.project.manifest import ProjectSettings, write_settings
from napari_salient.project.splits import SplitFractions

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

_CATALOGUE = (
    "ALTER TABLE cases RENAME TO cases_1",
    """CREATE TABLE cases (
        id INTEGER NOT NULL PRIMARY KEY, kind VARCHAR NOT NULL, name VARCHAR NOT NULL UNIQUE,
        path VARCHAR NOT NULL, content_hash VARCHAR NOT NULL, size BIGINT NOT NULL,
        patient VARCHAR NOT NULL, split VARCHAR NOT NULL, shape JSON NOT NULL,
        channels INTEGER NOT NULL, spacing JSON)""",
    "CREATE INDEX ix_cases_patient ON cases (patient)",
    "CREATE INDEX ix_cases_split ON cases (split)",
    """INSERT INTO cases SELECT id, 'volume', name, path, content_hash, 0, patient, split,
        json_array(depth, height, width), 1, json_array(spacing_z, spacing_y, spacing_x)
        FROM cases_1""",
    "DROP TABLE cases_1",
    """CREATE TABLE measurements (
        id INTEGER NOT NULL PRIMARY KEY, case_id INTEGER NOT NULL REFERENCES cases (id),
        method VARCHAR NOT NULL, name VARCHAR NOT NULL, value FLOAT NOT NULL, unit VARCHAR NOT NULL,
        region JSON, run_id VARCHAR, created DATETIME NOT NULL)""",
    "CREATE INDEX measurements_by_case ON measurements (case_id)",
    "CREATE INDEX measurements_by_name ON measurements (method, name, case_id)",
    "ALTER TABLE rounds ADD COLUMN active BOOLEAN NOT NULL DEFAULT 0",
    "UPDATE rounds SET active = 1 WHERE number = (SELECT max(number) FROM rounds)",
    "ALTER TABLE scores RENAME TO scores_1",
    """CREATE TABLE scores (
        round INTEGER NOT NULL REFERENCES rounds (number),
        case_id INTEGER NOT NULL REFERENCES cases (id), slices BLOB NOT NULL,
        measures JSON NOT NULL, scores BLOB NOT NULL, PRIMARY KEY (round, case_id))""",
)

_JOURNAL = (
    "ALTER TABLE edits ADD COLUMN undo_top INTEGER",
    "ALTER TABLE edits ADD COLUMN redo_top INTEGER",
    "ALTER TABLE edits ADD COLUMN below INTEGER",
    "ALTER TABLE slice_states ADD COLUMN pseudo INTEGER NOT NULL DEFAULT 0",
)


def upgrade(folder: Path, document: dict[str, Any]) -> None:
    """Convert the project in `folder`, whose ``project.toml`` says `document`."""
    _upgrade_database(folder / layout.CATALOGUE, _upgrade_catalogue)
    _upgrade_database(folder / layout.JOURNAL, _upgrade_journal)
    write_settings(folder, _settings(document))


def _upgrade_database(path: Path, change: Callable[[sqlite3.Connection], None]) -> None:
    with sqlite.failures_as_sentences(path), closing(sqlite.connect(path)) as connection:
        if connection.execute("PRAGMA user_version").fetchone()[0] != 1:
            return
        with sqlite.transaction(connection):
            change(connection)
            connection.execute("PRAGMA user_version=2")


def _upgrade_catalogue(connection: sqlite3.Connection) -> None:
    for statement in _CATALOGUE:
        connection.execute(statement)
    rows = connection.execute("SELECT * FROM scores_1 ORDER BY round, case_id, slice").fetchall()
    for (number, case_id), group in groupby(rows, key=lambda row: row[:2]):
        _, _, slices, scores = zip(*group, strict=True)
        packed = struct.pack(f"<{len(slices)}i", *slices), struct.pack(f"<{len(scores)}d", *scores)
        values = (number, case_id, packed[0], '["entropy"]', packed[1])
        connection.execute("INSERT INTO scores VALUES (?, ?, ?, ?, ?)", values)
    connection.execute("DROP TABLE scores_1")


def _upgrade_journal(connection: sqlite3.Connection) -> None:
    for statement in _JOURNAL:
        connection.execute(statement)
    rows = connection.execute(
        "SELECT case_id, id, undoes FROM edits ORDER BY case_id, id"
    ).fetchall()
    for _, group in groupby(rows, key=lambda row: row[0]):
        _link_stacks(connection, [row[1:] for row in group])
    stored = "SELECT id, states FROM edits WHERE states IS NOT NULL"
    for edit_id, states in connection.execute(stored).fetchall():
        changes = [
            [plane, index, [*old, False], [*new, False]]
            for plane, index, old, new in json.loads(states)
        ]
        values = (json.dumps(changes), edit_id)
        connection.execute("UPDATE edits SET states = ? WHERE id = ?", values)


def _link_stacks(connection: sqlite3.Connection, rows: list[tuple[int, int | None]]) -> None:
    undoes = dict(rows)
    done: list[int] = []
    undone: list[int] = []
    for edit_id, target in rows:
        original = undoes[target] if target is not None else None
        below = None
        if target is None:
            below, undone = _top(done), []
            done.append(edit_id)
        elif original is None:
            below = _top(undone)
            done.pop()
            undone.append(edit_id)
        else:
            undone.pop()
            done.append(original)
        connection.execute(
            "UPDATE edits SET undo_top = ?, redo_top = ?, below = ? WHERE id = ?",
            (_top(done), _top(undone), below, edit_id),
        )


def _top(stack: list[int]) -> int | None:
    return stack[-1] if stack else None


def _settings(document: dict[str, Any]) -> ProjectSettings:
    named = LabelSchema.of(*document["labels"]).classes
    values = document["labels"].values()
    return ProjectSettings(
        name=document["name"],
        plane=document["plane"],
        schema=LabelSchema(
            tuple(
                LabelClass(value, label.name, label.color, label.key)
                for value, label in zip(values, named, strict=True)
            )
        ),
        fractions=SplitFractions(**document["fractions"]),
        seed=document["seed"],
        salt=document["salt"],
        created=document["created"],
    )
