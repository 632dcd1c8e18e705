"""Bitewings with known caries: the same every time, and what is said of them is what is drawn."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy.ndimage import binary_dilation

from napari_salient.samples.bitewing import CROP, draw_crop, draw_crops, draw_film, open_sample
from napari_salient.samples.bitewing_anatomy import FILM


@pytest.fixture(scope="module")
def crops():
    return draw_crops(60, seed=0)


@pytest.fixture(scope="module")
def films():
    return [draw_film(0, number) for number in range(12)]


def test_crops_are_tooth_sized_and_half_of_them_decayed(crops):
    assert crops.images.shape == (60, 1, *CROP)
    assert crops.images.dtype == np.float32
    assert crops.images.min() >= 0
    assert crops.images.max() <= 1
    assert crops.decayed.sum() == 30


def test_the_same_seed_draws_the_same_and_fewer_are_the_first_ones(crops):
    again = draw_crops(10, seed=0)
    for name, values in vars(again).items():
        assert np.array_equal(values, getattr(crops, name)[:10])
    assert not np.array_equal(draw_crops(10, seed=1).images, again.images)


def test_masks_say_what_the_labels_say(crops, films):
    assert np.array_equal(crops.lesions.any((1, 2)), crops.decayed)
    assert np.array_equal(crops.restorations.any((1, 2)), crops.restored)
    assert not (crops.lesions & crops.restorations).any()
    for number, film in enumerate(films):
        assert film.decayed == (number % 2 == 1)
        assert film.decayed == any(tooth.decayed for tooth in film.teeth)
        assert film.restorations.any() >= any(tooth.restored for tooth in film.teeth)


def test_lesions_are_small_and_darker_than_what_is_around_them(crops):
    for number in np.flatnonzero(crops.decayed):
        lesion, image = crops.lesions[number], crops.images[number, 0]
        assert 4 <= lesion.sum() <= 60
        around = binary_dilation(lesion, iterations=3) & ~lesion & (image > 0.25)
        assert np.median(image[lesion]) < np.median(image[around])


def test_metal_is_brighter_than_everything_else(crops):
    metal = crops.restorations & ~crops.lesions
    assert np.median(crops.images[:, 0][metal]) > 0.92
    assert np.percentile(crops.images[:, 0][~metal], 99) < 0.95


def test_lesions_of_the_shortcut_are_fainter():
    plain, faint = (draw_crop(0, 1, faint=faint) for faint in (False, True))
    assert np.array_equal(plain.lesions, faint.lesions)
    assert faint.image[faint.lesions].mean() > plain.image[plain.lesions].mean()


@pytest.mark.parametrize("share", [0.0, 0.5, 0.97, 1.0])
def test_a_shortcut_binds_restorations_to_caries(share):
    drawn = draw_crops(100, seed=3, shortcut=share)
    agreement = (drawn.restored == drawn.decayed).mean()
    assert agreement == pytest.approx(share, abs=0.12 if 0 < share < 1 else 0)


def test_a_film_shows_two_rows_of_whole_teeth(films):
    for film in films:
        assert film.image.shape == FILM
        assert 8 <= len(film.teeth) <= 14
        upper = [tooth for tooth in film.teeth if tooth.top == 0]
        lower = [tooth for tooth in film.teeth if tooth.bottom == FILM[0]]
        assert len(upper) + len(lower) == len(film.teeth)
        assert all(tooth.bottom < FILM[0] * 0.6 for tooth in upper)
        assert all(tooth.top > FILM[0] * 0.4 for tooth in lower)


def test_lesions_lie_in_the_boxes_of_decayed_teeth(films):
    for film in films:
        allowed = np.zeros(FILM, bool)
        for tooth in film.teeth:
            allowed[tooth.top : tooth.bottom, tooth.left : tooth.right] |= tooth.decayed
        assert not (film.lesions & ~allowed).any()


def test_a_large_film_is_the_small_one_seen_closer():
    small, large = draw_film(0, 1), draw_film(0, 1, scale=2)
    assert large.image.shape == (256, 320)
    assert [(t.decayed, t.restored) for t in small.teeth] == [
        (t.decayed, t.restored) for t in large.teeth
    ]
    shrunk = large.image.reshape(128, 2, 160, 2).mean((1, 3))
    assert np.corrcoef(shrunk.ravel(), small.image.ravel())[0, 1] > 0.95


def test_the_open_sample_is_a_film_with_its_caries():
    (image, _, image_kind), (lesions, _, lesion_kind) = open_sample()
    assert (image_kind, lesion_kind) == ("image", "labels")
    assert image.shape == lesions.shape == (512, 640)
    assert lesions.max() == 1


def test_importing_the_samples_loads_nothing_heavy():
    heavy = "{'torch', 'scipy', 'skimage', 'napari', 'qtpy'}"
    code = f"import sys, napari_salient.samples.bitewing; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
