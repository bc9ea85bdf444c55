"""Which adapter answers in the chat, and for testers the choice of another one for a conversation."""

from __future__ import annotations

from typing import Any

import streamlit as st

from ui.web import adapted
from ui.web.resources import operations
from ui.web.session import conversation, errors_shown, language, plain, say

Json = dict[str, Any]


def learnt(answer: Json | None) -> None:
    """Which adapter an answer came from, where it was one."""
    if answer is not None and answer.get("adapter"):
        model, adapter = plain(answer["model"]), plain(answer["adapter"])
        st.caption(say("training.answered_by", model=model, adapter=adapter))


def control(chosen: str | None) -> None:
    """A button that names who answers in the open conversation, and opens the choice.

    `chosen` is what is stored for it; what is chosen for a new one waits for its first question (`kept`).
    """
    publication, adapters = operations().publication(), operations().adapters()
    opened = conversation()
    current = chosen if opened is not None else st.session_state.get("adapter_choice")
    names = adapted.choice_names(publication, adapters, language())
    if len(names) == 2 and current is None:
        return  # there is no adapter that could answer
    answers = names.get(current, current) if current else publication["current"] or say("training.base_model")
    with st.popover(
        plain(say("training.answers", adapter=answers)), icon=":material/model_training:", type="tertiary",
        key="who_answers",
    ):  # fmt: skip
        st.caption(plain(adapted.now_answers(publication, language())))
        # Another choice, also of another tab, is another field: one that is kept would show the old one.
        key = f"answers_{opened}_{current}_{st.session_state.get('adapter_turn', 0)}"
        st.selectbox(
            say("training.choice"), list(names), key=key, format_func=lambda name: names[name],
            index=list(names).index(current) if current in names else 0, help=say("training.choice_help"),
            on_change=_keep, args=(opened, key),
        )  # fmt: skip


def _keep(opened: str | None, key: str) -> None:
    picked = st.session_state[key]
    if opened is None:
        st.session_state["adapter_choice"] = picked
        return
    with errors_shown():
        operations().choose_adapter(opened, picked)


def begun(opened: str) -> None:
    """A new conversation has its id now: what was chosen for it counts from its first question."""
    st.session_state["adapter_turn"] = st.session_state.get("adapter_turn", 0) + 1  # the next is a new choice
    if (kept := st.session_state.pop("adapter_choice", None)) is not None:
        with errors_shown():  # a reader may choose what is published only
            operations().choose_adapter(opened, kept)
