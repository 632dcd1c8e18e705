"""The rounds of a project: what was trained on how many labels, and how it scored the pool."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import delete, insert, select, update

from napari_salient.errors import ProjectError
from napari_salient.project.edits import now
from napari_salient.project.tables import ROUNDS, SCORES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from sqlalchemy import Connection

Scores = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Scored slices: case ids (int64), indices (int64) and scores (float64), each ``(slice,)``."""

_ROW = np.dtype([("case_id", "<i8"), ("slice", "<i4"), ("score", "<f8")])


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


def store_scores(
    connection: Connection, number: int, rows: Iterable[tuple[int, int, float]]
) -> None:
    """Replace the scores of a round by rows of (case id, slice index, score)."""
    connection.execute(delete(SCORES).where(SCORES.c.round == number))
    table = np.fromiter((tuple(row) for row in rows), _ROW)
    packed = [
        {
            "round": number,
            "case_id": int(part["case_id"][0]),
            "slices": part["slice"].tobytes(),
            "scores": part["score"].tobytes(),
        }
        for part in _by_case(table)
    ]
    if packed:
        connection.execute(insert(SCORES), packed)


def read_scores(connection: Connection, number: int) -> Scores:
    """Return the scores of a round by case and slice; three empty arrays if it has none."""
    query = select(SCORES.c.case_id, SCORES.c.slices, SCORES.c.scores)
    rows = connection.execute(
        query.where(SCORES.c.round == number).order_by(SCORES.c.case_id)
    ).all()
    slices = [np.frombuffer(row.slices, "<i4") for row in rows]
    cases = np.repeat(
        np.array([row.case_id for row in rows], np.int64), [len(part) for part in slices]
    )
    scores = np.frombuffer(b"".join(row.scores for row in rows), "<f8")
    return cases, np.concatenate([*slices, np.empty(0)]).astype(np.int64), scores


def _by_case(table: np.ndarray) -> Iterator[np.ndarray]:
    if table.size:
        table = table[np.lexsort((table["slice"], table["case_id"]))]
        borders = np.flatnonzero(np.diff(table["case_id"])) + 1
        yield from np.split(table, borders)
