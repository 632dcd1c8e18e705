"""Small pictures of slices, made in a worker thread when they are first looked for."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject, QSize, Qt, QTimer, Signal
from qtpy.QtGui import QImage, QPixmap

from napari_salient.data.planes import plane_first
from napari_salient.engine.control import Control
from napari_salient.errors import InputError
from napari_salient.widgets.plane_pane import picture
from napari_salient.widgets.worker import start_job

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from qtpy.QtWidgets import QWidget

    from napari_salient.active_learning.session import LabellingSession
    from napari_salient.engine.events import Finished
    from napari_salient.widgets.worker import Job

    Place = tuple[int, int]

SIDE = 34
"""Pixels along the longer side."""
MOST = 2000
"""Pictures that are kept; the ones used longest ago go first."""
DELAY_MS = 200
"""Pictures that are looked for within this time are made together."""
DARKEST, BRIGHTEST = 0.5, 99.8
"""Percentiles of a slice that are drawn black and white."""
_COLORLESS = np.zeros((256, 3), np.uint8)


class Thumbnails(QObject):
    """Pictures of slices by case and index.

    One volume is read at a time, and none while `waits` says that the annotator waits for another.
    """

    made = Signal()
    """There are more pictures than before."""

    def __init__(
        self, session: LabellingSession, waits: Callable[[], bool], owner: QWidget
    ) -> None:
        super().__init__(owner)
        self._session, self._waits, self._owner = session, waits, owner
        self._made: OrderedDict[Place, QPixmap] = OrderedDict()
        self._wanted: dict[Place, None] = {}
        self._job: Job | None = None
        self._closed = False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(DELAY_MS)
        self._soon.timeout.connect(self._start)

    def known(self, place: Place) -> QPixmap | None:
        """Return the picture of a slice if it was made."""
        return self._made.get(place)

    def want(self, place: Place) -> None:
        """Have the picture of a slice made if there is none."""
        if place in self._made:
            self._made.move_to_end(place)
            return
        self._wanted[place] = None
        if self._job is None and not self._closed and not self._soon.isActive():
            self._soon.start()

    def close(self) -> None:
        """Make no more; what is being read ends first."""
        self._closed = True
        self._soon.stop()
        if self._job is not None:
            self._job.close()

    def _start(self) -> None:
        """Make the pictures of one volume; what is still in sight then is asked for again."""
        if self._waits():
            self._soon.start()
            return
        wanted = list(self._wanted)
        case_id = min(wanted, key=lambda place: not self._session.in_memory(place[0]))[0]
        indices = [index for case, index in wanted if case == case_id]
        spacing = self._session.project.catalogue.case(case_id).spacing or (1.0, 1.0, 1.0)
        pixel = plane_first(spacing, self._session.plane)[1:]
        self._job = start_job(
            partial(_pictures, self._session, case_id, indices, pixel),
            Control(),
            on_finished=partial(self._ended, [(case_id, index) for index in indices]),
            name="Making thumbnails",
            owner=self._owner,
        )

    def _ended(self, places: list[Place], finished: Finished) -> None:
        """Keep the pictures; where a volume cannot be read they stay empty."""
        self._job, self._wanted = None, {}
        pictures = finished.result or [QImage()] * len(places)
        for place, image in zip(places, pictures, strict=True):
            self._made[place] = QPixmap.fromImage(image)
        while len(self._made) > MOST:
            self._made.popitem(last=False)
        self.made.emit()


def _pictures(
    session: LabellingSession, case_id: int, indices: list[int], pixel: tuple[float, float]
) -> list[QImage]:
    """Return pictures; none of a volume that cannot be read, as is said once it is opened."""
    try:
        return [thumbnail(pixels, pixel) for pixels in session.glimpse(case_id, indices)]
    except InputError:
        return []


def thumbnail(pixels: NDArray[np.float32], pixel: tuple[float, float]) -> QImage:
    """Return a small picture of a slice in its true proportions; any thread may.

    Parameters
    ----------
    pixels
        Grey values (row, column).
    pixel
        Size of a pixel in mm (row, column).
    """
    low, high = np.percentile(pixels, (DARKEST, BRIGHTEST))
    drawn = picture(pixels, None, (float(low), float(high)), _COLORLESS)
    rows, columns = pixels.shape
    image = QImage(drawn.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888)
    height, width = rows * pixel[0], columns * pixel[1]
    share = SIDE / max(height, width)
    size = QSize(max(1, round(width * share)), max(1, round(height * share)))
    small = image.scaled(
        size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    return small.copy()  # of one that had this size already it would be the array that goes now
