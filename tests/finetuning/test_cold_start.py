"""The first slices by a pretrained encoder, from the files to the queue."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from napari_salient.engine.control import Control
from napari_salient.engine.events import CaseSkipped, FinishReason, Progress, Warned
from napari_salient.errors import InputError
from napari_salient.finetuning.cold_start import look_at_pool, propose_first

from .conftest import SIDE, session_on
from .test_chosen import first_round


def looked_at(session, source):
    *events, last = look_at_pool(session, source, Control())
    return events, last


@pytest.mark.parametrize("spatial_dims", [2, 3])
def test_an_encoder_looks_at_the_pool_and_proposes_before_there_is_a_label(
    project, pretrain, spatial_dims
):
    session = session_on(project)
    events, last = looked_at(session, pretrain(spatial_dims=spatial_dims))
    assert last.result.features.shape == (3 * SIDE, 32)
    assert [e.done for e in events if isinstance(e, Progress)] == [0, 1, 2, 3]
    proposed = propose_first(session, last.result, 5)
    assert [p.reason.split(":")[0] for p in proposed] == [
        "most typical of the pool",
        *["far from all labelled or proposed ones"] * 4,
    ]
    assert proposed[1].reason.endswith(", in the features of the pretraining")
    assert session.queue == proposed


def test_the_proposals_are_spread_more_than_chance_spreads_them(project, pretrain):
    session = session_on(project)
    found = looked_at(session, pretrain())[1].result
    features = (found.features - found.features.mean(0)) / (found.features.std(0) + 1e-6)

    def farthest_gap(rows):
        distance = np.linalg.norm(features[:, None] - features[rows][None], axis=2)
        return distance.min(1).max()

    proposed = propose_first(session, found, 6)
    places = list(zip(found.case_id.tolist(), found.index.tolist(), strict=True))
    chosen = [places.index((p.case_id, p.index)) for p in proposed]
    rng = np.random.default_rng(0)
    by_chance = [farthest_gap(rng.choice(len(features), 6, replace=False)) for _ in range(20)]
    assert farthest_gap(chosen) < np.median(by_chance)


def test_held_out_cases_are_not_looked_at(make_project, pretrain):
    project = make_project(count=4, fractions=(0.5, 0.25, 0.25))
    _, last = looked_at(session_on(project), pretrain())
    assert set(last.result.case_id) == project.catalogue.ids_in("pool")


def test_a_volume_that_is_gone_is_named_and_the_others_are_proposed(project, pretrain):
    session = session_on(project)
    case = next(iter(project.catalogue.cases("pool")))
    case.path.unlink()
    events, last = looked_at(session, pretrain())
    (skipped,) = [event for event in events if isinstance(event, CaseSkipped)]
    assert skipped.case == case.id
    proposed = propose_first(session, last.result, 50)
    assert case.id not in {p.case_id for p in proposed}


def test_an_encoder_of_other_channels_proposes_nothing(project, pretrain):
    events, last = looked_at(session_on(project), pretrain(channels=2))
    skipped = [event for event in events if isinstance(event, CaseSkipped)]
    assert len(skipped) == 3
    assert "has 1 channels and the encoder was pretrained on 2" in skipped[0].message
    assert last.reason is FinishReason.ERRORED
    assert "nothing is proposed" in last.message


def test_another_plane_is_said(project, pretrain):
    events, last = looked_at(session_on(project), pretrain(plane="sagittal"))
    assert "taught on sagittal and not on axial" in next(
        event.message for event in events if isinstance(event, Warned)
    )
    assert last.reason is FinishReason.COMPLETED


def test_looking_can_be_cancelled_and_proposes_nothing(project, pretrain):
    control = Control()
    control.cancel()
    *_, last = look_at_pool(session_on(project), pretrain(), control)
    assert last.reason is FinishReason.CANCELLED


def test_a_trained_model_proposes_itself(project, pretrain):
    session = session_on(project)
    session.adopt(first_round(session)[1].result)
    with pytest.raises(InputError, match="rounds propose what to label next"):
        look_at_pool(session, pretrain(), Control())


def test_a_damaged_encoder_is_refused_and_the_queue_stays(project, pretrain):
    session = session_on(project)
    before = session.propose(3)
    run_dir = pretrain()
    for path in (run_dir / "checkpoints").iterdir():
        path.write_bytes(b"no weights")
    _, last = looked_at(session, run_dir)
    assert last.reason is FinishReason.ERRORED
    assert session.queue == before


def test_a_volume_that_no_reader_reads_is_named(project, pretrain):
    case = next(iter(project.catalogue.cases("pool")))
    nib.save(nib.Nifti1Image(np.zeros((3, 3, 3), np.float32), np.eye(4)), case.path)
    events, last = looked_at(session_on(project), pretrain())
    assert [e.case for e in events if isinstance(e, CaseSkipped)] == [case.id]
    assert last.reason is FinishReason.COMPLETED
