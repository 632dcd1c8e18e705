"""What the panel says about a score and its candidates, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_salient.caries.candidates import Candidate
    from napari_salient.caries.painted import Mode
    from napari_salient.caries.session import Verdict

NO_EVIDENCE = "No evidence"
NO_MODEL = "No model: regions are kept, nothing is scored."
MODES: dict[Mode, str] = {
    "force": "Include: attend fully",
    "only": "Include: attend only here",
    "exclude": "Include: change nothing",
}


def score_text(verdict: Verdict) -> str:
    """Return the score, and the one before the edits where it was another: ``0.83 → 0.61``."""
    before, after = (
        NO_EVIDENCE if score is None else f"{score:.2f}"
        for score in (verdict.before, verdict.after)
    )
    return after if before == after else f"{before} → {after}"


def reason_text(verdict: Verdict) -> str:
    """Return the sentence behind the score."""
    if verdict.after is None:
        return "Nothing is left to attend to. That says nothing about health."
    rest = verdict.after - verdict.part
    patches = "this patch" if verdict.patches == 1 else f"these {verdict.patches} patches"
    reason = f"{verdict.after:.2f} = {verdict.part:.2f} from {patches}, {rest:.2f} from all others."
    return f"{reason} Without the first candidate it falls below 0.5." if verdict.flips else reason


def size_text(candidate: Candidate, spacing: tuple[float, float] | None) -> str:
    """Return height and width in mm, or in px where the size of a pixel is unknown."""
    if spacing is None:
        height, width = candidate.size
        return f"{height:.0f} × {width:.0f} px"
    height, width = candidate.size_mm(spacing)
    return f"{height:.1f} × {width:.1f} mm"


def place_text(candidate: Candidate) -> str:
    """Return where a candidate is: column and row in px."""
    y, x = candidate.centre
    return f"{x:.0f}, {y:.0f}"
