"""Mails: subject, sender, recipients, date and body; attached files are taken out on their own.

Pictures that stand in the text of a mail (logos, signatures) are no attachments; what else lies in it is one,
with or without a name.
"""

from __future__ import annotations

import email.policy
import re
from collections.abc import Iterator
from dataclasses import replace
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from mimetypes import MimeTypes
from pathlib import Path
from urllib.parse import unquote

from ingestion.containers import member_names
from ingestion.decoding import Decoded, decode
from ingestion.documents import Document
from ingestion.errors import ReadError
from ingestion.readers.building import DocumentBuilder, clean_line
from ingestion.readers.html import add_html

_SHOWN = (("Subject", "subject"), ("From", "from"), ("To", "to"), ("Cc", "cc"), ("Date", "date"))
_ENCODED_WORD = re.compile(r"(=\?[\w-]+(?:\*[\w-]+)?\?[BbQq]\?[^?]*\?=)\s+(?==\?)")
_SHOWN_PICTURE = re.compile(r"cid:([^\s\"'<>)]+)", re.IGNORECASE)
_TYPES = MimeTypes()
_OFFICE = "application/vnd.openxmlformats-officedocument."
_SUFFIXES = {
    f"{_OFFICE}wordprocessingml.document": ".docx",
    f"{_OFFICE}spreadsheetml.sheet": ".xlsx",
    f"{_OFFICE}presentationml.presentation": ".pptx",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.ms-powerpoint": ".ppt",
    "application/x-zip-compressed": ".zip",
    "image/jpeg": ".jpg",
    "image/tiff": ".tif",
}


def read_eml(path: Path) -> Document:
    """A mail as it is stored by most programs.

    Raises:
        ReadError: there is no header, or neither subject nor text.
    """
    message = parsed(_bytes_of(path))
    if not is_mail(message):
        raise ReadError("it is no mail: it has neither subject, sender nor date.")
    builder = DocumentBuilder("eml")
    heads, attached = add_message(builder, message)
    builder.properties.update(heads)
    builder.title = heads.get("subject")
    return replace(builder.build(), members=tuple(member_names(attached)))


def attachments(path: Path) -> Iterator[tuple[str, bytes]]:
    """Attached files as (name, bytes); a mail within the mail is one, named by its subject."""
    yield from attached_files(parsed(_bytes_of(path)))


def parsed(data: bytes) -> Message:
    """A mail. The old policy never raises on broken headers, and leaves their decoding to us."""
    return BytesParser(policy=email.policy.compat32).parsebytes(data)


def is_mail(message: Message) -> bool:
    """Whether there is one of the headers that every mail has."""
    headers = _headers(message)
    return any(name.lower() in headers for name, _ in _SHOWN)


def subject_of(message: Message) -> str:
    """The subject in words."""
    return clean_line(header_text(_headers(message).get("subject", "")))


def add_message(builder: DocumentBuilder, message: Message) -> tuple[dict[str, str], list[str]]:
    """Add headers, body and the names of attached files; return the headers and those names."""
    headers = _headers(message)
    found: dict[str, str] = {}
    for name, key in _SHOWN:
        raw = headers.get(name.lower(), "")
        value = clean_line(_date(raw) if key == "date" else header_text(raw))
        if value:
            found[key] = value
            builder.line(f"{name}: {value}")
    builder.blank()
    _add_body(builder, list(_parts(message)))
    attached = [name for name, _ in _attached(message)]
    if attached:
        builder.line(f"Attachments: {', '.join(attached)}")
    return found, attached


def attached_files(message: Message) -> Iterator[tuple[str, bytes]]:
    """The files attached to one mail."""
    for name, part in _attached(message):
        yield name, _attached_bytes(part)


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
    """The parts of this mail, and attached mails whole."""
    payload = message.get_payload()
    if message.get_content_type() == "message/rfc822" or not isinstance(payload, list):
        yield message
        return
    for part in payload:
        if isinstance(part, Message):
            yield from _parts(part)


def _attached(message: Message) -> Iterator[tuple[str, Message]]:
    parts = list(_parts(message))
    pages = [_body(part).text for part in parts if part.get_content_type() == "text/html"]
    shown = {unquote(found) for page in pages for found in _SHOWN_PICTURE.findall(page)}
    for part in parts:
        name = header_text(part.get_filename() or "")
        if part.get_content_type() == "message/rfc822":
            inner = _inner(part)
            subject = "" if inner is None else header_text(str(inner.get("Subject", "")))
            yield (
                _file_name(name if name.lower().endswith(".eml") else f"{subject or name or 'mail'}.eml"),
                part,
            )
        elif part.get_content_disposition() == "attachment":
            yield _file_name(name or _unnamed(part)), part
        elif part.get_content_maintype() == "image" and _cid(part) and (not name or _cid(part) in shown):
            continue
        elif name or part.get_content_maintype() not in ("text", "message", "multipart"):
            yield _file_name(name or _unnamed(part)), part


def _cid(part: Message) -> str:
    return str(part.get("Content-ID") or "").strip().strip("<>")


def _unnamed(part: Message) -> str:
    kind = part.get_content_type()
    return f"unnamed{_SUFFIXES.get(kind) or _TYPES.guess_extension(kind) or '.bin'}"


def _inner(part: Message) -> Message | None:
    """The mail that a part of type message/rfc822 holds."""
    payload = part.get_payload()
    return payload[0] if isinstance(payload, list) and payload and isinstance(payload[0], Message) else None


def _file_name(name: str) -> str:
    """Attachments have names, not paths: slashes in them are part of the name."""
    return clean_line(name).replace("/", "／").replace("\\", "＼")


def _attached_bytes(part: Message) -> bytes:
    inner = _inner(part)
    if inner is not None:
        return inner.as_bytes()
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


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
