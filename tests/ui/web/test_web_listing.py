"""The library's rows and words, and the scopes that it offers."""

from __future__ import annotations

from typing import Any

import pytest
from web_fakes import FakeOperations, make_document

from ui.moments import moment
from ui.web.listing import document_rows, filtered, job_line, job_share, size, time_left, title_of
from ui.web.scopes import asked_in, folders, scope_label


def test_rows_say_what_is_known_of_a_document() -> None:
    row = document_rows(FakeOperations().documents(), "en")[0]
    assert (row["title"], row["status"], row["format"], row["pages"], row["chunks"]) == (
        "就業規則",
        "Ready",
        "PDF",
        2,
        2,
    )
    assert row["location"] == "\\\\server\\share\\規程\\就業規則.pdf"
    assert row["added"] == moment("2026-11-01T02:03:04+00:00")


def test_a_document_without_a_title_is_called_by_its_file() -> None:
    assert title_of(make_document("x", "", "a/b/note.txt", ["text"])) == "note.txt"


def test_filter_wants_every_word_somewhere() -> None:
    documents = FakeOperations().documents()
    assert [document["id"] for document in filtered(documents, "規程 PDF")] == ["rules"]
    assert filtered(documents, "nothing") == []
    assert len(filtered(documents, "")) == 4


@pytest.mark.parametrize(("count", "shown"), [(812, "812 B"), (12_345, "12 KB"), (3_565_158, "3.4 MB")])
def test_sizes(count: int, shown: str) -> None:
    assert size(count) == shown


def test_a_running_job_says_phase_file_and_time() -> None:
    progress = {"phase": "embed", "done": 3, "total": 12, "path": "a/b.pdf", "eta_seconds": 150}
    job: dict[str, Any] = {"state": "running", "progress": progress, "report": None}
    assert job_line(job, "en") == "Preparing for search · 3 / 12 · b.pdf · about 2 min left"
    assert job_share(job) == 0.25
    assert job_share({"progress": None}) == 0.0
    assert time_left(0.2, "en") == "about 1 s left"


def test_an_ended_job_says_its_sums_or_its_reason() -> None:
    report = {"added": 3, "changed": 0, "moved": 1, "removed": 0, "unchanged": 9, "failed": [{"path": "x"}]}
    line = job_line({"state": "done", "report": report}, "en")
    assert line == "added 3 · changed 0 · moved 1 · removed 0 · unchanged 9 · failed 1"
    assert job_line({"state": "failed", "report": None, "message": "no model"}, "en") == "no model"


def test_folders_count_what_lies_below_them() -> None:
    operations = FakeOperations()
    operations.stored.append(make_document("deep", "", "規程/人事/細則.txt", ["text"]))
    found = folders(operations.documents(), operations.sources(), "en")
    assert [(folder.prefix, folder.label, folder.documents) for folder in found] == [
        ("", "docs", 5),
        ("misc", "docs/misc", 1),
        ("parts", "docs/parts", 1),
        ("教育", "docs/教育", 1),
        ("規程", "docs/規程", 2),
        ("規程/人事", "docs/規程/人事", 1),
    ]


def test_scopes_have_names() -> None:
    documents = FakeOperations().documents()
    assert scope_label(None, documents, "en") == "All documents"
    assert scope_label({"documents": ["rules"], "folder": None}, documents, "en") == "就業規則"
    assert scope_label({"documents": ["rules", "sheet"], "folder": None}, documents, "en") == "2 documents"
    folder = {"documents": None, "folder": {"source": "/srv/docs", "path": "規程"}}
    assert asked_in(folder, documents, "ja") == "検索範囲：docs/規程"
