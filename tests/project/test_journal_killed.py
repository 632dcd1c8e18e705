from __future__ import annotations

import importlib.util
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_salient.project.journal import Journal
from napari_salient.project.project import Project

if TYPE_CHECKING:
    from types import ModuleType

KILLS = 200
SCRIPT = Path(__file__).with_name("strokes.py")


def load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("strokes", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def paint_until_killed(journal: Path, rng: random.Random) -> list[int]:
    """Kill a painter 0 to 5 ms after a random acknowledgement; return what it acknowledged."""
    command = [sys.executable, str(SCRIPT), str(journal)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        acknowledged = [int(child.stdout.readline()) for _ in range(rng.randint(1, 20))]
        time.sleep(rng.uniform(0, 0.005))
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read()
    return acknowledged + [int(line) for line in rest.splitlines(keepends=True) if "\n" in line]


@pytest.mark.slow
def test_every_acknowledged_voxel_outlives_200_kills(project: Project) -> None:
    strokes, rng = load_script(), random.Random(0)
    folder, path = project.folder, project.journal.path
    project.close()
    acknowledged: list[int] = []
    for _ in range(KILLS):
        acknowledged += paint_until_killed(path, rng)
        journal = Journal(path)
        journal.check()
        assert journal.last_edit(strokes.CASE) >= acknowledged[-1]
        journal.close()
    with Project.open(folder) as reopened:
        kept = {edit.id: edit for edit in reopened.journal.edits(strokes.CASE)}
        assert set(acknowledged) <= set(kept)
        expected, replayed = np.zeros((2, *strokes.SHAPE), np.uint8)
        for number in sorted(kept):
            box, after = strokes.stroke(number)
            assert kept[number].box == box
            expected[box[0] : box[1], box[2] : box[3], box[4] : box[5]] = after
        reopened.journal.replay(strokes.CASE, replayed)
        assert np.array_equal(replayed, expected)
    assert len(acknowledged) > KILLS
