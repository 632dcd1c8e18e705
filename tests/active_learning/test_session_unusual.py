"""Sessions out of the ordinary: oblique and thin volumes, pools with nothing in them, 3D models."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
import pytest

from napari_salient.active_learning.prompting import Prompting
from napari_salient.active_learning.prompts import BoxPrompt, Click, Scribble
from napari_salient.data.geometry import to_display
from napari_salient.engine.events import Finished, FinishReason
from napari_salient.errors import InputError
from napari_salient.project.splits import SplitFractions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import BlobProject

    Make = Callable[..., BlobProject]

OBLIQUE = np.array(
    [[-0.9, 0.3, 0.2, 11.0], [0.25, -1.1, 0.4, -7.0], [0.3, 0.4, -1.9, 3.0], [0, 0, 0, 1.0]]
)
"""Affine of a grid that runs along no axis of the scanner."""


@pytest.fixture
def three_dimensional(make_blobs: Make) -> BlobProject:
    """Return a project after a round with a network on volumes."""
    blobs = make_blobs(2)
    session = blobs.session(steps=2)
    model = dataclasses.replace(session.settings.segmentation, spatial_dims=3)
    session.settings = dataclasses.replace(session.settings, segmentation=model)
    session.adopt(blobs.first_round(session, 3))
    return blobs


def bright_here(session: Any) -> tuple[int, int, int]:
    """Return the middle of the bright ball in the open slice."""
    y, x = np.argwhere(session.case.image[0, session.index] > 150).mean(0).round().astype(int)
    return session.index, int(y), int(x)


def test_oblique_volumes_are_labelled_trained_on_and_exported_voxel_for_voxel(
    make_blobs: Make, tmp_path: Path
) -> None:
    blobs = make_blobs(3, affine=OBLIQUE)
    session = blobs.session(batch=4)
    session.adopt(blobs.first_round(session, 4))
    session.open_next()
    assert session.case is not None
    assert session.case.predicted is not None
    session.open(session.case.case.id, 12)
    case, place = session.case, bright_here(session)
    case.labels[12] = 0
    prompting = Prompting(session)
    prompting.keep_accepted = False
    assert prompting.prompt(Click(place, reach_mm=4.0), 2) is not None
    session.accept()
    drawn = case.labels[place[0]].copy()

    blobs.project.export(tmp_path / "out")
    exported = nib.load(tmp_path / "out" / f"{case.case.name}.nii.gz")
    assert np.allclose(exported.affine, OBLIQUE)
    voxels = to_display(np.asarray(exported.dataobj), exported.affine)
    assert (drawn == 2).any()
    assert np.array_equal(voxels[place[0]], drawn)


def test_slices_of_an_oblique_volume_are_bridged(make_blobs: Make) -> None:
    blobs = make_blobs(1, affine=OBLIQUE)
    session = blobs.session()
    for index in (10, 14):
        session.open(1, index)
        blobs.paint(session)
        session.accept()
    session.open(1, 12)
    bridge = session.bridge()
    assert bridge is not None
    assert session.fill_between() is not None
    session.accept()
    assert session.progress().accepted == 3


@pytest.mark.parametrize("depth", [2, 3])
@pytest.mark.parametrize("spatial_dims", [2, 3])
def test_volumes_of_a_few_slices_are_labelled_trained_on_and_prompted_in(
    make_blobs: Make, depth: int, spatial_dims: int
) -> None:
    blobs = make_blobs(3, depth=depth)
    session = blobs.session(batch=3, steps=2)
    model = dataclasses.replace(session.settings.segmentation, spatial_dims=spatial_dims)
    session.settings = dataclasses.replace(session.settings, segmentation=model)
    session.adopt(blobs.first_round(session, 3))
    session.open_next()
    assert session.case is not None
    assert session.case.predicted is not None
    prompting = Prompting(session)
    prompting.model.load()
    session.case.labels[session.index] = 0
    assert prompting.prompt(Click(bright_here(session), reach_mm=8.0), 2) is not None
    blobs.label(session, len(session.queue))
    session.propose(100)
    blobs.label(session, len(session.queue))
    assert session.progress().accepted == 3 * depth
    assert session.propose() == []
    assert session.open_next() is None


def test_a_file_of_a_single_slice_is_named_and_the_volumes_beside_it_labelled(
    make_blobs: Make, tmp_path: Path
) -> None:
    blobs = make_blobs(2)
    flat = tmp_path / "flat.nii"
    nib.save(nib.Nifti1Image(np.zeros((24, 24, 1), np.float32), np.eye(4)), flat)
    with pytest.raises(InputError, match="is a single slice"):
        blobs.project.add_images([flat])
    assert {p.case_id for p in blobs.session().propose(100)} == {1, 2}


def test_with_all_of_the_pool_out_of_reach_the_held_out_cases_can_be_labelled(
    make_blobs: Make, tmp_path: Path
) -> None:
    blobs = make_blobs(3, SplitFractions(0.34, 0.33, 0.33))
    (only,) = blobs.project.catalogue.cases("pool")
    only.path.unlink()
    session = blobs.session()
    assert len(session.propose()) == 6
    assert session.open_next() is None
    assert list(session.set_aside) == [only.id]
    assert session.queue == []
    assert session.propose() == []
    (validation,) = blobs.project.catalogue.ids_in("validation")
    session.open(validation, 12)
    blobs.paint(session)
    session.accept()
    assert session.next_held_out() == (validation, 13)
    finished = blobs.events(session)[-1]
    assert isinstance(finished, Finished)
    assert finished.reason is FinishReason.ERRORED
    assert session.curve() == []
    assert session.stop_advice().verdict == "too early"


def test_after_finishing_the_pool_stays_empty_also_for_a_round_that_was_under_way(
    make_blobs: Make,
) -> None:
    blobs = make_blobs(2)
    session = blobs.session(steps=2)
    session.propose(3)
    blobs.label(session, 3)
    run = blobs.run(session)
    events = run.record(session.round_job(run))
    next(events)
    session.finish()
    (*_, last) = events
    session.adopt(last.result)
    assert session.queue == []
    assert session.propose() == []
    assert session.open_next() is None
    session.go_on()
    assert len(session.propose()) == 6


def test_a_pool_that_is_labelled_to_the_end_still_trains(make_blobs: Make) -> None:
    blobs = make_blobs(2, depth=3)
    session = blobs.session(steps=2)
    session.propose(100)
    blobs.label(session, 6)
    result = blobs.train(session)
    assert result.proposals == ()
    session.adopt(result)
    assert session.queue == []
    assert session.propose() == []
    assert session.open_next() is None
    assert session.curve()[0].labelled == 6


@pytest.mark.parametrize(
    "prompt",
    [
        lambda at: Click(at, reach_mm=6.0),
        lambda at: Scribble((at, (at[0], at[1], at[2] + 1)), reach_mm=4.0),
        lambda at: BoxPrompt((at[0], at[0] + 1, at[1] - 5, at[1] + 6, at[2] - 5, at[2] + 6)),
    ],
)
def test_prompts_go_by_a_model_on_volumes(three_dimensional: BlobProject, prompt: Any) -> None:
    session = three_dimensional.session()
    session.open_next()
    prompting = Prompting(session)
    prompting.model.load()
    assert prompting.model.without() == ""
    session.open(session.case.case.id, 12)
    session.case.labels[...] = 0
    session.record_changes()
    ahead = prompting.ahead(6.0)
    assert ahead is not None
    ahead()
    outcome = prompting.prompt(prompt(bright_here(session)), 2)
    assert outcome is not None
    assert (session.case.labels == 2).any()
