"""The page of confirmed answers: which there are, whose source has changed, and what to do about it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from ui.moments import day
from ui.texts import t
from ui.web import passages
from ui.web.resources import operations
from ui.web.session import errors_shown, language, passage, plain, say, show_passage, show_told, tell
from ui.web.turns import passage_of
from ui.web.views import passage as passage_panel
from ui.web.views.picking import picked, text_columns

Json = dict[str, Any]


def page() -> None:
    """Draw the list, and the answer that is chosen in it."""
    st.title(say("editor.title"), anchor=False)
    st.caption(say("editor.more"))
    with errors_shown():
        show_told("verified")
        found = operations().verified()
        if not found:
            st.info(say("editor.none"), icon=":material/info:")
            return
        chosen = _table(found)
        if chosen is None:
            st.caption(say("editor.pick"))
        else:
            _one(chosen)
        if (opened := passage()) is not None:
            passage_panel.panel(opened)


def _table(found: list[Json]) -> Json | None:
    rows = [
        {"status": _status(item), "question": item["question"], "editor": item["editor"],
         "date": day(item["confirmed_at"])}
        for item in found
    ]  # fmt: skip
    columns = text_columns(
        status=("editor.status", "medium"), question=("editor.question", 310), editor=("editor.name", 90),
        date=("editor.date", 105),
    )  # fmt: skip
    at = picked("verified_table", [item["id"] for item in found], rows, columns)
    return None if at is None else found[at]


def _status(item: Json) -> str:
    if not item["flag"]:
        return f"✓ {say('editor.fine')}"
    reason = t(language(), "web", f"flags.{item['flag']}")
    return f"⚠ {say('editor.flagged', reason=reason)}"


def _one(item: Json) -> None:
    with st.container(border=True, key="verified_one"):
        st.markdown(f"**{plain(item['question'])}**")
        for other in item["also"]:
            st.caption(f"= {plain(other)}")
        if item["flag"]:
            st.warning(_status(item).removeprefix("⚠ "), icon=":material/history:")
        st.markdown(plain(item["answer"]))
        for number, citation in enumerate(item["citations"]):
            st.caption(f"{plain(citation['title'])} · {plain(citation['shown_as'])}")
            st.html(passages.quote_html(citation["quote"]))
            st.button(
                say("editor.open"),
                key=f"verified_passage_{number}",
                type="tertiary",
                icon=":material/find_in_page:",
                on_click=show_passage,
                args=(passage_of({"page": None, **citation}),),
            )
        name = st.text_input(
            say("editor.name"), value=st.session_state.get("editor_name", ""), key="verified_name"
        )
        with st.container(horizontal=True):
            if st.button(say("editor.confirm"), key="verified_confirm", icon=":material/verified_user:"):
                operations().confirm_verified(item["id"], name)
                st.session_state["editor_name"] = name
                _done(say("editor.confirmed"))
            if st.button(say("editor.remove"), key="verified_remove", icon=":material/delete:"):
                operations().remove_verified(item["id"])
                _done(say("editor.removed"))


def _done(message: str) -> None:
    tell("verified", message)
    st.rerun()
