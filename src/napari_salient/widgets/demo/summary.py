"""What a session came to, as JSON for programs and as Markdown for people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from napari_salient import __version__
from napari_salient.widgets.notice import RESEARCH_USE_ONLY

if TYPE_CHECKING:
    from pathlib import Path

    from napari_salient.active_learning.session import LabellingSession


def write_summary(folder: Path, session: LabellingSession, seconds: float) -> None:
    """Write ``summary.json`` and ``summary.md``."""
    found = summary_of(session, seconds)
    (folder / "summary.json").write_text(json.dumps(found, indent=2), encoding="utf-8")
    (folder / "summary.md").write_text(as_text(found), encoding="utf-8")


def summary_of(session: LabellingSession, seconds: float) -> dict[str, Any]:
    """Return counts and rounds of a session as plain values."""
    return {
        "version": __version__,
        "note": f"Labels were drawn by an oracle. {RESEARCH_USE_ONLY}",
        "project": session.project.settings.name,
        "volumes": {s: session.project.catalogue.count(s) for s in ("pool", "validation", "test")},
        "classes": list(session.project.schema.class_names),
        "strategy": session.settings.strategy,
        "slices": vars(session.progress()),
        "rounds": [vars(point) for point in session.curve()],
        "seconds": round(seconds, 1),
    }


def as_text(found: dict[str, Any]) -> str:
    """Return a summary as a page of Markdown."""
    slices = found["slices"]
    lines = [
        f"# Sample session, napari-salient {found['version']}",
        "",
        found["note"],
        "",
        f"{slices['accepted']} of {slices['slices']} slices in {slices['volumes']} volumes were "
        f"accepted in {found['seconds']:.0f} s.",
        "",
        "| Round | Labelled slices | Agreement (Dice) | Validation (Dice) |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {r['round']} | {r['labelled']} | {_dice(r['agreement'])} | {_dice(r['dice'])} |"
        for r in found["rounds"]
    ]
    return "\n".join([*lines, "", "![Learning curve](learning-curve.png)", ""])


def _dice(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
