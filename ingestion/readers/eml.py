"""Mails: subject, sender, recipients, date and body; attachments are named, not read."""

from __future__ import annotations

import email.policy
import re
from collections.abc import Iterator
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from pathlib import Path

from ingestion.decoding import Decoded, decode
from ingestion.documents import Document
from ingestion.errors import ReadError
from ingestion.readers.building import DocumentBuilder, clean_line
from ingestion.readers.html import add_html

_SHOWN = (("Subject", "subject"), ("From", "from"), ("To", "to"), ("Cc", "cc"), ("Date", "date"))
_ENCODED_WORD = re.compile(r"(=\?[\w-]+(?:\*[\w-]+)?\?[BbQq]\?[^?]*\?=)\s+(?==\?)")


def read_eml(path: Path) -> Document:
    """A mail as it is stored by most programs.

    Raises:
        ReadError: there is no header, or neither subject nor text.
    """
    # The old policy never raises on broken headers, which real mail has, and leaves their decoding to us.
    message = BytesParser(policy=email.policy.compat32).parsebytes(_bytes_of(path))
    headers = _headers(message)
    if not any(name.lower() in headers for name, _ in _SHOWN):
        raise ReadError("it is no mail: it has neither subject, sender nor date.")
    builder = DocumentBuilder("eml")
    for name, key in _SHOWN:
        raw = headers.get(name.lower(), "")
        value = clean_line(_date(raw) if key == "date" else header_text(raw))
        if value:
            builder.properties[key] = value
            builder.line(f"{name}: {value}")
    builder.title = builder.properties.get("subject")
    builder.blank()
    parts = list(_parts(message))
    _add_body(builder, parts)
    attached = [name for part in parts if (name := header_text(part.get_filename() or ""))]
    if attached:
        builder.line(f"Attachments: {', '.join(attached)}")
        builder.warnings.append(f"attached files were not read: {', '.join(attached)}")
    return builder.build()


def _bytes_of(path: Path) -> bytes:
    """The mail's bytes; one that was saved as UTF-16 text becomes UTF-8."""
    data = path.read_bytes()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:100]:
        return decode(data).text.encode("utf-8")
    return data


def _headers(message: Message) -> dict[str, str]:
    """The first header of each name as it stands in the file, with bytes that are not ASCII as surrogates."""
    headers: dict[str, str] = {}
    for name, value in message.raw_items():
        headers.setdefault(name.lower(), str(value))
    return headers


def header_text(value: str) -> str:
    """A header in words: encoded words, raw bytes in any encoding, and folded lines."""
    joined = _ENCODED_WORD.sub(r"\1", " ".join(value.split("\n")))
    words: list[tuple[bytes, str | None]] = []
    try:
        decoded_words = decode_header(joined)
    except ValueError:
        return str(value)
    for word, charset in decoded_words:
        data = word.encode("utf-8", "surrogateescape") if isinstance(word, str) else word
        if words and words[-1][1] == charset:  # a character may be cut between two encoded words
            words[-1] = (words[-1][0] + data, charset)
        else:
            words.append((data, charset))
    return "".join(_decoded(data, charset).text for data, charset in words)


def _date(value: str) -> str:
    try:
        return parsedate_to_datetime(value).strftime("%Y-%m-%d %H:%M")
    except (ValueError, TypeError, IndexError):
        return value


def _parts(message: Message) -> Iterator[Message]:
    for part in message.walk():
        if not part.is_multipart():
            yield part


def _add_body(builder: DocumentBuilder, parts: list[Message]) -> None:
    """The plain text of the mail, or its HTML where it has no plain text."""
    plain = [part for part in parts if _is_body(part, "text/plain")]
    html = [part for part in parts if _is_body(part, "text/html")]
    added = False
    for part in plain:
        decoded = _body(part)
        _note(builder, decoded)
        added |= bool(_add_line(builder, decoded.text))
    if added:
        return
    for part in html:
        decoded = _body(part)
        _note(builder, decoded)
        add_html(builder, decoded)


def _add_line(builder: DocumentBuilder, text: str) -> bool:
    """Add `text`; whether there was any."""
    span = builder.line(text)
    return span.end > span.start


def _is_body(part: Message, kind: str) -> bool:
    return part.get_content_type() == kind and part.get_content_disposition() != "attachment"


def _body(part: Message) -> Decoded:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    charset = part.get_content_charset()
    return _decoded(data, charset)


def _decoded(data: bytes, charset: str | None) -> Decoded:
    if not data:
        return Decoded("", charset or "utf-8", confident=True)
    try:
        return decode(data, declared=charset)
    except ReadError:
        text = data.decode("utf-8", errors="replace")
        return Decoded(text, "utf-8", confident=False, warning="a part of the mail could not be decoded")


def _note(builder: DocumentBuilder, decoded: Decoded) -> None:
    builder.properties.setdefault("encoding", decoded.encoding)
    if decoded.warning:
        builder.warnings.append(decoded.warning)
