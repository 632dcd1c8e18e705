"""What a round is trained on: accepted label slices, kept with its run."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_salient.data.planes import slice_of
from napari_salient.engine.atomic import write_atomically
from napari_salient.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_salient.data.planes import Plane

Place = tuple[int, int]
"""A slice along the project's plane: case and index."""

FILE_NAME = "training_set.npz"


@dataclass
class LabelSlices:
    """Label values (row, column) of some slices.

    `interpolated` are those that were accepted as they were interpolated: they say nothing about
    how good interpolation is.
    """

    labels: dict[Place, NDArray[np.uint8]] = field(default_factory=dict)
    interpolated: frozenset[Place] = frozenset()

    def take(
        self, case_id: int, volume: NDArray[np.uint8], plane: Plane, indices: Iterable[int]
    ) -> None:
        """Copy slices of a volume of labels ``(z, y, x)``, unless they are here already."""
        for index in indices:
            if (case_id, index) not in self.labels:
                self.labels[case_id, index] = slice_of(volume, plane, index).copy()

    def drop_case(self, case_id: int) -> None:
        """Forget the slices of a case."""
        self.labels = {place: label for place, label in self.labels.items() if place[0] != case_id}

    def write(self, run_dir: Path, round_number: int, name: str = FILE_NAME) -> None:
        """Keep the slices with the run, so that it can be resumed on exactly these."""
        content = io.BytesIO()
        arrays: dict[str, Any] = {
            f"{case_id}/{index}": label for (case_id, index), label in self.labels.items()
        }
        places = np.asarray(sorted(self.interpolated), np.int64).reshape(-1, 2)
        number = np.int64(round_number)
        np.savez_compressed(content, round=number, interpolated=places, **arrays)
        write_atomically(run_dir / name, content.getvalue())

    @staticmethod
    def kept_in(run_dir: Path) -> bool:
        """Whether a run got as far as keeping its training set."""
        return (run_dir / FILE_NAME).exists()

    @classmethod
    def read(cls, run_dir: Path, name: str = FILE_NAME) -> tuple[LabelSlices, int]:
        """Return what `write` kept, and the number of the round.

        Raises
        ------
        RunError
            If the file is missing or broken.
        """
        path = run_dir / name
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
                places = [key for key in stored.files if "/" in key]
                labels = {_place(key): stored[key] for key in places}
                promoted = frozenset((int(c), int(i)) for c, i in stored["interpolated"])
                return cls(labels, promoted), int(stored["round"])
        except (OSError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
            raise RunError(
                f"{path} cannot be read ({error}), so the run cannot be resumed; start a new one."
            ) from error


def group_by_case(places: Iterable[Place]) -> dict[int, list[int]]:
    """Return the slice indices of each case, both in ascending order."""
    grouped: dict[int, list[int]] = defaultdict(list)
    for case_id, index in sorted(places):
        grouped[case_id].append(index)
    return dict(grouped)


def _place(name: str) -> Place:
    case_id, index = name.split("/")
    return int(case_id), int(index)
