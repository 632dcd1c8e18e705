"""Orders of the pieces of a puzzle that are as different as can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CANDIDATES = 4000
"""Random orders among which to choose."""


def distant_permutations(pieces: int, count: int, seed: int) -> NDArray[np.int64]:
    """Choose orders greedily, each as far as possible from those before and from the identity.

    M. Noroozi and P. Favaro, Unsupervised Learning of Visual Representations by Solving Jigsaw
    Puzzles, ECCV 2016.

    Parameters
    ----------
    pieces
        Length of an order.
    count
        How many to choose, at most 4,000 and all but one of those that exist.
    seed
        Of the candidates.

    Returns
    -------
    int64 array, shape (count, pieces)
        Each row says which piece lies at each place. No two agree; the identity is absent.
    """
    rng = np.random.default_rng(seed)
    candidates = np.unique(
        rng.permuted(np.tile(np.arange(pieces), (CANDIDATES, 1)), axis=1), axis=0
    )
    distance = hamming(candidates, np.arange(pieces))
    chosen = []
    for _ in range(count):
        chosen.append(candidates[distance.argmax()])
        distance = np.minimum(distance, hamming(candidates, chosen[-1]))
    return np.array(chosen)


def hamming(orders: NDArray[np.int64], order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return at how many places each row of `orders` differs from `order`."""
    different: NDArray[np.int64] = (orders != order).sum(1)
    return different
