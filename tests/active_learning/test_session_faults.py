"""Rounds that are cancelled, and volumes that cannot be used."""

from __future__ import annotations

from typing import Any

import nibabel as nib
import numpy as np
import pytest

from napari_salient.engine.events import CaseSkipped, Finished, FinishReason, Step
from napari_salient.engine.run import Run
from napari_salient.errors import InputError
from napari_salient.project.states import SliceState


def test_a_cancelled_round_goes_on_where_it_stopped(blobs: Any) -> None:
    session = blobs.session()
    session.propose(4)
    blobs.label(session, 4)
    whole = blobs.train(session)
    run = blobs.run(session)
    job = run.record(session.round_job(run))
    for event in job:
        if isinstance(event, Step) and event.step == 15:
            run.cancel()
    assert event.reason is FinishReason.CANCELLED
    resumed = Run.open(run.directory)
    resumed.restart()
    events = list(resumed.record(session.round_job(resumed, resume=True)))
    steps = [event.step for event in events if isinstance(event, Step)]
    assert steps[0] == 16
    assert steps[-1] == 30
    result = events[-1].result
    assert np.array_equal(result.scores.measures["entropy"], whole.scores.measures["entropy"])
    assert result.proposals == whole.proposals


@pytest.mark.parametrize(
    "what", ["labelled volumes read", "volumes scored", "volumes pre-annotated"]
)
def test_cancelling_acts_in_every_part_of_a_round(blobs: Any, what: str) -> None:
    session = blobs.session(steps=5)
    session.propose(6)
    blobs.label(session, 6)
    run = blobs.run(session)
    for event in session.round_job(run):
        if getattr(event, "what", None) == what:
            run.control.cancel()
    assert isinstance(event, Finished)
    assert event.reason is FinishReason.CANCELLED
    *_, finished = session.round_job(Run.open(run.directory), resume=True)
    assert finished.reason is FinishReason.COMPLETED, finished.message


def test_a_corrupted_volume_is_reported_once_and_set_aside(blobs: Any) -> None:
    session = blobs.session()
    session.propose(4)
    blobs.label(session, 4)
    labelled = {p[0] for p in session._places(SliceState.ACCEPTED)}
    bad = min(labelled)
    path = blobs.project.catalogue.case(bad).path
    path.write_bytes(b"\0" * path.stat().st_size)
    events = blobs.events(session)
    skipped = [event for event in events if isinstance(event, CaseSkipped)]
    assert [event.case for event in skipped] == [bad]
    session.adopt(events[-1].result)
    assert list(session.set_aside) == [bad]
    assert bad not in {p.case_id for p in session.queue}
    blobs.label(session, 2)
    assert not any(isinstance(event, CaseSkipped) for event in blobs.events(session))


def test_a_volume_with_other_channels_is_set_aside(blobs: Any) -> None:
    session = blobs.session(steps=5)
    session.open(1, 12)
    blobs.paint(session)
    session.accept()
    odd = blobs.folder.parent / "images" / "odd.nii"
    voxels = np.zeros((24, 24, 24, 2), np.float32)
    nib.save(nib.Nifti1Image(voxels, np.eye(4)), odd)
    blobs.project.add_images([odd])
    session.adopt(blobs.train(session))
    assert "2 channels" in session.set_aside[5]


def test_a_disk_that_is_gone_does_not_set_the_whole_pool_aside(blobs: Any) -> None:
    session = blobs.session()
    session.propose()
    blobs.label(session, 6)
    images = blobs.folder.parent / "images"
    images.rename(blobs.folder.parent / "gone")
    for path in (blobs.folder.parent / "gone").iterdir():
        path.write_bytes(b"")
    finished = blobs.events(session)[-1]
    assert finished.reason is FinishReason.ERRORED
    assert "case-" in finished.message
    assert session.set_aside == {}


def test_nothing_accepted_is_said_in_a_sentence(blobs: Any) -> None:
    finished = blobs.events(blobs.session())[-1]
    assert finished.reason is FinishReason.ERRORED
    assert isinstance(finished.error, InputError)
    assert "accept at least one slice" in finished.message
