"""A map of a pool: slices that look alike to a pretrained encoder lie close to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.engine.events import Event, Finished, FinishReason, Progress
from napari_salient.engine.jobs import job
from napari_salient.pretraining.projection import project, standardised

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_salient.data.planes import Plane
    from napari_salient.engine.control import Control
    from napari_salient.pretraining.intake import PoolFiles
    from napari_salient.pretraining.pool import VolumePool
    from napari_salient.pretraining.spec import PretrainingSpec

MOST_SLICES = 3000
"""Slices of a map; of a larger pool some are taken, evenly spaced."""

AT_ONCE = 8
"""Slices, at most, between two looks at whether the job shall go on."""

NEIGHBOURS = 10


@dataclass(frozen=True, eq=False)
class FeatureMap:
    """Slices of a pool on a plane.

    Parameters
    ----------
    paths : tuple of Path
        The volumes or pictures.
    plane
        Slicing plane.
    volumes : int array, shape (slice,)
        Which of the paths each slice is of.
    indices : int array, shape (slice,)
        Its index along the plane.
    positions : float array, shape (slice,)
        The same as a share of the volume, from 0 to 1.
    points : float32 array, shape (slice, 2)
        Where it lies on the map.
    same_volume, by_chance
        Share of the nearest neighbours, among the features themselves and not on the map, that are
        of the same volume, and what it would be if features knew nothing.
    method
        How the features were brought to two dimensions.
    """

    paths: tuple[Path, ...]
    plane: Plane
    volumes: NDArray[np.int64]
    indices: NDArray[np.int64]
    positions: NDArray[np.float64]
    points: NDArray[np.float32]
    same_volume: float
    by_chance: float
    method: str


@job
def feature_map_job(
    checkpoint: Path, files: PoolFiles, control: Control, *, most: int = MOST_SLICES
) -> Iterator[Event]:
    """Draw a map of the slices that a pretraining may learn from; the same one each time.

    Parameters
    ----------
    checkpoint
        Of a pretraining.
    files
        The pool; what is held out is left out.
    control
        Looked at every few slices, and ten times a second while the map is drawn.
    most
        Slices of the map.

    Yields
    ------
    Progress
        As slices are through.
    Finished
        At the end, with a `FeatureMap` as its result.
    """
    from napari_salient.engine.threads import limit_threads, thread_share
    from napari_salient.pretraining.features import encoder_of, slice_features

    encoder, spec = encoder_of(checkpoint)
    pool = _pool(files)
    volumes, indices = evenly_spaced(_lengths(pool, spec.plane), most)
    found: list[NDArray[np.float32]] = []
    with limit_threads(thread_share()):
        for first, last in _parts(volumes, pool, spec):
            if not control.proceed():
                yield Finished(FinishReason.CANCELLED)
                return
            image = pool.image(int(volumes[first]))
            found.append(slice_features(encoder, spec, image, indices[first:last].tolist()))
            yield Progress(last, len(indices), "slices")
    yield Progress(0, 1, "drawing the map")
    features = np.concatenate(found)
    drawn = project(features, control)
    if drawn is None or not control.proceed():
        yield Finished(FinishReason.CANCELLED)
        return
    yield Progress(1, 1, "drawing the map")
    points, method = drawn
    lengths = np.array(_lengths(pool, spec.plane))
    same, chance = same_volume_share(features, volumes)
    result = FeatureMap(
        paths=tuple(files.learn),
        plane=spec.plane,
        volumes=volumes,
        indices=indices,
        positions=indices / np.maximum(lengths[volumes] - 1, 1),
        points=points,
        same_volume=same,
        by_chance=chance,
        method=method,
    )
    yield Finished(FinishReason.COMPLETED, result=result)


def evenly_spaced(lengths: Sequence[int], most: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return volume and index of all slices of volumes, or of about `most`, evenly spaced.

    Of each volume at least the middle slice is taken.
    """
    step = max(sum(lengths) / most, 1.0)
    chosen = [
        np.unique(np.linspace(0, length - 1, round(length / step) + 2).round()[1:-1])
        if step > 1
        else np.arange(length)
        for length in lengths
    ]
    chosen = [
        part if len(part) else np.array([length // 2])
        for part, length in zip(chosen, lengths, strict=True)
    ]
    volumes = np.repeat(np.arange(len(lengths)), [len(part) for part in chosen])
    return volumes, np.concatenate(chosen).astype(np.int64)


def same_volume_share(
    features: NDArray[np.float32], volumes: NDArray[np.int64]
) -> tuple[float, float]:
    """Return how many of the nearest neighbours are of the same volume, and how many by chance.

    Both are shares. A high one means that the features know the scan better than the anatomy; some
    of it comes from slices that lie side by side.
    """
    from sklearn.neighbors import NearestNeighbors

    count = min(NEIGHBOURS, len(features) - 1)
    if count < 1:
        return 0.0, 0.0
    nearest = NearestNeighbors(n_neighbors=count).fit(standardised(features))
    neighbours = nearest.kneighbors(return_distance=False)
    same = float((volumes[neighbours] == volumes[:, None]).mean())
    sizes = np.bincount(volumes)[volumes]
    return same, float(((sizes - 1) / (len(volumes) - 1)).mean())


def _pool(files: PoolFiles) -> VolumePool:
    from napari_salient.pretraining.pool import VolumePool
    from napari_salient.pretraining.settings import PretrainingSettings

    if files.are_pictures:
        return VolumePool.of_pictures(files.learn, PretrainingSettings.side)
    return VolumePool.of_files(files.learn)


def _lengths(pool: VolumePool, plane: Plane) -> list[int]:
    from napari_salient.data.planes import axis_of

    return [shape[axis_of(plane)] for shape in pool.shapes]


def _parts(
    volumes: NDArray[np.int64], pool: VolumePool, spec: PretrainingSpec
) -> Iterator[tuple[int, int]]:
    """Yield where parts of a few slices of one volume begin and end."""
    from napari_salient.pretraining.features import slices_at_once

    borders = np.flatnonzero(np.diff(volumes)) + 1
    for first, last in zip([0, *borders], [*borders, len(volumes)], strict=True):
        step = min(slices_at_once(spec, pool.shapes[volumes[first]]), AT_ONCE)
        for begin in range(first, last, step):
            yield begin, min(begin + step, last)
