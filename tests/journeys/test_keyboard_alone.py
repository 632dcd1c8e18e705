from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

pytestmark = [
    pytest.mark.window,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:System theme detection"),
]


def test_everything_from_set_up_to_export_goes_by_keyboard(tmp_path, blobs, sit_down):
    images = blobs(tmp_path / "images", 4)
    annotator = sit_down()
    annotator.panel.activateWindow()
    page = annotator.panel.set_up
    annotator.wait(lambda: page.images.line.hasFocus())

    annotator.type(str(images[0].parent))
    annotator.press(Qt.Key.Key_Escape)
    assert page.target.path == tmp_path / "images-project"
    for _ in range(40):
        annotator.press(Qt.Key.Key_Tab)
        focused = QApplication.focusWidget()
        if focused in [row.name for row in page.schema.rows]:
            focused.selectAll()
            annotator.type("ball")
        if focused is page.create:
            break
    annotator.press(Qt.Key.Key_Return)
    annotator.wait(lambda: annotator.panel.bench and annotator.desk.here)
    assert annotator.session.project.schema.class_names == ("ball",)

    annotator.press(Qt.Key.Key_1)
    assert annotator.desk.view.layers.labels.selected_label == 1
    annotator.decide(Qt.Key.Key_W)
    annotator.decide(Qt.Key.Key_N)
    annotator.decide(Qt.Key.Key_R)
    annotator.paint_truth()
    annotator.decide(Qt.Key.Key_A)
    counts = annotator.session.progress()
    assert (counts.accepted, counts.sent_back) == (2, 1)

    annotator.press(Qt.Key.Key_F5)
    assert annotator.bench.export_page.export.hasFocus()
    annotator.press(Qt.Key.Key_Return)
    written = annotator.bench.export_page.written
    annotator.wait(written.count)
    labels = np.asarray(nib.load(written.item(0).text()).dataobj)
    assert 255 in labels
    annotator.press(Qt.Key.Key_F2)
    annotator.decide(Qt.Key.Key_A)
    assert annotator.session.progress().accepted == 3
