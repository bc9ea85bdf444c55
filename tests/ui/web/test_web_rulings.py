"""What people say of versions on the library page, driven without a browser over a operations in memory."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from test_web_page import visible
from test_web_sources import room
from web_fake_syncs import make_source
from web_fakes import FakeOperations

from ui.web.views import rulings


def choose(page: Any, key: str, value: Any) -> None:
    next(box for box in page.selectbox if box.key == key).set_value(value).run()


def test_a_person_says_which_one_is_official(operations: FakeOperations) -> None:
    document = operations.documents()[0]["id"]
    page = room("versions")
    assert page.button(key="rule_version").disabled
    choose(page, "ruled_document", document)
    page.text_input(key="ruled_by").set_value("佐藤").run()
    page.button(key="rule_version").click().run()
    assert operations.ruled == [(document, {"official": True}, "佐藤")]


def test_a_successor_and_days_are_asked_for(operations: FakeOperations) -> None:
    first, second = (document["id"] for document in operations.documents()[:2])
    page = room("versions")
    choose(page, "ruled_document", first)
    choose(page, "ruled_what", "superseded_by")
    assert page.button(key="rule_version").disabled
    choose(page, "ruled_successor", second)
    page.button(key="rule_version").click().run()
    choose(page, "ruled_what", "valid_to")
    page.date_input(key="ruled_day").set_value(date(2025, 3, 31)).run()
    page.button(key="rule_version").click().run()
    page.checkbox(key="ruled_no_day").check().run()
    page.button(key="rule_version").click().run()
    assert [said for _, said, _ in operations.ruled] == [
        {"superseded_by": second}, {"valid_to": "2025-03-31"}, {"valid_to": ""},
    ]  # fmt: skip


def test_what_was_said_is_shown_with_who_and_when_and_can_be_taken_back(operations: FakeOperations) -> None:
    place = {"source": "/srv", "path": "a.pdf", "shown_as": "/srv/a.pdf", "parent": None}
    plain = {
        "state": "in_force", "version": None, "valid_from": None, "valid_to": None, "superseded_from": None,
        "copy_of": None, "locations": [place],
    }  # fmt: skip
    said = {"what": "superseded_by", "value": "b", "at": "2025-04-01T09:00:00+00:00", "by": "sato"}
    operations.families = [{"family": "a", "documents": [
        {"document": "a", "title": "A", **plain, "rulings": [said]},
        {"document": "b", "title": "B", **plain, "rulings": []},
    ]}]  # fmt: skip
    page = room("versions")
    assert page.dataframe[0].value["said"].tolist() == ["superseded by another B (sato 2025-04-01)", ""]
    page.button(key="undo_a_superseded_by").click().run()
    assert operations.ruled == [("a", {"superseded_by": None}, "")]


def test_a_source_that_the_settings_left_is_told_and_removed_after_a_second_look(
    operations: FakeOperations,
) -> None:
    operations.planted = [make_source("/srv/a"), make_source("cloud", state="left", left=True)]
    page = room("sources")
    text = visible(page)
    assert "no longer name this source" in text and "No source any more" in text
    assert [button.key for button in page.button if button.key in ("sync_0", "sync_1")] == ["sync_0"]
    page.button(key="forget_now_1").click().run()
    assert operations.forgotten == [("cloud", True)]


def test_of_many_documents_those_that_hold_a_word_are_offered(
    operations: FakeOperations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rulings, "_MOST", 1)
    wanted = operations.documents()[-1]
    page = room("versions")
    page.text_input(key="ruled_document_filter").set_value(wanted["title"]).run()
    box = next(box for box in page.selectbox if box.key == "ruled_document")
    assert len(box.options) == 1 and wanted["title"] in box.options[0]
