from __future__ import annotations

from napari_salient.widgets.demo.summary import as_text

FOUND = {
    "version": "1.0",
    "note": "Labels were drawn by an oracle.",
    "slices": {"accepted": 5, "slices": 96, "volumes": 2},
    "seconds": 12.3,
    "rounds": [{"round": 1, "labelled": 4, "agreement": None, "dice": 0.66}],
}


def test_a_summary_is_a_page_with_a_row_for_each_round():
    text = as_text(FOUND)
    assert "5 of 96 slices in 2 volumes were accepted in 12 s." in text
    assert "| 1 | 4 | – | 0.660 |" in text
