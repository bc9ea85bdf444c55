"""What a reader can do with an answer: say whether it helped, confirm it, or ask for an ordinary one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from assistant.feedback_rows import REASONS
from ui.editor_operations import citations_to_confirm
from ui.web.allowed import may
from ui.web.resources import operations
from ui.web.session import errors_shown, plain, say
from ui.web.turns import TurnState

Json = dict[str, Any]
AskOrdinary = Callable[[str], None]


def given_feedback(conversation: str | None) -> Mapping[Any, Json]:
    """What was said of the answers of a conversation, by their ids."""
    if conversation is None:
        return {}
    return {item["message"]: item for item in operations().feedback(conversation=conversation)}


def controls(
    state: TurnState, conversation: str, given: Mapping[Any, Json], ask_ordinary: AskOrdinary
) -> None:
    """Draw the buttons below a stored answer, and the form that one of them opened."""
    message, told = state.message, given.get(state.message)
    rating = told["rating"] if told else ""
    with st.container(horizontal=True, key=f"respond_{message}", gap="xsmall"):
        for kind in ("up", "down"):
            st.button(
                "",
                icon=f":material/thumb_{kind}:",
                key=f"{kind}_{message}",
                help=say(f"feedback.{kind}"),
                type="secondary" if rating == kind else "tertiary",
                on_click=_rate,
                args=(conversation, message, kind),
            )
        if (state.answer or {}).get("verified"):
            st.button(
                say("editor.ordinary"),
                icon=":material/refresh:",
                key=f"ordinary_{message}",
                type="tertiary",
                on_click=ask_ordinary,
                args=(state.question,),
            )
        elif may("add_verified") and state.answer is not None and not state.answer["abstained"]:
            st.button(
                say("editor.verify"),
                icon=":material/verified_user:",
                key=f"verify_{message}",
                type="tertiary",
                on_click=_open,
                args=(message, "verify"),
            )
    match st.session_state.get("responded"):
        case (told_of, done) if told_of == message:
            st.success(done, icon=":material/check_circle:")
    match st.session_state.get("responding"):
        case (opened, "down") if opened == message:
            _reason_form(conversation, message, told or {})
        case (opened, "verify") if opened == message:
            _verify_form(state)


def _tell(message: Any, done: str) -> None:
    """Say what was done with an answer, until the reader does something else.

    A page is drawn anew for many reasons (an answer just stored, a tick of its fragment): what was shown
    only once could be gone before anybody read it.
    """
    st.session_state["responded"] = (message, done)


def forget_told() -> None:
    """Take away what was said last: the reader goes on to something else."""
    st.session_state.pop("responded", None)


def _open(message: Any, form: str) -> None:
    forget_told()
    current = st.session_state.get("responding")
    st.session_state["responding"] = None if current == (message, form) else (message, form)


def _rate(conversation: str, message: Any, rating: str) -> None:
    """A thumb counts at once; a thumb down asks for the reason besides."""
    forget_told()
    with errors_shown():
        operations().give_feedback(conversation, message, rating=rating)
        st.session_state["responding"] = (message, "down") if rating == "down" else None
        if rating == "up":
            _tell(message, say("feedback.thanks"))


def _reason_form(conversation: str, message: Any, told: Json) -> None:
    choices = [reason for reason in REASONS if reason]
    with st.form(f"feedback_{message}"):
        reason = st.selectbox(
            say("feedback.reason"),
            choices,
            index=choices.index(told["reason"]) if told.get("reason") in choices else None,
            format_func=lambda name: say(f"feedback_reasons.{name}"),
            key=f"reason_{message}",
            placeholder=say("choose_hint"),
        )
        comment = st.text_area(
            say("feedback.comment"), value=told.get("comment", ""), key=f"comment_{message}", max_chars=2000
        )
        corrected = st.text_area(
            say("feedback.corrected"),
            value=told.get("corrected", ""),
            key=f"corrected_{message}",
            max_chars=4000,
        )
        with st.container(horizontal=True):
            sent = st.form_submit_button(say("feedback.send"), type="primary", icon=":material/send:")
            taken_back = st.form_submit_button(say("feedback.cancel"))
    if not (sent or taken_back):
        return
    with errors_shown():
        if sent:
            operations().give_feedback(
                conversation, message, rating="down", reason=reason or "", comment=comment,
                corrected=corrected,
            )  # fmt: skip
            _tell(message, say("feedback.thanks"))
        else:
            operations().take_back_feedback(conversation, message)
            forget_told()
        st.session_state["responding"] = None
        st.rerun()


def _verify_form(state: TurnState) -> None:
    message = state.message
    citations = citations_to_confirm(state.claims)
    if not citations:
        st.info(say("editor.no_passage"), icon=":material/info:")
        return
    with st.form(f"verify_form_{message}"):
        asked = (state.answer or {}).get("question") or state.question
        question = st.text_input(
            say("editor.question"), value=asked, key=f"verify_question_{message}", max_chars=2000
        )
        answer = st.text_area(
            say("editor.answer"), value=state.text, key=f"verify_answer_{message}", max_chars=8000
        )
        also = st.text_area(say("editor.also"), key=f"verify_also_{message}", max_chars=4000)
        name = st.text_input(
            say("editor.name"),
            value=st.session_state.get("editor_name", ""),
            key=f"verify_name_{message}",
            max_chars=100,
        )
        for quote in dict.fromkeys(citation["quote"] for citation in citations):
            st.caption(f"「{plain(quote)}」")
        saved = st.form_submit_button(say("editor.save"), type="primary", icon=":material/verified_user:")
    if not saved:
        return
    with errors_shown():
        operations().add_verified(question, answer, citations, editor=name, also=also.splitlines())
        st.session_state["editor_name"] = name
        st.session_state["responding"] = None
        _tell(message, say("editor.saved"))
        st.rerun()
