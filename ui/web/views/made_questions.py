"""Questions made from the own library: drafts that somebody accepts, words otherwise, or rejects."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import Any

import streamlit as st

from ui.moments import day
from ui.web import passages
from ui.web.presenting import place
from ui.web.resources import operations
from ui.web.session import errors_shown, language, plain, say, show_passage, show_told, tell
from ui.web.turns import passage_of
from ui.web.views.picking import picked, text_columns

Json = dict[str, Any]

_STATUSES = ("draft", "accepted", "rejected")
_ICONS = {"draft": "◌", "accepted": "✓", "rejected": "✕"}
_COUNT = 20
_MOST = 200


def section() -> None:
    """How many there are, one of them to decide about, and the list of all of a status."""
    show_told("quality")
    found = operations().made_questions()
    if not found:
        with st.container(border=True, key="no_questions"):
            st.subheader(say("quality.no_questions"), anchor=False)
            st.write(say("quality.no_questions_more"))
            _make(found)
        return
    _numbers(found)
    status = _status(found)
    shown = [one for one in found if status in ("all", one["status"])]
    if shown:
        _card(_chosen(shown, status))
    else:
        st.info(say(f"quality.none_{status}"), icon=":material/info:")
    with st.container(border=True, key="make_more"):
        _make(found)
    _set(found)


def _numbers(found: Sequence[Json]) -> None:
    with st.container(horizontal=True, key="question_numbers"):
        for status in _STATUSES:
            number = sum(one["status"] == status for one in found)
            st.metric(_status_text(status), f"{number:,}")


def _status(found: Sequence[Json]) -> str:
    names = {status: _status_text(status) for status in _STATUSES}
    names["all"] = say("quality.all_kinds")
    chosen = st.segmented_control(
        say("quality.status"), list(names), format_func=lambda key: names[key], default="draft",
        required=True, key="question_status", label_visibility="collapsed",
    )  # fmt: skip
    return str(chosen)


def _status_text(status: str) -> str:
    return f"{_ICONS[status]} {say(f'quality.{status}')}"


def _chosen(shown: Sequence[Json], status: str) -> Json:
    """The question that is chosen in the list, else the one that is open, else the first.

    After a decision none is open, so the next one opens.
    """
    turn = st.session_state.setdefault("question_turn", 0)
    rows = [
        {
            "status": _status_text(one["status"]),
            "question": one["question"] or one["id"],
            "answer": " / ".join(one["answers"]),
            "where": one["title"] or one["shown_as"] or say("quality.gone"),
        }
        for one in shown
    ]
    columns = text_columns(
        status=("quality.status", 90), question=("quality.question", 480), answer=("quality.answer", 200),
        where=("column_title", 200),
    )  # fmt: skip
    ids = [one["id"] for one in shown]
    at = picked(f"questions_{status}_{turn}", ids, rows, columns, most=248)
    opened = st.session_state.get("question_open")
    chosen = shown[ids.index(opened) if at is None and opened in ids else at or 0]
    st.session_state["question_open"] = chosen["id"]
    return chosen


# --- one question


def _card(one: Json) -> None:
    with st.container(border=True, key="question_card"):
        _passage(one)
        text, answers = _wording(one) if one["present"] else ("", [])
        by = st.text_input(
            say("quality.by"), value=st.session_state.get("editor_name", ""), key="reviewed_by"
        )
        _decide(one, text, answers, by)
        if one["reviewed_at"]:
            st.caption(
                say("quality.reviewed", by=plain(one["reviewed_by"]) or "–", date=day(one["reviewed_at"]))
            )


def _wording(one: Json) -> tuple[str, list[str]]:
    text = st.text_area(
        say("quality.question"), value=one["question"], key=f"question_text_{one['id']}", height=68
    )
    answers = st.text_area(
        say("quality.answers"), value="\n".join(one["answers"]), key=f"question_answers_{one['id']}",
        height=68, help=say("quality.answers_help"),
    )  # fmt: skip
    return text, [line.strip() for line in answers.splitlines() if line.strip()]


def _passage(one: Json) -> None:
    if not one["present"]:
        st.warning(say("quality.gone_more"), icon=":material/link_off:")
        return
    where = place({"format": "", **one}, language())
    st.caption(" · ".join(plain(part) for part in (one["title"], where, one["shown_as"]) if part))
    st.html(passages.quote_html(one["quote"]))
    st.button(
        say("open_passage"), key="question_passage", type="tertiary", icon=":material/find_in_page:",
        on_click=show_passage, args=(passage_of(one),),
    )  # fmt: skip


def _decide(one: Json, text: str, answers: Sequence[str], by: str) -> None:
    """Buttons for what can still be said of the question. What was worded otherwise is kept with each.

    Their keys name the question: a click that comes when another one is drawn already decides nothing.
    """
    with st.container(horizontal=True, key="question_buttons"):
        if one["status"] != "accepted" and st.button(
            say("quality.accept"), type="primary", icon=":material/check:", key=f"accept_{one['id']}",
            disabled=not one["present"],
        ):  # fmt: skip
            _keep(one, text, answers, by, "accepted")
        if one["status"] != "rejected" and st.button(
            say("quality.reject"), icon=":material/close:", key=f"reject_{one['id']}"
        ):
            _keep(one, one["question"], one["answers"], by, "rejected")
        if one["status"] != "draft" and st.button(
            say("quality.to_draft"), icon=":material/undo:", key=f"draft_{one['id']}", type="tertiary"
        ):
            _keep(one, text, answers, by, "draft")
        if one["present"] and st.button(
            say("quality.save"), icon=":material/save:", key=f"save_{one['id']}", type="tertiary"
        ):
            _keep(one, text, answers, by, None)


def _keep(one: Json, text: str, answers: Sequence[str], by: str, status: str | None) -> None:
    with errors_shown():
        if text.strip() != one["question"] or list(answers) != list(one["answers"]):
            operations().edit_question(one["id"], text=text, answers=list(answers), by=by)
        if status is not None:
            operations().review_question(one["id"], status, by=by)
            st.session_state["question_turn"] += 1  # a new list begins with the next question
            st.session_state.pop("question_open", None)
        st.session_state["editor_name"] = by
        tell("quality", say(f"quality.done_{status or 'saved'}"))
        st.rerun()


# --- making more, and the set


def _make(found: Sequence[Json]) -> None:
    with st.form("make_questions", border=False):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            count = st.number_input(
                say("quality.count"), min_value=1, max_value=_MOST, value=_COUNT, key="make_count", width=160
            )
            sent = st.form_submit_button(
                say("quality.make"), icon=":material/add_notes:", type="secondary" if found else "primary"
            )
        st.caption(say("quality.make_more"))
    if not sent:
        return
    turn = st.session_state["make_turn"] = st.session_state.get("make_turn", -1) + 1
    with st.spinner(say("quality.making")):
        # Another seed each time, so that other documents come first.
        made = operations().make_questions(int(count), seed=len(found) + turn)
    if not made["made"]:
        st.info(say("quality.made_none", known=made["known"]), icon=":material/info:")
        return
    tell("quality", say("quality.made_some", number=made["made"], documents=made["documents"]))
    st.session_state["question_turn"] = st.session_state.get("question_turn", 0) + 1
    st.session_state.pop("question_open", None)
    st.rerun()


def _set(found: Sequence[Json]) -> None:
    """The accepted questions as a data set, and how to evaluate with them."""
    if not any(one["status"] == "accepted" and one["present"] for one in found):
        return
    with st.expander(say("quality.set"), icon=":material/dataset:", key="question_set"):
        st.caption(say("quality.set_more"))
        workspace = shlex.quote(str(operations().status()["workspace"]))
        lines = ("questions export own_questions", "retrieval own_questions", "answers own_questions")
        st.code(
            "\n".join(f"konkyo eval {line} --workspace {workspace}" for line in lines), language=None,
            wrap_lines=True,
        )  # fmt: skip
        st.download_button(
            say("quality.download_set"), data=_as_lines, file_name="qa.jsonl",
            mime="application/x-ndjson", icon=":material/download:", key="download_set", on_click="ignore",
        )  # fmt: skip


def _as_lines() -> bytes:
    rows = operations().question_set()
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return "".join(lines).encode("utf-8", "backslashreplace")
