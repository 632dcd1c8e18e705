from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.window,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:System theme detection"),
]

HOLD = """
import sys
from pathlib import Path
from napari_salient.project.project import Project
with Project.open(Path(sys.argv[1])) as project:
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_corrupted_volume_is_set_aside_and_the_work_goes_on(make_project, sit_down, caplog):
    folder = make_project()
    for broken in (folder.parent / "images").glob("case-*.nii"):
        if broken.stem != "case-2":
            broken.write_bytes(broken.read_bytes()[:2000])
    annotator = sit_down()
    annotator.open(folder)
    assert annotator.session.case.case.name == "case-2"
    annotator.label(2)
    assert annotator.session.progress().accepted == 2
    assert annotator.session.set_aside
    names = {
        annotator.session.project.catalogue.case(p.case_id).name for p in annotator.session.queue
    }
    assert names == {"case-2"}
    assert "is set aside" in annotator.panel.notice.text()


def test_a_second_process_is_told_who_holds_the_project(make_project, sit_down, caplog):
    folder = make_project()
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        annotator = sit_down()
        annotator.panel.open_project(folder)
        annotator.wait(annotator.panel.set_up.problem.text)
        said = annotator.panel.set_up.problem.text()
        assert f"process {holder.pid}" in said
        assert annotator.panel.bench is None
        holder.stdin.close()
        holder.wait()
    annotator.open(folder)
    assert annotator.panel.bench is not None


def test_a_deleted_layer_comes_back_with_everything_that_was_painted(make_project, sit_down):
    annotator = sit_down()
    annotator.open(make_project())
    annotator.paint_truth()
    painted = annotator.session.case.labels.copy()
    annotator.viewer.layers.remove(annotator.desk.view.layers.labels)
    annotator.wait(lambda: annotator.desk.view.layers.complete)
    assert annotator.desk.view.layers.labels.data is annotator.session.case.labels
    assert (annotator.session.case.labels == painted).all()
    annotator.label(1)
    assert annotator.session.progress().accepted == 1
