"""Personal data in a document is replaced, character for character, so that every place stays what it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from ingestion.documents import Document
from ingestion.screening.findings import Finding
from ingestion.screening.folding import folded
from ingestion.screening.personal import find_personal
from ingestion.screening.policy import Policy

MASK = "■"
_KEPT = "\n\t"
_BETWEEN = r"[\s・-]*"
"""People write a name with a space and without, a number with hyphens and without."""
_SEPARATORS = re.compile(r"[\s・-]+")
_LABELLED = frozenset({"EMPLOYEE_ID", "LICENSE", "PASSPORT", "BANK"})
_VALUE = re.compile("[A-Za-z0-9-]{3,}$")
_BEFORE_CELL = re.compile(r"(.*)(![A-Z]+[0-9]+)", re.DOTALL)


def masked_text(text: str, findings: Iterable[Finding]) -> str:
    """`text` with every character of `findings` as ■, but for line breaks and tabs, on which tables stand."""
    findings = list(findings)
    if not findings:
        return text
    letters = list(text)
    for finding in findings:
        for at in range(finding.start, finding.end):
            if letters[at] not in _KEPT:
                letters[at] = MASK
    return "".join(letters)


def is_masked(text: str) -> bool:
    """Whether nothing of `text` can be read."""
    return MASK in text and not text.strip(MASK + _KEPT)


def name_and_cell(locator: str) -> tuple[str, str]:
    """The name of a sheet or slide, and what names a cell behind it: "Sheet1!B3" is "Sheet1" and "!B3"."""
    found = _BEFORE_CELL.fullmatch(locator)
    return (found[1], found[2]) if found else (locator, "")


class Cleaner:
    """Takes personal data out of short texts that stand beside a document's own.

    They are looked through by themselves; what the text shows to be personal is taken out of them too.
    """

    def __init__(self, document: Document, findings: Iterable[Finding], policy: Policy) -> None:
        self._policy = policy
        self._known = {
            said
            for finding in findings
            for part in _spoken(document.text[finding.start : finding.end], finding.type)
            if len(said := _SEPARATORS.sub("", folded(part))) > 1
        }
        self._cleaned: dict[str, str] = {}  # a sheet's name comes with every one of its cells

    def clean(self, text: str) -> str:
        """`text`, as long as before."""
        if text not in self._cleaned:
            self._cleaned[text] = self._clean(text)
        return self._cleaned[text]

    def place(self, locator: str) -> str:
        """The name of a sheet or slide, also before a cell as in "Sheet1!B3"."""
        name, cell = name_and_cell(locator)
        return self.clean(name) + cell

    def _clean(self, text: str) -> str:
        text = masked_text(text, [found for found in find_personal(text) if self._policy.meant(found)])
        compact = _SEPARATORS.sub("", folded(text))
        for said in sorted((said for said in self._known if said in compact), key=len, reverse=True):
            pattern = re.compile(_BETWEEN.join(map(re.escape, said)))
            for match in list(pattern.finditer(folded(text))):
                text = text[: match.start()] + MASK * len(match.group()) + text[match.end() :]
        return text


def beside_text(document: Document) -> Iterator[str]:
    """What a document says outside of its text: title, properties, captions, names of sheets, page labels."""
    said = [document.title, *document.properties.values(), *(table.caption for table in document.tables)]
    for page in document.pages:
        said += [page.locator, page.label]
    said += [heading.title for heading in document.headings]
    for text in dict.fromkeys(said):
        if text and text not in document.text:
            yield text


def mask(document: Document, title: str, findings: Iterable[Finding], policy: Policy) -> tuple[Document, str]:
    """`document` and its title without what `findings` say, in the text and in everything that repeats it."""
    findings = list(findings)
    cleaner = Cleaner(document, findings, policy)
    clean, place = cleaner.clean, cleaner.place
    masked = replace(
        document,
        text=masked_text(document.text, findings),
        title=None if document.title is None else clean(document.title),
        # A heading's title is its place in the text with other white space, so its own search may miss.
        headings=tuple(replace(heading, title=clean(heading.title)) for heading in document.headings),
        properties={key: clean(value) for key, value in document.properties.items()},
        warnings=tuple(clean(warning) for warning in document.warnings),
        pages=tuple(
            replace(
                page,
                label=None if page.label is None else clean(page.label),
                locator=None if page.locator is None else place(page.locator),
            )
            for page in document.pages
        ),
        cells=tuple(replace(cell, locator=place(cell.locator)) for cell in document.cells),
        tables=tuple(
            replace(
                table,
                caption=None if table.caption is None else clean(table.caption),
                cells=tuple(
                    cell if cell.locator is None else replace(cell, locator=place(cell.locator))
                    for cell in table.cells
                ),
            )
            for table in document.tables
        ),
    )
    return masked, clean(title)


def _spoken(part: str, type: str) -> Iterator[str]:
    """What a finding says, and its value alone where it begins with a label: 社員番号: A123."""
    yield part
    if type in _LABELLED and (value := _VALUE.search(folded(part))):
        yield value.group()
