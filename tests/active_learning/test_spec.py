"""A model's spec says in words how another one differs."""

from __future__ import annotations

import dataclasses

import pytest

from napari_salient.active_learning.spec import WORDS, SegmenterSpec

SPEC = SegmenterSpec("axial", 1, ("lesion",), (0, 1), context=1, width=8)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({}, ""),
        ({"plane": "coronal", "width": 4}, "slicing plane coronal instead of axial, width 4"),
        ({"class_names": ("lesion", "liver")}, "classes lesion/liver instead of lesion"),
        ({"patch": (64, 48)}, "training slices of 64/48 instead of 32/32"),
        ({"strides": ((1, 2, 2), (2, 2, 2))}, "strides 1/2/2 then 2/2/2 instead of none"),
    ],
    ids=str,
)
def test_what_another_model_has_differently_is_said_in_words(
    other: dict[str, object], words: str
) -> None:
    assert SPEC.differences(dataclasses.replace(SPEC, **other)).startswith(words)


def test_every_field_has_a_name_in_sentences() -> None:
    assert list(WORDS) == [field.name for field in dataclasses.fields(SegmenterSpec)]
