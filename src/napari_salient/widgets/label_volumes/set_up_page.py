"""The first page: open a project, or make one from a folder of volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QGroupBox,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_salient.data.planes import PLANES
from napari_salient.errors import InputError
from napari_salient.project.labels import LabelSchema
from napari_salient.widgets.label_volumes.folder_field import FolderField
from napari_salient.widgets.label_volumes.new_project import NewProject
from napari_salient.widgets.label_volumes.schema_editor import SchemaEditor
from napari_salient.widgets.scrolled import fill_scrolled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MOST_HELD_OUT = 40


class SetUpPage(QWidget):
    """`open_requested` carries a project's folder, `create_requested` a `NewProject`."""

    open_requested = Signal(object)
    create_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.project = FolderField("Project folder", "a folder with a project.toml")
        self.open = QPushButton("Open project")
        self.images = FolderField("Folder of volumes", "a folder of .nii or .nii.gz files")
        self.target = FolderField("New project's folder", "where labels, runs and journal go")
        self.labels = FolderField(
            "Folder of existing labels", "optional, same names as the volumes"
        )
        self.only_held_out = QCheckBox("of held-out volumes only")
        self.plane, self.held_out = QComboBox(), QSpinBox()
        self.schema = SchemaEditor(LabelSchema.of("object"))
        self.create = QPushButton("Create project")
        self.problem = QLabel()
        self._files: tuple[Path, ...] = ()
        self._set_up()
        self._lay_out()
        self.setFocusProxy(self.images)

    def suggest(self, paths: Sequence[Path]) -> None:
        """Fill in volumes that somebody wants to label."""
        folders = [path for path in paths if path.is_dir()]
        self._files = tuple(path for path in paths if path.is_file())
        first = paths[0] if paths else None
        if folders:
            self.images.set_path(folders[0])
        elif first is not None:
            self.images.set_path(first.parent)
            self.images.line.setToolTip(f"{len(self._files)} volumes of this folder were chosen.")
        self.create.setFocus()

    def wanted(self) -> NewProject:
        """Return what the page says, checked.

        Raises
        ------
        InputError
            With a sentence about the first thing that is wrong.
        """
        images, target = self.images.path, self.target.path
        if images is None:
            raise InputError("Choose a folder of volumes first.")
        if target is None:
            raise InputError("Choose a folder for the new project.")
        chosen = tuple(file for file in self._files if file.parent == images)
        new = NewProject(
            images=chosen or (images,),
            folder=target,
            schema=self.schema.schema,
            plane=PLANES[self.plane.currentIndex()],
            labels=self.labels.path,
            held_out=self.held_out.value() / 100,
            only_held_out=self.only_held_out.isChecked(),
        )
        new.check()
        return new

    def show_problem(self, sentence: str) -> None:
        """Say what is wrong, or nothing."""
        self.problem.setText(sentence)
        self.problem.setVisible(bool(sentence))

    def _create(self, _checked: bool = False) -> None:
        try:
            wanted = self.wanted()
        except InputError as error:
            self.show_problem(str(error))
            return
        self.show_problem("")
        self.create_requested.emit(wanted)

    def _open(self, _checked: bool = False) -> None:
        folder = self.project.path
        if folder is None:
            self.show_problem("Choose the folder of a project first.")
            return
        self.show_problem("")
        self.open_requested.emit(folder)

    def _suggest_target(self) -> None:
        images = self.images.path
        if images is not None and images.is_dir():
            self.target.set_path(images.absolute().parent / f"{images.name}-project")

    def _set_up(self) -> None:
        self.plane.addItems([plane.capitalize() for plane in PLANES])
        self.held_out.setRange(0, MOST_HELD_OUT)
        self.held_out.setValue(10)
        self.held_out.setSuffix(" % each for validation and test")
        self.problem.setWordWrap(True)
        self.problem.setStyleSheet("color: #ff9a8a;")
        self.problem.setAccessibleName("What is wrong")
        self.problem.hide()
        self.images.changed.connect(self._suggest_target)
        self.open.clicked.connect(self._open)
        self.project.line.returnPressed.connect(self._open)
        self.create.clicked.connect(self._create)
        for button in (self.open, self.create, self.schema.add):
            button.setAutoDefault(True)

    def _lay_out(self) -> None:
        existing, new = QGroupBox("Go on with a project"), QGroupBox("New project")
        column = QVBoxLayout(existing)
        column.addWidget(self.project)
        column.addWidget(self.open)
        rows = QFormLayout()
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapAllRows)
        for text, widget in (
            ("Volumes", self.images),
            ("Project", self.target),
            ("Label classes: colour, name, key", self.schema),
            ("Slices are", self.plane),
            ("Held out", self.held_out),
            ("Existing labels", self.labels),
        ):
            rows.addRow(text, widget)
        rows.addRow("", self.only_held_out)
        column = QVBoxLayout(new)
        column.addLayout(rows)
        column.addWidget(self.create)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(4, 4, 4, 4)
        for part in (existing, new, self.problem):
            column.addWidget(part)
        column.addStretch(1)
        fill_scrolled(self, inside)
