"""What the documents say about commands and dependencies is what there is."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from napari_salient import __version__
from napari_salient.cli.commands import COMMANDS, Command

ROOT = Path(__file__).resolve().parents[2]


def pyproject() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def names_of(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=]", requirement)[0] for requirement in requirements}


def test_every_dependency_has_its_reason() -> None:
    content = pyproject()
    wanted = names_of(content["project"]["dependencies"])
    wanted |= set(content["project"]["optional-dependencies"])
    for group in content["dependency-groups"].values():
        wanted |= names_of(group)
    text = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:-2] for line in text.splitlines() if line.startswith("|")]
    explained = {name for row in rows for cell in row for name in re.findall(r"`([\w.-]+)`", cell)}
    assert explained == wanted


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: "-".join(c.words))
def test_every_command_has_its_page_in_the_index(command: Command) -> None:
    page = f"commands/{'-'.join(command.words)}.md"
    assert (ROOT / "docs" / page).is_file()
    assert page in (ROOT / "docs/index.md").read_text(encoding="utf-8")


def test_the_options_on_the_command_pages_are_current() -> None:
    script = [sys.executable, ROOT / "tools/command_pages.py", "--check"]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda p: p.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_version_is_the_same_everywhere() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert pyproject()["project"]["version"] == __version__
    assert f"\nversion: {__version__}\n" in citation
