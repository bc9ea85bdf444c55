"""Personal data in a document is replaced, character for character, so that every place stays what it is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from ingestion.documents import Document
from ingestion.screening.findings import Finding
from ingestion.screening.personal import find_personal
from ingestion.screening.policy import Policy

MASK = "■"
_KEPT = "\n\t"


def masked_text(text: str, findings: Iterable[Finding]) -> str:
    """`text` with every character of `findings` as ■, but for line breaks and tabs, on which tables stand."""
    letters = list(text)
    for finding in findings:
        for at in range(finding.start, finding.end):
            if letters[at] not in _KEPT:
                letters[at] = MASK
    return "".join(letters)


def is_masked(text: str) -> bool:
    """Whether nothing of `text` can be read."""
    return MASK in text and not text.strip(MASK + _KEPT)


def mask(document: Document, findings: Iterable[Finding], policy: Policy) -> Document:
    """`document` without what `findings` say, in its text and in everything that repeats it.

    Titles, properties and captions are not parts of the text, so they are looked through by themselves; what
    the text shows to be somebody's name is taken out of them too.
    """
    findings = list(findings)
    said = {document.text[finding.start : finding.end] for finding in findings}
    said = {part for part in said if len(part.strip()) > 1}
    known = re.compile("|".join(map(re.escape, sorted(said, key=len, reverse=True)))) if said else None

    def clean(text: str) -> str:
        text = masked_text(text, [found for found in find_personal(text) if policy.meant(found)])
        return text if known is None else known.sub(lambda match: MASK * len(match.group()), text)

    text = masked_text(document.text, findings)
    return replace(
        document,
        text=text,
        title=None if document.title is None else clean(document.title),
        # A heading's title is its place in the text with other white space, so its own search may miss.
        headings=tuple(replace(heading, title=clean(heading.title)) for heading in document.headings),
        properties={key: clean(value) for key, value in document.properties.items()},
        warnings=tuple(clean(warning) for warning in document.warnings),
        tables=tuple(
            table if table.caption is None else replace(table, caption=clean(table.caption))
            for table in document.tables
        ),
    )
