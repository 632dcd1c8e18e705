"""The labelled volumes of an experiment and their split by patient."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.choosing import pool_state
from napari_salient.active_learning.examples import no_examples
from napari_salient.data.decathlon import read_decathlon
from napari_salient.data.discover import (
    case_name,
    content_hash,
    find_volumes,
    pair_labels,
    patient_of,
)
from napari_salient.data.label_values import UNSURE
from napari_salient.data.labels import read_labels
from napari_salient.data.planes import Plane, axis_of
from napari_salient.data.volumes import load_image, normalise, read_header
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_salient.active_learning.examples import Examples
    from napari_salient.active_learning.pool import PoolScores, PoolState
    from napari_salient.active_learning.settings import SegmentationSettings
    from napari_salient.data.volumes import VolumeHeader


@dataclass(frozen=True)
class Cohort:
    """Images with their labels, and who learns, validates and tests.

    Parameters
    ----------
    images, labels
        Files in the same order; a case's number is its position here.
    pool, validation, test
        Case numbers that may be learned from, and those that only measure.
    slices
        Number of slices of each case along the plane.
    label_values
        Label values of the classes, background first.
    class_names
        Names of the classes after the background.
    spacing
        Median edges of a voxel in the pool, along (z, y, x) in mm.
    plane
        Slicing plane.
    """

    images: tuple[Path, ...]
    labels: tuple[Path, ...]
    pool: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]
    slices: tuple[int, ...]
    label_values: tuple[int, ...]
    class_names: tuple[str, ...]
    spacing: tuple[float, float, float]
    plane: Plane

    @classmethod
    def read(
        cls, images: Path, labels: Path, plane: Plane, test_every: int, validation_every: int = 0
    ) -> Cohort:
        """Pair the volumes of two folders by equal names and split them by patient in sorted order.

        The classes are the label values that occur in the pool.

        Raises
        ------
        InputError
            If an image has no label, a file cannot be read, images differ in their channels, no
            label in the pool has a class, or a side of the split is empty.
        """
        files = find_volumes(images)
        found = pair_labels(files, labels)
        missing = [path.name for path in files if case_name(path) not in found]
        if missing:
            raise InputError(
                f"{len(missing)} of {len(files)} volumes in {images} have no label of that name "
                f"in {labels}, {missing[0]} first; add the labels or move these volumes away."
            )
        label_files = [found[case_name(path)] for path in files]
        patients = sorted({patient_of(path) for path in files})
        split = split_cases(files, patients, test_every, validation_every)
        values = _values(files, label_files, split[0])
        names = {value: f"class {value}" for value in values}
        return cls._of(files, label_files, split, names, plane)

    @classmethod
    def read_decathlon(
        cls, folder: Path, plane: Plane, test_every: int, validation_every: int = 0
    ) -> Cohort:
        """Read the labelled cases of a Decathlon task and split them in the order of its list.

        Raises
        ------
        InputError
            If ``dataset.json`` or a file cannot be used, it names no class, or a side of the split
            is empty.
        """
        task = read_decathlon(folder)
        patients = list(dict.fromkeys(patient_of(path) for path in task.images))
        split = split_cases(task.images, patients, test_every, validation_every)
        return cls._of(task.images, task.labels, split, task.label_names, plane)

    @classmethod
    def _of(
        cls,
        images: Sequence[Path],
        labels: Sequence[Path],
        split: tuple[tuple[int, ...], ...],
        label_names: dict[int, str],
        plane: Plane,
    ) -> Cohort:
        pool, validation, test = split
        foreground = {value: name for value, name in sorted(label_names.items()) if value != 0}
        if not foreground:
            raise InputError(
                f"No label in {labels[0].parent} has a class beside the background, so there is "
                "nothing to learn; choose other labels."
            )
        headers = [read_header(path) for path in images]
        _refuse_other_channels(headers)
        z, y, x = np.median([headers[case].spacing for case in pool], axis=0)
        return cls(
            images=tuple(images),
            labels=tuple(labels),
            pool=pool,
            validation=validation,
            test=test,
            slices=tuple(header.shape[axis_of(plane)] for header in headers),
            label_values=(0, *foreground),
            class_names=tuple(foreground.values()),
            spacing=(float(z), float(y), float(x)),
            plane=plane,
        )

    @property
    def channels(self) -> int:
        """Image channels, taken from the first volume."""
        return read_header(self.images[0]).channels

    @property
    def names(self) -> list[str]:
        """File names of the volumes, in the order of the cases."""
        return [path.name for path in self.images]

    def fingerprint(self) -> list[str]:
        """Return what tells the labels from others in files of the same names: their hashes."""
        return [content_hash(path) for path in self.labels]

    def spacing_of(self, case: int) -> tuple[float, float, float]:
        """Return the edges of a case's voxel along (z, y, x) in mm."""
        return read_header(self.images[case]).spacing

    def image(self, case: int) -> NDArray[np.float32]:
        """Return a case's normalised volume (channel, z, y, x)."""
        return _normalised(self.images[case])

    def truth(self, case: int) -> NDArray[np.uint8]:
        """Return a case's labels (z, y, x) as label values."""
        return _labels(self.labels[case], self.images[case])

    def examples(
        self, settings: SegmentationSettings, indices: Mapping[int, Sequence[int]]
    ) -> Examples:
        """Return a training set of some slices of cases, given by case."""
        examples = no_examples(settings)
        for case, of_case in indices.items():
            labels = self.channels_of(self.truth(case))
            examples.add(self.image(case), labels, self.plane, of_case)
        return examples

    def whole_volumes(self, settings: SegmentationSettings, cases: Collection[int]) -> Examples:
        """Return a training set of every slice of some cases."""
        return self.examples(settings, {case: range(self.slices[case]) for case in cases})

    def channels_of(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Turn label values into output channels; values that the pool lacks become unsure."""
        table = np.full(256, UNSURE, dtype=np.uint8)
        table[list(self.label_values)] = np.arange(len(self.label_values))
        return table[labels]

    def pool_state(
        self, labelled: Collection[tuple[int, int]], scores: PoolScores | None = None
    ) -> PoolState:
        """Return the pool with some (case, index) labelled, and what a model says about it."""
        sizes = {case: self.slices[case] for case in self.pool}
        return pool_state(self.plane, sizes, labelled, scores)


def split_cases(
    files: Sequence[Path], patients: Sequence[str], test_every: int, validation_every: int = 0
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Return the case numbers of pool, validation and test; a patient is on one side alone.

    Every n-th patient validates, from the first on; of the others every n-th is tested on.

    Raises
    ------
    InputError
        If pool or test would be empty.
    """
    validating = set(patients[::validation_every]) if validation_every else set()
    others = [patient for patient in patients if patient not in validating]
    tested = set(others[::test_every])
    side = [patient_of(path) for path in files]
    validation = tuple(i for i, patient in enumerate(side) if patient in validating)
    test = tuple(i for i, patient in enumerate(side) if patient in tested)
    aside = {*validation, *test}
    pool = tuple(i for i in range(len(files)) if i not in aside)
    if not pool or not test:
        raise InputError(
            f"{files[0].parent} holds {len(patients)} patients, too few for the sides of the split."
        )
    return pool, validation, test


def _refuse_other_channels(headers: Sequence[VolumeHeader]) -> None:
    first = headers[0]
    for header in headers:
        if header.channels != first.channels:
            raise InputError(
                f"{header.path.name} has {header.channels} channels but {first.path.name} has "
                f"{first.channels}; move one kind of volumes away."
            )


def _values(
    images: Sequence[Path], labels: Sequence[Path], pool: tuple[int, ...]
) -> tuple[int, ...]:
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
