"""BraTS as it is distributed: a folder for each case, a file for each channel."""

from __future__ import annotations

import numpy as np
import pytest

from napari_salient.data.brats import CHANNELS, read_brats, stack_cases
from napari_salient.data.volumes import load_image, read_header
from napari_salient.errors import InputError

AFFINE = np.diag([-1.0, -1.0, 1.0, 1.0])


@pytest.fixture
def brats(write_volume, tmp_path):
    """Three cases in two folders; channel `n` of a case is all `n`."""
    for group, name in (("HGG", "Brats18_B"), ("LGG", "Brats18_A"), ("HGG", "Brats18_C")):
        for number, channel in enumerate((*CHANNELS, "seg")):
            voxels = np.full((6, 5, 4), number, np.int16)
            write_volume(f"{group}/{name}/{name}_{channel}.nii.gz", voxels, AFFINE)
    return tmp_path


def test_cases_are_found_in_any_folder_and_stacked_channel_by_channel(brats):
    cases = read_brats(brats)
    assert [case.name for case in cases] == ["Brats18_A", "Brats18_B", "Brats18_C"]
    target = brats / "stacked"
    assert list(stack_cases(cases, target)) == [case.name for case in cases]
    header = read_header(target / "images" / "Brats18_B.nii")
    assert header.channels == 4
    assert np.array_equal(header.affine, AFFINE)
    assert load_image(header)[:, 0, 0, 0].tolist() == [0, 1, 2, 3]
    assert (target / "labels" / "Brats18_B.nii.gz").is_file()


def test_what_was_stacked_is_not_written_again(brats):
    list(stack_cases(read_brats(brats / "HGG"), brats / "stacked"))
    image = brats / "stacked" / "images" / "Brats18_B.nii"
    written = image.stat().st_mtime_ns
    list(stack_cases(read_brats(brats / "HGG"), brats / "stacked"))
    assert image.stat().st_mtime_ns == written


def test_missing_channels_other_grids_and_empty_folders_are_refused(brats, write_volume):
    flair = brats / "LGG/Brats18_A/Brats18_A_flair.nii.gz"
    write_volume("LGG/Brats18_A/Brats18_A_flair.nii.gz", np.zeros((6, 5, 3), np.int16), AFFINE)
    with pytest.raises(InputError, match="another grid"):
        list(stack_cases(read_brats(brats), brats / "stacked"))
    flair.unlink()
    with pytest.raises(InputError, match="lacks Brats18_A_flair"):
        read_brats(brats)
    (brats / "empty").mkdir()
    with pytest.raises(InputError, match="name the folder of a BraTS data set"):
        read_brats(brats / "empty")
