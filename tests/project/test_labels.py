from __future__ import annotations

import numpy as np
import pytest

from napari_salient.data.label_values import UNSURE
from napari_salient.errors import InputError
from napari_salient.project.labels import LabelClass, LabelSchema

SCHEMA = LabelSchema.of("anterior", "posterior", "cyst")
VOXELS = np.array([[0, 1, 2], [3, UNSURE, 1]], np.uint8)


def test_classes_get_values_colours_and_keys_of_their_own() -> None:
    assert [c.value for c in SCHEMA.classes] == [1, 2, 3]
    assert [c.key for c in SCHEMA.classes] == ["1", "2", "3"]
    assert len({c.color for c in SCHEMA.classes}) == 3


def test_renaming_and_recolouring_keep_the_value() -> None:
    changed = SCHEMA.rename(2, "tail").recolour(2, "#ffffff")
    assert changed.name_of(2) == "tail"
    assert changed.classes[1].color == "#ffffff"
    assert SCHEMA.class_names == ("anterior", "posterior", "cyst")


def test_a_retired_class_counts_as_the_class_it_went_into() -> None:
    schema = SCHEMA.retire(3, into=1)
    resolved = schema.resolve(VOXELS)
    assert resolved.tolist() == [[0, 1, 2], [1, UNSURE, 1]]
    assert VOXELS[1, 0] == 3
    assert schema.class_names == ("anterior", "posterior")


def test_retirements_are_followed_to_the_end() -> None:
    schema = SCHEMA.retire(3, into=2).retire(2, into=1).retire(1)
    assert schema.resolve(VOXELS).tolist() == [[0, 0, 0], [0, UNSURE, 0]]


def test_the_value_of_a_retired_class_is_never_used_again() -> None:
    assert SCHEMA.retire(3).add("new").name_of(4) == "new"


def test_a_name_may_be_used_again_after_its_class_retired() -> None:
    assert SCHEMA.retire(3).add("cyst").name_of(4) == "cyst"


def test_a_retired_class_can_be_used_again() -> None:
    schema = SCHEMA.retire(3, into=1)
    assert schema.name_of(3) == "anterior"
    assert SCHEMA.retire(3).name_of(3) == "background"
    assert schema.restore(3) == SCHEMA
    taken = schema.add("new", key="3").restore(3)
    assert [c.key for c in taken.active] == ["1", "2", "", "3"]


def test_networks_count_classes_without_gaps() -> None:
    schema = SCHEMA.retire(1, into=0)
    indices = schema.to_indices(VOXELS)
    assert indices.tolist() == [[0, 0, 1], [2, UNSURE, 0]]


def test_values_without_a_class_are_not_trained_on() -> None:
    assert SCHEMA.to_indices(np.array([9], np.uint8)).tolist() == [UNSURE]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda: SCHEMA.add("cyst"), "Two label classes have the name 'cyst'"),
        (lambda: SCHEMA.rename(9, "x"), "no label class with value 9; the schema has 1, 2, 3"),
        (lambda: SCHEMA.retire(1, into=7), "no label class with value 7"),
        (lambda: SCHEMA.retire(1, into=2).retire(2, into=1), "retired into itself"),
        (lambda: SCHEMA.retire(3).add("cyst").restore(3), "Two label classes have the name"),
        (lambda: SCHEMA.recolour(1, "red"), "must look like #rrggbb, not 'red'"),
        (lambda: LabelClass(255, "x", "#000000", ""), "must be 1 to 254"),
        (lambda: LabelClass(1, " ", "#000000", ""), "needs a name"),
    ],
)
def test_a_schema_that_makes_no_sense_is_refused(change: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        change()  # type: ignore[operator]
