"""Converting a project that an older version made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_salient.errors import ProjectError
from napari_salient.project.manifest import SCHEMA_VERSION, version_of

if TYPE_CHECKING:
    from pathlib import Path


def migrate(folder: Path, document: dict[str, Any], *, read_only: bool) -> None:
    """Bring a project to this version's layout; keep what is changed under ``backups/``."""
    if version_of(document) == SCHEMA_VERSION:
        return
    raise ProjectError(f"{folder} has an unknown project format; see docs/project-format.md.")
