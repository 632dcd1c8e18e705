"""The names in a project folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

FOLDERS = (LABELS, RUNS, EXPORTS)
ALL = (SETTINGS, CATALOGUE, JOURNAL, *FOLDERS)


def make_folders(folder: Path) -> None:
    """Make the folders of a project that are not there (version control drops empty ones)."""
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
