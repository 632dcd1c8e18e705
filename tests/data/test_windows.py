from __future__ import annotations

import pytest

from napari_salient.data.windows import CT_WINDOWS, CtWindow


def test_the_limits_are_half_the_width_from_the_centre():
    assert CtWindow("lung", -600, 1500).limits == (-1350, 150)


@pytest.mark.parametrize("window", CT_WINDOWS, ids=lambda window: window.name)
def test_windows_lie_within_what_ct_measures(window):
    black, white = window.limits
    assert -1400 <= black < white <= 3071


def test_names_are_unique():
    assert len({window.name for window in CT_WINDOWS}) == len(CT_WINDOWS)
