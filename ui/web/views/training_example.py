"""One example in full: its words to be changed, its evidence beside its documents, and what to decide."""

from __future__ import annotations

from typing import Any

import streamlit as st

from ui.example_texts import words
from ui.moments import day
from ui.web import passages, reviewing, tuning
from ui.web.presenting import place
from ui.web.resources import operations
from ui.web.session import errors_shown, language, plain, say, show_passage, tell
from ui.web.turns import Passage

Json = dict[str, Any]

_HEIGHTS = {"question": 68, "answer": 120, "rejected": 120}


def card(one: Json) -> None:
    """Draw it; a decision opens the next one."""
    with st.container(border=True, key="example_card"):
        _head(one)
        if one["set_aside"]:
            told = reviewing.problem_text(one, language())
            st.warning(say("training.set_aside", reason=plain(told)), icon=":material/link_off:")
            edited: Json = {}
        else:
            if one["problem"]:
                told = reviewing.problem_text(one, language())
                st.markdown(f":orange-badge[:material/flag: {plain(told)}]")
            edited = _wording(one)
            _sources(one)
            _original(one)
        _decide(one, edited)


def _head(one: Json) -> None:
    facts = [
        reviewing.status_text(one["status"], language()),
        words(language(), f"kinds.{one['kind']}"),
        tuning.known(language(), "splits", one["split"]),
        reviewing.filter_name("origin", one["origin"], language()),
        f"@{one['assignee']}" if one["assignee"] else "",
        one["licence"],
    ]
    if one["changed_by"]:
        facts.append(say("training.reviewed", by=one["changed_by"], date=day(one["changed_at"])))
    st.caption(" · ".join(plain(fact) for fact in facts if fact))


# --- its words


def _wording(one: Json) -> Json:
    """Fields with its words as they are; what is in them now."""
    edited: Json = {}
    for message in one["messages"][:-1]:
        st.caption(plain(f"{message['role']}: {message['content']}"))
    for name, height in _HEIGHTS.items():
        if one[name] or (name == "question" and one["kind"] == "answer"):
            edited[name] = st.text_area(
                words(language(), f"fields.{name}"), value=one[name], key=_key(name, one), height=height
            )
    if one["messages"]:
        reply = st.text_area(
            words(language(), "fields.reply"), value=one["messages"][-1]["content"], key=_key("reply", one)
        )
        edited["messages"] = reviewing.edited_messages(one["messages"], reply)
    if one["kind"] == "answer":
        told = st.text_area(
            say("training.accepted_strings"), value="\n".join(one["accepted"]), key=_key("strings", one),
            height=68,
        )  # fmt: skip
        edited["accepted"] = [line.strip() for line in told.splitlines() if line.strip()]
        edited["answerable"] = st.toggle(
            say("training.answerable"), value=one["answerable"], key=_key("answerable", one)
        )
    return edited


def _key(name: str, one: Json) -> str:
    """A field of this version of this example: after another's change it holds the new words."""
    return f"example_{name}_{one['id']}_{one['version']}"


def _sources(one: Json) -> None:
    if not one["evidence"]:
        return
    st.markdown(f"**{say('training.sources')}**")
    documents = {document["document"]: document for document in one["documents"]}
    for number, source in enumerate(one["evidence"], start=1):
        document = documents.get(source["document"], {})
        where = place({"format": "", **source}, language())
        parts = (f"[{number}]", document.get("title") or source["heading"], where, document.get("shown_as"))
        st.caption(" · ".join(plain(part) for part in parts if part))
        st.html(passages.quote_html(source["text"]))
        if document.get("present"):
            st.button(
                say("training.open_passage"), key=f"example_passage_{one['id']}_{number}", type="tertiary",
                icon=":material/find_in_page:", on_click=show_passage, args=(_passage(source, document),),
            )  # fmt: skip


def _passage(source: Json, document: Json) -> Passage:
    return Passage(
        document=source["document"], start=source["start"], end=source["end"], quote=source["text"],
        title=document["title"] or "", format="", page=source["page"], page_label=None, locator=None,
        shown_as=document["shown_as"] or "",
    )  # fmt: skip


def _original(one: Json) -> None:
    original = one["original"]
    if not original:
        return
    with st.expander(say("training.original"), icon=":material/history:", key="example_original"):
        for name in _HEIGHTS:
            if original[name]:
                st.markdown(f":gray[{words(language(), f'fields.{name}')}]  \n{plain(original[name])}")
        for message in original["messages"] or ():
            st.caption(plain(f"{message['role']}: {message['content']}"))


# --- what becomes of it


def _decide(one: Json, edited: Json) -> None:
    by = st.text_input(
        say("training.by"), value=st.session_state.get("editor_name", ""), key="example_by", width=240
    )
    changes = reviewing.changes_of(one, edited)
    open_now = one["status"] in ("new", "rejected")
    with st.container(horizontal=True, vertical_alignment="bottom", key="example_buttons"):
        if (open_now or changes) and st.button(
            say("training.accept_changed" if changes else "training.accept"), type="primary",
            icon=":material/check:", key=f"accept_{one['id']}", disabled=bool(one["set_aside"]),
        ):  # fmt: skip
            _review(one, "accept", by, changes)
        if one["status"] != "rejected" and st.button(
            say("training.reject"), icon=":material/close:", key=f"reject_{one['id']}"
        ):
            _review(one, "reject", by, {})
        if one["status"] != "new" and st.button(
            say("training.reopen"), icon=":material/undo:", key=f"reopen_{one['id']}", type="tertiary"
        ):
            _review(one, "reopen", by, {})
        with st.popover(say("training.assign"), icon=":material/person_add:", key=f"assign_more_{one['id']}"):
            whom = st.text_input(say("training.assign_to"), value=one["assignee"], key=_key("whom", one))
            if st.button(say("training.assign"), key=f"assign_{one['id']}"):
                _assign(one, whom.strip(), by)


def _review(one: Json, act: str, by: str, changes: Json) -> None:
    with errors_shown():
        decision = {"id": one["id"], "act": act, "version": one["version"]}
        if changes:
            decision["changes"] = changes
        operations().review_examples([decision], by=by)
        st.session_state["example_turn"] += 1  # a new list begins with the next one
        st.session_state.pop("example_open", None)
        _done(act, by)


def _assign(one: Json, whom: str, by: str) -> None:
    with errors_shown():
        operations().assign_examples([one["id"]], whom, by=by)
        _done("assign", by)


def _done(act: str, by: str) -> None:
    st.session_state["editor_name"] = by
    tell("training", say(f"training.done_{act}"))
    st.rerun()
