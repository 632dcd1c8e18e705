"""The pool of slices that a query strategy chooses from, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_salient.project.rounds import Scores

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.random import Generator
    from numpy.typing import NDArray

    from napari_salient.data.planes import Plane

FEATURES = "features"
"""What a strategy names among its needs beside measures to get the feature matrix."""


@dataclass(frozen=True)
class Proposal:
    """A slice worth labelling next, and why.

    `score` is larger for more worth, comparable only within one query; `reason` is for the
    annotator. An `audit` slice was drawn at random, whatever the strategy: how well the model does
    on these is how well it does on the pool.
    """

    case_id: int
    plane: Plane
    index: int
    score: float
    reason: str
    audit: bool = False


@dataclass(frozen=True)
class PoolScores(Scores):
    """What a model says about slices: the measures that the catalogue keeps, and features.

    Parameters
    ----------
    features : float32 array, shape (slice, feature), or None
        Largest value of each channel of the network's deepest level.
    """

    features: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class PoolState:
    """All slices that may be labelled along one plane, in any order.

    Parameters
    ----------
    plane
        Slicing plane of every slice here.
    case_id, index : integer arrays, shape (slice,)
        Which volume, and which slice of it.
    labelled : bool array, shape (slice,)
        What need not be asked again: accepted slices, and in the tool also those sent back or under
        way.
    measures : dict of float arrays, each (slice,)
        What the last round's model says about the slices, by name; none before there is a model.
        All are finite, and but for ``foreground``, a count of pixels, larger is more uncertain.
    features : float array, shape (slice, feature), or None
        Where a slice lies among the others in the eyes of the network.
    """

    plane: Plane
    case_id: NDArray[np.int64]
    index: NDArray[np.int64]
    labelled: NDArray[np.bool_]
    measures: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    features: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        columns = [self.case_id, self.index, self.labelled, *self.measures.values()]
        if self.features is not None:
            columns.append(self.features)
        lengths = {len(column) for column in columns}
        if len(lengths) != 1:
            raise ValueError(f"the columns of a pool state differ in length: {sorted(lengths)}")

    @property
    def open(self) -> NDArray[np.int64]:
        """Positions of the slices that may be chosen."""
        return np.flatnonzero(~self.labelled)

    @cached_property
    def volume(self) -> NDArray[np.int64]:
        """Number of each slice's volume, counted from 0 in the order of case ids."""
        return np.unique(self.case_id, return_inverse=True)[1].astype(np.int64)

    def has(self, needs: Iterable[str]) -> bool:
        """Tell whether the state has all these measures, and features if they are among them."""
        known = set(self.measures) | ({FEATURES} if self.features is not None else set())
        return known.issuperset(needs)

    def sampled(self, count: int, rng: Generator) -> PoolState:
        """Return the state with `count` of its open slices, drawn at random, and all others."""
        kept = self.labelled.copy()
        kept[rng.choice(self.open, min(count, len(self.open)), replace=False)] = True
        return PoolState(
            self.plane,
            self.case_id[kept],
            self.index[kept],
            self.labelled[kept],
            {name: values[kept] for name, values in self.measures.items()},
            None if self.features is None else self.features[kept],
        )

    def proposal(self, position: int, score: float, reason: str) -> Proposal:
        """Return the slice at `position` as a proposal."""
        return Proposal(
            int(self.case_id[position]), self.plane, int(self.index[position]), float(score), reason
        )

    def to_json(self) -> dict[str, Any]:
        """Return the state as plain JSON values."""
        return {
            "plane": self.plane,
            "case_id": self.case_id.tolist(),
            "index": self.index.tolist(),
            "labelled": self.labelled.tolist(),
            "measures": {name: values.tolist() for name, values in self.measures.items()},
            "features": None if self.features is None else self.features.tolist(),
        }

    @classmethod
    def from_json(cls, state: dict[str, Any]) -> PoolState:
        """Rebuild what `to_json` returned."""
        features = state["features"]
        return cls(
            plane=state["plane"],
            case_id=np.asarray(state["case_id"], dtype=np.int64),
            index=np.asarray(state["index"], dtype=np.int64),
            labelled=np.asarray(state["labelled"], dtype=bool),
            measures={
                name: np.asarray(values, dtype=np.float64)
                for name, values in state["measures"].items()
            },
            features=None if features is None else np.asarray(features, dtype=np.float32),
        )
