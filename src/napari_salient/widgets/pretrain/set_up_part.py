"""What to pretrain on, on which task, for how long, and where the run goes."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)
from superqt import QCollapsible

from napari_salient.errors import InputError, SalientError
from napari_salient.pretraining.settings import PoolTraining, PretrainingSettings
from napari_salient.project.layout import RUNS, is_project
from napari_salient.widgets.label_volumes.folder_field import FolderField
from napari_salient.widgets.open_labelling import labelling_in
from napari_salient.widgets.pretrain.budget import Budget
from napari_salient.widgets.pretrain.fitting import fit_text, fitted
from napari_salient.widgets.pretrain.found_runs import require_writable, runs_beside
from napari_salient.widgets.pretrain.presets_row import (
    PresetsRow,
    own_settings,
    published_settings,
)
from napari_salient.widgets.pretrain.words import TASKS
from napari_salient.widgets.settings_form import SettingsForm, parameter_help

if TYPE_CHECKING:
    from pathlib import Path

    from napari_salient.active_learning.session import LabellingSession
    from napari_salient.pretraining.survey import Surveyed

ON_TOP = ("task", "spatial_dims", "fit.steps")
OF_TASK = ("jigsaw", "relative_location", "cpc", "exemplar", "masked")
NETWORKS = {2: "2D, on slices", 3: "3D, on volumes"}
EVALUATIONS = 10
"""How often a run is measured whose settings leave that open, so that there is a curve."""


DEVICES = (
    "Processes that train together, each with its share of every batch: one for each GPU of this "
    "machine. More than one starts torchrun."
)
MOST_DEVICES = 64


class SetUpPart(QWidget):
    """The form of a pretraining."""

    changed = Signal()
    """Something in it is another."""
    preview_requested = Signal()
    resume_requested = Signal(object)
    """Carries the folder of the interrupted run."""

    def __init__(self, napari_viewer: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labelling = labelling_in(napari_viewer)
        self.pool = FolderField("Pool", "a folder of volumes, or of a project")
        self.take_open = QPushButton("Take the project that is open")
        self.found, self.fits = QLabel(), QLabel()
        self.task, self.explained = QComboBox(), QLabel()
        self.network, self.presets = QComboBox(), PresetsRow()
        self.held_out = QSpinBox()
        self.budget, self.devices = Budget(), QSpinBox()
        self.sizes, self.notes, self.problem = QLabel(), QLabel(), QLabel()
        self.preview = QPushButton("Preview training examples")
        self.resume = QPushButton("Resume the interrupted run")
        self.runs = FolderField("Folder for runs", "where the runs go")
        self.form = SettingsForm(PretrainingSettings, hidden=ON_TOP)
        self._suggested: Path | None = None
        self._of_model: PretrainingSettings | None = None
        self._interrupted: Path | None = None
        self._shapes: tuple[tuple[int, int, int], ...] = ()
        self._set_up()
        self._lay_out()
        self._connect()
        self._task_changed()
        self.look_for_project()

    def training(self) -> PoolTraining:
        """Return what the form says; of steps that are not known yet, the form's own.

        Raises
        ------
        InputError
            If no pool is named.
        """
        pool = self.pool.path
        if pool is None:
            raise InputError("Choose a folder of volumes, or a labelling project, first.")
        settings = self._settings()
        steps = self.budget.steps or settings.fit.steps
        every = settings.fit.evaluate_every or max(steps // EVALUATIONS, 1)
        return PoolTraining(
            **{
                **vars(settings),
                "fit": replace(settings.fit, steps=steps, evaluate_every=every),
                "pool": pool.absolute(),
                "held_out_every": self.held_out.value(),
            }
        )

    def runs_dir(self) -> Path:
        """Return where the run is to go.

        Raises
        ------
        InputError
            If no folder is named or it cannot be written.
        """
        if self.runs.path is None:
            raise InputError("Choose a folder for the run.")
        return require_writable(self.runs.path.absolute())

    def show_settings(self, training: PoolTraining) -> None:
        """Fill the form in, from a run for instance."""
        self.pool.set_path(training.pool)
        self._show(training)
        self.held_out.setValue(training.held_out_every)
        self.budget.set_steps(training.fit.steps)

    def show_found(self, sentence: str) -> None:
        """Say what is in the pool, or nothing."""
        _say(self.found, sentence)

    def show_pool(self, surveyed: Surveyed) -> None:
        """Say what is in the pool, and take over what it fixes: pictures have no neighbours."""
        self.show_found(str(surveyed.summary))
        self._shapes = surveyed.shapes
        self._offer_presets()
        if surveyed.summary.pictures:
            self.form.editor("context").value = 0

    def show_plan(self, sizes: str, notes: tuple[str, ...]) -> None:
        """Say what the network sees, and what there is to know about that."""
        _say(self.sizes, sizes)
        _say(self.notes, "\n\n".join(notes))
        self.show_problem("")

    def show_problem(self, sentence: str) -> None:
        """Say why this cannot work, or nothing."""
        _say(self.problem, sentence)
        self.preview.setEnabled(not sentence)

    def offer_resume(self, run_dir: Path | None) -> None:
        """Offer to go on with a run; `None` takes that back."""
        self._interrupted = run_dir
        self.resume.setVisible(run_dir is not None)
        self.resume.setToolTip(str(run_dir or ""))

    def look_for_project(self) -> None:
        """Offer the project that is open in Label Volumes; take it where no pool is named yet."""
        if self.pool.path is None:
            self._take_open()
        self._offer_open()

    @property
    def _session(self) -> LabellingSession | None:
        bench = self._labelling.bench
        return bench.session if bench else None

    def _settings(self) -> PretrainingSettings:
        settings: PretrainingSettings = self.form.value()
        return replace(
            settings, task=self.task.currentData(), spatial_dims=self.network.currentData()
        )

    def _fill_in_defaults(self) -> None:
        self._show(own_settings(self._settings(), self._of_model))
        self.budget.set_minutes()

    def _fill_in_published(self) -> None:
        settings = published_settings(self._settings(), self._shapes)
        self._show(settings)
        self.budget.set_steps(settings.fit.steps)

    def _offer_presets(self) -> None:
        self.presets.offer_published(self._settings(), pool_known=bool(self._shapes))

    def _show(self, settings: PretrainingSettings) -> None:
        self.task.setCurrentIndex(self.task.findData(settings.task))
        self.network.setCurrentIndex(self.network.findData(settings.spatial_dims))
        names = PretrainingSettings.__dataclass_fields__
        self.form.set_value(PretrainingSettings(**{n: getattr(settings, n) for n in names}))

    def _pool_named(self) -> None:
        pool, self._of_model, self._shapes = self.pool.path, None, ()
        if pool is not None:
            of_project = is_project(pool)
            self._suggest_runs(pool / RUNS if of_project else runs_beside(pool))
            if of_project:
                self._fit(pool)
        self._offer_open()
        self._edited()

    def _fit(self, project: Path) -> None:
        """Take over what an encoder needs to fit a project's model, if that can be read."""
        with contextlib.suppress(SalientError):
            self._of_model = fitted(self.training(), project, self._session)
            self._show(self._of_model)

    def _suggest_runs(self, folder: Path) -> None:
        if self.runs.path in (None, self._suggested):
            self._suggested = folder
            self.runs.set_path(folder)

    def _task_changed(self) -> None:
        task = self.task.currentData()
        self.explained.setText(TASKS[task][1])
        for name in OF_TASK:
            self.form.show_group(name, name == task)
        self._edited()

    def _edited(self, _value: Any = None) -> None:
        """Forget what was timed, unless only the budget changed."""
        self.budget.set_estimate(None)
        self._offer_presets()
        model = self._of_model
        _say(self.fits, "" if model is None else fit_text(self.training(), model))
        self.changed.emit()

    def _held_out_changed(self, _every: int) -> None:
        """Forget the volumes to learn from, which are others by now."""
        self._shapes = ()
        self._edited()

    def _take_open(self, _checked: bool = False) -> None:
        if self._session is not None:
            self.pool.set_path(self._session.project.folder)

    def _offer_open(self) -> None:
        session = self._session
        offered = session is not None and session.project.folder != self.pool.path
        self.take_open.setVisible(offered)

    def _connect(self) -> None:
        self.pool.changed.connect(self._pool_named)
        self._labelling.changed.connect(self.look_for_project)
        self.take_open.clicked.connect(self._take_open)
        self.task.currentIndexChanged.connect(lambda _index: self._task_changed())
        self.network.currentIndexChanged.connect(self._edited)
        self.presets.defaults_requested.connect(self._fill_in_defaults)
        self.presets.published_requested.connect(self._fill_in_published)
        self.held_out.valueChanged.connect(self._held_out_changed)
        self.form.changed.connect(self._edited)
        self.preview.clicked.connect(lambda _checked=False: self.preview_requested.emit())
        self.resume.clicked.connect(
            lambda _checked=False: self.resume_requested.emit(self._interrupted)
        )

    def _set_up(self) -> None:
        for name, (title, _) in TASKS.items():
            self.task.addItem(title, name)
        for dims, title in NETWORKS.items():
            self.network.addItem(title, dims)
        self.held_out.setRange(2, 999)
        self.held_out.setValue(5)
        self.held_out.setPrefix("1 of ")
        self.held_out.setSuffix(" patients")
        self.devices.setRange(1, MOST_DEVICES)
        self.devices.setAccessibleName("Devices")
        self.devices.setToolTip(DEVICES)
        self.take_open.setToolTip("Take the pool of the project that is open in Label Volumes.")
        for button in (self.take_open, self.preview, self.resume):
            button.setAutoDefault(True)
        for label in (self.found, self.fits, self.explained, self.sizes, self.notes, self.problem):
            label.setWordWrap(True)
        self.notes.setStyleSheet("color: #ffcf66;")
        self.problem.setStyleSheet("color: #ff9a8a;")
        self.problem.setAccessibleName("What is wrong")
        for part in (
            self.take_open,
            self.found,
            self.fits,
            self.sizes,
            self.notes,
            self.problem,
            self.resume,
        ):
            part.hide()
        self.setFocusProxy(self.pool)

    def _lay_out(self) -> None:
        help_of = parameter_help(PoolTraining) | parameter_help(PretrainingSettings)
        rows = QFormLayout()
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for text, name, widget in (
            ("Pool", "pool", self.pool),
            ("", "", self.take_open),
            ("", "", self.found),
            ("Task", "task", self.task),
            ("", "", self.explained),
            ("Network", "spatial_dims", self.network),
            ("", "", self.sizes),
            ("", "", self.notes),
            ("", "", self.fits),
            ("Fill in", "presets", self.presets),
            ("Budget", "budget", self.budget),
            ("Hold out", "held_out_every", self.held_out),
            ("Runs go to", "runs", self.runs),
        ):
            widget.setToolTip(help_of.get(name, ""))
            rows.addRow(text, widget)
        rows.addRow("", self.preview)
        devices = QFormLayout()
        devices.addRow("Devices", self.devices)
        further = QWidget()
        column = QVBoxLayout(further)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(devices)
        column.addWidget(self.form)
        fold = QCollapsible("Further options")
        fold.setDuration(0)
        fold.addWidget(further)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 6, 4, 2)
        layout.addWidget(self.resume)
        layout.addLayout(rows)
        layout.addWidget(self.problem)
        layout.addWidget(fold)
        layout.addStretch(1)


def _say(label: QLabel, text: str) -> None:
    label.setText(text)
    label.setVisible(bool(text))
