"""The chat page: conversations, questions, and answers that show their grounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import streamlit as st

from ui.errors import NotFoundError
from ui.reasons import error_in
from ui.web.components import turn
from ui.web.exporting import answer_docx
from ui.web.presenting import turn_view
from ui.web.resources import operations
from ui.web.running import Run
from ui.web.scopes import asked_in
from ui.web.session import (
    conversation,
    errors_shown,
    examples,
    language,
    open_conversation,
    passage,
    plain,
    runs,
    say,
    show_passage,
)
from ui.web.turns import TurnState, passage_at, stored_turns
from ui.web.views import passage as passage_panel
from ui.web.views import who_answers
from ui.web.views.responding import controls, forget_told, given_feedback
from ui.web.views.scope import choose_scope
from ui.web.views.tasks import choose_task, progress_bar, task_hint

Json = dict[str, Any]

_POLL_SECONDS = 0.25
_LISTED = 30


def page() -> None:
    """Draw the open conversation and the field for the next question."""
    with errors_shown():
        status = operations().status()
        documents = operations().documents()
        messages = _messages()
        run = _run(messages)
        turns = stored_turns(messages[: run.base] if run else messages)
        if not turns and run is None:
            _welcome(status, documents)
        else:
            _header(messages)
        given = given_feedback(conversation()) if turns else {}
        for index, state in enumerate(turns):
            newest = run is None and index == len(turns) - 1
            _turn(state, index, documents, last=newest, given=given)
        if run is not None:
            _turn(run.state, len(turns), documents, run=run)
        _model_notes(status)
        if documents:
            _input(documents, run)
        _open_passage()


def sidebar() -> None:
    """Draw the list of conversations."""
    with errors_shown():
        st.button(
            say("new_chat"),
            icon=":material/edit_square:",
            width="stretch",
            on_click=open_conversation,
            args=(None,),
            key="new_chat",
        )
        query = st.text_input(
            say("search_chats"),
            key="search_chats",
            placeholder=say("search_chats"),
            label_visibility="collapsed",
            icon=":material/search:",
        )
        found = operations().conversations(search=query or "")
        listed = [item for item in found if item["messages"] or item["id"] == conversation()]
        if not listed:
            st.caption(say("no_chats_found", query=plain(query)) if query else say("no_chats"))
        shown = st.session_state.get("chats_shown", _LISTED)
        with st.container(key="chats", gap=None):
            for item in listed[:shown]:
                _conversation_link(item)
        if len(listed) > shown:
            st.button(say("older", number=len(listed) - shown), type="tertiary", on_click=_show_older)


def _conversation_link(item: Json) -> None:
    active = item["id"] == conversation()
    st.button(
        plain(_short(item["title"] or say("untitled"), 40)),
        key=f"{'open_chat' if active else 'chat'}_{item['id']}",
        type="secondary" if active else "tertiary",
        width="stretch",
        on_click=open_conversation,
        args=(item["id"],),
        wrap=False,
    )


def _show_older() -> None:
    st.session_state["chats_shown"] = st.session_state.get("chats_shown", _LISTED) + _LISTED


def _short(text: str, length: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def _messages() -> Sequence[Json]:
    chosen = conversation()
    if chosen is None:
        return ()
    try:
        found = operations().conversation(chosen)
    except NotFoundError:
        open_conversation(None)
        st.info(say("gone_chat"), icon=":material/info:")
        return ()
    st.session_state["conversation_title"] = found["title"]
    st.session_state["conversation_adapter"] = found.get("adapter")
    messages: list[Json] = found["messages"]
    return messages


def _run(messages: Sequence[Json]) -> Run | None:
    """The answer on its way in this conversation, until its whole turn is stored."""
    run = runs().get(conversation() or "")
    if run is None:
        return None
    if not run.running and not run.state.error and len(messages) >= run.base + 2:
        del runs()[conversation() or ""]
        return None
    return run


# --- drawing


def _welcome(status: Json, documents: Sequence[Json]) -> None:
    with st.container(key="welcome", horizontal_alignment="center"):
        if not documents:
            st.title(say("empty_title"), anchor=False, text_alignment="center")
            st.markdown(say("empty_more"), text_alignment="center")
            if st.button(say("open_library"), icon=":material/folder_open:", type="primary"):
                st.switch_page(st.session_state["pages"]["library"])
            return
        st.title(say("hello"), anchor=False, text_alignment="center")
        st.markdown(say("hello_more", documents=status["documents"]), text_alignment="center")
        st.caption(say("try_first"))
        with st.container(horizontal=True, horizontal_alignment="center", key="examples"):
            for index, question in enumerate(examples()):
                st.button(question, key=f"example{index}", on_click=_ask, args=(question,))


def _header(messages: Sequence[Json]) -> None:
    chosen = conversation()
    if chosen is None:
        return
    title = st.session_state.get("conversation_title") or say("untitled")
    with st.container(horizontal=True, vertical_alignment="center", key="chat_header"):
        st.subheader(plain(_short(title, 70)), anchor=False)
        with st.popover("", icon=":material/more_horiz:", help=say("menu"), key="chat_menu", type="tertiary"):
            with st.form("rename_form", border=False):
                name = st.text_input(say("title"), value=title, key=f"rename_{chosen}", max_chars=200)
                if st.form_submit_button(say("rename"), icon=":material/edit:") and name.strip():
                    operations().rename_conversation(chosen, name.strip())
                    st.rerun()
            st.divider()
            st.caption(say("confirm_delete_chat"))
            st.button(
                say("delete_chat"),
                icon=":material/delete:",
                key="delete_chat",
                on_click=_delete_conversation,
                args=(chosen,),
            )


def _delete_conversation(chosen: str) -> None:
    run = runs().pop(chosen, None)
    if run is not None:
        run.stop()
    with errors_shown():
        operations().delete_conversation(chosen)
    open_conversation(None)


def _turn(
    state: TurnState,
    index: int,
    documents: Sequence[Json],
    *,
    run: Run | None = None,
    last: bool = True,
    given: Mapping[Any, Json] | None = None,
) -> None:
    """A question with its answer; `run` is what still writes it.

    The answer is a fragment at the same place before and after it is stored. So a click in it is kept while
    the page is drawn anew: Streamlit forgets the clicks of a fragment that a run did not draw again.
    """
    with st.chat_message("user", avatar=":material/person:"):
        st.text(state.question)
    name = f"{conversation()}_turn{index}"
    scope = asked_in(state.scope, documents, language())
    with st.chat_message("assistant", avatar=":material/verified:"):
        every = _POLL_SECONDS if run is not None and run.running else None
        st.fragment(_answer, run_every=every)(state, run, name, scope, last=last)
        if state.answer is not None:
            who_answers.learnt(state.answer)
            _export(state, name, scope)
        if state.message is not None:
            controls(state, conversation() or "", given or {}, partial(_ask, verified=False))


def _answer(state: TurnState, run: Run | None, name: str, scope: str, *, last: bool) -> None:
    if run is not None:
        state = run.state
    view = {**turn_view(state, language(), scope=scope), "last": last}
    turn()(data=view, key=name, on_open_change=partial(_open_clicked, state, name))
    if run is not None:
        _follow(run, state)


def _open_clicked(state: TurnState, name: str) -> None:
    """Open what was clicked in the answer as it was drawn; called also when its run is broken off."""
    clicked = st.session_state[name]["open"]
    if (found := passage_at(state, clicked)) is not None:
        show_passage(found)
        st.rerun()  # the panel is no part of the answer's fragment


def _follow(run: Run, state: TurnState) -> None:
    if run.running and not state.finished:
        progress_bar(state.progress)
        st.button(say("stop"), icon=":material/stop_circle:", key="stop", on_click=run.stop)
    if not run.running and st.session_state.get("followed") is not run:
        st.session_state["followed"] = run  # one full run more, to show the stored turn
        st.rerun()


def _export(state: TurnState, name: str, scope: str) -> None:
    st.download_button(
        say("export"),
        data=partial(answer_docx, state, language(), scope=scope, now=datetime.now().astimezone()),
        file_name=f"{say('export_name')}.docx",
        mime="application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        key=f"export_{name}",
        icon=":material/description:",
        type="tertiary",
        on_click="ignore",
    )


def _model_notes(status: Json) -> None:
    chat, embedder = status["chat"], status["embedder"]
    if not embedder["present"]:
        st.warning(say("no_embedder", name=plain(embedder["name"])), icon=":material/deployed_code_alert:")
    elif not chat["present"]:
        st.warning(say("no_model", name=plain(chat["name"])), icon=":material/deployed_code_alert:")
    elif status.get("warm") == "failed":
        st.error(
            say("model_failed", error=plain(error_in(language(), status.get("warm_error") or ""))),
            icon=":material/error:",
        )
    elif status.get("warm") == "loading":
        st.caption(say("model_loading"))


def _input(documents: Sequence[Json], run: Run | None) -> None:
    with st.bottom, st.container(key="ask_bar", gap="xsmall"):
        with st.container(horizontal=True, key="ask_choices", gap="xsmall"):
            choose_scope(documents)
            who_answers.control(st.session_state.get("conversation_adapter"))
        busy = run is not None and run.running
        choice = choose_task(documents, busy=busy)
        question = st.chat_input(
            say("busy") if busy else say("ask") if choice.task == "answer" else task_hint(choice),
            key="question", disabled=busy, max_chars=2000,
        )  # fmt: skip
        text = (question or "").strip()
        if not (text or choice.pressed):
            return
        if lacking := choice.lacks(text):
            st.warning(lacking, icon=":material/info:")
            return
        _ask(choice.shown(text, documents), begin=partial(choice.begin, text))
        st.rerun()


def _ask(
    question: str, *, verified: bool = True, begin: Callable[..., Callable[..., Iterator[Json]]] | None = None
) -> None:
    """Start the answer; it goes on by itself while the page is drawn again and again.

    `begin` gives another stream than that of a question, by its conversation and scope.
    """
    forget_told()
    with errors_shown():
        chosen = conversation()
        if chosen is None:
            chosen = str(operations().new_conversation(title=_short(question, 80))["id"])
            open_conversation(chosen)
            who_answers.begun(chosen)
        base = len(operations().conversation(chosen)["messages"])
        scope = st.session_state.get("scope")
        begin = begin or partial(partial, operations().ask, question, verified=verified)
        runs()[chosen] = Run(question, scope, begin(conversation=chosen, scope=scope), base=base)


def _open_passage() -> None:
    chosen = passage()
    if chosen is not None:
        passage_panel.panel(chosen)
