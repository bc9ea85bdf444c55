"""The page on which the company's words are edited."""

from __future__ import annotations

from typing import Any

import streamlit as st

from ui.reasons import error_in
from ui.web.allowed import may
from ui.web.resources import operations
from ui.web.session import errors_shown, language, plain, say, show_told, tell
from ui.web.words import word_rows, words_of

Json = dict[str, Any]


def page() -> None:
    """Draw the dictionary."""
    st.title(say("dictionary"), anchor=False)
    st.caption(say("dictionary_more"))
    with errors_shown():
        found = operations().dictionary()
        if found["problems"]:
            _problems(found)
        else:
            _editor(found)
    show_told("dictionary")


def _problems(found: Json) -> None:
    """A file with mistakes is not rewritten from here: that would lose the rows that are wrong."""
    st.warning(say("dictionary_problems", path=plain(found["path"])), icon=":material/rule:")
    config = st.column_config
    st.dataframe(
        [
            {
                "row": problem["row"],
                "field": problem["field"],
                "message": error_in(language(), problem["message"]),
            }
            for problem in found["problems"]
        ],
        hide_index=True,
        key="dictionary_problems",
        column_config={
            "row": config.NumberColumn(say("column_row"), width=60),
            "field": config.TextColumn(say("column_field"), width=90),
            "message": config.TextColumn(say("reason")),
        },
    )
    st.dataframe(
        word_rows(found["entries"]), hide_index=True, key="dictionary_rows", column_config=_columns()
    )


def _editor(found: Json) -> None:
    if not may("save_dictionary"):
        st.dataframe(
            word_rows(found["entries"]), hide_index=True, key="dictionary_read", column_config=_columns()
        )
        return
    turn = st.session_state.setdefault("dictionary_turn", 0)
    rows = word_rows(found["entries"]) or [{"term": "", "reading": "", "synonyms": ""}]
    edited = st.data_editor(
        rows, num_rows="dynamic", hide_index=True, key=f"dictionary{turn}", column_config=_columns()
    )
    if st.button(say("dictionary_save"), type="primary", icon=":material/save:", key="dictionary_save"):
        entries = words_of(edited)
        operations().save_dictionary(entries)
        st.session_state["dictionary_turn"] = turn + 1  # a new key lets the table show what was saved
        tell("dictionary", say("dictionary_saved", number=len(entries)))
        st.rerun()


def _columns() -> Json:
    config = st.column_config
    return {
        "term": config.TextColumn(say("column_term"), width="medium", max_chars=100),
        "reading": config.TextColumn(say("column_reading"), width="medium"),
        "synonyms": config.TextColumn(say("column_synonyms"), width="large", help=say("synonyms_help")),
    }
