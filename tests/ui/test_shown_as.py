from __future__ import annotations

from pathlib import Path

import pytest

from ingestion.settings import SourceSettings
from ui.shown_as import ShownAs

MIRRORS = Path("/ws/sources")
SOURCES = {
    "/srv/rules": SourceSettings(shown_as=r"\\server\share\規程"),
    "/srv/rules/wiki/": SourceSettings(shown_as="https://intranet/wiki/"),
    "/srv/plain": SourceSettings(),
    "/mnt/d": SourceSettings(shown_as="D:\\"),
    "cloud": SourceSettings(kind="webdav", url="https://cloud.example/dav/規程/"),
    "mail": SourceSettings(kind="imap", url="imaps://mail.example", shown_as="メール"),
    "files": SourceSettings(kind="folder", path="/mnt/files", shown_as="F:\\"),
    "/mnt/docs": SourceSettings(shown_as="/Volumes/docs"),
}


@pytest.mark.parametrize(
    ("source", "path", "shown"),
    [
        ("/srv/rules", "人事/就業規則.pdf", r"\\server\share\規程\人事\就業規則.pdf"),
        ("/srv/rules/人事", "就業規則.pdf", r"\\server\share\規程\人事\就業規則.pdf"),
        ("/srv", "rules/a.txt", r"\\server\share\規程\a.txt"),
        ("/srv/rules", "", r"\\server\share\規程"),
        ("/srv/rules/wiki", "a b/表.html", "https://intranet/wiki/a%20b/%E8%A1%A8.html"),
        ("/srv/rules2", "a.txt", "/srv/rules2/a.txt"),
        ("/srv/plain", "a.txt", "/srv/plain/a.txt"),
        ("/mnt/d", "x/y.pdf", "D:\\x\\y.pdf"),
        ("/mnt/docs", "x.pdf", "/Volumes/docs/x.pdf"),
        ("/ws/sources/cloud/files", "a b.pdf", "https://cloud.example/dav/規程/a%20b.pdf"),
        ("/ws/sources/mail/files", "INBOX/7.eml", "メール/INBOX/7.eml"),
        ("/mnt/files", "x.pdf", "F:\\x.pdf"),
        ("/ws/uploads", "x.pdf", "x.pdf"),
    ],
)
def test_a_place_is_named_as_people_know_it(source: str, path: str, shown: str) -> None:
    assert ShownAs(SOURCES, "/ws/uploads", MIRRORS)(source, path) == shown
