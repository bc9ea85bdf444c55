"""The quality page, driven without a browser over planted reports and questions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash
from test_web_grounds import run_with_row
from test_web_page import APP, visible
from web_fake_quality import make_question, make_report, make_row
from web_fakes import SCRIPT, FakeOperations

from ui.web.views.reports import as_page

EARLIER, LATER = "20261121T010000Z-answers", "20261122T010000Z-answers"


def room(name: str, language: str = "en") -> AppTest:
    page = AppTest.from_file(APP, default_timeout=60)
    page.query_params["lang"] = language
    page._page_hash = calc_hash("quality")  # how AppTest would name a page that is a function
    page.session_state["quality_room"] = name
    page.run()
    assert not page.exception
    return page


def plots(page: AppTest) -> list[Any]:
    return [json.loads(chart.proto.spec) for chart in page.get("vega_lite_chart")]


def choose(page: AppTest, key: str, value: str) -> None:
    next(group for group in page.button_group if group.key == key).set_value(value).run()
    assert not page.exception


def two_reports(operations: FakeOperations) -> None:
    settings = {"settings": {"retrieval": {"mode": "dense"}}}
    earlier = make_report(EARLIER, "2026-11-21T01:00:00+00:00")
    earlier["configuration"] |= settings
    earlier["rows"] = [make_row(number, right=number != 1) for number in (1, 2, 3, 4)]
    operations.planted_reports = [make_report(LATER, "2026-11-22T01:00:00+00:00"), earlier]
    interval = {"mean": 0.0, "low": -0.5, "high": 0.5}
    operations.comparisons[EARLIER, LATER] = {
        "kind": "answers", "first": EARLIER, "second": LATER, "n": 4, "left_out": 1,
        "metrics": {
            "right": {"n": 4, "first": 0.75, "second": 0.75, "difference": interval, "differing": 2,
                      "higher_is_better": True, "verdict": "same"},
            "total_ms": {"n": 4, "first": 2500.0, "second": 1500.0, "differing": 4,
                         "higher_is_better": False, "verdict": "better",
                         "difference": {"mean": -1000.0, "low": -1200.0, "high": -800.0}},
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("language", "title", "words"),
    [("en", "Quality", "No evaluation was run yet"), ("ja", "品質", "まだ評価をしていません")],
)
def test_without_reports_the_commands_are_shown(
    operations: FakeOperations, language: str, title: str, words: str
) -> None:
    page = room("reports", language)
    assert page.title[0].value == title and words in visible(page)
    assert page.code[0].value.splitlines()[0] == "konkyo eval samples --workspace /tmp/workspace"


def test_the_newest_report_is_open_with_its_plots_and_numbers(operations: FakeOperations) -> None:
    two_reports(operations)
    page = room("reports")
    assert page.dataframe[0].value["result"].tolist() == ["right: 75.0%", "right: 75.0%"]
    assert [metric.value for metric in page.metric] == ["75.0%"]
    assert len(plots(page)) == 4  # verdicts, faults, latency, all measures
    tables = [frame.value.to_dict("list") for frame in page.dataframe]
    assert any(table.get("Sentences of the answers by verdict", [""])[0] == "✓ Proven" for table in tables)
    assert any(table.get("interval") == ["25.0% – 100.0%", "1.0 s – 4.0 s"] for table in tables)
    assert operations.calls == [("read", LATER)]


def test_what_went_wrong_comes_first_and_opens(operations: FakeOperations) -> None:
    two_reports(operations)
    page = room("reports")
    shown = next(frame.value for frame in page.dataframe if "outcome" in frame.value)
    assert shown[["question", "outcome"]].to_numpy().tolist() == [["Question 2?", "found, not read"]]
    choose(page, f"report_rows_{LATER}", "all")
    shown = next(frame.value for frame in page.dataframe if "outcome" in frame.value)
    assert shown["state"].tolist() == ["✓ right", "✕ wrong", "✓ right", "✓ right"]


def test_kinds_are_chosen_where_there_are_several(operations: FakeOperations) -> None:
    two_reports(operations)
    operations.planted_reports.append(make_report("r", "2026-11-20T01:00:00+00:00", kind="samples"))
    page = room("reports")
    choose(page, "report_kind", "samples")
    assert page.dataframe[0].value["kind"].tolist() == ["Samples"]
    assert page.button(key="compare_this").disabled  # the only one of its kind


def test_a_report_is_removed_after_a_second_look(operations: FakeOperations) -> None:
    two_reports(operations)
    page = room("reports")
    page.button(key=f"remove_{LATER}").click().run()
    assert [report["id"] for report in operations.planted_reports] == [EARLIER]
    assert "The report was removed." in visible(page) and not page.exception


def test_a_report_that_has_gone_meanwhile_is_told(operations: FakeOperations) -> None:
    two_reports(operations)
    operations.evaluation_report = lambda report: operations._report("gone")  # type: ignore[method-assign]
    assert "no report" in visible(room("reports")).replace("\\", "")


def test_what_a_report_holds_is_never_markup(operations: FakeOperations) -> None:
    row = make_row(1, right=False, answer=f"**bold** {SCRIPT}")
    operations.planted_reports = [make_report(LATER, "2026-11-22T01:00:00+00:00", data=SCRIPT, rows=[row])]
    page = room("reports")
    assert SCRIPT not in visible(page) and not page.exception


def test_a_page_is_made_also_of_signs_that_no_file_can_hold() -> None:
    made = as_page(
        make_report("r", "2026-11-22T01:00:00+00:00", rows=[make_row(1, right=False, answer="\ud800")]), "ja"
    )
    assert '<html lang="ja">' in made.decode("utf-8") and "\\ud800" in made.decode("utf-8")


def test_one_report_cannot_be_compared(operations: FakeOperations) -> None:
    operations.planted_reports = [make_report(LATER, "2026-11-22T01:00:00+00:00")]
    assert "Two reports are needed" in visible(room("compare"))


def test_two_reports_are_compared_with_their_settings_and_questions(operations: FakeOperations) -> None:
    two_reports(operations)
    page = room("compare")
    assert page.selectbox(key="compare_first").value == EARLIER
    text = visible(page).replace("\\", "")
    assert "4 questions that both have" in text and "1 that only one of them has" in text
    assert "Shown to be better: whole answer" in text and "Shown to be worse" not in text
    tables = {tuple(frame.value.columns): frame.value for frame in page.dataframe}
    measures = next(table for columns, table in tables.items() if "differing" in columns)
    assert measures["verdict"].tolist() == ["= no difference shown", "▲ better"]
    assert measures["difference"].tolist() == ["+0.0 pt", "-1.0 s"]
    settings = next(table for columns, table in tables.items() if "setting" in columns)
    assert settings.to_numpy().tolist() == [["settings.retrieval.mode", "dense", "hybrid"]]
    moved = next(table for columns, table in tables.items() if "moved" in columns)
    assert moved[["moved", "question"]].to_numpy().tolist() == [
        ["▼ lost", "Question 2?"], ["▲ gained", "Question 1?"],
    ]  # fmt: skip


def test_a_report_leads_to_its_comparison(operations: FakeOperations) -> None:
    two_reports(operations)
    page = room("reports")
    page.button(key="compare_this").click().run()
    assert not page.exception
    assert page.selectbox(key="compare_second").value == LATER
    assert page.selectbox(key="compare_first").value == EARLIER
    page.selectbox(key="compare_first").set_value(LATER).run()
    assert "Choose two different reports." in visible(page)


def test_reports_without_a_common_question_are_told(operations: FakeOperations) -> None:
    two_reports(operations)
    operations.comparisons.clear()
    page = room("compare")
    assert "no question in common" in visible(page).replace("\\", "") and not page.exception


# --- questions from the own library


def test_without_questions_some_are_made(operations: FakeOperations) -> None:
    page = room("questions")
    assert "No questions from your documents yet" in visible(page)
    make(page)
    assert "No new questions were found (3 were known" in visible(page)
    operations.makes = [make_question("q1"), make_question("q2")]
    make(page)
    assert [metric.value for metric in page.metric] == ["2", "0", "0"]
    assert "2 new drafts from 1 documents." in visible(page)
    assert operations.calls == [("make", 20, 0), ("make", 20, 1)]


def make(page: AppTest) -> None:
    next(button for button in page.button if button.label == "Make questions").click().run()
    assert not page.exception


def test_a_draft_is_accepted_in_other_words_and_the_next_one_opens(operations: FakeOperations) -> None:
    operations.drafts = [make_question("q1"), make_question("q2", question="Another?")]
    page = room("questions")
    page.text_area(key="question_text_q1").set_value("入社6か月後の年休は何日か？")
    page.text_area(key="question_answers_q1").set_value("10日\n\n 十日 ")
    page.text_input(key="reviewed_by").set_value("佐藤")
    page.button(key="accept_q1").click().run()
    assert not page.exception
    assert operations.calls == [
        ("edit", "q1", "入社6か月後の年休は何日か？", ["10日", "十日"], "佐藤"),
        ("review", "q1", "accepted", "佐藤"),
    ]
    assert page.text_area(key="question_text_q2").value == "Another?"
    assert page.text_input(key="reviewed_by").value == "佐藤"
    page.button(key="reject_q2").click().run()
    assert operations.calls[-1] == ("review", "q2", "rejected", "佐藤")
    assert "Every draft was decided about." in visible(page)
    choose(page, "question_status", "accepted")
    page.button(key="draft_q1").click().run()
    assert operations.drafts[0]["status"] == "draft"


def test_words_are_kept_without_a_decision_and_a_mistake_is_told(operations: FakeOperations) -> None:
    operations.drafts = [make_question("q1")]
    page = room("questions")
    page.text_area(key="question_answers_q1").set_value("")
    page.button(key="save_q1").click().run()
    assert "needs an answer" in visible(page).replace("\\", "") and not page.exception
    page.text_area(key="question_answers_q1").set_value("十日")
    page.button(key="save_q1").click().run()
    assert "Saved." in visible(page)
    assert (operations.drafts[0]["answers"], operations.drafts[0]["status"]) == (["十日"], "draft")


def test_a_question_whose_passage_has_gone_cannot_be_accepted(operations: FakeOperations) -> None:
    gone = dict.fromkeys(("start", "end", "source", "path", "shown_as", "title", "page"))
    operations.drafts = [make_question("q1", question="", answers=[], quote="", present=False, **gone)]
    page = room("questions")
    assert page.button(key="accept_q1").disabled
    assert not page.text_area  # there are no words to change
    assert "is gone" in visible(page)


def test_the_passage_of_a_question_opens(operations: FakeOperations) -> None:
    operations.drafts = [make_question("q1")]
    page = room("questions", "ja")
    page.button(key="question_passage").click().run()
    assert not page.exception
    assert page.session_state["passage"].quote == "年次有給休暇は入社6か月後に10日与える。"


def test_accepted_questions_are_a_data_set(operations: FakeOperations) -> None:
    operations.drafts = [make_question("q1", status="accepted")]
    page = room("questions")
    choose(page, "question_status", "all")
    assert page.code[0].value.splitlines() == [
        "konkyo eval questions export own_questions --workspace /tmp/workspace",
        "konkyo eval retrieval own_questions --workspace /tmp/workspace",
        "konkyo eval answers own_questions --workspace /tmp/workspace",
    ]


# --- rows are chosen by what stands in them


def test_removing_the_chosen_report_opens_no_other_by_its_place(operations: FakeOperations) -> None:
    names = [f"2026112{day}T010000Z-answers" for day in (3, 2, 1)]
    operations.planted_reports = [make_report(name, f"{name[:4]}-11-{name[6:8]}T01:00:00Z") for name in names]
    page = room("reports")
    run_with_row(page, 1)
    assert operations.calls[-1] == ("read", names[1])
    page.button(key=f"remove_{names[1]}").click()
    run_with_row(page, 1)
    assert [report["id"] for report in operations.planted_reports] == [names[0], names[2]]
    assert ("read", names[2]) not in operations.calls  # the newest is shown


def test_a_decision_of_somebody_else_moves_no_other_question_under_the_choice(
    operations: FakeOperations,
) -> None:
    operations.drafts = [make_question(name) for name in ("q1", "q2", "q3")]
    page = room("questions")
    run_with_row(page, 1)
    assert page.text_area[0].key == "question_text_q2"
    operations.drafts[0]["status"] = "accepted"
    page.run()
    assert page.text_area[0].key == "question_text_q2"
    operations.drafts[1]["status"] = "rejected"
    page.button(key="accept_q2").click().run()  # of a question that is not in the list any more
    assert operations.calls == [] and page.text_area[0].key == "question_text_q3"


def test_a_report_that_came_meanwhile_is_not_removed_in_place_of_the_one_that_was_shown(
    operations: FakeOperations,
) -> None:
    two_reports(operations)
    page = room("reports")
    newer = make_report("20261123T010000Z-answers", "2026-11-23T01:00:00+00:00")
    operations.planted_reports.insert(0, newer)
    page.button(key=f"remove_{LATER}").click().run()
    assert len(operations.planted_reports) == 3 and not page.exception
