from __future__ import annotations

from pathlib import Path

import pytest

from assistant.owners import Owners
from ingestion.settings import SourceSettings

SOURCES = {
    "/srv/rules": SourceSettings(owner="総務部"),
    "/srv/rules/hr": SourceSettings(owner="人事部 田中"),
    "wiki": SourceSettings(kind="webdav", url="https://wiki.example/docs", owner="情報システム部"),
    "/srv/other": SourceSettings(shown_as="x"),
}
PROPERTIES = {"d1": {"Author": " 山田 "}, "d2": {"author": "openpyxl", "from": "sato@example.jp"}, "d3": {}}


@pytest.fixture
def owners() -> Owners:
    return Owners(SOURCES, Path("/ws/sources"), lambda document: PROPERTIES.get(document, {}))


@pytest.mark.parametrize(
    ("document", "source", "path", "owner"),
    [
        ("d1", "/srv/rules", "a.md", "総務部"),
        ("d1", "/srv/rules", "hr/a.md", "人事部 田中"),
        ("d1", "/srv/rules", "hrx/a.md", "総務部"),
        ("d1", "/ws/sources/wiki/files", "a.md", "情報システム部"),
        ("d1", "/srv/other", "a.md", "山田"),
        ("d2", "/srv/other", "a.xlsx", "sato@example.jp"),
        ("d3", "/srv/other", "a.md", ""),
    ],
)
def test_the_longest_folder_wins_and_the_author_stands_in(
    owners: Owners, document: str, source: str, path: str, owner: str
) -> None:
    assert owners.of(document, source, path) == owner


def test_the_closest_documents_are_told_by_owner(owners: Owners) -> None:
    hits = [
        {"document": document, "source": source, "path": "a.md", "title": document}
        for document, source in [("d1", "/srv/rules"), ("d1", "/srv/rules"), ("d3", "/srv/other"),
                                 ("d2", "/srv/rules"), ("d4", "/srv/rules")]
    ]  # fmt: skip
    assert owners.of_hits(hits) == [
        {
            "owner": "総務部",
            "documents": [{"document": "d1", "title": "d1"}, {"document": "d2", "title": "d2"}],
        }
    ]
    assert owners.of_hits([]) == []
