from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from napari_salient.active_learning.prompts.reach import default_reach_mm

SPACING = (3.0, 1.0, 1.0)
SHAPE = (20, 60, 60)


@pytest.mark.parametrize("radius", [5, 12])
def test_it_goes_from_the_middle_of_a_class_to_its_border(radius):
    drawn = np.zeros(SHAPE, bool)
    drawn[4:9] = np.hypot(*(np.mgrid[:60, :60] - 30)) < radius
    assert default_reach_mm(drawn, "axial", SPACING) == pytest.approx(radius, abs=0.5)


def test_what_is_long_and_thin_counts_by_its_thickness():
    drawn = np.zeros(SHAPE, bool)
    drawn[:, 5:55, 28:33] = True
    assert default_reach_mm(drawn, "axial", SPACING) < 5


def test_the_volume_counts_where_nothing_is_drawn_yet():
    assert default_reach_mm(np.zeros(SHAPE, bool), "axial", SPACING) == 7.5
    assert default_reach_mm(np.zeros((99, 99, 99), bool), "axial", SPACING) == 10.0


def test_a_speck_takes_two_voxels_and_a_huge_class_30_mm():
    drawn = np.zeros(SHAPE, bool)
    drawn[5, 30, 30] = True
    assert default_reach_mm(drawn, "axial", SPACING) == 2.0
    assert default_reach_mm(drawn, "coronal", SPACING) == 6.0
    assert default_reach_mm(np.ones((9, 500, 500), bool), "axial", (1.0, 1.0, 1.0)) == 30.0


@pytest.mark.shared
def test_on_the_hippocampus_it_is_what_was_measured_to_work_best(shared_data):
    labels = sorted((shared_data / "data" / "hippocampus").rglob("labels*/*.nii.gz"))[:10]
    assert labels
    volumes = [np.asarray(nib.load(path).dataobj).T for path in labels]
    found = [default_reach_mm(v == value, "axial", (1.0,) * 3) for v in volumes for value in (1, 2)]
    assert 4 <= np.quantile(found, 0.1) < np.quantile(found, 0.8) <= 6
