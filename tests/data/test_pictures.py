"""Pictures: what is black around them is cut off, shapes stay, damage is a sentence."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.io import imsave

from napari_salient.data.pictures import find_pictures, load_picture
from napari_salient.errors import InputError


def test_the_border_is_cut_off_and_what_is_left_is_not_stretched(tmp_path):
    picture = np.zeros((60, 90, 3), np.uint8)
    picture[20:40, 10:70] = (255, 128, 64)
    imsave(tmp_path / "eye.png", picture, check_contrast=False)
    square = load_picture(tmp_path / "eye.png", 30)
    assert square.shape == (3, 30, 30)
    assert square.dtype == np.float32
    assert square[:, 15, 15] == pytest.approx([1, 128 / 255, 64 / 255], abs=1e-3)
    assert square[:, 2].max() == 0
    assert (square[0].max(1) > 0.5).sum() == 10


def test_grey_pictures_get_three_equal_channels(tmp_path):
    imsave(tmp_path / "grey.png", np.full((8, 8), 200, np.uint8), check_contrast=False)
    red, green, blue = load_picture(tmp_path / "grey.png", 8)
    assert np.array_equal(red, green)
    assert np.array_equal(red, blue)


def test_damaged_files_are_refused(tmp_path):
    (tmp_path / "eye.jpg").write_bytes(b"no picture")
    assert find_pictures(tmp_path) == [tmp_path / "eye.jpg"]
    with pytest.raises(InputError, match="cannot be read as a picture"):
        load_picture(tmp_path / "eye.jpg", 8)
