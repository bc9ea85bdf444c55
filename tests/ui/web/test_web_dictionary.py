"""The dictionary page: rows and entries, what is saved, and a file with mistakes that is left alone."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest
from web_fakes import PATIENCE, FakeOperations

from ingestion.dictionary import read_dictionary
from ingestion.documents import Location
from ingestion.workspace import open_workspace
from ui.local_knowledge import LocalKnowledge
from ui.web import resources
from ui.web.words import word_rows, words_of

Json = dict[str, Any]
PAGE = """
import streamlit as st
from ui.web.views import dictionary
dictionary.page()
"""


class Words(LocalKnowledge, FakeOperations):
    """The real dictionary of a workspace; everything else is the fakes'."""

    def __init__(self, root: Path) -> None:
        FakeOperations.__init__(self)
        self.workspace = open_workspace(root, {})

    def _writing(self) -> AbstractContextManager[None]:
        return nullcontext()

    def _locations(self, locations: Sequence[Location]) -> list[Json]:
        return [{"path": location.path} for location in locations]


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Words:
    made = Words(tmp_path)
    monkeypatch.setattr(resources, "operations", lambda: made)
    monkeypatch.setattr("ui.web.views.dictionary.operations", lambda: made)
    return made


def test_rows_become_entries_and_empty_ones_nothing() -> None:
    rows = [
        {"term": " 年休 ", "reading": None, "synonyms": "有休 | 年次有給休暇｜有給"},
        {"term": "", "reading": None, "synonyms": None},
        {"term": None},
    ]
    assert words_of(rows) == [{"term": "年休", "reading": "", "synonyms": ["有休", "年次有給休暇", "有給"]}]


WORD = st.text(alphabet="年休有給AB", min_size=1, max_size=5)


@given(st.lists(st.fixed_dictionaries({"term": WORD, "reading": st.just(""), "synonyms": st.lists(WORD)})))
def test_entries_survive_the_table(entries: list[Json]) -> None:
    assert words_of(word_rows(entries)) == entries


def test_saving_writes_the_file_and_says_how_many(words: Words) -> None:
    words.put_word("年休", synonyms=["有休"])
    page = AppTest.from_string(PAGE, default_timeout=PATIENCE).run()
    assert not page.exception and not page.warning
    page.button(key="dictionary_save").click().run()
    assert not page.exception
    assert "1" in page.success[0].value
    entries, problems = read_dictionary(words.workspace.dictionary_path)
    assert problems == [] and [entry.term for entry in entries] == ["年休"]


def test_a_file_with_mistakes_is_shown_and_cannot_be_rewritten(words: Words) -> None:
    words.workspace.dictionary_path.write_text("年休,漢字,有休\n経費,,費用\n", "utf-8")
    page = AppTest.from_string(PAGE, default_timeout=PATIENCE).run()
    assert not page.exception
    assert "dictionary" in page.warning[0].value
    shown = [list(frame.value["message"]) for frame in page.dataframe if "message" in frame.value]
    assert shown == [["the reading '漢字' is not in kana"]]
    assert not [button for button in page.button if button.key == "dictionary_save"]
