"""Messages of Outlook and mailboxes, written by hand from their specifications."""

from __future__ import annotations

import struct
from email.message import EmailMessage
from pathlib import Path

import pytest
from compound_writer import Tree, compound

from ingestion.errors import ReadError
from ingestion.readers import mbox, msg, read
from ingestion.readers.msg_properties import unpacked_rtf

SENT = 133_567_728_000_000_000  # 2024-04-05 06:40 UTC in units of 100 ns since 1601


def text(tag: int, value: str) -> tuple[str, bytes]:
    return f"__substg1.0_{tag:04X}001F", value.encode("utf-16-le")


def binary(tag: int, value: bytes) -> tuple[str, bytes]:
    return f"__substg1.0_{tag:04X}0102", value


def fixed(head: int, *values: tuple[int, bytes]) -> tuple[str, bytes]:
    rows = b"".join(struct.pack("<II8s", tag, 6, value) for tag, value in values)
    return "__properties_version1.0", bytes(head) + rows


def message(*more: tuple[str, bytes | Tree], head: int = 32) -> dict[str, bytes | Tree]:
    return dict(
        [
            fixed(head, (0x00390040, struct.pack("<Q", SENT)), (0x3FFD0003, struct.pack("<q", 932))),
            text(0x0037, "見積りの件"),
            text(0x0C1A, "山田太郎"),
            text(0x5D01, "yamada@example.co.jp"),
            text(0x0E04, "佐藤; 鈴木"),
            *more,
        ]
    )


def attachment(number: int, *more: tuple[str, bytes | Tree], method: int = 1) -> tuple[str, Tree]:
    return f"__attach_version1.0_#{number:08X}", dict(
        [fixed(8, (0x37050003, struct.pack("<q", method))), *more]
    )


def write(tmp_path: Path, tree: Tree) -> Path:
    path = tmp_path / "a.msg"
    path.write_bytes(compound(tree))
    return path


def test_a_message_with_attachments(tmp_path: Path) -> None:
    inner = message(
        text(0x1000, "転送した本文"), attachment(0, text(0x3707, "内.txt"), binary(0x3701, b"abc")), head=24
    )
    path = write(
        tmp_path,
        message(
            text(0x1000, "単価は１，２００円です。"),
            attachment(0, text(0x3707, "見積書.pdf"), binary(0x3701, b"%PDF-1.7 " * 600)),
            attachment(1, ("__substg1.0_3701000D", inner), method=5),
            attachment(
                2, text(0x3707, "logo.png"), binary(0x3701, b"x"), fixed(8, (0x7FFE000B, b"\1" + bytes(7)))
            ),
        ),
    )
    document = read(path)
    assert document.text == (
        "Subject: 見積りの件\nFrom: 山田太郎 <yamada@example.co.jp>\nTo: 佐藤; 鈴木\n"
        "Date: 2024-04-05 06:40 UTC\n\n"
        "単価は1,200円です。\nAttachments: 見積書.pdf, 見積りの件.eml\n"
    )
    assert (document.title, document.format) == ("見積りの件", "msg")
    assert document.members == ("見積書.pdf", "見積りの件.eml")
    found = dict(msg.attachments(path))
    assert list(found) == ["見積書.pdf", "見積りの件.eml"]
    assert found["見積書.pdf"] == b"%PDF-1.7 " * 600
    forwarded = tmp_path / "inner.eml"
    forwarded.write_bytes(found["見積りの件.eml"])
    mail = read(forwarded)
    assert "転送した本文" in mail.text
    assert mail.properties["from"] == "山田太郎 <yamada@example.co.jp>"
    assert mail.members == ("内.txt",)


def test_a_body_in_html_in_rtf_and_in_an_old_code_page(tmp_path: Path) -> None:
    html = "<html><head><meta charset=shift_jis></head><body><p>本文です。</p></body></html>".encode("cp932")
    assert read(write(tmp_path, message(binary(0x1013, html)))).text.endswith("\n\n本文です。\n")
    rtf = b"{\\rtf1\\ansicpg932 \\'96\\'7b\\'95\\'b6\\'82\\'c5\\'82\\'b7\\'81\\'42\\par}"
    packed = struct.pack("<4I", len(rtf) + 12, len(rtf), 0x414C454D, 0) + rtf
    assert read(write(tmp_path, message(binary(0x1009, packed)))).text.endswith("\n\n本文です。\n")
    old = ("__substg1.0_1000001E", "古い符号の本文です。".encode("cp932"))
    assert read(write(tmp_path, message(old))).text.endswith("\n\n古い符号の本文です。\n")


def test_unpacking_follows_the_examples_of_the_specification() -> None:
    """[MS-OXRTFCP] 3.2.1 and 3.2.2: without and with references that run into what they write."""
    hello = (
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    assert unpacked_rtf(bytes.fromhex(hello)) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    repeated = "1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0"
    assert unpacked_rtf(bytes.fromhex(repeated)) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"


def test_a_mailbox_is_a_page_for_each_mail(tmp_path: Path) -> None:
    first, second = EmailMessage(), EmailMessage()
    first["Subject"], first["From"] = "一通目", "a@example.co.jp"
    first.set_content("From the office: 工場は休みです。\n")
    second["Subject"], second["From"] = "二通目", "b@example.co.jp"
    second.set_content("添付を見てください。\n")
    second.add_attachment(b"1,2\n", maintype="application", subtype="octet-stream", filename="表.csv")
    path = tmp_path / "a.mbox"
    mails = []
    for mail in (first, second):
        content = mail.as_bytes().replace(b"\nFrom the", b"\n>From the")
        mails.append(b"From a@example.co.jp Mon Apr  1 09:30:00 2024\n" + content + b"\n")
    path.write_bytes(b"".join(mails))
    document = read(path)
    assert [page.locator for page in document.pages] == ["一通目", "二通目"]
    first_page, second_page = (document.text[page.start : page.end] for page in document.pages)
    assert "\nFrom the office: 工場は休みです。\n" in first_page
    assert "添付を見てください。" in second_page
    assert document.members == ("2/表.csv",)
    assert list(mbox.attachments(path)) == [("2/表.csv", b"1,2\n")]


def test_no_mails_have_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.mbox"
    path.write_bytes(b"nothing of the kind\n")
    with pytest.raises(ReadError, match="no mail"):
        read(path)
    with pytest.raises(ReadError, match="no text"):
        read(write(tmp_path, {"__properties_version1.0": bytes(32)}))
