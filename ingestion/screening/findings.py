"""What screening finds, and what may be done about it: plain data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["personal", "planted"]

PERSONAL_TYPES = (
    "PERSON", "PHONE", "EMAIL", "POSTAL", "ADDRESS", "DOB", "MYNUMBER", "CARD", "BANK", "LICENSE", "PASSPORT",
    "EMPLOYEE_ID",
)  # fmt: skip
PLANTED_TYPES = ("visible", "hidden", "disguised", "metadata")

REPORTED_AT = 0.5
"""Findings of less confidence are not reported."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something found at `text[start:end]`; `confidence` is in [0, 1].

    A planted instruction in a document's metadata has no place in its text: `start == end == 0`.
    """

    kind: Kind
    type: str
    start: int
    end: int
    confidence: float

    def overlaps(self, other: Finding) -> bool:
        """Whether both share a character."""
        return self.start < other.end and other.start < self.end


def personal(type: str, start: int, end: int, confidence: float) -> Finding:
    """A finding of personal data."""
    return Finding("personal", type, start, end, confidence)


def without_overlaps(findings: Iterable[Finding]) -> list[Finding]:
    """By place, the more confident and then the longer of two that overlap, without the doubtful ones."""
    kept: list[Finding] = []
    certain = [finding for finding in findings if finding.confidence >= REPORTED_AT]
    certain.sort(key=lambda finding: (finding.start, -finding.confidence, finding.start - finding.end))
    for finding in certain:
        if not kept or not kept[-1].overlaps(finding):
            kept.append(finding)
        elif _rank(finding) > _rank(kept[-1]):
            kept[-1] = finding
    return kept


def _rank(finding: Finding) -> tuple[float, int]:
    return finding.confidence, finding.end - finding.start
