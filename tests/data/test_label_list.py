"""Lists of pictures as people have them, and one sentence for each thing that is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_salient.data.label_list import (
    Listed,
    classes_of,
    indicators,
    read_label_list,
    refuse_copies,
)
from napari_salient.errors import InputError
from napari_salient.project.splits import SplitFractions, split_listed


@pytest.fixture
def films(tmp_path):
    """Eight files named like films; their content is their name."""
    folder = tmp_path / "images"
    (folder / "more").mkdir(parents=True)
    for name in ("a.png", "b.png", "c.png", "d.dcm", "e.png", "e.dcm", "IM0001", "more/f.png"):
        (folder / name).write_bytes(name.encode())
    return folder


@pytest.fixture
def read(tmp_path, films):
    def read(*lines, **options):
        path = tmp_path / "labels.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
        return read_label_list(path, films, **options)

    return read


def test_a_list_says_what_pictures_show_whose_they_are_and_what_they_are_for(read, films):
    first, second = read("image,label,patient,split", "a.png,caries,P1,train", "b,sound,P2,test")
    assert (first.path, first.labels, first.patient) == (films / "a.png", ("caries",), "P1")
    assert (first.split, second.split) == ("pool", "test")
    assert second.path == films / "b.png"


def test_pictures_may_have_several_labels_or_none(read):
    listed = read("Image,Labels", "a,caries;crown", "b,", "c, crown | caries |caries")
    assert [one.labels for one in listed] == [("caries", "crown"), (), ("crown", "caries")]
    assert classes_of(listed) == ("caries", "crown")
    expected = [[1, 1], [0, 0], [1, 1]]
    assert np.array_equal(indicators(listed, ("caries", "crown")), np.array(expected, bool))


def test_lists_of_spreadsheets_with_semicolons_are_read(read):
    (one,) = read("file;labels;patient", "a.png;caries|crown;P1")
    assert (one.labels, one.patient) == (("caries", "crown"), "P1")


def test_numbers_are_classes_in_their_order(read):
    assert classes_of(read("image,label", "a,10", "b,2", "c,0")) == ("0", "2", "10")


def test_pictures_in_folders_and_without_suffix_are_found(read, films):
    listed = read("image,label", "more/f.png,1", "IM0001,0", "d,1")
    names = ["more/f.png", "IM0001", "d.dcm"]
    assert [one.path for one in listed] == [films / name for name in names]


def test_without_a_patient_column_names_tell_patients_apart(read, films):
    for name in ("sub-01_left.png", "sub-01_right.png"):
        (films / name).touch()
    listed = read("image,label", "sub-01_left,1", "sub-01_right,0", "a,0")
    assert [one.patient for one in listed] == ["sub-01", "sub-01", "a"]


REFUSED = {
    "unknown file": (("image,label", "z,1"), "names z, which is not in .*images; add it"),
    "no name": (("image,label", "a,1", ",1"), "names no picture in line 3"),
    "twice": (("image,label", "a,1", "b,1", "a.png,0"), "lists a.png twice, in lines 2 and 4"),
    "two files of the name": (
        ("image,label", "e,1"),
        "names e, which may be e.dcm or e.png; write the whole name",
    ),
    "no label": (("image,label", "a,1", "b,"), "has no label in line 3"),
    "two labels": (("image,label", "a,1;2"), "has 2 labels in place of one label in line 2"),
    "short row": (("image,label", "a"), "has no label in line 2"),
    "no image column": (("picture,label", "a,1"), "no column 'image'"),
    "no label column": (("image,kind", "a,1"), "no column 'label'"),
    "strange split": (("image,label,split", "a,1,held"), "has the split 'held' in line 2; splits"),
    "no split": (("image,label,split", "a,1,train", "b,1,"), "has the split '' in line 3"),
    "leak": (
        ("image,label,patient,split", "a,1,P1,train", "b,0,P2,test", "c,0,P1,val"),
        r"has patient P1 in train \(line 2\) and in validation \(line 4\); a patient belongs",
    ),
    "empty": (("image,label",), "lists no pictures"),
}


@pytest.mark.parametrize(("lines", "sentence"), REFUSED.values(), ids=REFUSED)
def test_lists_that_cannot_be_used_are_one_sentence(read, lines, sentence):
    with pytest.raises(InputError, match=sentence) as refusal:
        read(*lines)
    assert "labels.csv" in str(refusal.value)


def test_a_list_that_is_no_text_is_refused(tmp_path, films):
    (tmp_path / "labels.csv").write_bytes(b"\xff\xfe\x00image")
    with pytest.raises(InputError, match="cannot be read as a CSV file"):
        read_label_list(tmp_path / "labels.csv", films)
    with pytest.raises(InputError, match="cannot be read as a CSV file"):
        read_label_list(tmp_path / "none.csv", films)


def test_the_same_picture_under_two_names_is_refused(read, films):
    refuse_copies(read("image,label", "a,1", "b,0"))
    (films / "b.png").write_bytes((films / "a.png").read_bytes())
    with pytest.raises(InputError, match=r"a\.png and .*b\.png are the same picture"):
        refuse_copies(read("image,label", "a,1", "b,0"))
    refuse_copies(read("image,label,patient", "a,1,P1", "b,0,P1"))


def test_the_split_of_the_list_stays(read):
    listed = read("image,label,split", "a,1,test", "b,0,train", "c,0,val")
    assert split_listed(listed, SplitFractions(), seed=0) == listed


@settings(deadline=None)
@given(st.integers(0, 99))
def test_a_split_is_drawn_by_patient_and_seed(seed):
    listed = [Listed(Path(f"{n}.png"), ("1",), f"P{n // 3}", None, n) for n in range(30)]
    drawn = split_listed(listed, SplitFractions(0.6, 0.2, 0.2), seed)
    assert len({(one.patient, one.split) for one in drawn}) == 10
    assert [one.split for one in drawn].count("test") == 6
    assert drawn == split_listed(listed, SplitFractions(0.6, 0.2, 0.2), seed)
    backwards = split_listed(listed[::-1], SplitFractions(0.6, 0.2, 0.2), seed)
    assert backwards[::-1] == drawn
