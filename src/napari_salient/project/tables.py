"""The tables of the catalogue, in SQLAlchemy Core: the same on SQLite and on a database server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    TypeDecorator,
)

FORMAT = 2
"""Version of the layout, kept in the SQLite file's ``user_version``."""

METADATA = MetaData()


class UtcTime(TypeDecorator[datetime]):
    """A time with its zone, on databases that store none as well."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Store UTC."""
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Return UTC."""
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


CASES = Table(
    "cases",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("name", String, nullable=False, unique=True),
    Column("path", String, nullable=False),
    Column("content_hash", String, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("patient", String, nullable=False, index=True),
    Column("split", String, nullable=False, index=True),
    Column("shape", JSON, nullable=False),
    Column("channels", Integer, nullable=False),
    Column("spacing", JSON),
)

MEASUREMENTS = Table(
    "measurements",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("case_id", ForeignKey("cases.id"), nullable=False),
    Column("method", String, nullable=False),
    Column("name", String, nullable=False),
    Column("value", Float, nullable=False),
    Column("unit", String, nullable=False),
    Column("region", JSON(none_as_null=True)),
    Column("run_id", String),
    Column("created", UtcTime, nullable=False),
    Index("measurements_by_name", "method", "name", "case_id"),
    Index("measurements_by_case", "case_id"),
)

ROUNDS = Table(
    "rounds",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("run_id", String, nullable=False),
    Column("strategy", String, nullable=False),
    Column("labelled", Integer, nullable=False),
    Column("metrics", JSON, nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("active", Boolean, nullable=False),
)

SCORES = Table(
    "scores",
    METADATA,
    Column("round", ForeignKey("rounds.number"), primary_key=True),
    Column("case_id", ForeignKey("cases.id"), primary_key=True),
    Column("slices", LargeBinary, nullable=False),
    Column("measures", JSON, nullable=False),
    Column("scores", LargeBinary, nullable=False),
)
"""One row a round and case: slices as int32, the names of measures, and as float64 the scores
``(measure, slice)``, both little-endian."""
