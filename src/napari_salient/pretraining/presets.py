"""The settings that were published with the five tasks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from napari_salient.data.planes import Plane, axis_of
from napari_salient.engine.settings import FitSettings
from napari_salient.errors import InputError
from napari_salient.pretraining.settings import (
    CpcSettings,
    ExemplarSettings,
    JigsawSettings,
    PretrainingSettings,
    RelativeLocationSettings,
    TaskName,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_salient.pretraining.intake import PoolFiles

Schedule = tuple[int, int]
"""Batch size and epochs."""

SCHEDULES: dict[int, dict[TaskName, Schedule]] = {
    2: {
        "rotation": (64, 1000),
        "jigsaw": (64, 1000),
        "relative_location": (64, 1000),
        "cpc": (26, 250),
        "exemplar": (64, 1000),
    },
    3: {
        "rotation": (4, 1000),
        "jigsaw": (8, 1000),
        "relative_location": (32, 1000),
        "cpc": (1, 1000),
        "exemplar": (2, 1000),
    },
}
"""As for the slices and the volumes of the pancreas.

The batch of CPC counts pairs of a continuation, 256 in 2D and 32 in 3D; here it counts the views
that give as many: 10 pairs each in 2D, 32 in 3D.
"""

JITTER = {2: 4 / 42, 3: 3 / 42}
CPC_JITTER = {2: 1 / 24, 3: 1 / 16}
"""Half of what was cropped from a piece, since as much again stays free at its end."""

LEARNING_RATE = {2: 1e-5, 3: 1e-4}


def published(task: TaskName, spatial_dims: Literal[2, 3], examples: int) -> PretrainingSettings:
    """Return the settings of A. Taleb et al., 3D Self-Supervised Methods for Medical Imaging, 2020.

    They are those of the authors' public library. Not taken over are its batch norm and dropout,
    its dense layers of 2,048 and 1,024, and pieces that touch each other or are padded with zeros.

    Parameters
    ----------
    task
        One of the five; masked reconstruction is not among them.
    spatial_dims
        2 or 3.
    examples
        Slices or volumes of the pool, which make an epoch.

    Raises
    ------
    InputError
        If the task was not published there.
    """
    if task not in SCHEDULES[spatial_dims]:
        raise InputError(f"There are no published settings for {task}; use the defaults.")
    batch_size, epochs = SCHEDULES[spatial_dims][task]
    return PretrainingSettings(
        task=task,
        spatial_dims=spatial_dims,
        context=0,
        width=16,
        batch_size=batch_size,
        crop=128,
        jigsaw=JigsawSettings(permutations=100, jitter=JITTER[spatial_dims]),
        relative_location=RelativeLocationSettings(jitter=JITTER[spatial_dims]),
        cpc=CpcSettings(loss="binary", code=1024, context=256, jitter=CPC_JITTER[spatial_dims]),
        exemplar=ExemplarSettings(distance="sigmoid", margin=1.0, code=1024),
        fit=FitSettings(
            steps=epochs * math.ceil(examples / batch_size),
            learning_rate=LEARNING_RATE[spatial_dims],
            weight_decay=0.0,
            schedule="constant",
            clip_norm=0.0,
        ),
    )


def examples_in(files: PoolFiles, spatial_dims: Literal[2, 3], plane: Plane) -> int:
    """Return the slices, pictures or volumes to learn from, which make an epoch.

    Raises
    ------
    InputError
        If a volume cannot be read.
    """
    from napari_salient.data.volumes import read_header

    if spatial_dims == 3 or files.are_pictures:
        return len(files.learn)
    return examples_of([read_header(path).shape for path in files.learn], spatial_dims, plane)


def examples_of(
    shapes: Sequence[tuple[int, ...]], spatial_dims: Literal[2, 3], plane: Plane
) -> int:
    """Return the slices, or volumes, in volumes of some shapes along (z, y, x)."""
    return len(shapes) if spatial_dims == 3 else sum(shape[axis_of(plane)] for shape in shapes)
