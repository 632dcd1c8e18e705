from __future__ import annotations

import subprocess
import sys

import nibabel as nib
import numpy as np
import pytest

from napari_salient.data.discover import case_name, find_volumes, pair_labels
from napari_salient.data.labels import read_labels
from napari_salient.data.volumes import load_image, read_header
from napari_salient.errors import InputError
from napari_salient.samples.brain import SHAPE, load_template, make_brain_pool, open_sample
from napari_salient.samples.brain_variation import TISSUES, apply_variation, draw_variation

SMALL = (20, 24, 20)
BACKGROUND, GREY, WHITE, CSF = range(4)


@pytest.fixture(scope="module")
def template():
    return load_template()


@pytest.fixture
def pool(tmp_path):
    return make_brain_pool(tmp_path / "pool", cases=3, shape=SMALL)


def case(template, number, shape=SHAPE):
    return apply_variation(template, draw_variation(np.random.default_rng([0, number]), shape))


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_each_image_has_labels_of_its_name_on_its_grid(pool):
    images = find_volumes(pool.images)
    assert [case_name(path) for path in images] == ["brain-01", "brain-02", "brain-03"]
    labels = pair_labels(images, pool.labels)
    for path in images:
        header = read_header(path)
        assert load_image(header).shape == (1, *header.shape)
        assert set(np.unique(read_labels(labels[case_name(path)], header))) <= {0, 1, 2, 3}


def test_files_keep_the_voxel_size_and_one_world(pool):
    for path in find_volumes(pool.images):
        header, image = read_header(path), nib.load(path)
        assert sorted(header.spacing) == pytest.approx(sorted(image.header.get_zooms()))
        assert np.array_equal(image.get_qform(), image.get_sform())
        assert nib.load(pool.labels / path.name).affine.tolist() == image.affine.tolist()


def test_the_same_seed_makes_the_same_bytes(pool, tmp_path):
    again = make_brain_pool(tmp_path / "again", cases=3, shape=SMALL)
    assert contents(again.images) == contents(pool.images)
    assert contents(again.labels) == contents(pool.labels)


def test_the_first_cases_do_not_depend_on_how_many_follow(pool, tmp_path):
    fewer = make_brain_pool(tmp_path / "fewer", cases=2, shape=SMALL)
    assert contents(fewer.images).items() <= contents(pool.images).items()


def test_another_seed_makes_other_brains(pool, tmp_path):
    other = make_brain_pool(tmp_path / "other", cases=3, seed=1, shape=SMALL)
    assert not set(contents(other.images).values()) & set(contents(pool.images).values())


def test_a_pool_can_be_made_again_in_its_own_folder(pool):
    before = contents(pool.images)
    make_brain_pool(pool.images.parent, cases=3, shape=SMALL)
    assert contents(pool.images) == before


def test_a_file_that_is_no_sample_is_kept(tmp_path):
    own = tmp_path / "images" / "brain-02.nii.gz"
    own.parent.mkdir()
    nib.save(nib.Nifti1Image(np.ones((3, 4, 5), np.int16), np.eye(4)), own)
    before = own.read_bytes()
    with pytest.raises(InputError, match="brain-02"):
        make_brain_pool(tmp_path, cases=3, shape=SMALL)
    assert own.read_bytes() == before
    assert list(tmp_path.rglob("*.nii.gz")) == [own]


@pytest.mark.parametrize("wrong", [{"cases": 0}, {"shape": (2, 80, 80)}])
def test_numbers_out_of_range_are_refused(tmp_path, wrong):
    with pytest.raises(InputError, match="at least one case"):
        make_brain_pool(tmp_path / "pool", **wrong)
    assert not list(tmp_path.iterdir())


def test_what_is_drawn_decides_everything(template):
    variation = draw_variation(np.random.default_rng(5), SMALL)
    first, second = (apply_variation(template, variation) for _ in range(2))
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])


@pytest.mark.parametrize("number", range(4))
def test_a_case_looks_like_t1(template, number):
    image, labels = case(template, number)
    means = [image[labels == value].mean() for value in (BACKGROUND, CSF, GREY, WHITE)]
    assert means[0] == 0
    assert means == sorted(means)
    assert labels.dtype == np.uint8
    assert image.dtype == np.int16


@pytest.mark.parametrize("number", range(4))
def test_the_brain_is_whole_and_of_plausible_size(template, number):
    variation = draw_variation(np.random.default_rng([0, number]), SHAPE)
    _, labels = apply_variation(template, variation)
    litres = (labels > 0).sum() * np.prod(variation.spacing) / 1e6
    assert 1.2 < litres < 2.8
    assert not any(labels.take(end, axis).any() for axis in range(3) for end in (0, -1))
    shares = np.bincount(labels.ravel(), minlength=4)[1:] / (labels > 0).sum()
    assert (shares > (0.4, 0.2, 0.03)).all()


def test_cases_differ_more_than_by_noise(template):
    first, second = (case(template, number)[1] for number in (0, 1))
    z, y, x = np.minimum(first.shape, second.shape)
    same = first[:z, :y, :x] == second[:z, :y, :x]
    assert same[first[:z, :y, :x] > 0].mean() < 0.8


def test_the_open_sample_is_an_image_with_its_labels():
    (image, image_options, image_kind), (labels, label_options, label_kind) = open_sample()
    assert (image_kind, label_kind) == ("image", "labels")
    assert image.shape == labels.shape
    assert labels.max() == len(TISSUES)
    assert image_options["scale"] == label_options["scale"]


def test_importing_the_samples_loads_nothing_heavy():
    heavy = "{'torch', 'nilearn', 'nibabel', 'scipy', 'napari', 'qtpy'}"
    code = f"import sys, napari_salient.samples.brain; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
