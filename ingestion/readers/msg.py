"""Messages that Outlook saved: subject, people, date and body; attached files are taken out on their own."""

from __future__ import annotations

import email.policy
import mimetypes
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

from ingestion.containers import member_names
from ingestion.decoding import Decoded, decode
from ingestion.documents import Document
from ingestion.errors import ReadError
from ingestion.readers.building import DocumentBuilder, clean_line
from ingestion.readers.html import add_html
from ingestion.readers.msg_properties import Storage, unpacked_rtf
from ingestion.readers.ole import opened_streams
from ingestion.readers.rtf import add_rtf

_SUBJECT, _TO, _CC, _SENT, _RECEIVED = 0x0037, 0x0E04, 0x0E03, 0x0039, 0x0E06
_SENDER, _SENDER_SMTP, _SENDER_ADDRESS = 0x0C1A, 0x5D01, 0x0C1F
_BODY, _HTML, _RTF = 0x1000, 0x1013, 0x1009
_LONG_NAME, _SHORT_NAME, _SHOWN_NAME = 0x3707, 0x3704, 0x3001
_DATA, _METHOD, _HIDDEN, _CONTENT_ID, _RENDERED = 0x3701, 0x3705, 0x7FFE, 0x3712, 0x370B
_EMBEDDED = 5
_INSIDE = "__substg1.0_3701000D"
_DEEPEST = 8


def read_msg(path: Path) -> Document:
    """A message (also an appointment, a task or a contact) as Outlook saves it.

    Raises:
        ReadError: damaged, or neither subject nor text.
    """
    with opened_streams(path) as streams:
        message = Storage(streams)
        builder = DocumentBuilder("msg")
        for name, value in _heads(message):
            if shown := clean_line(value):
                builder.properties[name.lower()] = shown
                builder.line(f"{name}: {shown}")
        builder.title = builder.properties.get("subject")
        builder.blank()
        _add_body(builder, message)
        names = [name for name, _ in _attached(message)]
    if names:
        builder.line(f"Attachments: {', '.join(names)}")
    return replace(builder.build(), members=tuple(member_names(names)))


def attachments(path: Path) -> Iterator[tuple[str, bytes]]:
    """Attached files as (name, bytes); a message within is one, written as a mail."""
    with opened_streams(path) as streams:
        for name, storage in _attached(Storage(streams)):
            inner = storage.within(_INSIDE)
            yield name, _as_mail(inner, 0) if inner is not None else storage.binary(_DATA)


def _heads(message: Storage) -> Iterator[tuple[str, str]]:
    sender = message.text(_SENDER)
    address = message.text(_SENDER_SMTP) or message.text(_SENDER_ADDRESS)
    moment = message.time(_SENT) or message.time(_RECEIVED)
    yield "Subject", message.text(_SUBJECT)
    yield "From", f"{sender} <{address}>" if "@" in address and address != sender else sender
    yield "To", message.text(_TO)
    yield "Cc", message.text(_CC)
    yield "Date", moment.strftime("%Y-%m-%d %H:%M UTC") if moment else ""


def _add_body(builder: DocumentBuilder, message: Storage) -> None:
    """The plain text, or the HTML or the RTF where there is none."""
    if message.text(_BODY).strip():
        builder.line(message.text(_BODY))
    elif (html := _html(message)) is not None:
        add_html(builder, html)
    elif rtf := unpacked_rtf(message.binary(_RTF)):
        add_rtf(builder, rtf)


def _html(message: Storage) -> Decoded | None:
    if data := message.binary(_HTML):
        return decode(data)
    text = message.text(_HTML)
    return Decoded(text, "utf-16-le", confident=True) if text else None


def _attached(message: Storage) -> Iterator[tuple[str, Storage]]:
    """Attached files with their names; hidden ones are pictures that stand in the text."""
    for number, storage in enumerate(message.below("__attach_version1.0_#"), start=1):
        if storage.number(_HIDDEN):
            continue
        name = storage.text(_LONG_NAME) or storage.text(_SHORT_NAME) or storage.text(_SHOWN_NAME)
        if storage.number(_METHOD) == _EMBEDDED and (inner := storage.within(_INSIDE)) is not None:
            yield f"{_file_name(inner.text(_SUBJECT) or name or 'mail')}.eml", storage
        elif storage.binary(_DATA):
            yield _file_name(name) or f"attachment {number}", storage


def _file_name(name: str) -> str:
    """Attachments have names, not paths: slashes in them are part of the name."""
    return clean_line(name).replace("/", "／").replace("\\", "＼")


def _as_mail(message: Storage, depth: int) -> bytes:
    """A message within another as a mail of the usual format, its own attachments included."""
    mail = EmailMessage(policy=email.policy.SMTP)
    for name, value in _heads(message):
        if name != "Date" and (shown := clean_line(value)):
            mail[name] = shown
    if moment := message.time(_SENT) or message.time(_RECEIVED):
        mail["Date"] = moment
    builder = DocumentBuilder("msg")
    try:
        _add_body(builder, message)
        text = builder.build().text
    except ReadError:
        text = ""
    mail.set_content(text)
    for name, storage in _attached(message) if depth < _DEEPEST else ():
        inner = storage.within(_INSIDE)
        data = _as_mail(inner, depth + 1) if inner is not None else storage.binary(_DATA)
        main, _, sub = (mimetypes.guess_type(name)[0] or "application/octet-stream").partition("/")
        if main in ("message", "multipart", "text"):
            main, sub = "application", "octet-stream"
        mail.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return mail.as_bytes()
