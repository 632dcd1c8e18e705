"""An annotator that knows the truth of the sample volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import distance_transform_edt

from napari_salient.data.labels import read_labels
from napari_salient.data.planes import slice_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_salient.active_learning.session import LabellingSession
    from napari_salient.widgets.label_volumes.desk import Desk


class Oracle:
    """Draws the truth that lies in a folder, one file for each case.

    Parameters
    ----------
    folder
        Label files named after the images.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[int, NDArray[np.uint8]] = {}

    def label_first(self, session: LabellingSession, count: int) -> None:
        """Label and accept the first `count` proposals without a window."""
        for _ in range(count):
            if session.open_next() is None:
                return
            case, index = session.case, session.index
            assert case is not None
            assert index is not None
            slice_of(case.labels, session.plane, index)[...] = self._truth(session)
            session.accept()

    def paint(self, desk: Desk) -> None:
        """Draw the truth into the open slice through the labels layer, as napari's tools do."""
        layer, session = desk.view.layers.labels, desk.session
        if layer is None or session.index is None:
            return
        truth = np.array(layer.data)
        slice_of(truth, session.plane, session.index)[...] = self._truth(session)
        for value in np.unique(truth):
            where = np.nonzero((truth == value) & (layer.data != value))
            if where[0].size:
                layer.data_setitem(where, int(value))

    def middle_of(self, session: LabellingSession, value: int) -> tuple[int, int]:
        """Return the pixel (row, column) of the open slice that lies deepest in a class."""
        depth = distance_transform_edt(self._truth(session) == value)
        row, column = np.unravel_index(depth.argmax(), depth.shape)
        return int(row), int(column)

    def _truth(self, session: LabellingSession) -> NDArray[np.uint8]:
        case, index = session.case, session.index
        assert case is not None
        assert index is not None
        if case.case.id not in self._known:
            path = self._folder / f"{case.case.name}.nii.gz"
            self._known[case.case.id] = read_labels(path, case.header)
        return slice_of(self._known[case.case.id], session.plane, index)
