"""Random walks with priors: a smooth segmentation from what each voxel says for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import label
from scipy.sparse.linalg import LinearOperator, cg

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

CERTAIN = 1e3
"""Weight of what a person said."""

TOLERANCE = 1e-4
"""Relative residual at which the solver stops."""


def walk(
    prior: Array,
    features: Array,
    free: NDArray[np.bool_],
    seeds: NDArray[np.bool_],
    spacing: tuple[float, float, float],
    trust: float,
) -> NDArray[np.bool_]:
    """Return which voxels belong to the object.

    A walker starts at each voxel, goes from neighbour to neighbour, rarely across a jump of the
    features, and is at each step caught with odds given by `trust`, in the object with probability
    `prior`. A voxel belongs to the object if more of its walkers end there than not.

    Parameters
    ----------
    prior : array, shape (z, y, x)
        Probability that a voxel belongs to the object, from the voxel alone.
    features : array, shape (feature, z, y, x)
        Scaled so that a step of 1 marks an edge.
    free : bool array, shape (z, y, x)
        Where walkers may go; elsewhere is no object.
    seeds : bool array, shape (z, y, x)
        Free voxels that are the object's for certain.
    spacing
        Edges of a voxel along (z, y, x) in mm.
    trust
        Weight of the prior against that of a neighbour at the smallest spacing.

    Returns
    -------
    bool array, shape (z, y, x)

    References
    ----------
    Grady, "Multilabel random walker image segmentation using prior models", CVPR 2005.
    """
    steps = [_step_weights(features, free, axis, spacing) for axis in range(3)]
    caught = np.where(seeds, CERTAIN, trust)
    diagonal = caught + sum(_at_both_ends(step, axis) for axis, step in enumerate(steps))

    def multiply(flat: Array) -> Array:
        x = flat.reshape(prior.shape)
        product = diagonal * x
        for axis, step in enumerate(steps):
            lower, upper = _pairs(axis)
            product[lower] -= step * x[upper]
            product[upper] -= step * x[lower]
        return product.ravel()

    wanted = np.where(seeds, 1.0, np.where(free, prior, 0.0))
    matrix = LinearOperator((prior.size, prior.size), matvec=multiply, dtype=np.float64)
    jacobi = LinearOperator(matrix.shape, matvec=lambda x: x / diagonal.ravel(), dtype=np.float64)
    right = (caught * wanted).ravel()
    x, _ = cg(matrix, right, x0=wanted.ravel(), rtol=TOLERANCE, maxiter=200, M=jacobi)
    object_: NDArray[np.bool_] = free & (x.reshape(prior.shape) > 0.5)
    return object_


def connected(mask: NDArray[np.bool_], seeds: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the part of `mask` and `seeds` that hangs together with the seeds, face by face."""
    parts, count = label(mask | seeds)
    kept = np.zeros(count + 1, dtype=bool)
    kept[parts[seeds]] = True
    found: NDArray[np.bool_] = kept[parts]
    return found


def _pairs(axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Return the indices of the lower and the upper voxels of all pairs along an axis."""
    lower, upper = [slice(None)] * 3, [slice(None)] * 3
    lower[axis], upper[axis] = slice(None, -1), slice(1, None)
    return tuple(lower), tuple(upper)


def _step_weights(
    features: Array, free: NDArray[np.bool_], axis: int, spacing: tuple[float, float, float]
) -> Array:
    """Return how readily a walker goes from each voxel to the next along an axis."""
    lower, upper = _pairs(axis)
    jump = np.abs(np.diff(features, axis=axis + 1)).sum(0)
    nearness = (min(spacing) / spacing[axis]) ** 2
    weights: Array = nearness * np.exp(-jump) * (free[lower] & free[upper])
    return weights


def _at_both_ends(step: Array, axis: int) -> Array:
    """Return for each voxel the sum of the weights of its two pairs along an axis."""
    before, after = [(0, 0)] * 3, [(0, 0)] * 3
    before[axis], after[axis] = (1, 0), (0, 1)
    total: Array = np.pad(step, before) + np.pad(step, after)
    return total
