"""Uncertainty sampling by Shannon entropy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.strategies.diversity import spread_out
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from numpy.random import Generator

    from napari_salient.active_learning.pool import PoolState, Proposal


def select_entropy(state: PoolState, k: int, rng: Generator) -> list[Proposal]:
    """Choose the slices whose pixels the model is least sure of, spread over volumes.

    The score of a slice is the mean Shannon entropy over its own pixels. (Burmeister et al. 2022
    call EntrUS a different, non-monotone formula; see the docs on strategies.) Ties are broken at
    random.

    Raises
    ------
    InputError
        If the state has no scores.
    """
    if state.score is None:
        raise InputError(
            "Entropy sampling needs a trained model; label a first batch with another strategy."
        )
    open_ = state.open
    shuffled = rng.permutation(open_)
    ranking = shuffled[np.argsort(-state.score[shuffled], kind="stable")]
    return [_explain(state, position) for position in spread_out(ranking, state, k)]


def _explain(state: PoolState, position: int) -> Proposal:
    assert state.score is not None
    same_volume = state.case_id == state.case_id[position]
    seen = bool(state.labelled[same_volume].any())
    score = float(state.score[position])
    volume = "volume labelled before" if seen else "volume not yet seen"
    return state.proposal(position, score, f"model unsure (mean entropy {score:.3f}), {volume}")
