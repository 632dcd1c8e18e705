"""A table of rows that can be sorted, with one current row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QSortFilterProxyModel, Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

Row = Sequence[Any]
_NOWHERE = QModelIndex()


class RowsModel(QAbstractTableModel):
    """Rows of plain values as Qt's views want them; nothing is copied into items."""

    edited = Signal(int, str)

    def __init__(
        self, columns: Sequence[str], rows: Sequence[Row] = (), editable: str | None = None
    ) -> None:
        super().__init__()
        self.columns = tuple(columns)
        self.rows = list(rows)
        self.editable = editable

    def replace(self, rows: Sequence[Row]) -> None:
        """Show other rows."""
        self.beginResetModel()
        self.rows = list(rows)
        self.endResetModel()

    def rowCount(self, parent: QModelIndex = _NOWHERE) -> int:
        """Return the number of rows."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex = _NOWHERE) -> int:
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def flags(self, index: QModelIndex) -> Any:
        """Return what can be done with a cell."""
        flags = super().flags(index)
        editable = index.isValid() and self.columns[index.column()] == self.editable
        return flags | Qt.ItemFlag.ItemIsEditable if editable else flags

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Tell what was typed into a cell; it is shown once it comes back as a row."""
        self.edited.emit(index.row(), str(value))
        return True

    def headerData(self, section: int, orientation: Any, role: int) -> Any:
        """Return a column's title."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return self.columns[section]
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell as text, its value for sorting, or its alignment."""
        value = self.rows[index.row()][index.column()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return cell_text(value)
        if role == Qt.ItemDataRole.EditRole:
            return str(value or "")
        if role == Qt.ItemDataRole.UserRole:
            return value
        if role == Qt.ItemDataRole.TextAlignmentRole and isinstance(value, int | float):
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None


class _Sorted(QSortFilterProxyModel):
    """Sorts by the values themselves, missing ones first, and never mixes text with numbers."""

    def lessThan(self, left: QModelIndex, right: QModelIndex) -> bool:
        keys = [_sort_key(index.data(Qt.ItemDataRole.UserRole)) for index in (left, right)]
        return keys[0] < keys[1]


class Table(QTableView):
    """Rows with a title for each column; a click on a title sorts.

    `row_chosen` says which row (of those given to `set_rows`) became the current one, by mouse or
    by the arrow keys.

    Parameters
    ----------
    columns
        Their titles.
    editable
        Title of the column whose cells can be edited in place, by double click or F2; `edited` then
        carries the row and the text.
    """

    row_chosen = Signal(int)
    edited = Signal(int, str)

    def __init__(
        self, columns: Sequence[str], parent: QWidget | None = None, *, editable: str | None = None
    ) -> None:
        super().__init__(parent)
        self._model = RowsModel(columns, editable=editable)
        self._model.edited.connect(self.edited)
        self._sorted = _Sorted(self)
        self._sorted.setSourceModel(self._model)
        self.setModel(self._sorted)
        self.setSortingEnabled(True)
        self.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        if editable is None:
            self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(22)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.horizontalHeader().setStretchLastSection(True)
        self.selectionModel().currentRowChanged.connect(self._current_changed)

    @property
    def rows(self) -> list[Row]:
        """The rows in the order they were given."""
        return self._model.rows

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show these rows; the current row stays current if it still exists."""
        if list(rows) == self._model.rows:
            return
        before = self.current_row()
        self._model.replace(rows)
        self.resizeColumnsToContents()
        if before is not None and before < len(rows):
            self.choose(before)

    def current_row(self) -> int | None:
        """Return the current row, `None` without one."""
        index = self._sorted.mapToSource(self.currentIndex())
        return int(index.row()) if index.isValid() else None

    def choose(self, row: int) -> None:
        """Make a row the current one and bring it into sight, without a signal."""
        blocked = self.blockSignals(True)
        self.setCurrentIndex(self._sorted.mapFromSource(self._model.index(row, 0)))
        self.blockSignals(blocked)

    @property
    def editing(self) -> bool:
        """Whether somebody is typing into a cell."""
        return bool(self.state() == QAbstractItemView.State.EditingState)

    def shown_order(self) -> list[int]:
        """Return the rows from top to bottom as they are sorted now."""
        count = self._sorted.rowCount()
        return [self._sorted.mapToSource(self._sorted.index(n, 0)).row() for n in range(count)]

    def _current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            self.row_chosen.emit(self._sorted.mapToSource(current).row())


def cell_text(value: Any) -> str:
    """Return a value as a table shows it: three digits of a fraction, a dash for nothing."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _sort_key(value: Any) -> tuple[int, Any]:
    if value is None or value != value:
        return 0, 0
    return (1, value) if isinstance(value, int | float) else (2, str(value).casefold())
