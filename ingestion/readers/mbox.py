"""Mailboxes in one file (mbox): a page for each mail, in the order of the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ingestion.containers import member_names
from ingestion.documents import Document
from ingestion.errors import ReadError
from ingestion.readers.building import DocumentBuilder
from ingestion.readers.eml import add_message, attached_files, is_mail, parsed, subject_of

_BEGIN = re.compile(rb"From \S.*\d\d:\d\d.*\d{4}|From (?:-|\S+@\S+)")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_MOST_MAIL = 200_000_000


def read_mbox(path: Path) -> Document:
    """A mailbox; the files attached to its mails are named by the mail's number.

    Raises:
        ReadError: there is no mail in it.
    """
    builder = DocumentBuilder("mbox", paged=True)
    names: list[str] = []
    broken: list[str] = []
    number = 0
    for data in _mails(path):
        message = parsed(data)
        number += 1
        builder.open_page(subject_of(message) or None)
        if is_mail(message):
            if subject := subject_of(message):
                builder.heading(1, subject)
            _, attached = add_message(builder, message)
            names += [f"{number}/{name}" for name in attached]
        else:
            broken.append(str(number))
        builder.close_page()
    if number == len(broken):
        raise ReadError("it is no mailbox: there is no mail in it.")
    if broken:
        builder.warnings.append(f"mails without a header were left out: {', '.join(broken[:10])}")
    return replace(builder.build(), members=tuple(member_names(names)))


def attachments(path: Path) -> Iterator[tuple[str, bytes]]:
    """Attached files as (number of the mail/name, bytes)."""
    for number, data in enumerate(_mails(path), start=1):
        for name, content in attached_files(parsed(data)):
            yield f"{number}/{name}", content


def _mails(path: Path) -> Iterator[bytes]:
    """The bytes of each mail without the line that separates it; ">From" becomes "From" again.

    Raises:
        ReadError: one of them is too large.
    """
    lines: list[bytes] = []
    size = 0
    blank, begun = True, False
    with path.open("rb") as file:
        for line in file:
            if blank and _BEGIN.match(line):
                if begun:
                    yield _QUOTED.sub(rb"\1", b"".join(lines))
                lines, size, begun = [], 0, True
            else:
                begun = begun or bool(line.strip())
                lines.append(line)
                size += len(line)
                if size > _MOST_MAIL:
                    raise ReadError(f"one of its mails is larger than {_MOST_MAIL // 1_000_000} MB.")
            blank = not line.strip()
    if begun and any(line.strip() for line in lines):
        yield _QUOTED.sub(rb"\1", b"".join(lines))
