"""The pool of slices that a query strategy chooses from, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_salient.data.planes import Plane


@dataclass(frozen=True)
class Proposal:
    """A slice worth labelling next, and why.

    `score` is larger for more worth, comparable only within one query; `reason` is for the
    annotator.
    """

    case_id: int
    plane: Plane
    index: int
    score: float
    reason: str


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
    score : float array, shape (slice,), or None
        Uncertainty from the last round's model, larger = more uncertain; `None` before there is a
        model.
    """

    plane: Plane
    case_id: NDArray[np.int64]
    index: NDArray[np.int64]
    labelled: NDArray[np.bool_]
    score: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        lengths = {len(self.case_id), len(self.index), len(self.labelled)}
        if self.score is not None:
            lengths.add(len(self.score))
        if len(lengths) != 1:
            raise ValueError(f"the columns of a pool state differ in length: {sorted(lengths)}")

    @property
    def open(self) -> NDArray[np.int64]:
        """Positions of the slices that may be chosen."""
        return np.flatnonzero(~self.labelled)

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
            "score": None if self.score is None else self.score.tolist(),
        }

    @classmethod
    def from_json(cls, state: dict[str, Any]) -> PoolState:
        """Rebuild what `to_json` returned."""
        score = state["score"]
        return cls(
            plane=state["plane"],
            case_id=np.asarray(state["case_id"], dtype=np.int64),
            index=np.asarray(state["index"], dtype=np.int64),
            labelled=np.asarray(state["labelled"], dtype=bool),
            score=None if score is None else np.asarray(score, dtype=np.float64),
        )
