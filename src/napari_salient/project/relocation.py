"""Finding an image again after its folder was moved or renamed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import chain
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


@dataclass(frozen=True)
class Move:
    """What happened to a folder: what lay below `old` lies below `new` now."""

    old: Path
    new: Path

    @classmethod
    def of(cls, old: Path, new: Path) -> Move:
        """Return the move that took the file `old` to `new`, of as high a folder as can be."""
        while old.name and old.name == new.name:
            old, new = old.parent, new.parent
        return cls(old, new)

    def guess(self, path: Path) -> list[Path]:
        """Return where a file is if it was moved along; nothing if it lay elsewhere."""
        return [self.new / path.relative_to(self.old)] if path.is_relative_to(self.old) else []


def find_moved(case: Case, roots: Iterable[Path], earlier: Iterable[Move] = ()) -> Path | None:
    """Return the file that has the content of the case's image, or `None`.

    Looked at are where `earlier` moves would have taken it, then below `roots` the files of its
    name, then all of its size; the hash decides.
    """
    from napari_salient.data.discover import content_hash

    guesses = (path for move in earlier for path in move.guess(case.path))
    for path in chain(guesses, _candidates(case, roots)):
        if _may_be(case, path) and content_hash(path) == case.content_hash:
            return path
    return None


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


def _candidates(case: Case, roots: Iterable[Path]) -> Iterator[Path]:
    same_size = [path for path in _files(roots) if _may_be(case, path)]
    yield from sorted(same_size, key=lambda path: path.name != case.path.name)


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
