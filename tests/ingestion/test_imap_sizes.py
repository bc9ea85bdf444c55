"""Mail servers that do not tell how large a message is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from imapclient import IMAPClient

from ingestion.source_settings import SourceSettings
from ingestion.sources.imap import ImapSource
from ingestion.sources.mirror import Mirror, Mirrored, Rules

PIECE = 4 << 20


class LyingServer:
    """A mailbox that tells the sizes in `told`; it gives at most `most` bytes of a message at once."""

    def __init__(self, messages: dict[int, bytes], told: dict[int, int | None], most: int = 1 << 30) -> None:
        self.messages, self.told, self.most = messages, told, most
        self.asked: list[str] = []
        self.largest = 0

    def list_folders(self) -> list[tuple[tuple[bytes, ...], bytes, str]]:
        return [((), b"/", "INBOX")]

    def select_folder(self, folder: str, *, readonly: bool) -> dict[bytes, Any]:
        return {b"UIDVALIDITY": 7}

    def search(self, criteria: Sequence[str]) -> list[int]:
        return sorted(self.messages)

    def fetch(self, numbers: Sequence[int], what: Sequence[str]) -> dict[int, dict[bytes, Any]]:
        (item,) = what
        if item == "RFC822.SIZE":
            return {
                number: {} if self.told[number] is None else {b"RFC822.SIZE": self.told[number]}
                for number in numbers
            }
        self.asked.append(item)
        start, count = (int(part) for part in item.removeprefix("BODY.PEEK[]<").rstrip(">").split("."))
        (number,) = numbers
        if number not in self.messages:
            return {}
        piece = self.messages[number][start : start + min(count, self.most)]
        self.largest = max(self.largest, len(piece))
        return {number: {b"BODY[]<%d>" % start: piece or None}}

    def logout(self) -> None:
        self.asked.append("LOGOUT")

    def shutdown(self) -> None:
        self.asked.append("end")


def update(server: LyingServer, folder: Path, rules: Rules = Rules()) -> Mirrored:
    settings = SourceSettings(kind="imap", url="imaps://mail.example.jp")
    source = ImapSource("mail", settings, lambda: cast(IMAPClient, server))
    try:
        return Mirror(folder).update(source, rules)
    finally:
        source.close()


def copied(folder: Path) -> dict[str, bytes]:
    files = folder / "files"
    return {p.relative_to(files).as_posix(): p.read_bytes() for p in files.rglob("*") if p.is_file()}


def mail(length: int) -> bytes:
    return (b"Subject: x\r\n\r\n" + b"0123456789abcdef" * (length // 16 + 1))[:length]


@pytest.mark.parametrize("told", [0, 1, 100, 10**8, None])
@pytest.mark.parametrize("length", [1, 5000, PIECE, PIECE + 1, 2 * PIECE + 7])
def test_a_message_comes_whole_whatever_size_is_told(told: int | None, length: int, tmp_path: Path) -> None:
    server = LyingServer({3: mail(length)}, {3: told})
    assert update(server, tmp_path).fetched == 1
    assert copied(tmp_path) == {"INBOX/3.eml": mail(length)}
    assert server.largest <= PIECE


def test_messages_are_neither_lost_nor_doubled_when_the_told_sizes_change(tmp_path: Path) -> None:
    server = LyingServer({n: mail(100 * n) for n in (1, 2, 3)}, {1: 0, 2: 10, 3: 10**7})
    assert update(server, tmp_path).fetched == 3
    server.told = {1: 5, 2: 0, 3: None}
    done = update(server, tmp_path)
    assert (done.fetched, done.kept, done.removed) == (0, 3, 0)
    assert copied(tmp_path) == {f"INBOX/{n}.eml": mail(100 * n) for n in (1, 2, 3)}


def test_an_honest_server_is_asked_once_for_a_small_message(tmp_path: Path) -> None:
    server = LyingServer({1: mail(100)}, {1: 100})
    update(server, tmp_path)
    assert server.asked == [f"BODY.PEEK[]<0.{PIECE}>", "LOGOUT", "end"]


def test_one_that_gives_less_than_it_is_asked_for_is_asked_again(tmp_path: Path) -> None:
    server = LyingServer({1: mail(1000)}, {1: 1000}, most=300)
    assert update(server, tmp_path).fetched == 1
    assert copied(tmp_path) == {"INBOX/1.eml": mail(1000)}


def test_the_limit_holds_for_what_comes_not_for_what_was_told(tmp_path: Path) -> None:
    server = LyingServer({1: mail(20 * PIECE), 2: mail(50)}, {1: 10, 2: 0})
    done = update(server, tmp_path, Rules(max_bytes=5 << 20))
    assert (done.fetched, copied(tmp_path)) == (1, {"INBOX/2.eml": mail(50)})
    assert "larger than 5 MB" in done.failed["INBOX/1.eml"]
    assert len([item for item in server.asked if item.startswith("BODY")]) == 3  # two pieces, one message


def test_an_empty_message_is_an_empty_file_and_a_missing_one_is_told(tmp_path: Path) -> None:
    server = LyingServer({1: b"", 2: mail(50)}, {1: 0, 2: 50})
    listed = server.search([])
    server.search = lambda criteria: listed  # type: ignore[method-assign]
    del server.messages[2]
    done = update(server, tmp_path)
    assert copied(tmp_path) == {"INBOX/1.eml": b""}
    assert "removed meanwhile" in done.failed["INBOX/2.eml"]
