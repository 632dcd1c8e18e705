from __future__ import annotations

import pytest

from napari_salient.widgets.label_volumes.export_page import ExportPage


@pytest.fixture
def page(qtbot, session):
    for case_id in (1, 2):
        session.open(case_id, 3)
        session.accept()
    page = ExportPage(session)
    qtbot.addWidget(page)
    return page


def export(qtbot, page):
    with qtbot.waitSignal(page.told, timeout=10_000) as told:
        page.export.click()
    return told.args, [page.written.item(row).text() for row in range(page.written.count())]


def test_the_files_written_are_listed(qtbot, page):
    told, listed = export(qtbot, page)
    assert told == ["2 of 2 volumes were written.", "info"]
    assert [name.rpartition("/")[2] for name in listed] == ["case-0.nii.gz", "case-1.nii.gz"]


def test_a_volume_that_is_gone_is_warned_of_and_the_others_are_exported(qtbot, page, volumes):
    volumes[0].unlink()
    told, listed = export(qtbot, page)
    assert told == ["1 of 2 volumes were written; left out: case-0.", "warning"]
    assert listed[0].endswith("case-1.nii.gz")
    assert listed[1].startswith("Left out: ")
    assert "case-0.nii" in listed[1]
