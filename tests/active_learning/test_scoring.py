"""What a model says about slices: measured once, for all strategies alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from napari_salient.active_learning import model as model_module
from napari_salient.active_learning.committee import snapshots, thinned
from napari_salient.active_learning.features import FILE_NAME, read_features, write_features
from napari_salient.active_learning.model import Segmenter, build_segmenter
from napari_salient.active_learning.pool import PoolScores
from napari_salient.active_learning.scoring import Scorer, score_pool, stack_scores
from napari_salient.active_learning.spec import SegmenterSpec
from napari_salient.active_learning.strategies import STRATEGIES, needs_of
from napari_salient.engine.checkpoint import checkpoint_path, save_checkpoint
from napari_salient.engine.control import Control
from napari_salient.engine.events import Finished

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

EVERYTHING = needs_of(STRATEGIES)
SPECS = {
    "slices": SegmenterSpec("axial", 1, ("a", "b"), (0, 4, 9), context=1, width=4),
    "volumes": SegmenterSpec(
        "axial", 1, ("a", "b"), (0, 4, 9), 0, 4, patch=(8, 16, 16), strides=((2, 2, 2),) * 3
    ),
}


def network(kind: str, seed: int = 0) -> Segmenter:
    torch.manual_seed(seed)
    return build_segmenter(SPECS[kind]).eval()


def volume(slices: int = 10) -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((1, slices, 20, 24)).astype(np.float32)


@pytest.fixture(params=SPECS)
def model(request: pytest.FixtureRequest) -> Segmenter:
    return network(request.param)


def test_everything_that_strategies_need_is_measured_for_every_slice(model: Segmenter) -> None:
    scorer = Scorer(model, EVERYTHING, [model, network("slices", 1)])
    scores = scorer.score(7, volume())
    assert set(scores.measures) == EVERYTHING - {"features"}
    assert scores.case_id.tolist() == [7] * 10
    assert scores.index.tolist() == list(range(10))
    for values in scores.measures.values():
        assert values.shape == (10,)
        assert np.isfinite(values).all()
        assert (values >= 0).all()
    assert scores.features is not None
    assert scores.features.shape == (10, 32)
    assert np.isfinite(scores.features).all()


def test_nothing_is_measured_that_nobody_asked_for(model: Segmenter) -> None:
    scores = Scorer(model, {"margin"}).score(0, volume())
    assert set(scores.measures) == {"margin"}
    assert scores.features is None


def test_a_slice_is_measured_alike_alone_and_in_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    scorer = Scorer(network("slices"), EVERYTHING)
    together = scorer.score(0, volume())
    monkeypatch.setattr(model_module, "PIXELS_AT_ONCE", 1)
    alone = scorer.score(0, volume())
    for name, values in together.measures.items():
        np.testing.assert_allclose(alone.measures[name], values, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(alone.features, together.features, rtol=1e-4, atol=1e-5)


def test_bald_repeats_exactly_and_leaves_the_model_as_it_was(model: Segmenter) -> None:
    before = Scorer(model, {"entropy"}).score(0, volume()).measures["entropy"]
    first, again = (Scorer(model, {"bald"}).score(0, volume()).measures["bald"] for _ in "ab")
    np.testing.assert_array_equal(first, again)
    assert first.min() > 0
    after = Scorer(model, {"entropy"}).score(0, volume()).measures["entropy"]
    np.testing.assert_array_equal(before, after)


def test_thinned_networks_share_the_weights_and_differ_in_what_they_say(model: Segmenter) -> None:
    one, other = thinned(model, 2)
    assert next(one.parameters()) is next(model.parameters())
    said = [next(iter(n.slice_outputs(volume(), range(10)))).logits for n in (one, other)]
    assert (said[0] - said[1]).abs().max() > 1e-3


def test_ensemble_compares_the_trained_checkpoints_of_a_run(tmp_path: Path) -> None:
    for step in (0, 10, 20):
        member = network("slices", step)
        state = {"task": {"spec": member.spec.to_json()}}
        path = checkpoint_path(tmp_path, step)
        save_checkpoint(path, member.state_dict(), state, {"step": step})
    found = snapshots(tmp_path, network("slices"))
    assert len(found) == 2
    scores = Scorer(found[0], {"ensemble"}, found).score(0, volume())
    assert scores.measures["ensemble"].min() > 0


def test_a_single_checkpoint_cannot_disagree() -> None:
    model = network("slices")
    assert "ensemble" not in Scorer(model, {"ensemble"}, [model]).score(0, volume()).measures


def test_features_of_a_slice_come_from_the_patches_over_it() -> None:
    scorer = Scorer(network("volumes"), {"features"})
    before = scorer.score(0, volume(40)).features
    changed = volume(40)
    changed[:, 30:] = changed[:, 30:] ** 3
    after = scorer.score(0, changed).features
    assert before is not None
    assert after is not None
    same = (before == after).all(axis=1)
    assert same[:20].all()
    assert not same[30:].any()


def test_the_pool_is_read_once_and_stacked_in_order() -> None:
    read: list[int] = []

    def load(case: int) -> NDArray[np.float32]:
        read.append(case)
        return volume(3 + case)

    scorer = Scorer(network("slices"), {"entropy", "foreground", "features"})
    *_, last = score_pool(scorer, [2, 5], load, Control())
    assert isinstance(last, Finished)
    scores = last.result
    assert read == [2, 5]
    assert scores.case_id.tolist() == [2] * 5 + [5] * 8
    assert len(scores.features) == 13


def scores_of(features: NDArray[np.float32]) -> PoolScores:
    return PoolScores(np.array([1, 1, 4]), np.array([0, 1, 0]), {}, features)


def test_features_are_kept_with_the_run(tmp_path: Path) -> None:
    features = np.random.default_rng(0).standard_normal((3, 5)).astype(np.float32)
    scores = scores_of(features)
    write_features(tmp_path, scores)
    found = read_features(tmp_path, scores)
    assert found is not None
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, features, rtol=1e-3)


def test_features_that_are_broken_or_of_other_slices_are_as_good_as_none(tmp_path: Path) -> None:
    scores = scores_of(np.ones((3, 5), np.float32))
    assert read_features(tmp_path, scores) is None
    write_features(tmp_path, scores)
    other = PoolScores(scores.case_id, np.array([0, 2, 0]), {})
    assert read_features(tmp_path, other) is None
    path = tmp_path / FILE_NAME
    path.write_bytes(path.read_bytes()[:40])
    assert read_features(tmp_path, scores) is None


def test_no_volumes_give_empty_scores() -> None:
    nothing = stack_scores([])
    assert len(nothing.case_id) == 0
    assert nothing.features is None
