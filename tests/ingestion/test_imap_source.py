"""A mailbox on a real Dovecot, mirrored over TLS."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sync_servers import DOVECOT, DOVECOT_PASSWORD, USER, Certificates, Mailbox, dovecot

from ingestion.errors import SourceError, UnsafeRemovalError
from ingestion.readers import read
from ingestion.source_settings import SourceSettings
from ingestion.sources.imap import ImapSource
from ingestion.sources.mirror import Mirror, Mirrored, Rules

pytestmark = [
    pytest.mark.network,
    pytest.mark.skipif(DOVECOT is None, reason="Dovecot is not installed (apt install dovecot-imapd)"),
]


def message(number: int, text: str = "") -> bytes:
    mail = EmailMessage()
    mail["Subject"] = f"納期変更のご連絡 {number}"
    mail["From"], mail["To"] = "a@example.jp", "b@example.jp"
    mail.set_content(text or f"本文 {number}\n")
    return mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@pytest.fixture(scope="module")
def base() -> Iterator[Path]:
    """Outside of pytest's folder: nobody must be able to enter it."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def certificates(base: Path) -> Certificates:
    folder = base / "certificates"
    folder.mkdir()
    return Certificates(folder)


@pytest.fixture
def mailbox(base: Path, certificates: Certificates) -> Iterator[Mailbox]:
    folder = Path(tempfile.mkdtemp(dir=base))
    with dovecot(folder, certificates) as mailbox:
        for number in range(1, 4):
            mailbox.add(message(number))
        yield mailbox


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    return Mirror(tmp_path / "mirror")


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", DOVECOT_PASSWORD)


@pytest.fixture
def values(mailbox: Mailbox, certificates: Certificates) -> dict[str, Any]:
    return {
        "kind": "imap", "url": f"imaps://localhost:{mailbox.tls_port}", "user": USER,
        "password_env": "MAIL_PASSWORD", "ca_file": str(certificates.authority),
    }  # fmt: skip


def update(mirror: Mirror, values: dict[str, Any], rules: Rules = Rules()) -> Mirrored:
    source = ImapSource.connect("mail", SourceSettings(**values))
    try:
        return mirror.update(source, rules)
    finally:
        source.close()


def copied(mirror: Mirror) -> dict[str, bytes]:
    return {
        path.relative_to(mirror.files).as_posix(): path.read_bytes()
        for path in mirror.files.rglob("*") if path.is_file()
    }  # fmt: skip


def test_messages_come_whole_and_once(mailbox: Mailbox, mirror: Mirror, values: dict[str, Any]) -> None:
    assert update(mirror, values).fetched == 3
    assert copied(mirror) == {f"INBOX/{number}.eml": message(number) for number in (1, 2, 3)}
    document = read(mirror.files / "INBOX/2.eml")
    assert document.title == "納期変更のご連絡 2" and "本文 2" in document.text
    done = update(mirror, values)
    assert (done.fetched, done.kept) == (0, 3)


def test_a_message_that_comes_in_pieces(mailbox: Mailbox, mirror: Mirror, values: dict[str, Any]) -> None:
    large = message(4, "納期は変更になりました。\n" * 120_000)
    assert len(large) > 4 << 20
    mailbox.add(large)
    update(mirror, values)
    assert copied(mirror)["INBOX/4.eml"] == large


def test_new_and_deleted_messages(mailbox: Mailbox, mirror: Mirror, values: dict[str, Any]) -> None:
    update(mirror, values)
    with mailbox.client() as client:
        client.select("INBOX")
        client.store("1", "+FLAGS", r"(\Deleted)")
        client.expunge()
        client.store("1", "+FLAGS", r"(\Deleted)")  # number 2, only marked
    mailbox.add(message(4))
    done = update(mirror, values)
    assert (done.fetched, done.removed, done.kept) == (1, 2, 1)
    assert set(copied(mirror)) == {"INBOX/3.eml", "INBOX/4.eml"}


def test_nothing_is_marked_as_read(mailbox: Mailbox, mirror: Mirror, values: dict[str, Any]) -> None:
    with mailbox.client() as client:
        client.select("INBOX")
        client.store("1:*", "-FLAGS", r"(\Seen)")
    update(mirror, values)
    with mailbox.client() as client:
        client.select("INBOX")
        assert client.search(None, "UNSEEN") == ("OK", [b"1 2 3"])


