"""Personal data in a text: all detectors together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ingestion.screening.addresses import could_hold_address, find_addresses
from ingestion.screening.birthdays import find_birthdays
from ingestion.screening.codes import find_codes
from ingestion.screening.contacts import find_contacts
from ingestion.screening.findings import Finding, without_overlaps
from ingestion.screening.folding import folded
from ingestion.screening.names import find_labelled_names, find_names
from ingestion.tokenizing import words_in

_LINE = re.compile(r"[^\n]+")
_LETTERS = re.compile("[一-龥ァ-ヶ]")


def find_personal(text: str) -> list[Finding]:
    """Personal data in `text`, by place and without overlaps."""
    plain = folded(text)
    found = [*find_codes(plain), *find_contacts(plain), *find_birthdays(plain), *find_labelled_names(plain)]
    for match in _LINE.finditer(plain):
        found += _in_line(match.group(), match.start())
    return without_overlaps(found)


def _in_line(line: str, offset: int) -> Iterator[Finding]:
    if not _LETTERS.search(line):
        return
    words = list(words_in(line))
    found = list(find_names(words))
    if could_hold_address(line):
        found += find_addresses(line, words)
    for finding in found:
        yield replace(finding, start=finding.start + offset, end=finding.end + offset)
