"""Candidates are where lesions were put, ranked by what the score owes to them."""

from __future__ import annotations

import numpy as np
import pytest

from napari_salient.caries.candidates import find_candidates, flips_without
from napari_salient.caries.evidence import Edits, Evidence

from .toys import GRID, OVERLAPPING, make_evidence, quiet_evidence, rectangle

TWO = quiet_evidence({(2, 3): 0.9, (3, 4): 0.8, (7, 10): 0.7})


def test_candidates_are_connected_patches_with_the_weightiest_first() -> None:
    first, second = find_candidates(TWO, GRID)
    assert first.patches.tolist() == [2 * 12 + 3, 3 * 12 + 4]
    assert second.patches.tolist() == [7 * 12 + 10]
    assert first.box == (8, 12, 16, 20)
    assert first.centre == pytest.approx(((0.9 * 10 + 0.8 * 14) / 1.7, (0.9 * 14 + 0.8 * 18) / 1.7))
    assert first.share == pytest.approx(1.7 / 2.4, abs=0.01)
    assert first.contribution == pytest.approx(first.share * TWO.score[0])


def test_sizes_are_in_mm_where_the_spacing_is_known() -> None:
    first, second = find_candidates(TWO, GRID)
    assert first.size == (8, 8)
    assert second.size_mm((0.05, 0.1)) == pytest.approx((0.2, 0.4))


def test_sharing_a_score_never_gives_more_than_all_of_it() -> None:
    evidence = make_evidence(3, OVERLAPPING)
    shares = [candidate.share for candidate in find_candidates(evidence, OVERLAPPING)]
    assert shares == sorted(shares, reverse=True)
    assert 0 < sum(shares) <= 1


def test_excluding_one_candidate_leaves_the_other_as_it_is() -> None:
    region = GRID.coverage(rectangle(GRID, 8, 12, 16, 20))
    (left,) = find_candidates(TWO.edited(Edits().exclude(region)), GRID)
    (_, before) = find_candidates(TWO, GRID)
    assert left.patches.tolist() == before.patches.tolist()
    assert left.box == before.box
    assert left.share > before.share


def test_a_decision_that_rests_on_one_candidate_flips_without_it() -> None:
    alone = quiet_evidence({(2, 3): 0.9})
    (only,) = find_candidates(alone, GRID)
    assert flips_without(alone, only)
    first, _ = find_candidates(TWO, GRID)
    assert not flips_without(TWO, first)
    # No evidence is no positive decision either.
    nothing_else = Evidence(alone.probability, np.where(alone.weight == 1, 1, 0), 1.0)
    assert flips_without(nothing_else, only)


def test_no_candidate_is_made_up_where_nothing_is_attended_to() -> None:
    assert find_candidates(quiet_evidence({}), GRID) == []
    nothing = TWO.edited(Edits().exclude(np.ones(len(GRID))))
    assert find_candidates(nothing, GRID) == []
