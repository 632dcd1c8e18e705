from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_salient.errors import ProjectError
from napari_salient.project import snapshots
from napari_salient.project.project import Project

if TYPE_CHECKING:
    from pathlib import Path

KILLED_WHILE_COMPACTING = """
import os, signal, sys
from pathlib import Path
from napari_salient.project import snapshots
from napari_salient.project.project import Project

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

move = snapshots.move_file
snapshots.move_file = die if sys.argv[2] == "before" else lambda *a: (move(*a), die())
Project.open(Path(sys.argv[1])).compact(1)
"""

KILLED_WHILE_PAINTING_AND_COMPACTING = """
import sys, threading
from pathlib import Path
import numpy as np
from napari_salient.project.project import Project

project = Project.open(Path(sys.argv[1]))

def compact():
    while True:
        project.compact(1)

threading.Thread(target=compact, daemon=True).start()
for value in range(1, 255):
    index, before, after = value % 3, np.zeros((1, 4, 5), np.uint8), np.full((1, 4, 5), value)
    box = (index, index + 1, 0, 4, 0, 5)
    print(project.journal.record(1, "stroke", box, before, after.astype(np.uint8)), flush=True)
"""


def paint(project: Project, value: int, index: int) -> None:
    before, after = np.zeros((1, 4, 5), np.uint8), np.full((1, 4, 5), value, np.uint8)
    project.journal.record(1, "stroke", (index, index + 1, 0, 4, 0, 5), before, after)


def snapshot(project: Project) -> Path:
    return project.label_file(project.catalogue.case(1))


def test_labels_are_compacted_under_the_name_of_the_case(project: Project) -> None:
    paint(project, 2, 1)
    project.compact(1)
    assert snapshot(project).name == "sub-00_T1.nii.gz"
    assert [path.name for path in snapshot(project).parent.iterdir()] == ["sub-00_T1.nii.gz"]


def test_the_journal_keeps_its_rows_and_undo_works_past_a_compaction(project: Project) -> None:
    paint(project, 2, 1)
    project.compact(1)
    assert len(list(project.journal.edits(1))) == 1
    project.journal.undo(1)
    assert project.label_array(1).max() == 0


def test_only_rows_after_the_snapshot_are_replayed(project: Project) -> None:
    paint(project, 2, 1)
    project.compact(1)
    assert snapshots.snapshot_row(snapshot(project), project.journal, 1) == 1
    paint(project, 1, 2)
    assert project.label_array(1)[:, 0, 0].tolist() == [0, 2, 1]


def test_compacting_without_a_change_writes_nothing(project: Project) -> None:
    paint(project, 2, 1)
    project.compact(1)
    before = snapshot(project).stat().st_mtime_ns
    project.compact(1)
    assert snapshot(project).stat().st_mtime_ns == before


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("earlier", [True, False])
def test_a_kill_around_the_rename_loses_nothing(
    project: Project, moment: str, earlier: bool
) -> None:
    paint(project, 2, 0)
    if earlier:
        project.compact(1)
    paint(project, 1, 1)
    expected = project.label_array(1)
    project.close()
    command = [sys.executable, "-c", KILLED_WHILE_COMPACTING, str(project.folder), moment]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    with Project.open(project.folder) as reopened:
        assert set(os.listdir(reopened.folder / "labels")) <= {"sub-00_T1.nii.gz"}
        assert np.array_equal(reopened.label_array(1), expected)
        reopened.compact(1)
        assert np.array_equal(reopened.label_array(1), expected)
        assert os.listdir(reopened.folder / "labels") == ["sub-00_T1.nii.gz"]


def test_a_lost_snapshot_is_made_again(project: Project) -> None:
    paint(project, 2, 1)
    project.compact(1)
    expected = project.label_array(1)
    snapshot(project).unlink()
    assert np.array_equal(project.label_array(1), expected)
    project.compact(1)
    assert snapshot(project).exists()


@pytest.mark.parametrize("content", [b"", b"torn", None])
def test_a_file_that_is_not_ours_is_neither_read_nor_lost(
    project: Project, content: bytes | None
) -> None:
    paint(project, 2, 1)
    project.compact(1)
    expected = project.label_array(1)
    foreign = snapshot(project).read_bytes()[:-9] if content is None else content
    snapshot(project).write_bytes(foreign)
    assert np.array_equal(project.label_array(1), expected)
    project.compact(1)
    kept = [p for p in snapshot(project).parent.iterdir() if "not-from-this-project" in p.name]
    assert [path.read_bytes() for path in kept] == [foreign]


def test_a_full_disk_keeps_the_old_snapshot(project: Project, small_disk: Path) -> None:
    paint(project, 2, 1)
    project.compact(1)
    labels = project.folder / "labels"
    labels.symlink_to(shutil.move(labels, small_disk / "labels"))
    (small_disk / "filler").write_bytes(b"x" * (os.statvfs(small_disk).f_bavail * 4096))
    old = snapshot(project).read_bytes()
    paint(project, 1, 2)
    expected = project.label_array(1)
    with pytest.raises(ProjectError, match="the journal holds them"):
        project.compact(1)
    assert snapshot(project).read_bytes() == old
    assert np.array_equal(project.label_array(1), expected)


def test_strokes_are_recorded_while_their_case_is_compacted(project: Project) -> None:
    painter_done = threading.Event()

    def compact() -> None:
        while not painter_done.is_set():
            project.compact(1)

    workers = [threading.Thread(target=compact) for _ in range(2)]
    for worker in workers:
        worker.start()
    for value in range(1, 60):
        paint(project, value, value % 3)
    painter_done.set()
    for worker in workers:
        worker.join()
    assert project.label_array(1)[:, 0, 0].tolist() == [57, 58, 59]
    project.compact(1)
    assert project.journal.tail(1) == 0
    assert project.label_array(1)[:, 0, 0].tolist() == [57, 58, 59]


@pytest.mark.slow
@pytest.mark.parametrize("strokes", [5, 20, 40, 80])
def test_a_kill_while_painting_and_compacting_loses_no_stroke(
    project: Project, strokes: int
) -> None:
    project.close()
    command = [sys.executable, "-c", KILLED_WHILE_PAINTING_AND_COMPACTING, str(project.folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        acknowledged = [int(child.stdout.readline()) for _ in range(strokes)][-1]
        child.send_signal(signal.SIGKILL)
    with Project.open(project.folder) as reopened:
        replayed = np.zeros((3, 4, 5), np.uint8)
        reopened.journal.replay(1, replayed)
        assert reopened.journal.last_edit(1) >= acknowledged
        assert np.array_equal(reopened.label_array(1), replayed)


def test_the_tail_counts_edits_of_voxels_since_the_snapshot(project: Project) -> None:
    paint(project, 2, 1)
    project.journal.record(1, "accept", states={("axial", 1): ("accepted", "edited")})
    assert project.journal.tail(1) == 1
    project.compact(1)
    assert project.journal.tail(1) == 0
    assert project.journal.undo(1).kind == project.journal.undo(1).kind == "undo"
    assert project.journal.tail(1) == 1
