from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from napari_salient.errors import InputError, ProjectError
from napari_salient.project.catalogue import Case, Catalogue
from napari_salient.project.measurements import Measurement
from napari_salient.project.rounds import Round, Scores
from napari_salient.project.tables import METADATA


@pytest.fixture
def catalogue(tmp_path: Path):
    (tmp_path / "project").mkdir()
    opened = Catalogue.create(tmp_path / "project" / "catalogue.db")
    yield opened
    opened.close()


def volume(name: str, split: str = "pool", path: Path = Path("/images/x.nii.gz")) -> Case:
    return Case(
        id=0,
        kind="volume",
        name=name,
        path=path,
        content_hash="c0ffee",
        patient=f"patient of {name}",
        split=split,
        shape=(3, 4, 5),
        channels=2,
        spacing=(2.0, 1.0, 0.5),
        size=99,
    )


def test_a_case_comes_back_as_it_was_added(catalogue: Catalogue) -> None:
    catalogue.add_cases([volume("a")])
    (case,) = catalogue.cases()
    assert case == volume("a").__class__(**{**vars(volume("a")), "id": 1})
    assert catalogue.case(1) == catalogue.case_named("a") == case


def test_radiographs_and_slides_are_cases_too(catalogue: Catalogue) -> None:
    plane = {**vars(volume("tooth")), "kind": "radiograph", "shape": (600, 800), "spacing": None}
    catalogue.add_cases([Case(**plane)])
    assert catalogue.case(1).shape == (600, 800)
    assert catalogue.case(1).spacing is None


def test_cases_are_read_by_split_and_in_portions(catalogue: Catalogue) -> None:
    catalogue.add_cases(volume(f"case-{n}", "test" if n % 3 == 0 else "pool") for n in range(9))
    assert [case.id for case in catalogue.cases("test")] == [1, 4, 7]
    assert [case.id for case in catalogue.cases("pool", after=3, limit=2)] == [5, 6]
    assert (catalogue.count(), catalogue.count("test")) == (9, 3)
    assert catalogue.ids_in("test") == {1, 4, 7}


def test_cases_may_be_changed_while_they_are_read(catalogue: Catalogue) -> None:
    catalogue.add_cases(volume(f"case-{n}") for n in range(1200))
    for case in catalogue.cases():
        if case.id % 400 == 0:
            catalogue.measure(Measurement(case.id, "test", "seen", 1.0))
    assert len(list(catalogue.measurements())) == 3


def test_a_name_is_used_once_and_a_refused_list_adds_nothing(catalogue: Catalogue) -> None:
    catalogue.add_cases([volume("a")])
    with pytest.raises(InputError, match="the case name 'a'"):
        catalogue.add_cases([volume("b"), volume("a")])
    assert catalogue.count() == 1


def test_unknown_cases_and_rounds_are_a_sentence(catalogue: Catalogue) -> None:
    with pytest.raises(InputError, match="no case with id 5"):
        catalogue.case(5)
    with pytest.raises(InputError, match="no case 'x'"):
        catalogue.case_named("x")
    with pytest.raises(ProjectError, match="no round 3"):
        catalogue.activate_round(3)


def test_images_beside_the_project_are_found_when_both_move(catalogue: Catalogue) -> None:
    folder = catalogue.path.parent
    catalogue.add_cases([volume("near", path=folder.parent / "images" / "near.nii.gz")])
    catalogue.add_cases([volume("far", path=Path("/archive/far.nii.gz"))])
    catalogue.close()
    folder.parent.joinpath("elsewhere").mkdir()
    moved = folder.rename(folder.parent / "elsewhere" / "project")
    reopened = Catalogue(moved / "catalogue.db")
    assert reopened.case_named("near").path == moved.parent / "images" / "near.nii.gz"
    assert reopened.case_named("far").path == Path("/archive/far.nii.gz")
    reopened.close()


def test_measurements_keep_value_unit_region_and_time(catalogue: Catalogue) -> None:
    catalogue.add_cases([volume("a"), volume("b")])
    when = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    size = Measurement(1, "caries", "area", 2.5, "mm²", {"slice": 3}, "run-1", when)
    agreement = Measurement(2, "active_learning", "agreement", 0.9)
    catalogue.measure(size, agreement)
    assert list(catalogue.measurements()) == [size, agreement]
    assert list(catalogue.measurements(case_id=1)) == [size]
    assert list(catalogue.measurements(method="active_learning", name="agreement")) == [agreement]
    assert list(catalogue.measurements(name="volume")) == []


def test_one_round_is_active_at_a_time(catalogue: Catalogue) -> None:
    for number in range(3):
        catalogue.add_round(Round(number, f"run-{number}", "entropy", 12 * number, {"dice": 0.5}))
    assert [r.number for r in catalogue.rounds() if r.active] == [2]
    catalogue.activate_round(0)
    assert [r.number for r in catalogue.rounds() if r.active] == [0]
    assert catalogue.rounds()[1].metrics == {"dice": 0.5}


def scores_of(*rows: tuple[int, int, float, float]) -> Scores:
    case_id, index, doubt, pixels = zip(*rows, strict=True)
    measures = {"entropy": np.array(doubt), "foreground": np.array(pixels)}
    return Scores(np.array(case_id), np.array(index), measures)


def rows_of(scores: Scores) -> list[tuple[int, int, float, float]]:
    columns = (scores.case_id, scores.index, *scores.measures.values())
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_scores_come_back_exactly_by_case_and_slice(catalogue: Catalogue) -> None:
    catalogue.add_cases([volume("a"), volume("b")])
    rows = [(2, 1, math.pi, 7.0), (1, 7, 0.1, 0.0), (2, 0, 1 / 3, 1e9), (1, 2, 0.0, 1.0)]
    catalogue.add_round(Round(1, "run", "entropy", 12), scores_of(*rows))
    assert rows_of(catalogue.scores(1)) == sorted(rows)


def test_a_commit_waits_for_the_disk(catalogue: Catalogue) -> None:
    full = 2
    with catalogue._reading() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == full


def test_the_tables_can_be_made_on_a_database_server() -> None:
    for table in METADATA.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=postgresql.dialect()))


def test_a_round_without_scores_has_empty_arrays(catalogue: Catalogue) -> None:
    scores = catalogue.scores(4)
    assert (scores.case_id.dtype, scores.index.dtype) == (np.int64, np.int64)
    assert scores.case_id.size == scores.index.size == 0
    assert scores.measures == {}
