from __future__ import annotations

from email.charset import Charset
from email.message import EmailMessage
from email.mime.text import MIMEText
from pathlib import Path

import pytest

from ingestion.errors import ReadError
from ingestion.readers import read
from ingestion.readers.eml import attachments

BODY = "お世話になっております。\n会議は10時からです。\n"


def write(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "a.eml"
    path.write_bytes(data)
    return path


def test_a_mail_in_iso_2022_jp(tmp_path: Path) -> None:
    mail = MIMEText(BODY, "plain", Charset("iso-2022-jp"))
    mail["Subject"] = "=?ISO-2022-JP?B?GyRCMnE1RBsoQg==?= =?ISO-2022-JP?B?GyRCJE47dBsoQg==?="
    mail["From"] = "=?utf-8?B?5bGx55Sw?= <yamada@example.co.jp>"
    mail["To"] = "all@example.co.jp"
    mail["Date"] = "Mon, 01 Apr 2024 09:30:00 +0900"
    document = read(write(tmp_path, mail.as_bytes()))
    subject = b"\x1b$B2q5D\x1b(B\x1b$B$N;t\x1b(B".decode("iso2022_jp")
    assert document.title == subject
    assert document.text == (
        f"Subject: {subject}\nFrom: 山田 <yamada@example.co.jp>\nTo: all@example.co.jp\n"
        f"Date: 2024-04-01 09:30\n\n{BODY}"
    )
    assert document.properties["from"] == "山田 <yamada@example.co.jp>"
    assert document.properties["encoding"] == "iso2022_jp"


def test_plain_text_wins_over_html_and_attachments_are_named(tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["Subject"] = "見積書の送付"
    mail.set_content(BODY)
    mail.add_alternative("<p>HTMLの本文</p>", subtype="html")
    mail.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="見積書.pdf")
    path = write(tmp_path, mail.as_bytes())
    document = read(path)
    assert "会議は10時からです。" in document.text
    assert "HTML" not in document.text
    assert document.text.endswith("Attachments: 見積書.pdf\n")
    assert document.members == ("見積書.pdf",)
    assert list(attachments(path)) == [("見積書.pdf", b"%PDF-")]


def test_a_mail_with_html_only(tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["Subject"] = "お知らせ"
    mail.set_content("<h1>休業日</h1><p>8月13日から</p><script>x</script>", subtype="html")
    document = read(write(tmp_path, mail.as_bytes()))
    assert document.text == "Subject: お知らせ\n\n休業日\n8月13日から\n"
    assert [h.title for h in document.headings] == ["休業日"]


@pytest.mark.parametrize("declared", ["us-ascii", "iso-8859-1", "unknown-8bit"])
def test_raw_bytes_under_a_wrong_charset(tmp_path: Path, declared: str) -> None:
    head = f"Content-Type: text/plain; charset={declared}\nSubject: ".encode()
    document = read(write(tmp_path, head + "会議のお知らせ".encode("cp932") + b"\n\n" + BODY.encode("cp932")))
    assert document.title == "会議のお知らせ"
    assert "会議は10時からです。" in document.text


def test_a_mail_saved_as_utf16(tmp_path: Path) -> None:
    document = read(write(tmp_path, f"Subject: 会議\nFrom: a@example.com\n\n{BODY}".encode("utf-16")))
    assert document.title == "会議"
    assert "10時から" in document.text


def test_what_is_no_mail(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="no mail"):
        read(write(tmp_path, "ただの文章です。\n".encode()))


def test_a_forwarded_mail_is_a_file_inside_and_a_logo_is_none(tmp_path: Path) -> None:
    inner = EmailMessage()
    inner["Subject"] = "元の/メール"
    inner["From"] = "suzuki@example.co.jp"
    inner.set_content("内側の本文です。")
    inner.add_attachment(b"a,b\n1,2\n", maintype="text", subtype="csv", filename="表.csv")
    mail = EmailMessage()
    mail["Subject"] = "Fwd"
    mail.set_content("外側の本文です。")
    mail.add_alternative('外側の本文です。<img src="cid:1">', subtype="html")
    mail.add_attachment(inner)
    mail.add_attachment(
        b"\x89PNG", maintype="image", subtype="png", filename="logo.png", cid="<1>", disposition="inline"
    )
    path = write(tmp_path, mail.as_bytes())
    document = read(path)
    assert "内側" not in document.text
    assert document.members == ("元の／メール.eml",)
    ((_, data),) = attachments(path)
    (tmp_path / "inner").mkdir()
    forwarded = write(tmp_path / "inner", data)
    assert "内側の本文です。" in read(forwarded).text
    assert list(attachments(forwarded)) == [("表.csv", b"a,b\n1,2\n")]


def test_nothing_but_pictures_in_the_text_is_left_out(tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["Subject"] = "送付"
    mail.set_content("本文")
    mail.add_alternative('<p>本文<img src="cid:logo%40x"></p>', subtype="html")
    mail.add_attachment(b"%PDF-1", maintype="application", subtype="pdf")
    mail.add_attachment(b"%PDF-2", maintype="application", subtype="pdf", disposition="inline")
    for name, kind, cid in (("two.pdf", "application", "p@x"), ("logo.png", "image", "logo@x"),
                            ("scan.png", "image", "scan@x"), (None, "image", "bare@x")):  # fmt: skip
        mail.add_attachment(
            (name or "bare").encode(), maintype=kind, subtype=name[-3:] if name else "png", filename=name,
            cid=f"<{cid}>", disposition="inline",
        )  # fmt: skip
    path = tmp_path / "m.eml"
    path.write_bytes(mail.as_bytes())
    taken = {"unnamed.pdf": b"%PDF-1", "two.pdf": b"two.pdf", "scan.png": b"scan.png"}
    assert dict(list(attachments(path))[:1] + list(attachments(path))[2:]) == taken
    members = read(path).members
    assert members == ("unnamed.pdf", "unnamed (2).pdf", "two.pdf", "scan.png")
