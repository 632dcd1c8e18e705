from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_salient.errors import ProjectError
from napari_salient.project.journal import Journal
from napari_salient.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BOX = (0, 1, 0, 64, 0, 64)
NOTHING = np.zeros((1, 64, 64), np.uint8)
FILE_SIZE_LIMIT = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from napari_salient.errors import ProjectError
from napari_salient.project.journal import Journal

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
journal, rng, saved = Journal(Path(sys.argv[1])), np.random.default_rng(0), 0
try:
    while True:
        noise = rng.integers(0, 255, (1, 64, 64), np.uint8)
        saved = journal.record(1, "stroke", (0, 1, 0, 64, 0, 64), np.zeros_like(noise), noise)
except ProjectError as error:
    print(saved, error)
"""


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(1, 255, (1, 64, 64), np.uint8)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.is_file() and not path.name.startswith(".")
    }


def fill(journal: Journal) -> None:
    for seed in range(1, 999):
        journal.record(1, "stroke", BOX, NOTHING, noise(seed))


def test_a_full_disk_refuses_the_edit_and_keeps_all_before_it(small_disk: Path) -> None:
    journal = Journal.create(small_disk / "journal.db")
    with pytest.raises(ProjectError, match=r"The disk is full .* was not saved") as refused:
        fill(journal)
    assert "\n" not in str(refused.value)
    kept = list(journal.edits())
    assert len(kept) > 10
    assert all(np.array_equal(edit.after, noise(edit.id)) for edit in kept)
    journal.check()
    journal.close()


def test_after_space_was_made_the_journal_goes_on(small_disk: Path) -> None:
    journal = Journal.create(small_disk / "journal.db")
    saved = journal.record(1, "stroke", BOX, NOTHING, noise(1))
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * (os.statvfs(small_disk).f_bavail * 4096))
    with pytest.raises(ProjectError, match="disk is full"):
        journal.record(1, "stroke", BOX, NOTHING, noise(2))
    filler.unlink()
    assert journal.record(1, "stroke", BOX, NOTHING, noise(2)) == saved + 1
    journal.close()


def test_a_file_that_may_not_grow_is_a_sentence_too(journal: Journal) -> None:
    command = [sys.executable, "-c", FILE_SIZE_LIMIT, str(journal.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    saved, words = done.stdout.split(" ", 1)
    assert "was not saved, all before it were" in words
    assert journal.last_edit(1) == int(saved) > 0
    journal.check()


def test_a_read_only_folder_is_read_and_not_written(
    project: Project, sealed: Callable[[Path], object]
) -> None:
    project.journal.record(1, "accept", states={("axial", 0): ("accepted", "empty")})
    project.close()
    before = contents(project.folder)
    with sealed(project.folder):
        with pytest.raises(ProjectError, match=r"cannot be written .* open the project read-only"):
            Project.open(project.folder)
        with Project.open(project.folder, read_only=True) as reader:
            assert reader.catalogue.count() == 10
            assert reader.journal.slice_state(1, "axial", 0).note == "empty"
            assert reader.label_array(1).max() == 0
    assert contents(project.folder) == before


@pytest.mark.parametrize("name", ["journal.db", "catalogue.db"])
@pytest.mark.parametrize("damage", ["garbage", "torn", "empty", "missing"])
def test_a_damaged_database_is_one_sentence_and_stays(
    project: Project, name: str, damage: str
) -> None:
    project.close()
    path = project.folder / name
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        damaged = {"garbage": b"\x07" * len(content), "torn": content[:5000], "empty": b""}
        path.write_bytes(damaged[damage])
    before = contents(project.folder)
    with pytest.raises(ProjectError) as refused:
        Project.open(project.folder)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert contents(project.folder) == before
    path.write_bytes(content)
    Project.open(project.folder).close()


def test_a_damaged_page_is_found_by_the_check(project: Project) -> None:
    for seed in range(1, 30):
        project.journal.record(1, "stroke", BOX, NOTHING, noise(seed))
    project.close()
    path = project.folder / "journal.db"
    content = bytearray(path.read_bytes())
    content[8 * 4096 : 12 * 4096] = b"\x07" * (4 * 4096)
    path.write_bytes(content)
    journal = Journal(path)
    with pytest.raises(ProjectError, match="is damaged"):
        journal.check()
    journal.close()


def test_labels_survive_the_loss_of_everything_but_the_databases(project: Project) -> None:
    project.journal.record(1, "stroke", (0, 1, 0, 4, 0, 5), NOTHING[:, :4, :5], noise(1)[:, :4, :5])
    project.compact(1)
    expected = project.label_array(1)
    project.label_file(project.catalogue.case(1)).unlink()
    project.close()
    with Project.open(project.folder) as reopened:
        assert np.array_equal(reopened.label_array(1), expected)
