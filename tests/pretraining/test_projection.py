"""Features on a plane: what is alike lies together, and drawing can be ended at any moment."""

from __future__ import annotations

import numpy as np
import psutil
import pytest

from napari_salient.engine.control import Control
from napari_salient.errors import RunError
from napari_salient.pretraining.projection import (
    principal_components,
    project,
    standardised,
    tsne,
)


class Impatient(Control):
    """Cancels itself when it is looked at for the third time."""

    looks = 0

    @property
    def cancelled(self) -> bool:
        self.looks += 1
        return self.looks >= 3


def noise(slices, features=8):
    return np.random.default_rng(0).normal(size=(slices, features)).astype(np.float32)


def test_what_is_alike_lies_together_on_the_map():
    rng = np.random.default_rng(0)
    kinds = np.repeat([0, 1, 2], 30)
    features = (10 * np.eye(3)[kinds] + rng.normal(size=(90, 3))).astype(np.float32)
    points, method = project(features, Control())
    assert method == "t-SNE"
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    apart[np.diag_indices(90)] = np.inf
    assert (kinds[apart.argmin(1)] == kinds).mean() > 0.95


@pytest.mark.parametrize("count", [1, 2, 5, 11])
def test_a_handful_of_slices_is_shown_by_principal_components(count):
    features = np.random.default_rng(0).normal(size=(count, 4)).astype(np.float32)
    points, method = project(features, Control())
    assert points.shape == (count, 2)
    assert method == "principal components"


def test_an_encoder_that_sees_no_difference_puts_all_slices_in_one_place():
    points, _ = project(np.ones((40, 8), np.float32), Control())
    assert not points.any()


def test_the_process_apart_draws_what_would_be_drawn_here():
    points, _ = project(noise(40), Control())
    assert np.array_equal(points, tsne(principal_components(standardised(noise(40)))))


def test_a_drawing_that_is_cancelled_leaves_nothing_behind():
    before = psutil.Process().children()
    control = Impatient()
    assert project(noise(2000), control) is None
    assert control.looks == 3
    assert psutil.Process().children() == before


def test_a_process_that_fails_is_told_in_its_own_words(tmp_path, monkeypatch):
    (tmp_path / "sklearn.py").write_text("raise ImportError('this one is broken')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(RunError, match=r"ImportError: this one is broken\); draw it again"):
        project(noise(40), Control())
