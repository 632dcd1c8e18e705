"""Version and help answer at once, and wrong usage gets one sentence."""

from __future__ import annotations

import subprocess
import sys

import pytest

from napari_salient import __version__
from napari_salient.cli import main
from napari_salient.cli.commands import COMMANDS, Command

HEAVY = ("torch", "monai", "napari", "qtpy", "nibabel", "nilearn", "matplotlib", "sqlalchemy")

FRESH = """
import sys
from napari_salient.cli import main
try:
    code = main(sys.argv[1:])
except SystemExit as leaving:
    code = leaving.code
loaded = [name for name in {heavy!r} if name in sys.modules]
print("loaded:", *loaded, file=sys.stderr)
sys.exit(code)
"""


def run_fresh(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", FRESH.format(heavy=HEAVY), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["train", "--help"]], ids=" ".join)
def test_version_and_help_load_nothing_heavy(words: list[str]) -> None:
    done = run_fresh(*words)
    assert done.returncode == 0
    assert done.stdout
    assert done.stderr == "loaded:\n"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: " ".join(c.words))
def test_help_of_every_command_loads_nothing_heavy(command: Command) -> None:
    done = run_fresh(*command.words, "--help")
    assert done.returncode == 0, done.stderr
    assert "Research use only" in done.stdout
    assert done.stderr == "loaded:\n"


def test_version_names_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"napari-salient {__version__}\n"


def test_a_verb_alone_lists_its_nouns(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["project"]) == 2
    assert "project create" in capsys.readouterr().err


def test_a_mistyped_command_gets_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulat", "--images", "x"]) == 2
    assert "did you mean 'simulate'?" in capsys.readouterr().err


def test_an_unknown_option_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(["doctor", "--jsn"])
    assert leaving.value.code == 2
    assert "napari-salient doctor" in capsys.readouterr().err


def test_a_mendable_error_is_one_sentence_and_exit_code_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["open", "no-such-file.nii.gz"]) == 1
    assert capsys.readouterr().err == (
        "napari-salient: There is no file or folder no-such-file.nii.gz; check its name.\n"
    )
