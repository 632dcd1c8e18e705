"""The names in a project folder."""

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