def test_mailboxes_with_japanese_names(mailbox: Mailbox, mirror: Mirror, values: dict[str, Any]) -> None:
    packed = base64.b64encode("定例".encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
    raw = f"&{packed}-/A &- B"  # modified UTF-7, RFC 3501 section 5.1.3
    with mailbox.client() as client:
        assert client.create(f'"{raw}"')[0] == "OK"
    mailbox.add(message(9), raw)
    mailbox.add(message(8), "Junk")
    done = update(mirror, {**values, "folders": ["*"]})
    assert done.failed == {}
    inbox = {f"INBOX/{number}.eml": message(number) for number in (1, 2, 3)}
    assert copied(mirror) == {**inbox, "定例/A & B/1.eml": message(9)}, "and nothing of the junk"
    assert update(mirror, {**values, "folders": ["定例/A & B"]}, Rules(allow_empty=True)).removed == 3


def test_a_mailbox_that_was_made_anew_is_taken_anew(
    mailbox: Mailbox, mirror: Mirror, values: dict[str, Any]
) -> None:
    values = {**values, "folders": ["Projects"]}
    with mailbox.client() as client:
        client.create("Projects")
    mailbox.add(message(1), "Projects")
    update(mirror, values)
    with mailbox.client() as client:
        client.delete("Projects")
        client.create("Projects")
    mailbox.add(message(2), "Projects")
    assert update(mirror, values).fetched == 1
    assert copied(mirror) == {"Projects/1.eml": message(2)}


def test_a_mailbox_that_is_not_there_keeps_what_is_known(
    mailbox: Mailbox, mirror: Mirror, values: dict[str, Any]
) -> None:
    values = {**values, "folders": ["INBOX", "Projects"]}
    with mailbox.client() as client:
        client.create("Projects")
    mailbox.add(message(5), "Projects")
    update(mirror, values)
    with mailbox.client() as client:
        client.delete("Projects")
    done = update(mirror, values)
    assert list(done.failed) == ["Projects"] and "cannot be read" in done.failed["Projects"]
    assert len(copied(mirror)) == 4
    with pytest.raises(SourceError, match="no mailbox of the source mail can be read"):
        update(mirror, {**values, "folders": ["Projects", "Nothing"]})
    assert len(copied(mirror)) == 4


def test_a_wrong_password_or_authority_changes_nothing(
    mailbox: Mailbox, mirror: Mirror, values: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    update(mirror, values)
    before = copied(mirror)
    stranger = Certificates(tmp_path)
    for wrong in ({"ca_file": str(stranger.authority)}, {"ca_file": ""}):
        with pytest.raises(SourceError, match="certificate verify failed"):
            update(mirror, {**values, **wrong})
    with pytest.raises(SourceError, match=r"certificate is not valid for '127\.0\.0\.1'"):
        update(mirror, {**values, "url": f"imaps://127.0.0.1:{mailbox.tls_port}"})
    monkeypatch.setenv("MAIL_PASSWORD", "wrong")
    with pytest.raises(SourceError, match="does not accept the user or the password"):
        update(mirror, values)
    assert copied(mirror) == before


def test_an_unreachable_server_changes_nothing(
    base: Path, certificates: Certificates, mirror: Mirror, values: dict[str, Any]
) -> None:
    update(mirror, values)
    before = copied(mirror)
    with dovecot(Path(tempfile.mkdtemp(dir=base)), certificates) as gone:
        pass
    with pytest.raises(SourceError, match=r"cannot be read: .*refused"):
        update(mirror, {**values, "url": f"imaps://localhost:{gone.tls_port}"})
    assert copied(mirror) == before


def test_an_emptied_mailbox_asks_first(mailbox: Mailbox, mirror: Mirror, values: dict[str, Any]) -> None:
    update(mirror, values)
    indexed = frozenset(copied(mirror))
    with mailbox.client() as client:
        client.select("INBOX")
        client.store("1:*", "+FLAGS", r"(\Deleted)")
        client.expunge()
    with pytest.raises(UnsafeRemovalError, match="the library holds 3 files"):
        update(mirror, values, Rules(indexed=indexed))
    assert frozenset(copied(mirror)) == indexed
    assert update(mirror, values, Rules(indexed=indexed, allow_empty=True)).removed == 3


def test_a_message_that_is_too_large_is_listed(
    mailbox: Mailbox, mirror: Mirror, values: dict[str, Any]
) -> None:
    mailbox.add(message(4, "x" * 70 + "\n") + b"y" * 5000)
    done = update(mirror, values, Rules(max_bytes=4000))
    assert list(done.failed) == ["INBOX/4.eml"]
    assert len(copied(mirror)) == 3


def test_without_tls_from_the_start_it_is_asked_for(mailbox: Mailbox, values: dict[str, Any]) -> None:
    values = {**values, "url": f"imap://localhost:{mailbox.port}"}
    for allowed in (True, False):
        source = ImapSource.connect("mail", SourceSettings(**values, allow_unencrypted=allowed))
        assert len(source.listing().files) == 3
        source.close()
    log = (mailbox.base / "dovecot.log").read_text()
    logins = [line for line in log.splitlines() if "Login: user=" in line]
    assert ", TLS," not in logins[-2] and ", TLS," in logins[-1]
    with pytest.raises(SourceError, match="certificate verify failed"):
        ImapSource.connect("mail", SourceSettings(**{**values, "ca_file": ""})).listing()


def test_the_copy_is_a_message_that_others_can_read(
    mailbox: Mailbox, mirror: Mirror, values: dict[str, Any]
) -> None:
    update(mirror, values)
    parsed = message_from_bytes((mirror.files / "INBOX/3.eml").read_bytes())
    assert parsed["From"] == "a@example.jp"
