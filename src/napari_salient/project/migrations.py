"""Converting a project that an older version made, after a backup of what is changed."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from napari_salient.engine.atomic import sync_folder
from napari_salient.errors import ProjectError
from napari_salient.project import layout, migration_1_to_2, sqlite
from napari_salient.project.manifest import SCHEMA_VERSION, read_document, version_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STEPS: dict[int, Callable[[Path, dict[str, Any]], None]] = {1: migration_1_to_2.upgrade}
"""What converts each older version to the next one."""


def migrate(folder: Path, document: dict[str, Any], *, read_only: bool) -> None:
    """Bring a project to this version's layout; keep what is changed under ``backups/``.

    Each file is converted in one transaction and `project.toml` last, so that a conversion that was
    cut off goes on when the project is opened again.

    Raises
    ------
    ProjectError
        If the version is unknown, the project is opened read-only, or a file cannot be converted.
    """
    version = version_of(document)
    if version == SCHEMA_VERSION:
        return
    if version not in STEPS:
        raise ProjectError(
            f"{folder / layout.SETTINGS} names no project format that is known (schema_version = "
            f"{version}); put it back from a backup."
        )
    if read_only:
        raise ProjectError(
            f"{folder} has the older project format {version}; open it for writing once to convert "
            "it."
        )
    try:
        _back_up(folder, version)
        STEPS[version](folder, document)
    except OSError as error:
        raise ProjectError(
            f"{folder} could not be converted from format {version} ({error.strerror}); nothing is "
            "lost: free some space and open it again."
        ) from error
    migrate(folder, read_document(folder), read_only=read_only)


def format_of(path: Path) -> int:
    """Return the version that a database of the project says it has."""
    with sqlite.failures_as_sentences(path), closing(sqlite.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _back_up(folder: Path, version: int) -> None:
    databases = [folder / layout.CATALOGUE, folder / layout.JOURNAL]
    if any(format_of(path) > version for path in databases):
        return  # an earlier conversion was cut off after its backup
    target = _new_backup(folder, version)
    for path in databases:
        _copy_database(path, target / path.name)
    shutil.copy2(folder / layout.SETTINGS, target)
    sync_folder(target)


def _new_backup(folder: Path, version: int) -> Path:
    number = 1
    while (target := folder / layout.BACKUPS / f"format-{version}-{number}").exists():
        number += 1
    target.mkdir(parents=True)
    return target


def _copy_database(source: Path, target: Path) -> None:
    with (
        sqlite.failures_as_sentences(source),
        closing(sqlite.connect(source, read_only=True)) as original,
        closing(sqlite3.connect(target)) as copy,
    ):
        original.backup(copy)
