from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from napari_salient.errors import ProjectError
from napari_salient.project import migration_1_to_2, migrations
from napari_salient.project.catalogue import Catalogue
from napari_salient.project.journal import Journal
from napari_salient.project.labels import LabelSchema
from napari_salient.project.measurements import Measurement
from napari_salient.project.project import Project
from napari_salient.project.splits import SplitFractions, hash_patient
from napari_salient.project.states import SliceState

FIXTURE = Path(__file__).parent / "fixtures" / "version-1"
DATABASES = ("catalogue.db", "journal.db")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Return a copy of the project that format 1 made."""
    shutil.copytree(FIXTURE, tmp_path / "version-1")
    return tmp_path / "version-1" / "project"


def rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    connection = sqlite3.connect(path)
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    found = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for (name,) in tables}
    connection.close()
    return found


def layout_of(path: Path) -> dict[str, set[tuple[object, ...]]]:
    connection = sqlite3.connect(path)
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    info = {
        name: {
            (column, required or key)
            for _, column, _, required, _, key in connection.execute(f"PRAGMA table_info({name})")
        }
        for (name,) in tables
    }
    info["indices"] = set(
        connection.execute(
            "SELECT name, tbl_name FROM sqlite_master WHERE type = 'index' AND sql NOT NULL"
        )
    )
    connection.close()
    return info


def test_settings_are_taken_over(old: Path) -> None:
    with Project.open(old) as project:
        settings = project.settings
    assert (settings.schema_version, settings.name, settings.plane) == (2, "hippocampus", "coronal")
    assert settings.schema == LabelSchema.of("anterior", "posterior")
    assert (settings.fractions, settings.seed) == (SplitFractions(0.5, 0.25, 0.25), 7)


def test_cases_keep_ids_splits_and_patients(old: Path) -> None:
    with Project.open(old) as project:
        cases = list(project.catalogue.cases())
        assert [(case.id, case.name, case.split) for case in cases] == [
            (1, "sub-01_T1", "pool"),
            (2, "sub-01_T2", "pool"),
            (3, "sub-02_T1", "validation"),
            (4, "sub-03_T1", "test"),
        ]
        assert (cases[0].kind, cases[0].channels, cases[0].shape) == ("volume", 1, (3, 4, 5))
        assert cases[0].spacing == (2.0, 1.0, 1.0)
        assert cases[0].patient == hash_patient("sub-01", project.settings.salt)


def test_labels_states_and_the_undo_that_was_pending_are_there(old: Path) -> None:
    with Project.open(old) as project:
        assert project.label_array(1)[0, :, 1].tolist() == [0, 1, 0, 0]
        assert project.journal.slice_state(2, "coronal", 0).state == SliceState.ACCEPTED
        project.journal.redo(1)
        assert project.label_array(1)[0, :, 1].tolist() == [0, 1, 2, 0]
        assert [project.journal.undo(1).undoes, project.journal.undo(1).undoes] == [2, 1]
        assert project.journal.undo(1) is None
        assert project.label_array(1).max() == 0


def test_rounds_and_scores_are_there(old: Path) -> None:
    with Project.open(old) as project:
        assert [(r.number, r.active) for r in project.catalogue.rounds()] == [(0, False), (1, True)]
        scores = project.catalogue.scores(1)
        assert scores.case_id.tolist() == [1] * 4 + [2] * 4
        assert scores.index.tolist() == [0, 1, 2, 3] * 2
        assert list(scores.measures) == ["entropy"]
        assert (scores.measures["entropy"] == (scores.case_id + scores.index) / 8).all()


def test_a_converted_project_is_worked_on_like_a_new_one(old: Path) -> None:
    with Project.open(old) as project:
        project.catalogue.measure(Measurement(1, "test", "dice", 0.5, region={"slice": 1}))
        project.set_states(1, {("coronal", 0): (SliceState.DRAFT, "", True)}, "interpolate")
        project.compact(1)
    with Project.open(old) as project:
        assert project.journal.slice_state(1, "coronal", 0).pseudo
        project.catalogue.check()
        project.journal.check()


def test_converted_tables_are_those_of_a_new_project(old: Path, tmp_path: Path) -> None:
    Project.open(old).close()
    Catalogue.create(tmp_path / "catalogue.db").close()
    Journal.create(tmp_path / "journal.db").close()
    for name in DATABASES:
        assert layout_of(old / name) == layout_of(tmp_path / name)


def test_what_is_changed_is_backed_up_first(old: Path) -> None:
    Project.open(old).close()
    backup = old / "backups" / "format-1-1"
    assert (backup / "project.toml").read_bytes() == (FIXTURE / "project/project.toml").read_bytes()
    for name in DATABASES:
        assert rows(backup / name) == rows(FIXTURE / "project" / name)


def test_a_project_is_converted_once(old: Path) -> None:
    for _ in range(2):
        Project.open(old).close()
    assert [path.name for path in (old / "backups").iterdir()] == ["format-1-1"]


@pytest.mark.parametrize("cut_off_at", ["_upgrade_journal", "write_settings"])
def test_a_conversion_that_was_cut_off_goes_on(old: Path, monkeypatch, cut_off_at: str) -> None:
    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(migration_1_to_2, cut_off_at, cut_off)
        with pytest.raises(KeyboardInterrupt):
            Project.open(old)
    with Project.open(old) as project:
        assert project.journal.redo(1) is not None
    assert [path.name for path in (old / "backups").iterdir()] == ["format-1-1"]
    assert rows(old / "backups/format-1-1/catalogue.db") == rows(FIXTURE / "project/catalogue.db")


def test_reading_does_not_convert(old: Path) -> None:
    with pytest.raises(ProjectError, match="older project format 1; open it for writing once"):
        Project.open(old, read_only=True)
    assert not (old / "backups").exists()


def test_every_older_format_has_a_step_to_the_next() -> None:
    assert sorted(migrations.STEPS) == list(range(1, migrations.SCHEMA_VERSION))
