from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from napari_salient.errors import ProjectError
from napari_salient.project.lock import NOTE_NAME, ProjectLock
from napari_salient.project.project import Project

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys
from pathlib import Path
from napari_salient.project.lock import ProjectLock
lock = ProjectLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def hold(folder: Path) -> subprocess.Popen[str]:
    """Start another process that holds the project."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout.readline() == "held\n"
    return child


def test_a_second_process_is_told_who_holds_the_project(project: Project) -> None:
    project.close()
    with hold(project.folder) as child:
        with pytest.raises(ProjectError) as refused:
            Project.open(project.folder)
        child.stdin.close()
    words = rf"is held by \S+ on \S+ \(process {child.pid}\) since 20\d\d-\S+; close it there"
    assert re.search(words, str(refused.value))


def test_the_holder_itself_is_refused_a_second_writer(project: Project) -> None:
    with pytest.raises(ProjectError, match=rf"process {os.getpid()}"):
        Project.open(project.folder)


def test_a_note_left_by_a_killed_process_blocks_nobody(project: Project) -> None:
    project.close()
    with hold(project.folder) as child:
        child.send_signal(signal.SIGKILL)
    assert json.loads((project.folder / NOTE_NAME).read_text())["pid"] == child.pid
    with Project.open(project.folder):
        assert json.loads((project.folder / NOTE_NAME).read_text())["pid"] == os.getpid()


def test_closing_lets_others_write_and_takes_the_note_away(project: Project) -> None:
    project.close()
    assert not (project.folder / NOTE_NAME).exists()
    with hold(project.folder) as child:
        child.stdin.close()


@pytest.mark.parametrize("note", ["", "[]", "{", "\x00\x01"])
def test_a_broken_note_still_gives_a_sentence(tmp_path: Path, note: str) -> None:
    lock = ProjectLock(tmp_path)
    (tmp_path / NOTE_NAME).write_text(note)
    with pytest.raises(ProjectError, match="is open in another process"):
        ProjectLock(tmp_path)
    lock.release()


def test_an_open_that_fails_lets_go_of_the_project(project: Project) -> None:
    project.close()
    journal = project.folder / "journal.db"
    content = journal.read_bytes()
    journal.write_bytes(b"garbage" * 999)
    with pytest.raises(ProjectError):
        Project.open(project.folder)
    journal.write_bytes(content)
    Project.open(project.folder).close()
