"""What the labels of a list mean to the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.data.label_list import classes_of, indicators
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_salient.data.label_list import Listed

WITHOUT = ("0", "none", "no", "healthy", "normal", "negative", "false", "sound")
"""Labels, in any case of letters, of an image that shows nothing."""


@dataclass(frozen=True)
class Classes:
    """The classes of a model.

    Parameters
    ----------
    names
        One for a question of yes or no; of exclusive classes the first means that there is no
        lesion; otherwise any number of them may be true.
    exclusive
        Whether exactly one is true, of three and more.
    """

    names: tuple[str, ...]
    exclusive: bool = False

    @classmethod
    def of(cls, listed: Sequence[Listed]) -> Classes:
        """Return the classes of a list.

        Raises
        ------
        InputError
            If all images have the same label, or none of exclusive labels means no lesion.
        """
        words = classes_of(listed)
        nothing = [word for word in words if word.lower() in WITHOUT]
        if any(len(one.labels) != 1 for one in listed):
            return cls(tuple(word for word in words if word not in nothing))
        if len(words) < 2:
            raise InputError(
                f"All images have the label {words[0]}; a model is trained on those that show "
                "something and those that do not."
            )
        if len(nothing) != 1:
            raise InputError(
                f"One label has to mean that nothing is shown, such as {WITHOUT[0]} or "
                f"{WITHOUT[1]}; the list has {', '.join(words)}."
            )
        others = tuple(word for word in words if word not in nothing)
        return cls(others) if len(others) == 1 else cls((nothing[0], *others), exclusive=True)

    @property
    def lesions(self) -> tuple[str, ...]:
        """The classes that regions are drawn around."""
        return self.names[1:] if self.exclusive else self.names

    def indicators(self, listed: Sequence[Listed]) -> NDArray[np.float32]:
        """Return which classes are true of which images, shape (image, class)."""
        return indicators(listed, self.names).astype(np.float32)
