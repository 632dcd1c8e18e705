"""How the project's SQLite files are opened, and how their failures are put into words."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING

from napari_salient.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUSY_SECONDS = 5.0
_FULL = ("full", "disk I/O error")
_DAMAGED = ("not a database", "malformed", "no such table", "no such column")


def connect(path: Path, *, read_only: bool = False, create: bool = False) -> sqlite3.Connection:
    """Open a database of the project in autocommit mode, shared between threads.

    A writer gets WAL with ``synchronous=FULL``: a commit returns after its bytes are on the disk.
    A reader of a folder without write access reads the file as it stands, which is complete if the
    last writer ended in order.
    """
    if not create and path.exists() and not path.stat().st_size:
        raise sqlite3.DatabaseError("it is empty and not a database")
    mode = _read_mode(path) if read_only else ("mode=rwc" if create else "mode=rw")
    uri = f"{path.absolute().as_uri()}?{mode}"
    connection = sqlite3.connect(
        uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    if not read_only:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
        except sqlite3.Error:
            connection.close()
            raise
    return connection


def _read_mode(path: Path) -> str:
    log = path.with_name(path.name + "-wal")
    left_over = log.exists() and log.stat().st_size > 0
    return "mode=ro" if left_over or os.access(path.parent, os.W_OK) else "mode=ro&immutable=1"


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Run a block in one write transaction: all of it is on disk after the block, or nothing.

    A block within a block is part of the outer one.
    """
    inside = bool(connection.in_transaction)
    if inside:
        yield connection
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def failures_as_sentences(path: Path) -> Iterator[None]:
    """Raise `ProjectError` with one sentence for whatever SQLite says about the file `path`."""
    try:
        yield
    except sqlite3.Error as error:
        raise ProjectError(sentence(path, error)) from error


def sentence(path: Path, error: BaseException) -> str:
    """Put SQLite's words about the file `path` into a sentence that says what to do."""
    words = str(error)
    if not path.exists():
        return (
            f"{path} is missing; put it back from a backup: the rest of the project is untouched."
        )
    if any(sign in words for sign in _FULL):
        return (
            f"The disk is full or fails under {path}: this change was not saved, all before it "
            "were; free some space and repeat it."
        )
    if any(sign in words for sign in _DAMAGED):
        return (
            f"{path} is damaged ({words}); nothing was changed: keep a copy of it and put back the "
            "file from a backup."
        )
    if "readonly" in words or "unable to open" in words:
        return f"{path} cannot be written; check the permissions or open the project read-only."
    if "locked" in words:
        return f"{path} is in use by another program; close that and try again."
    return f"{path} cannot be used ({words}); nothing was changed."
