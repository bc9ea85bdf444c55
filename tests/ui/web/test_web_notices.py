"""What a page says after a change is seen, also when the run that would say it is broken off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit.testing.v1 import AppTest
from test_web_grounds import keep, run_with_row, verified_page
from test_web_page import visible
from test_web_quality import LATER, make, room, two_reports
from web_fake_quality import make_question
from web_fakes import FakeOperations


def break_off(operations: FakeOperations, change: str, asked: str) -> None:
    """The first run after `change` goes no further than where it calls `asked`."""
    changing: Callable[..., Any] = getattr(operations, change)
    asking: Callable[..., Any] = getattr(operations, asked)

    def broken(*arguments: Any, **options: Any) -> Any:
        setattr(operations, asked, asking)
        st.rerun()

    def changed(*arguments: Any, **options: Any) -> Any:
        setattr(operations, asked, broken)
        return changing(*arguments, **options)

    setattr(operations, change, changed)


def test_that_a_report_was_removed_is_said_once(operations: FakeOperations) -> None:
    two_reports(operations)
    break_off(operations, "remove_report", "evaluation_report")
    page = room("reports")
    page.button(key=f"remove_{LATER}").click().run()
    assert len(operations.planted_reports) == 1
    assert "The report was removed." in visible(page)
    page.run()
    assert "The report was removed." not in visible(page) and not page.exception


def test_that_a_question_was_accepted_and_that_some_were_made_is_said(operations: FakeOperations) -> None:
    operations.drafts = [make_question("q1")]
    break_off(operations, "review_question", "made_questions")
    page = room("questions")
    page.button(key="accept_q1").click().run()
    assert "Accepted." in visible(page)
    operations.makes = [make_question("q2")]
    break_off(operations, "make_questions", "made_questions")
    make(page)
    assert "1 new drafts from 1 documents." in visible(page)


def test_that_an_answer_was_removed_is_said(operations: FakeOperations) -> None:
    keep(operations, "休暇は？")
    break_off(operations, "remove_verified", "verified")
    page = verified_page(operations)
    run_with_row(page, 0)
    page.button(key="verified_remove").click()
    run_with_row(page, 0)
    assert "削除しました。" in visible(page)


TWO_PLACES = """
import streamlit as st
from ui.web.session import forget_shown, show_told, tell
show_told(st.session_state["place"])
if st.button("act"):
    tell("here", "Done here.")
    tell("there", "Done there.")
    st.rerun()
forget_shown()
"""


def test_what_was_told_for_another_place_waits_until_that_is_shown() -> None:
    page = AppTest.from_string(TWO_PLACES)
    page.session_state["place"] = "here"
    page.run()
    page.button[0].click().run()
    assert [one.value for one in page.success] == ["Done here."]
    for place, said in (("here", []), ("there", ["Done there."]), ("there", [])):
        page.session_state["place"] = place
        page.run()
        assert [one.value for one in page.success] == said and not page.exception
