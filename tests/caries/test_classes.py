from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_salient.caries.classes import Classes
from napari_salient.data.label_list import Listed
from napari_salient.errors import InputError


def listed(*labels: tuple[str, ...]) -> list[Listed]:
    return [Listed(Path(f"{n}.png"), words, str(n), None, n) for n, words in enumerate(labels)]


def test_yes_or_no_is_one_class() -> None:
    classes = Classes.of(listed(("caries",), ("Healthy",), ("caries",)))
    assert classes == Classes(("caries",))
    assert classes.indicators(listed(("caries",), ("Healthy",))).tolist() == [[1], [0]]


def test_grades_are_exclusive_and_the_first_means_nothing_is_shown() -> None:
    classes = Classes.of(listed(("2",), ("0",), ("1",)))
    assert classes == Classes(("0", "1", "2"), exclusive=True)
    assert classes.lesions == ("1", "2")


def test_any_number_of_labels_makes_each_a_question_of_its_own() -> None:
    several = listed(("caries", "crown"), (), ("crown",), ("none",))
    classes = Classes.of(several)
    assert classes == Classes(("caries", "crown"))
    wanted = [[1, 1], [0, 0], [0, 1], [0, 0]]
    assert np.array_equal(classes.indicators(several), wanted)


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ((("caries",), ("caries",)), "All images have the label caries"),
        ((("caries",), ("crown",)), "One label has to mean that nothing is shown"),
        ((("0",), ("none",), ("1",)), "One label has to mean that nothing is shown"),
    ],
)
def test_labels_from_which_nothing_can_be_learned_are_refused(labels, sentence) -> None:
    with pytest.raises(InputError, match=sentence):
        Classes.of(listed(*labels))
