"""What the panel says about scores and candidates."""

from __future__ import annotations

import numpy as np

from napari_salient.caries.candidates import Candidate
from napari_salient.caries.session import Verdict
from napari_salient.widgets.inspect_caries.words import (
    place_text,
    reason_text,
    score_text,
    size_text,
)

CANDIDATE = Candidate(np.arange(4), (10.4, 20.6), (8, 16, 13, 26), 0.4, 0.5)


def test_a_score_is_followed_by_what_it_became():
    assert score_text(Verdict(0.831, 0.834)) == "0.83"
    assert score_text(Verdict(0.83, 0.61)) == "0.83 → 0.61"
    assert score_text(Verdict(0.83, None)) == "0.83 → No evidence"


def test_the_sentence_counts_the_patches_behind_a_score():
    reason = "0.83 = 0.79 from these 4 patches, 0.04 from all others."
    assert reason_text(Verdict(0.9, 0.83, 4, 0.79)) == reason
    assert "this patch" in reason_text(Verdict(0.9, 0.83, 1, 0.83))
    assert "falls below 0.5" in reason_text(Verdict(0.9, 0.83, 4, 0.79, flips=True))
    assert "nothing about health" in reason_text(Verdict(0.9, None))


def test_sizes_are_in_mm_where_those_of_pixels_are_known():
    assert size_text(CANDIDATE, None) == "5 × 10 px"
    assert size_text(CANDIDATE, (0.1, 0.2)) == "0.5 × 2.0 mm"
    assert place_text(CANDIDATE) == "21, 10"
