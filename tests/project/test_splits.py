from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_salient.errors import InputError, ProjectError
from napari_salient.project.splits import (
    SplitFractions,
    check_no_leak,
    draw_split,
    draw_splits,
    hash_patient,
)

if TYPE_CHECKING:
    from napari_salient.project.project import Project

patients = st.lists(st.text("abc0123", min_size=1, max_size=6), unique=True, max_size=40)
HALVES = SplitFractions(0.5, 0.25, 0.25)


@given(patients, st.integers(0, 99), st.randoms())
def test_the_draw_depends_on_patients_and_seed_not_on_their_order(names, seed, rng) -> None:
    shuffled = rng.sample(names, len(names))
    assert draw_splits(names, HALVES, seed) == draw_splits(shuffled, HALVES, seed)


@given(patients, st.integers(0, 99))
def test_every_split_has_its_share_of_patients(names, seed) -> None:
    drawn = list(draw_splits(names, HALVES, seed).values())
    assert len(drawn) == len(names)
    for split, share in (("pool", 0.5), ("validation", 0.25), ("test", 0.25)):
        assert abs(drawn.count(split) - share * len(names)) <= 1


@given(patients.filter(lambda names: len(names) >= 3))
def test_with_three_patients_no_split_is_empty(names) -> None:
    assert set(draw_splits(names, SplitFractions(), 0).values()) == {"pool", "validation", "test"}


@pytest.mark.parametrize("count", [1, 2])
def test_the_pool_is_never_empty(count: int) -> None:
    splits = draw_splits([str(n) for n in range(count)], SplitFractions(0.1, 0.45, 0.45), 0)
    assert "pool" in splits.values()


def test_another_seed_draws_others() -> None:
    names = [f"sub-{n}" for n in range(40)]
    assert draw_splits(names, HALVES, 0) != draw_splits(names, HALVES, 1)


def test_later_patients_are_dealt_in_the_same_shares() -> None:
    later = [draw_split(f"sub-{n}", HALVES, 3) for n in range(4000)]
    assert later.count("pool") == pytest.approx(2000, abs=150)
    assert later.count("test") == pytest.approx(1000, abs=150)


@pytest.mark.parametrize("shares", [(0.5, 0.5, 0.5), (1.2, -0.1, -0.1), (0.0, 0.5, 0.5)])
def test_shares_that_make_no_sense_are_refused(shares: tuple[float, float, float]) -> None:
    with pytest.raises(InputError, match="must add up to 1"):
        SplitFractions(*shares)


def test_the_hash_of_a_patient_needs_the_salt() -> None:
    assert hash_patient("sub-01", "00") == hash_patient("sub-01", "00")
    assert hash_patient("sub-01", "00") != hash_patient("sub-01", "01")
    assert "sub" not in hash_patient("sub-01", "00")


@pytest.mark.parametrize("use", ["propose", "train"])
@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_list_with_a_held_out_case_is_refused(project: Project, use: str, split: str) -> None:
    ids = [next(project.catalogue.cases("pool")).id, next(project.catalogue.cases(split)).id]
    with pytest.raises(ProjectError, match=f"is held out for {split} and cannot be"):
        check_no_leak(project.catalogue, ids, use)


def test_validation_cases_may_choose_a_checkpoint_and_test_cases_not(project: Project) -> None:
    check_no_leak(project.catalogue, project.catalogue.ids_in("validation"), "choose")
    with pytest.raises(ProjectError, match="and 1 more is held out for test"):
        check_no_leak(project.catalogue, project.catalogue.ids_in("test"), "choose")


def test_the_pool_may_be_used_for_everything(project: Project) -> None:
    for use in ("propose", "train", "choose"):
        check_no_leak(project.catalogue, project.catalogue.ids_in("pool"), use)
