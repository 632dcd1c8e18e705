"""The catalogue of a project: its cases, what was measured in them, and its rounds."""

from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import URL, create_engine, event, func, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from napari_salient.errors import InputError, ProjectError
from napari_salient.project import measurements, rounds, sqlite
from napari_salient.project.tables import CASES, FORMAT, METADATA

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection, Row, Select

    from napari_salient.project.measurements import Measurement
    from napari_salient.project.rounds import Round, Scores
    from napari_salient.project.splits import Split

CaseKind = Literal["volume", "radiograph", "slide"]


@dataclass(frozen=True)
class Case:
    """One image of the project.

    Parameters
    ----------
    id, name
        Its number in the catalogue and its unique name.
    kind
        ``volume``, ``radiograph`` or ``slide``.
    path
        Where the image is; it is never copied nor changed.
    content_hash, size
        Hash and bytes of the image file, by which it is found again when it was moved.
    patient
        Salted hash of the patient's identifier.
    split
        ``pool``, ``validation`` or ``test``.
    shape, channels, spacing
        Of a volume ``(z, y, x)`` in display orientation, in voxels and mm; spacing is `None` where
        unknown.
    """

    id: int
    kind: CaseKind
    name: str
    path: Path
    content_hash: str
    patient: str
    split: Split
    shape: tuple[int, ...]
    channels: int
    spacing: tuple[float, ...] | None
    size: int = 0


