"""The labelled volumes of an experiment and their split by patient."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.pool import PoolState
from napari_salient.data.discover import case_name, find_volumes, pair_labels, patient_of
from napari_salient.data.labels import UNSURE, read_labels
from napari_salient.data.planes import Plane, axis_of
from napari_salient.data.volumes import load_image, normalise, read_header
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Cohort:
    """Images with their labels, and who is in the test set.

    Parameters
    ----------
    images, labels
        Files in the same order; a case's number is its position here.
    pool, test
        Case numbers that may be learned from, and those that only measure.
    slices
        Number of slices of each case along the plane.
    label_values
        All label values that occur in the pool, background first.
    plane
        Slicing plane.
    """

    images: tuple[Path, ...]
    labels: tuple[Path, ...]
    pool: tuple[int, ...]
    test: tuple[int, ...]
    slices: tuple[int, ...]
    label_values: tuple[int, ...]
    plane: Plane

    @classmethod
    def read(cls, images: Path, labels: Path, plane: Plane, test_every: int) -> Cohort:
        """Pair the volumes of two folders by equal names and split them by patient.

        Raises
        ------
        InputError
            If an image has no label, a file cannot be read, or a side of the split is empty.
        """
        files = find_volumes(images)
        found = pair_labels(files, labels)
        missing = [path.name for path in files if case_name(path) not in found]
        if missing:
            raise InputError(
                f"{len(missing)} of {len(files)} volumes in {images} have no label of that name "
                f"in {labels}, {missing[0]} first; add the labels or move these volumes away."
            )
        patients = sorted({patient_of(path) for path in files})
        held_out = set(patients[::test_every])
        test = tuple(i for i, path in enumerate(files) if patient_of(path) in held_out)
        pool = tuple(i for i in range(len(files)) if i not in set(test))
        if not pool or not test:
            raise InputError(
                f"{images} holds {len(patients)} patients, too few for a pool and a test set."
            )
        label_files = tuple(found[case_name(path)] for path in files)
        headers = [read_header(path) for path in files]
        return cls(
            images=tuple(files),
            labels=label_files,
            pool=pool,
            test=test,
            slices=tuple(header.shape[axis_of(plane)] for header in headers),
            label_values=_values(files, label_files, pool),
            plane=plane,
        )

    @property
    def channels(self) -> int:
        """Image channels, taken from the first volume."""
        return read_header(self.images[0]).channels

    def image(self, case: int) -> NDArray[np.float32]:
        """Return a case's normalised volume (channel, z, y, x)."""
        return _normalised(self.images[case])

    def truth(self, case: int) -> NDArray[np.uint8]:
        """Return a case's labels (z, y, x) as label values."""
        return _labels(self.labels[case], self.images[case])

    def channels_of(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Turn label values into output channels; values that the pool lacks become unsure."""
        table = np.full(256, UNSURE, dtype=np.uint8)
        table[list(self.label_values)] = np.arange(len(self.label_values))
        return table[labels]

    def pool_state(
        self, labelled: list[tuple[int, int]], score: NDArray[np.float64] | None
    ) -> PoolState:
        """Return the pool with some (case, index) labelled; `score` ordered by case, index."""
        case_id = np.repeat(self.pool, [self.slices[case] for case in self.pool]).astype(np.int64)
        index = np.concatenate([np.arange(self.slices[case]) for case in self.pool])
        known = set(labelled)
        pairs = zip(case_id.tolist(), index.tolist(), strict=True)
        done = np.fromiter((pair in known for pair in pairs), dtype=bool, count=len(index))
        return PoolState(self.plane, case_id, index, done, score)


def _values(images: list[Path], labels: tuple[Path, ...], pool: tuple[int, ...]) -> tuple[int, ...]:
    found = np.zeros(256, dtype=bool)
    found[0] = True
    for case in pool:
        found[np.unique(_labels(labels[case], images[case]))] = True
    found[UNSURE] = False
    return tuple(int(value) for value in np.flatnonzero(found))


@functools.lru_cache(maxsize=512)
def _normalised(path: Path) -> NDArray[np.float32]:
    return normalise(load_image(read_header(path)))


@functools.lru_cache(maxsize=1024)
def _labels(path: Path, image: Path) -> NDArray[np.uint8]:
    return read_labels(path, read_header(image))
