"""The preview: what is cut out, where it is drawn, and what is said of it."""

from __future__ import annotations

import numpy as np
import pytest

from napari_salient.errors import InputError
from napari_salient.pretraining.preview import preview_of
from napari_salient.pretraining.preview_layout import lay_out, padding_of

from .toys import settings_of, volume

TASKS = ("rotation", "jigsaw", "relative_location", "cpc", "exemplar", "masked")
THICK = np.diag([1.0, 1.0, 3.0, 1.0])


@pytest.fixture
def pool(write_volume):
    """Return a function that writes volumes and returns their folder."""

    def write(count=3, shape=(24, 25, 30), affine=None):
        paths = [write_volume(f"case-{n}.nii", volume(n, shape)[0], affine) for n in range(count)]
        return paths[0].parent

    return write


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("spatial_dims", [2, 3])
def test_every_picture_lies_in_a_cell_of_its_own_and_none_touches_another(pool, task, spatial_dims):
    preview = preview_of(pool(), 3, settings_of(task, spatial_dims))
    assert len(preview.examples) == 8
    layout = lay_out(preview, 0)
    corners = np.concatenate([layout.corners, layout.empty])
    apart = np.abs(corners[:, None] - corners[None])
    clear = (apart >= layout.size + 2).any(2)
    assert clear[~np.eye(len(corners), dtype=bool)].all()
    ends = layout.corners + [np.multiply(p.image.shape[1:], p.scale) for p in layout.placed]
    assert np.allclose(ends - layout.corners, layout.size)


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("rotation", "by how much it was turned; here: "),
        ("jigsaw", "which of 6 orders"),
        ("relative_location", "as seen from the centre; here: "),
        ("masked", "with 60% hidden and fills it in"),
    ],
)
def test_the_task_is_explained_with_its_answer(pool, task, said):
    preview = preview_of(pool(), 3, settings_of(task))
    assert said in preview.sentence(0)
    if task == "rotation":
        assert preview.sentence(3).endswith(f"here: {preview.examples[3][0].words}.")


def test_sizes_enlargement_and_chance_are_said(pool):
    facts = preview_of(pool(), 3, settings_of("relative_location")).facts()
    assert "Cut out of a volume: 24 x 24 voxels (y, x). Each piece: 6 x 6 voxels." in facts
    assert "Enlarged to 32 x 32 for the network." in facts
    assert facts.endswith("Guessing is right in 12 % of all cases.")


def test_a_stack_names_the_slice_and_its_neighbours(pool):
    preview = preview_of(pool(), 3, settings_of("rotation", context=1))
    assert preview.inputs == ["slice 1 before it", "the slice itself", "slice 1 after it"]
    assert "a stack of 3 slices" in preview.facts()


@pytest.mark.parametrize("plane", ["coronal", "sagittal"])
def test_cubes_are_drawn_along_z_y_x_whatever_the_plane(pool, plane):
    preview = preview_of(pool(), 3, settings_of("masked", 3, plane=plane))
    whole = lay_out(preview, 0).placed[1]
    assert whole.image.shape == (1, 30, 25, 24)
    assert preview.axes_shown == ("z", "y", "x")
    along = preview.examples[0][1].image
    assert np.array_equal(np.moveaxis(whole.image, 1 + "zyx".index(preview.axes[0]), 1), along)


def test_thick_slices_are_noted(pool):
    (note,) = preview_of(pool(affine=THICK), 3, settings_of("rotation", 3)).notes
    assert "6 of 10 rotations" in note


def test_small_volumes_and_empty_folders_are_refused(pool, tmp_path):
    with pytest.raises(InputError, match="takes at least"):
        preview_of(pool(shape=(6, 6, 6)), 3, settings_of("jigsaw", 3))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no"):
        preview_of(tmp_path / "empty", 3, settings_of("rotation"))


def test_padding_is_told_from_anatomy():
    anatomy = volume(0)[0]
    assert padding_of(anatomy)[0] == 0
    padded = np.pad(anatomy, 3, constant_values=anatomy.min())
    share, above = padding_of(padded)
    assert share == pytest.approx(1 - anatomy.size / padded.size, abs=1e-3)
    assert padded.min() < above < np.percentile(anatomy, 1)
