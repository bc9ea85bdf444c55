"""What the chat shows of a turn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from web_fakes import SCRIPT, FakeOperations

from ui.web.presenting import (
    answer_text,
    card_number,
    cited_sources,
    file_name,
    phase,
    place,
    turn_view,
)
from ui.web.turns import TurnState, advance


def final(question: str) -> TurnState:
    state = TurnState(question)
    for event in FakeOperations().ask(question):
        state = advance(state, event)
    return state


def test_each_sentence_has_its_verdict_in_words_its_icon_and_its_chips() -> None:
    view = turn_view(final("休暇は？"), "ja")
    shown = [(p["icon"], p["label"], [chip["number"] for chip in p["chips"]]) for p in view["pieces"]]
    assert shown == [("✓", "根拠あり", ["1"]), ("◐", "一部に根拠", ["1"]), ("?", "根拠なし", [])]
    assert view["pieces"][0]["chips"][0] == {"key": "c:0:0", "number": "1", "hint": "就業規則 · 2ページ"}
    assert view["summary"] == "3文中1文に根拠あり"


def test_cards_say_title_page_and_path_and_which_are_cited() -> None:
    cards = turn_view(final("休暇は？"), "en")["sources"]
    assert [(card["title"], card["place"], card["cited"]) for card in cards[:3]] == [
        ("就業規則", "p. 2", True),
        ("部品表", "p. 1", False),
        ("安全教育", "Slide 2", False),
    ]
    assert cards[0]["path"] == "\\\\server\\share\\規程\\就業規則.pdf"
    assert [card["quiet"] for card in cards] == [False, True, True, True]


def test_an_abstention_is_said_and_names_the_closest_documents() -> None:
    view = turn_view(final("誕生日は？"), "en")
    assert view["phase"] == "abstained"
    assert view["note"] == "The documents do not say"
    assert view["sourcesTitle"] == "Closest documents (4)"
    assert all("verdict" not in piece for piece in view["pieces"])


def test_of_a_withheld_draft_only_its_want_of_proof_is_said() -> None:
    state = final("誕生日は？")
    assert state.answer is not None
    state.answer["draft"] = "3月3日です。"
    state.answer["withheld"] = ["number_not_found:3月3日", "not_proven"]
    view = turn_view(state, "ja")
    assert view["note"] == "文書で裏付けられる答えがありません"
    assert view["draft"]["text"] == "3月3日です。"
    assert view["draft"]["why"][0].startswith("「3月3日」") and len(view["draft"]["why"]) == 2


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (TurnState("q"), "searching"),
        (TurnState("q", ahead=2), "queued"),
        (TurnState("q", hits=()), "reading"),
        (TurnState("q", hits=(), text="a"), "writing"),
        (TurnState("q", hits=(), text="a", stopped=True), "stopped"),
        (TurnState("q", error="no model"), "failed"),
    ],
)
def test_phases(state: TurnState, expected: str) -> None:
    assert phase(state) == expected


def test_the_queue_and_errors_are_said() -> None:
    assert "2" in turn_view(TurnState("q", ahead=2), "en")["note"]
    assert turn_view(TurnState("q", error="no model"), "en")["note"] == "no model"


def test_a_citation_belongs_to_the_card_that_shares_most_of_it() -> None:
    hits = [
        {"document": "a", "start": 0, "end": 10},
        {"document": "a", "start": 8, "end": 30},
        {"document": "b", "start": 0, "end": 99},
    ]
    assert card_number({"document": "a", "start": 7, "end": 20}, hits) == 2
    assert card_number({"document": "b", "start": 1, "end": 2}, hits) == 3
    assert card_number({"document": "a", "start": 40, "end": 50}, hits) is None


def test_copied_text_holds_sentences_marks_and_sources() -> None:
    copied = answer_text(final("休暇は？"), "ja")
    assert "年次有給休暇は入社6か月後に10日与えられます。 [1]" in copied
    assert "半日単位でも取得できます。 (根拠なし)" in copied
    assert copied.endswith("[1] 就業規則, 2ページ — \\\\server\\share\\規程\\就業規則.pdf")


def test_sources_list_each_quote_once() -> None:
    (source,) = cited_sources(final("休暇は？"), "ja")
    assert source.quotes == ("年次有給休暇は入社6か月後に10日与える。", "休暇は3日前までに申請する。")


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"page": 3, "page_label": "iii", "format": "pdf"}, "p. 3 (iii)"),
        ({"page": 3, "page_label": "3", "format": "pdf"}, "p. 3"),
        ({"page": 2, "locator": "Prices!B3", "format": "xlsx"}, "Prices!B3"),
        ({"page": None, "heading_path": ["Rules", "Leave"], "format": "md"}, "Rules › Leave"),
        ({"page": None, "locator": "table 3 row 1", "format": "docx"}, "Table 3, row 1"),
        ({"page": None, "format": "txt"}, ""),
        ({"page": 3, "page_label": "3", "format": "pdf", "article": "第5条"}, "p. 3 · 第5条"),
        ({"page": None, "locator": "1 > 2", "format": "md", "article": "第5条第2項"}, "第5条第2項"),
        (
            {"page": 3, "page_label": "3", "format": "pdf", "validity": {"state": "superseded"}},
            "p. 3 · earlier version",
        ),
        ({"page": None, "format": "txt", "validity": {"state": "in_force"}}, ""),
    ],
)
def test_places(item: dict[str, Any], expected: str) -> None:
    assert place(item, "en") == expected


def test_names_of_files_with_either_slash() -> None:
    assert file_name("\\\\server\\share\\a.pdf") == file_name("/srv/a.pdf") == "a.pdf"


def test_hostile_text_is_passed_on_as_text_only() -> None:
    state = final("script?")
    view = turn_view(state, "en")
    assert SCRIPT in view["pieces"][0]["text"]
    assert view["sources"][0]["title"] == f"{SCRIPT}title"
    assert turn_view(replace(state, question=SCRIPT), "en")["copy"].startswith(SCRIPT)


def test_an_answer_that_cites_what_is_not_in_force_says_so_below_and_in_the_copy() -> None:
    state = final("休暇は？")
    assert state.answer is not None
    warned = replace(state, answer={**state.answer, "warnings": ["「就業規則」は廃止されています。"]})
    view = turn_view(warned, "ja")
    assert view["note"] == "「就業規則」は廃止されています。" and view["note"] in view["copy"]
    assert turn_view(state, "ja")["note"] == ""
