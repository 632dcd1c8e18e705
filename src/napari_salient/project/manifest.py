"""``project.toml``: what a project is about, readable and editable by a person."""

from __future__ import annotations

import dataclasses
import secrets
import tomllib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import tomli_w

from napari_salient.data.planes import PLANES, Plane
from napari_salient.engine.atomic import write_atomically
from napari_salient.errors import InputError, ProjectError
from napari_salient.project.labels import LabelClass, LabelSchema
from napari_salient.project.layout import SETTINGS
from napari_salient.project.splits import SplitFractions

if TYPE_CHECKING:
    from pathlib import Path


SCHEMA_VERSION = 2
"""Version of the whole layout on disk; see docs/project-format.md."""


def _new_salt() -> str:
    return secrets.token_hex(16)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True)
class ProjectSettings:
    """What ``project.toml`` says.

    Parameters
    ----------
    name
        What the project is called.
    plane
        The plane in which slices are proposed and labelled.
    schema
        The label classes.
    fractions, seed
        How patients were, and later ones will be, dealt to the splits.
    salt
        Hex digits that make the hashes of patient identifiers useless outside this project.
    created
        When the project was made, in UTC.
    schema_version
        Version of the layout on disk.
    """

    name: str
    plane: Plane
    schema: LabelSchema
    fractions: SplitFractions = field(default_factory=SplitFractions)
    seed: int = 0
    salt: str = field(default_factory=_new_salt)
    created: datetime = field(default_factory=_now)
    schema_version: int = SCHEMA_VERSION


def write_settings(folder: Path, settings: ProjectSettings) -> None:
    """Replace ``project.toml`` of `folder`."""
    document = {
        "schema_version": settings.schema_version,
        "name": settings.name,
        "plane": settings.plane,
        "created": settings.created,
        "split": {"seed": settings.seed, **dataclasses.asdict(settings.fractions)},
        "privacy": {"salt": settings.salt},
        "labels": [_without_none(dataclasses.asdict(c)) for c in settings.schema.classes],
    }
    write_atomically(folder / SETTINGS, tomli_w.dumps(document).encode())


def read_settings(folder: Path) -> ProjectSettings:
    """Return what ``project.toml`` of `folder` says.

    Raises
    ------
    ProjectError
        If the file is missing, broken, or from a newer version.
    """
    document = read_document(folder)
    path = folder / SETTINGS
    try:
        return _settings(document)
    except (KeyError, TypeError, ValueError, AttributeError, InputError) as error:
        what = f"'{error.args[0]}' is missing" if isinstance(error, KeyError) else str(error)
        raise ProjectError(
            f"{path} cannot be used: {what.rstrip('.')}; mend it in a text editor."
        ) from error


def read_document(folder: Path) -> dict[str, Any]:
    """Return ``project.toml`` of `folder` as it stands, of this version or an older one."""
    path = folder / SETTINGS
    try:
        document = tomllib.loads(path.read_bytes().decode())
    except FileNotFoundError:
        raise ProjectError(
            f"{folder} is no labelling project (it has no {SETTINGS}); choose a project folder or "
            "create one."
        ) from None
    except OSError as error:
        raise ProjectError(f"{path} cannot be read ({error.strerror}); check the disk.") from error
    except ValueError as error:
        raise ProjectError(
            f"{path} is broken ({error}); mend it in a text editor or put it back from a backup."
        ) from error
    version = version_of(document)
    if version > SCHEMA_VERSION:
        raise ProjectError(
            f"{folder} was made by a newer version of napari-salient (project format {version}, "
            f"this one reads up to {SCHEMA_VERSION}); update napari-salient to open it."
        )
    return document


def version_of(document: dict[str, Any]) -> int:
    """Return the layout's version; 0 if the file does not say."""
    version = document.get("schema_version", document.get("version", 0))
    return version if isinstance(version, int) else 0


def _settings(document: dict[str, Any]) -> ProjectSettings:
    split = document["split"]
    if document["plane"] not in PLANES:
        raise ValueError(f"plane must be one of {', '.join(PLANES)}, not '{document['plane']}'")
    return ProjectSettings(
        name=str(document["name"]),
        plane=document["plane"],
        schema=LabelSchema(tuple(LabelClass(**label) for label in document["labels"])),
        fractions=SplitFractions(split["pool"], split["validation"], split["test"]),
        seed=int(split["seed"]),
        salt=bytes.fromhex(document["privacy"]["salt"]).hex(),
        created=document["created"],
        schema_version=document["schema_version"],
    )


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
