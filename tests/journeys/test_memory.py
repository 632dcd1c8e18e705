from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

pytestmark = [
    pytest.mark.window,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:System theme detection"),
]


def test_what_is_loaded_is_set_aside_while_a_project_is_open(make_project, sit_down):
    annotator = sit_down()
    annotator.open(make_project())
    assert gc.get_freeze_count() > len(gc.get_objects())
    annotator.close()
    assert gc.get_freeze_count() == 0


def test_a_layer_that_was_there_before_the_project_can_be_removed(make_project, sit_down):
    annotator = sit_down()
    died = weakref.ref(annotator.viewer.add_image(np.zeros((2, 3, 4))))
    annotator.open(make_project())
    annotator.viewer.layers.remove("Image")
    annotator.wait(lambda: gc.collect() is not None and died() is None)