class Catalogue:
    """The database behind a project's cases, measurements, rounds and scores, for any thread.

    Parameters
    ----------
    path
        ``catalogue.db``. Images are referenced relative to its folder where they lie beside or
        below it.
    read_only
        Refuse to write.

    Raises
    ------
    ProjectError
        If the file is missing, damaged or of another format.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self.read_only = read_only
        self._write_lock = threading.RLock()
        self._engine = create_engine(
            URL.create("sqlite", database=str(path)),
            creator=lambda: sqlite.connect(path, read_only=read_only),
        )
        event.listen(self._engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        try:
            self._check_format()
        except BaseException:
            self.close()
            raise

    @classmethod
    def create(cls, path: Path) -> Catalogue:
        """Make an empty catalogue at `path`, which must not exist, and open it."""
        engine = create_engine("sqlite://", creator=lambda: sqlite.connect(path, create=True))
        with _failures_as_sentences(path):
            METADATA.create_all(engine)
            with engine.connect() as connection:
                connection.exec_driver_sql(f"PRAGMA user_version={FORMAT}")
        engine.dispose()
        return cls(path)

    def close(self) -> None:
        """Close the file."""
        self._engine.dispose()

    def add_cases(self, cases: Iterable[Case]) -> None:
        """Add cases in one transaction; their ids are given by the catalogue, in order.

        Raises
        ------
        InputError
            If a name is in the catalogue already; none is then added.
        """
        rows = [self._row(case) for case in cases]
        if not rows:
            return
        with self._writing() as connection:
            try:
                connection.execute(insert(CASES), rows)
            except IntegrityError as error:
                raise InputError(_name_taken(rows, self._names())) from error

    def cases(
        self, split: Split | None = None, *, after: int = 0, limit: int | None = None
    ) -> Iterator[Case]:
        """Yield the cases with an id above `after` by id, of one split or of all, at most `limit`.

        They are read in portions: memory does not grow with the catalogue.
        """
        query = select(CASES).where(CASES.c.id > after).order_by(CASES.c.id).limit(limit)
        with self._reading() as connection:
            for row in connection.execution_options(yield_per=500).execute(_of(query, split)):
                yield self._case(row)

    def case(self, case_id: int) -> Case:
        """Return a case; raise `InputError` if the project has none with this id."""
        with self._reading() as connection:
            row = connection.execute(select(CASES).where(CASES.c.id == case_id)).first()
        if row is None:
            raise InputError(f"The project has no case with id {case_id}.")
        return self._case(row)

    def case_named(self, name: str) -> Case:
        """Return the case called `name`; raise `InputError` if the project has none."""
        with self._reading() as connection:
            row = connection.execute(select(CASES).where(CASES.c.name == name)).first()
        if row is None:
            raise InputError(f"The project has no case '{name}'.")
        return self._case(row)

    def count(self, split: Split | None = None) -> int:
        """Return the number of cases, of one split or of all."""
        with self._reading() as connection:
            query = _of(select(func.count()).select_from(CASES), split)
            return int(connection.execute(query).scalar_one())

    def ids_in(self, split: Split) -> set[int]:
        """Return the ids of the cases of a split."""
        with self._reading() as connection:
            return set(connection.execute(_of(select(CASES.c.id), split)).scalars())

    def patient_splits(self) -> dict[str, Split]:
        """Return the split of every patient, by salted hash."""
        with self._reading() as connection:
            rows = connection.execute(select(CASES.c.patient, CASES.c.split).distinct())
            return {row.patient: row.split for row in rows}

    def contents(self) -> dict[str, str]:
        """Return the name of the case with each image content, by content hash."""
        with self._reading() as connection:
            rows = connection.execute(select(CASES.c.content_hash, CASES.c.name))
            return {row.content_hash: row.name for row in rows}

    def set_path(self, case_id: int, path: Path) -> None:
        """Remember that the image of a case was found at `path`."""
        change = update(CASES).where(CASES.c.id == case_id).values(path=self._stored(path))
        with self._writing() as connection:
            connection.execute(change)

    def measure(self, *found: Measurement) -> None:
        """Store measurements, all or none."""
        with self._writing() as connection:
            measurements.add_measurements(connection, found)

    def measurements(
        self, case_id: int | None = None, method: str | None = None, name: str | None = None
    ) -> Iterator[Measurement]:
        """Yield measurements, oldest first: of one case, method or name, or of all."""
        with self._reading() as connection:
            yield from measurements.read_measurements(
                connection, case_id=case_id, method=method, name=name
            )

    def add_round(self, new: Round, scores: Scores | None = None) -> None:
        """Store a round with its scores; if it is active, no other is any more."""
        with self._writing() as connection:
            rounds.add_round(connection, new)
            if scores is not None:
                rounds.add_scores(connection, new.number, scores)

    def rounds(self) -> list[Round]:
        """Return all rounds by number."""
        with self._reading() as connection:
            return rounds.read_rounds(connection)

    def activate_round(self, number: int) -> None:
        """Make `number` the one active round; raise `ProjectError` if there is no such round."""
        with self._writing() as connection:
            rounds.activate_round(connection, number)

    def scores(self, number: int) -> Scores:
        """Return the scores of a round by case and slice; empty if it has none."""
        with self._reading() as connection:
            return rounds.read_scores(connection, number)

    def check(self) -> None:
        """Read the whole file; raise `ProjectError` if any page of it is damaged."""
        with self._reading() as connection:
            words = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
        if words != "ok":
            raise ProjectError(f"{self.path} is damaged ({words}); put it back from a backup.")

    def _check_format(self) -> None:
        with self._reading() as connection:
            found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            connection.execute(select(CASES.c.id).limit(1)).first()
        if found != FORMAT:
            raise ProjectError(
                f"{self.path} has format {found}, this version reads {FORMAT}; open its project "
                "with the version that made it."
            )

    def _names(self) -> set[str]:
        with self._reading() as connection:
            return set(connection.execute(select(CASES.c.name)).scalars())

    def _row(self, case: Case) -> dict[str, Any]:
        row = {column.name: getattr(case, column.name) for column in CASES.c if column.name != "id"}
        return row | {"path": self._stored(case.path)}

    def _case(self, row: Row[Any]) -> Case:
        values = dict(row._mapping)  # noqa: SLF001
        values["path"] = Path(os.path.normpath(self.path.parent.absolute() / values["path"]))
        values["shape"] = tuple(values["shape"])
        values["spacing"] = tuple(values["spacing"]) if values["spacing"] else None
        return Case(**values)

    def _stored(self, path: Path) -> str:
        folder, path = self.path.parent.absolute(), path.absolute()
        if path.is_relative_to(folder.parent):
            return Path(os.path.relpath(path, folder)).as_posix()
        return str(path)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        with _failures_as_sentences(self.path), self._engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Connection]:
        if self.read_only:
            raise ProjectError(
                f"{self.path.parent} was opened read-only; open it for writing first."
            )
        with (
            self._write_lock,
            _failures_as_sentences(self.path),
            self._engine.begin() as connection,
        ):
            yield connection


def _of(query: Select[Any], split: Split | None) -> Select[Any]:
    return query if split is None else query.where(CASES.c.split == split)


def _name_taken(rows: list[dict[str, Any]], known: set[str]) -> str:
    names = [row["name"] for row in rows]
    taken = next((n for n in names if n in known or names.count(n) > 1), names[0])
    return f"Two images have the case name '{taken}'; rename one of the files, names must differ."


@contextlib.contextmanager
def _failures_as_sentences(path: Path) -> Iterator[None]:
    try:
        with sqlite.failures_as_sentences(path):
            yield
    except DBAPIError as error:
        raise ProjectError(sqlite.sentence(path, error.orig or error)) from error
