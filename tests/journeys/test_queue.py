from __future__ import annotations

import pytest
from qtpy.QtCore import Qt

from napari_salient.project.splits import SplitFractions

pytestmark = [
    pytest.mark.window,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:System theme detection"),
]


def names(annotator, places):
    catalogue = annotator.session.project.catalogue
    return {catalogue.case(case_id).name for case_id, _ in places}


def test_one_volume_is_gone_through_by_keys_alone(make_project, sit_down, settings):
    annotator = sit_down()
    annotator.open(make_project(3), settings(batch=12))
    page = annotator.bench.label_page
    everything = len(annotator.session.queue)
    other = next(p for p in annotator.session.queue if p.case_id != annotator.desk.here[0])
    (wanted,) = names(annotator, [(other.case_id, other.index)])
    annotator.panel.activateWindow()
    annotator.wait(annotator.panel.isActiveWindow)
    annotator.press(Qt.Key.Key_Slash)
    annotator.wait(page.filter.words.hasFocus)
    annotator.type(wanted)
    annotator.press(Qt.Key.Key_Return)
    assert {row[0] for row in page.queue.rows} == {wanted}

    theirs = len(page.queue.rows)
    annotator.decide(Qt.Key.Key_N)
    for left in range(theirs - 1, 0, -1):
        assert names(annotator, [annotator.desk.here]) == {wanted}
        annotator.decide(Qt.Key.Key_A)
        assert len(page.queue.rows) == left
    annotator.press(Qt.Key.Key_A)
    annotator.wait(lambda: not page.queue.rows)
    assert "fits the filter any more" in annotator.panel.notice.text()
    assert annotator.session.progress().accepted == theirs

    annotator.press(Qt.Key.Key_Slash)
    annotator.press(Qt.Key.Key_Escape)
    assert len(page.queue.rows) == everything - theirs
    annotator.decide(Qt.Key.Key_N)
    assert names(annotator, [annotator.desk.here]) != {wanted}
    first = annotator.session.queue[0]
    annotator.wait(lambda: page.thumbnails.known((first.case_id, first.index)) is not None)


def test_a_pool_without_a_readable_volume_says_so_and_held_out_ones_can_be_labelled(
    make_project, sit_down, caplog
):
    folder = make_project(3, SplitFractions(0.34, 0.33, 0.33))
    annotator = sit_down()
    annotator.open(folder)
    (only,) = annotator.session.project.catalogue.cases("pool")
    annotator.panel.close_project()
    only.path.write_bytes(b"no volume")
    annotator.panel.open_project(folder)
    annotator.wait(lambda: annotator.panel.bench and annotator.session.set_aside)
    annotator.wait(lambda: "set aside" in annotator.panel.notice.text())
    assert annotator.desk.here is None
    for key in (Qt.Key.Key_A, Qt.Key.Key_N, Qt.Key.Key_G, Qt.Key.Key_F3, Qt.Key.Key_F2):
        annotator.press(key)
    (held_out,) = annotator.session.project.catalogue.ids_in("validation")
    annotator.bench.label_page.map.slice_chosen.emit(held_out, 12)
    annotator.wait(lambda: annotator.desk.here == (held_out, 12))
    annotator.paint_truth()
    annotator.decide(Qt.Key.Key_A)
    assert annotator.desk.here == (held_out, 13)
