"""What a method found in a case: a number with its unit and where it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from napari_salient.project.edits import now
from napari_salient.project.tables import MEASUREMENTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

_COLUMNS = [column for column in MEASUREMENTS.c if column.name != "id"]


@dataclass(frozen=True)
class Measurement:
    """One number.

    Parameters
    ----------
    case_id
        The case it was found in.
    method, name
        Which method found what: ``active_learning``, ``agreement``.
    value, unit
        The number and its unit; the unit is empty for a ratio.
    region
        Where in the case, as JSON values (a slice, a box in voxels, a contour); `None` for all of
        it.
    run_id
        The run whose model was used, if any.
    created
        When, in UTC.
    """

    case_id: int
    method: str
    name: str
    value: float
    unit: str = ""
    region: dict[str, Any] | None = None
    run_id: str | None = None
    created: datetime = field(default_factory=now)


def add_measurements(connection: Connection, found: Sequence[Measurement]) -> None:
    """Store measurements."""
    if found:
        connection.execute(insert(MEASUREMENTS), [vars(measurement) for measurement in found])


def read_measurements(connection: Connection, **wanted: Any) -> Iterator[Measurement]:
    """Yield measurements with the wanted column values, oldest first; `None` wants any."""
    query = select(*_COLUMNS).order_by(MEASUREMENTS.c.id)
    for column, value in wanted.items():
        if value is not None:
            query = query.where(MEASUREMENTS.c[column] == value)
    for row in connection.execute(query):
        yield Measurement(**row._mapping)  # noqa: SLF001
