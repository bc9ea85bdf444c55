"""What the page shows of an answer's ground, and what a reader can do with an answer."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash
from test_web_page import APP, ask, opened, visible
from web_fakes import PATIENCE, SCRIPT, FakeOperations

from ui.texts import texts
from ui.web import grounds
from ui.web.presenting import phase, turn_view
from ui.web.turns import TurnState, advance, passage_at, stored_turns

Json = dict[str, Any]


def final(question: str, **answer: Any) -> TurnState:
    state = TurnState(question)
    for event in FakeOperations().ask(question):
        state = advance(state, event)
    assert state.answer is not None
    return replace(state, answer={**state.answer, **answer})


def test_the_bar_counts_the_sentences_by_verdict_in_words() -> None:
    found = grounds.bar(final("休暇は？"), "ja")
    assert [(part["icon"], part["label"], part["count"]) for part in found] == [
        ("✓", "根拠あり", 1), ("◐", "一部に根拠", 1), ("?", "根拠なし", 1)
    ]  # fmt: skip
    assert sum(part["share"] for part in found) == pytest.approx(1.0)
    assert grounds.bar(final("誕生日は？"), "ja") == []
    assert grounds.bar(TurnState("q"), "en") == []


def test_a_verdict_opens_its_quote_beside_the_sentence_also_where_there_is_none() -> None:
    state = final("休暇は？")
    keys = [piece["key"] for piece in turn_view(state, "ja")["pieces"]]
    assert keys == ["v:0", "v:1", "v:2"]
    first, last = passage_at(state, keys[0]), passage_at(state, keys[2])
    assert first is not None and first.quote == "年次有給休暇は入社6か月後に10日与える。"
    assert (first.claim, first.verdict) == ("年次有給休暇は入社6か月後に10日与えられます。", "supported")
    assert last is not None
    assert (last.document, last.claim, last.verdict) == ("", "半日単位でも取得できます。", "unsupported")
    assert passage_at(state, "v:9") is None and passage_at(state, "d:0:0") is None


@pytest.mark.parametrize(
    ("verdict", "told", "never"),
    [
        ("unchecked", "is not known", "None of the passages"),
        ("unsupported", "None of the passages", "is not known"),
    ],
)
def test_a_sentence_that_was_not_checked_is_not_called_unsupported(
    operations: FakeOperations, verdict: str, told: str, never: str
) -> None:
    unread = passage_at(final("休暇は？"), "v:2")
    assert unread is not None
    page = opened()
    page.session_state["passage"] = replace(unread, verdict=verdict)
    page.run()
    assert [told in box.value and never not in box.value for box in page.info] == [True]


def test_failed_rules_are_said_in_words_and_unknown_ones_stay() -> None:
    told = grounds.reasons_in_words(["number_not_found:12,000円", "negation", "new_rule:x"], "en")
    assert told == [
        "“12,000円” is not in the passages found.",
        "One affirms what the other denies.",
        "new_rule:x",
    ]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_rule_of_the_checks_has_words(language: Any) -> None:
    rules = {"no_passage", "number_not_found", "number_elsewhere", "number_of_another", "cell_of_another",
             "cell_of_several", "negation", "not_checked", "verifier_doubts", "verifier_contradicts",
             "number_left_out", "value_not_found", "values_apart"}  # fmt: skip
    assert rules <= texts(language)["web"]["rules"].keys()


def test_numbers_that_differ_are_marked_on_both_sides_and_nothing_is_markup() -> None:
    shown = grounds.comparison_html(f"上限は14,000円です。{SCRIPT}", "上限は12,000円とする。", "ja")
    assert '<span class="k-part number_differs">14,000円</span>' in shown
    assert '<span class="k-part number_differs">12,000円</span>' in shown
    assert "違う数値" in shown and "<script>" not in shown


def test_disagreements_drafts_and_owners_are_told() -> None:
    passage = {"document": "rules", "title": "旅費規程2023", "path": "a.md", "source": "/s", "page": None,
               "start": 0, "end": 4, "quote": "就業規則"}  # fmt: skip
    differ = {
        "text": "資料によって値が異なります",
        "values": ["12,000円", "13,000円"],
        "passages": [passage, passage],
    }
    state = final("休暇は？", disagreements=[differ], draft="前の文章", mended="removed")
    view = turn_view(state, "ja")
    assert view["disagreements"][0]["passages"][1] == {"key": "d:0:1", "label": "旅費規程2023: 13,000円"}
    opened_at = passage_at(state, "d:0:1")
    assert opened_at is not None and opened_at.quote == "就業規則"
    assert view["draft"] == {"label": "根拠のない文を除く前の文章を見る", "text": "前の文章", "why": []}
    people = [{"owner": "総務部 田中", "documents": [{"document": "rules", "title": "就業規則"}]}]
    view = turn_view(final("誕生日は？", ask_whom=people), "en")
    assert (view["askLabel"], view["ask"]) == ("Who to ask", ["総務部 田中 (就業規則)"])


def test_a_verified_answer_names_who_confirmed_it() -> None:
    verified = {"id": "v1", "question": "q", "editor": "佐藤", "at": "2026-11-20T01:00:00+00:00"}
    assert (
        turn_view(final("休暇は？", verified=verified), "ja")["verified"]
        == "確認済みの回答（佐藤、2026-11-20）"
    )
    assert turn_view(final("休暇は？"), "ja")["verified"] == ""


def test_writing_again_begins_with_an_empty_text_and_says_so() -> None:
    state = advance(TurnState("q", hits=()), {"event": "token", "text": "誤り。"})
    state = advance(state, {"event": "mending", "hits": [], "claims": []})
    assert (state.text, state.claims, phase(state)) == ("", (), "reading")
    assert turn_view(state, "en")["note"].startswith("Some sentences had no ground")


def test_a_stored_turn_knows_its_message() -> None:
    answer = {"answer": "a", "hits": [], "claims": [], "abstained": False}
    messages = [{"id": 7, "role": "user", "text": "q"},
                {"id": 8, "role": "assistant", "text": "a", "answer": answer}]  # fmt: skip
    assert stored_turns(messages)[0].message == 8


def message_of(operations: FakeOperations) -> str:
    (talk,) = operations.conversations()
    return str(operations.conversation(talk["id"])["messages"][1]["id"])


def test_a_thumb_down_asks_for_the_reason_and_keeps_a_corrected_answer(operations: FakeOperations) -> None:
    page = opened()
    ask(page, "休暇は？")
    message = message_of(operations)
    page.button(key=f"down_{message}").click().run()
    assert operations.said[message]["rating"] == "down"
    page.selectbox(key=f"reason_{message}").set_value("wrong")
    page.text_area(key=f"corrected_{message}").set_value("20日です。")
    next(button for button in page.button if button.label == "Send").click().run()
    assert not page.exception
    assert (operations.said[message]["reason"], operations.said[message]["corrected"]) == (
        "wrong",
        "20日です。",
    )
    assert "It was noted" in visible(page)
    page.button(key=f"up_{message}").click().run()
    assert operations.said[message]["rating"] == "up"


def test_an_answer_is_confirmed_and_managed_on_its_page(operations: FakeOperations) -> None:
    page = opened("ja")
    ask(page, "休暇は？")
    message = message_of(operations)
    page.button(key=f"verify_{message}").click().run()
    save = next(button for button in page.button if button.label == "確認済みにする")
    save.click().run()
    assert "編集者" in page.error[0].value and operations.kept == {}
    assert len(page.chat_input) == 1  # the rest of the page is there
    page.text_input(key=f"verify_name_{message}").set_value("佐藤")
    page.text_area(key=f"verify_also_{message}").set_value("年休は何日？\n")
    next(button for button in page.button if button.label == "確認済みにする").click().run()
    assert not page.exception and "確認済みにしました" in visible(page)
    assert "確認済みにしました" in visible(page.run())  # drawn anew for another reason, it still says so
    (kept,) = operations.kept.values()
    assert (kept["question"], kept["editor"], kept["also"]) == ("休暇は？", "佐藤", ["年休は何日？"])
    assert [one["quote"] for one in kept["citations"]] == [
        "年次有給休暇は入社6か月後に10日与える。", "休暇は3日前までに申請する。"
    ]  # fmt: skip
    ask(page, "残業は？")
    assert "確認済みにしました" not in visible(page)  # the reader went on


def test_a_quote_that_is_gone_grounds_no_confirmed_answer(operations: FakeOperations) -> None:
    page = opened("ja")
    ask(page, "休暇は？")
    message = message_of(operations)
    (talk,) = operations.conversations()
    claims = operations.conversation(talk["id"])["messages"][1]["answer"]["claims"]
    claims[0]["citations"][0]["state"] = "gone"
    page.button(key=f"verify_{message}").click().run()
    assert [box.value for box in page.caption if "「" in box.value] == ["「休暇は3日前までに申請する。」"]
    page.text_input(key=f"verify_name_{message}").set_value("佐藤")
    next(button for button in page.button if button.label == "確認済みにする").click().run()
    (kept,) = operations.kept.values()
    assert [one["quote"] for one in kept["citations"]] == ["休暇は3日前までに申請する。"]


def verified_page(operations: FakeOperations) -> AppTest:
    page = AppTest.from_file(APP, default_timeout=PATIENCE)
    page.query_params["lang"] = "ja"
    page._page_hash = calc_hash("verified")
    return page.run()


def run_with_row(page: AppTest, row: int) -> None:
    """Run as the browser does while a row of the table is chosen, which AppTest does not send."""
    states = page._tree.get_widget_states()
    chosen = json.dumps({"selection": {"rows": [row], "columns": [], "cells": []}})
    states.widgets.append(WidgetState(id=page.dataframe[0].proto.id, string_value=chosen))
    page._run(states)
    assert not page.exception


def keep(operations: FakeOperations, question: str) -> Json:
    return operations.add_verified(
        question, "10日です。", [{"document": "rules", "start": 0, "end": 4}], editor="佐藤"
    )


def test_a_flagged_answer_is_confirmed_again(operations: FakeOperations) -> None:
    kept = keep(operations, "休暇は？")
    kept["flag"] = "changed"
    page = verified_page(operations)
    assert page.dataframe[0].value["status"].tolist() == ["⚠ 要確認：引用の文がなくなりました"]
    run_with_row(page, 0)
    page.text_input(key="verified_name").set_value("田中")
    page.button(key="verified_confirm").click()
    run_with_row(page, 0)
    assert (kept["flag"], kept["editor"]) == (None, "田中")


def test_removing_one_answer_chooses_no_other(operations: FakeOperations) -> None:
    for question in ("休暇は？", "単価は？"):
        keep(operations, question)
    page = verified_page(operations)
    run_with_row(page, 0)
    page.button(key="verified_remove").click()
    run_with_row(page, 0)
    assert [item["question"] for item in operations.kept.values()] == ["単価は？"]
    assert page.dataframe[0].value["question"].tolist() == ["単価は？"]
    assert "verified_remove" not in [button.key for button in page.button]


def test_the_ordinary_answer_can_be_asked_for(operations: FakeOperations) -> None:
    page = opened()
    ask(page, "休暇は？")
    (talk,) = operations.conversations()
    answer = operations.conversation(talk["id"])["messages"][1]["answer"]
    answer["verified"] = {"id": "v1", "question": "q", "editor": "佐藤", "at": "2026-11-20"}
    page.run()
    page.button(key=f"ordinary_{message_of(operations)}").click().run()
    for run in page.session_state["runs"].values():
        run.join(PATIENCE)
    assert [asked.get("verified", True) for asked in operations.questions] == [True, False]
    assert operations.questions[1]["question"] == "休暇は？"


def test_an_unsupported_sentence_opens_with_its_reason(operations: FakeOperations) -> None:
    page = opened()
    ask(page, "休暇は？")
    page.session_state["passage"] = passage_at(final("休暇は？"), "v:2")
    page.run()
    assert not page.exception
    shown = "".join(element.value for element in page.get("html"))
    assert "? No ground" in shown or "No passage" in shown
    assert "半日単位でも取得できます。" in shown
    assert "None of the passages found" in visible(page)
