"""The list of commands, and finding the one that a command line names."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_salient import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM = "napari-salient"
NOTICE = "Research use only. Not a medical device."
ABOUT = f"""usage: {PROGRAM} COMMAND [OPTIONS]

Label what matters: active learning for 3D medical images."""


class WrongUsage(Exception):
    """Options that do not go together; its message is one sentence."""


@dataclass(frozen=True)
class Command:
    """One command: the words that name it, what it does, and the function behind it.

    The function behind `defaults`, if there is one, takes the parsed options and returns other
    defaults for some of them; what was typed still holds.
    """

    words: tuple[str, ...]
    summary: str
    target: str
    defaults: str = ""

    @property
    def name(self) -> str:
        """The command as it is typed."""
        return " ".join((PROGRAM, *self.words))


def _command(words: str, target: str, summary: str, defaults: str = "") -> Command:
    module = "napari_salient.cli."
    return Command(tuple(words.split()), summary, module + target, defaults and module + defaults)


COMMANDS = (
    _command("open", "viewer:open_paths", "Open a project or volumes in the viewer."),
    _command("demo", "viewer:demo", "Label a sample project with everything set up."),
    _command("project create", "projects:create", "Start a labelling project."),
    _command("project info", "projects:info", "Say what is in a project and how far it is."),
    _command("project propose", "cold_start:propose", "Choose the first slices to label."),
    _command(
        "project compare",
        "encoder_trial:compare",
        "Say whether an encoder pays on a project's labels.",
        defaults="encoder_trial:given_settings",
    ),
    _command("project export", "projects:export", "Write a project's labels as NIfTI files."),
    _command(
        "train segmentation",
        "training:train",
        "Train the segmentation model.",
        defaults="training:encoder_of_project",
    ),
    _command(
        "train pretraining",
        "pretraining:train",
        "Teach an encoder without labels.",
        defaults="pretraining:pool_settings",
    ),
    _command("train caries", "caries:train", "Train a model that scores radiographs."),
    _command(
        "finetune classification",
        "classification:finetune_classification",
        "Train a model that grades pictures.",
        defaults="classification:given_settings",
    ),
    _command(
        "finetune",
        "finetuning:finetune",
        "Train the segmentation model from a pretrained encoder.",
        defaults="finetuning:given_settings",
    ),
    _command("predict segmentation", "prediction:predict", "Segment volumes with a trained model."),
    _command("evaluate segmentation", "prediction:evaluate", "Measure a model against labels."),
    _command("predict caries", "caries:predict", "Score radiographs and show by which patches."),
    _command("evaluate caries", "caries:evaluate", "Measure a caries model on a list."),
    _command(
        "export pretraining",
        "bundles:export_pretraining",
        "Write a pretrained encoder as a bundle.",
    ),
    _command(
        "simulate",
        "simulate:run_simulation",
        "Compare query strategies on labelled data.",
        defaults="simulate:given_settings",
    ),
    _command(
        "compare pretraining",
        "comparison:compare_pretraining",
        "Measure whether pretraining pays.",
        defaults="comparison:given_settings",
    ),
    _command("runs list", "runs:list_all", "List the runs of a project."),
    _command("runs show", "runs:show_run", "Show one run: its state, settings and figures."),
    _command("runs follow", "runs:follow_run", "Follow a run that another process works on."),
    _command("runs pause", "runs:pause_run", "Let a run in another process wait."),
    _command("runs resume", "runs:resume_run", "Let a paused run in another process go on."),
    _command("runs cancel", "runs:cancel_run", "Let a run in another process save and end."),
    _command("samples make", "samples:make", "Make sample data."),
    _command("doctor", "doctor:doctor", "Say what is wrong with this machine and how to mend it."),
)


def find_command(words: Sequence[str]) -> Command | None:
    """Return the command that `words` start with, or `None`."""
    for command in COMMANDS:
        if tuple(words[: len(command.words)]) == command.words:
            return command
    return None


def help_text(leading: Sequence[str]) -> str | None:
    """Return the list of all commands that start with `leading`; `None` if none does."""
    shown = [c for c in COMMANDS if c.words[: len(leading)] == tuple(leading)]
    if not shown:
        return None
    width = max(len(" ".join(c.words)) for c in shown)
    lines = [f"  {' '.join(c.words):{width}}  {c.summary}" for c in shown]
    start = " ".join((PROGRAM, *leading))
    about = f"usage: {start} NOUN [OPTIONS]" if leading else ABOUT
    more = f"{PROGRAM} COMMAND --help lists a command's options."
    return "\n".join([about, "", *lines, "", more, NOTICE])


def version_text() -> str:
    """Return the program's name and version."""
    return f"{PROGRAM} {__version__}"


def wrong_usage(words: Sequence[str]) -> str:
    """Return one sentence on words that name no command, with the nearest one that exists."""
    tried = " ".join(words[:2])
    known = [" ".join(command.words) for command in COMMANDS]
    near = difflib.get_close_matches(tried, known, n=1) or difflib.get_close_matches(
        words[0], known, n=1
    )
    hint = f"did you mean {near[0]!r}?" if near else f"see {PROGRAM} --help."
    return f"{PROGRAM}: there is no command {tried!r}; {hint}"
