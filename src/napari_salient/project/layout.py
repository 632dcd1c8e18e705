"""The names in a project folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_salient.engine import atomic

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = "project.toml"
CATALOGUE = "catalogue.db"
JOURNAL = "journal.db"
LABELS = "labels"
RUNS = "runs"
EXPORTS = "exports"
BACKUPS = "backups"
"""Where a migration keeps what it changes; made when needed."""

UNFINISHED = ".new-"
"""How the name of a snapshot starts until it is complete."""

FOLDERS = (LABELS, RUNS, EXPORTS)
ALL = (SETTINGS, CATALOGUE, JOURNAL, *FOLDERS)


def is_project(folder: Path) -> bool:
    """Tell whether a folder is that of a project."""
    return (folder / SETTINGS).is_file()


def make_folders(folder: Path) -> None:
    """Make the folders of a project that are not there (version control drops empty ones)."""
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Delete the half-written files of a killed writer; only for whoever holds the lock."""
    atomic.remove_leftovers(folder)
    atomic.remove_leftovers(folder / LABELS)
    for path in (folder / LABELS).glob(f"{UNFINISHED}*"):
        path.unlink(missing_ok=True)
