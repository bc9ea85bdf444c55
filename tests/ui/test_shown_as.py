from __future__ import annotations

import pytest

from ingestion.settings import SourceSettings
from ui.shown_as import ShownAs

SOURCES = {
    "/srv/rules": SourceSettings(shown_as=r"\\server\share\規程"),
    "/srv/rules/wiki/": SourceSettings(shown_as="https://intranet/wiki/"),
    "/srv/plain": SourceSettings(),
    "/mnt/d": SourceSettings(shown_as="D:\\"),
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
        ("/ws/uploads", "x.pdf", "x.pdf"),
    ],
)
def test_a_place_is_named_as_people_know_it(source: str, path: str, shown: str) -> None:
    assert ShownAs(SOURCES, "/ws/uploads")(source, path) == shown
