"""Finding an image again after its folder was moved or renamed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from napari_salient.project.catalogue import Case

UNKNOWN_SIZE = 0
"""Size of images in projects that were made before sizes were kept."""

SEARCH_DEPTH = 4
"""Levels of folders below a root that are searched."""


def is_in_place(case: Case) -> bool:
    """Whether the image is where it was, judged by its size (a hash would take long)."""
    return case.path.exists() and _may_be(case, case.path)


def find_moved(case: Case, roots: Iterable[Path]) -> Path | None:
    """Return the file below `roots` that has the content of the case's image, or `None`.

    Files of the same name are looked at first, then all of the same size; the hash decides.
    """
    from napari_salient.data.discover import content_hash

    same_size = [path for path in _files(roots) if _may_be(case, path)]
    same_size.sort(key=lambda path: path.name != case.path.name)
    return next((path for path in same_size if content_hash(path) == case.content_hash), None)


def not_found(case: Case, roots: Iterable[Path]) -> InputError:
    """Return the error that says what to do about a missing image."""
    searched = ", ".join(str(root) for root in roots)
    if case.path.exists():
        return InputError(
            f"{case.path} is no longer the image of case '{case.name}' (its size changed), and the "
            f"original is not below {searched}; put it back, its labels are kept."
        )
    return InputError(
        f"The image of case '{case.name}' is gone from {case.path} and not below {searched}; put "
        "it back or name the folder it was moved to, its labels are kept."
    )


def _files(roots: Iterable[Path]) -> Iterator[Path]:
    for root in dict.fromkeys(Path(root).absolute() for root in roots):
        for folder, below, names in os.walk(root):
            below.sort()
            if len(Path(folder).parts) - len(root.parts) >= SEARCH_DEPTH:
                below.clear()
            yield from (Path(folder, name) for name in sorted(names))


def _may_be(case: Case, path: Path) -> bool:
    try:
        size = path.stat().st_size
    except OSError:
        return False
    return size == case.size or (case.size == UNKNOWN_SIZE and path.name == case.path.name)
