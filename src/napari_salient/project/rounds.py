"""The rounds of a project: what was trained on how many labels, and how it scored the pool."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import insert, select, update

from napari_salient.errors import ProjectError
from napari_salient.project.edits import now
from napari_salient.project.tables import ROUNDS, SCORES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from numpy.typing import NDArray
    from sqlalchemy import Connection


@dataclass(frozen=True)
class Scores:
    """What a round's model says about slices.

    Parameters
    ----------
    case_id, index : int64 arrays, shape (slice,)
        The slices.
    measures : dict of float64 arrays, each (slice,)
        What was measured, by name.
    """

    case_id: NDArray[np.int64]
    index: NDArray[np.int64]
    measures: dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Round:
    """One training round: its model is that of run `run_id`; the active round's model is in use."""

    number: int
    run_id: str
    strategy: str
    labelled: int
    metrics: dict[str, float] = field(default_factory=dict)
    created: datetime = field(default_factory=now)
    active: bool = True


def add_round(connection: Connection, new: Round) -> None:
    """Store a round; an active one replaces the round that was active."""
    if new.active:
        connection.execute(update(ROUNDS).values(active=False))
    connection.execute(insert(ROUNDS).values(vars(new)))


def read_rounds(connection: Connection) -> list[Round]:
    """Return all rounds by number."""
    rows = connection.execute(select(ROUNDS).order_by(ROUNDS.c.number))
    return [Round(**row._mapping) for row in rows]  # noqa: SLF001


def activate_round(connection: Connection, number: int) -> None:
    """Make `number` the one active round; raise `ProjectError` if there is no such round."""
    chosen = ROUNDS.c.number == number
    if connection.execute(select(ROUNDS.c.number).where(chosen)).first() is None:
        raise ProjectError(f"The project has no round {number}; choose one of its rounds.")
    connection.execute(update(ROUNDS).values(active=chosen))


def add_scores(connection: Connection, number: int, scores: Scores) -> None:
    """Store the scores of a round."""
    names = sorted(scores.measures)
    table = np.asarray([scores.measures[name] for name in names], dtype="<f8")
    packed = [
        {
            "round": number,
            "case_id": int(scores.case_id[rows[0]]),
            "slices": scores.index[rows].astype("<i4").tobytes(),
            "measures": names,
            "scores": table[:, rows].tobytes(),
        }
        for rows in _by_case(scores)
    ]
    if packed:
        connection.execute(insert(SCORES), packed)


def read_scores(connection: Connection, number: int) -> Scores:
    """Return the scores of a round by case and slice; empty if it has none."""
    found = connection.execute(
        select(SCORES).where(SCORES.c.round == number).order_by(SCORES.c.case_id)
    ).all()
    slices = [np.frombuffer(row.slices, "<i4").astype(np.int64) for row in found]
    names = found[0].measures if found else []
    tables = [np.frombuffer(row.scores, "<f8").reshape(len(names), -1) for row in found]
    columns = np.concatenate([np.empty((len(names), 0)), *tables], axis=1)
    return Scores(
        case_id=np.repeat([row.case_id for row in found], [len(part) for part in slices]).astype(
            np.int64
        ),
        index=np.concatenate([np.empty(0, np.int64), *slices]),
        measures=dict(zip(names, columns, strict=True)),
    )


def _by_case(scores: Scores) -> Iterator[NDArray[np.int64]]:
    """Yield the rows of each case by slice."""
    if len(scores.case_id):
        order = np.lexsort((scores.index, scores.case_id))
        yield from np.split(order, np.flatnonzero(np.diff(scores.case_id[order])) + 1)
