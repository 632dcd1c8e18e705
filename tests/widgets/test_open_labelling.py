"""One panel finds what is open in another of the same viewer."""

from __future__ import annotations

import gc
import weakref

from napari.components import ViewerModel
from napari.utils._proxies import PublicOnlyProxy

from napari_salient.widgets.open_labelling import labelling_in


def test_what_is_open_is_told_apart_by_viewer(qtbot):
    one, other = ViewerModel(), ViewerModel()
    bench = object()
    with qtbot.waitSignal(labelling_in(one).changed):
        labelling_in(one).set_bench(bench)
    assert labelling_in(one).bench is bench
    assert labelling_in(other).bench is None


def test_a_viewer_that_napari_hands_out_wrapped_is_the_same():
    viewer = ViewerModel()
    assert labelling_in(PublicOnlyProxy(viewer)) is labelling_in(viewer)


def test_a_viewer_that_is_gone_is_not_kept(qtbot):
    viewer = ViewerModel()
    found = weakref.ref(labelling_in(viewer))
    del viewer
    gc.collect()
    assert found() is None
