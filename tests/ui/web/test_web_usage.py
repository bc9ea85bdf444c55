"""The page on use, driven without a browser over planted reports, and its words and plots by themselves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash
from test_web_page import APP, visible
from web_fake_usage import empty_usage, make_question, make_usage
from web_fakes import SCRIPT, FakeOperations

from assistant.errors import AdapterError
from ui.web import usage
from ui.web.usage_charts import days_plot, shares_plot, small_plots, topics_plot


def monitoring(language: str = "en") -> AppTest:
    page = AppTest.from_file(APP, default_timeout=60)
    page.query_params["lang"] = language
    page._page_hash = calc_hash("monitoring")  # how AppTest would name a page that is a function
    page.run()
    assert not page.exception
    return page


def said(page: AppTest) -> str:
    return visible(page).replace("\\", "")


@pytest.mark.parametrize(
    ("language", "title", "words"),
    [("en", "Monitoring", "No questions were asked"), ("ja", "利用状況", "この期間に質問はありません")],
)
def test_without_questions_the_page_says_what_will_be_here(
    operations: FakeOperations, language: str, title: str, words: str
) -> None:
    page = monitoring(language)
    assert page.title[0].value == title and words in said(page)
    assert not page.metric and not page.get("vega_lite_chart")
    assert operations.asked_days == [30]


def test_figures_plots_and_tables_are_those_of_the_report(operations: FakeOperations) -> None:
    operations.usage = make_usage()
    page = monitoring()
    assert [metric.value for metric in page.metric] == ["120", "80.0%", "6.0%", "5.2 s", "7.0 h"]
    assert page.metric[0].delta == "28"
    assert len(page.get("vega_lite_chart")) == 5
    tables = [frame.value.to_dict("list") for frame in page.dataframe]
    shares = next(table for table in tables if "interval" in table)
    assert shares["state"] == [
        "▲ more than before", "= no difference shown", "▼ less than before",
        "– too few (under 30)",
    ]  # fmt: skip
    assert shares["difference"][0] == "+10.0 pt (+2.0 to +18.0)" and shares["now"][3] == "–"
    models = next(table for table in tables if "adapter" in table)
    assert (models["adapter"], models["abstained"], models["total"]) == (["tuned-1"], ["20.9%"], ["5.2"])
    text = said(page)
    assert "Other folders are asked about than before. (p = 0.001, population stability index 0.31)" in text
    assert "Thumbs: 30 up, 6 down. Reasons named: Something is missing (4), It is wrong (1)." in text


def test_another_period_is_asked_for(operations: FakeOperations) -> None:
    page = monitoring()
    next(group for group in page.button_group if group.key == "usage_days").set_value(90).run()
    assert not page.exception and operations.asked_days == [30, 90]


def test_a_question_without_an_answer_leads_to_its_conversation(operations: FakeOperations) -> None:
    key = operations.new_conversation()["id"]
    operations.usage = make_usage()
    operations.usage["unanswered"]["groups"][0]["questions"] = [make_question(12, "駐車場の料金は？", key)]
    page = monitoring()
    text = said(page)
    assert "5 × 駐車場の料金は？" in "".join(one.label for one in page.expander)
    assert "Closest documents: 就業規則" in text and "Whom to ask: 総務部" in text
    assert "17 more questions are not shown." in text
    page.button(key="asked_12").click().run()
    assert not page.exception
    assert page.session_state["conversation"] == key


def test_when_training_again_is_worth_it_the_commands_are_shown(operations: FakeOperations) -> None:
    operations.usage = make_usage()
    assert not monitoring().code
    operations.usage["retrain"] |= {
        "state": "train", "suggested": True, "adapter": "tuned-1", "reviewed": 51, "corrected": 44,
        "pairs": 7,
        "commands": ["konkyo train run cpu"],
    }  # fmt: skip
    page = monitoring("ja")
    assert page.code[0].value == "konkyo train run cpu"
    assert "アダプターtuned-1の作成以降、採用された評価からの例が51件" in said(page)
    operations.usage["retrain"] |= {"state": "review", "reviewed": 3}
    assert "44 corrected answers and 7 pairs" in said(monitoring())


def test_what_was_asked_is_never_markup(operations: FakeOperations) -> None:
    operations.usage = make_usage()
    question = make_question(1, f"**bold** {SCRIPT}")
    operations.usage["unanswered"]["groups"] = [
        {"n": 1, "questions": [question], "documents": [], "owners": [{"owner": SCRIPT, "documents": []}]}
    ]
    page = monitoring()
    assert SCRIPT not in visible(page) and not page.exception
    assert all(SCRIPT not in one.label for one in page.expander)


def test_a_report_that_cannot_be_made_is_told(operations: FakeOperations) -> None:
    def broken(**_: Any) -> Any:
        raise AdapterError("published.json cannot be read: x. Remove it to serve the base model.")

    operations.monitoring = broken  # type: ignore[method-assign]
    assert "published.json" in said(monitoring())


def test_tasks_alone_are_no_empty_period() -> None:
    assert usage.is_empty(empty_usage()) and not usage.is_empty(empty_usage() | {"tasks": 1})
    assert usage.answered_share(empty_usage()) is None
    assert usage.answered_share(make_usage()) == pytest.approx(92 / 115)


def test_plots_hold_the_numbers_of_the_report_once_each() -> None:
    report = make_usage()
    plot = days_plot(report, "en")
    values = plot.spec["data"]["values"]
    assert sum(value["number"] for value in values) == 115
    assert {value["at"] for value in values} == {"2026-11-21T00:00:00", "2026-11-22T00:00:00"}
    assert [row["Questions"] for row in plot.rows] == [65, 50]  # the newest day first
    shown = shares_plot(report, "en").spec["data"]["values"]
    assert [(value["share"], value["before"]) for value in shown] == [(0.2, 0.1), (0.06, 0.1), (0.025, 0.1)]
    topics = topics_plot(report, "ja")
    assert [row["フォルダ"] for row in topics.rows] == ["/srv/hr", "削除された文書"]
    assert len(topics.spec["data"]["values"]) == 3  # there was no share before of what is gone
    for one in [plot, *small_plots(report, "ja")]:
        json.dumps(one.spec)
    assert list(small_plots(empty_usage(), "en")) == []


def test_a_file_in_the_source_itself_is_in_a_folder_with_its_name() -> None:
    topic = {"kind": "folder", "source": "/srv/docs", "folder": "", "shown_as": ""}
    assert usage.topic_name(topic, "en") == "/srv/docs"
