"""The page on which evaluations are read and compared, and questions from the own library are reviewed."""

from __future__ import annotations

import streamlit as st

from ui.web.session import errors_shown, passage, say
from ui.web.views import comparison, made_questions, reports
from ui.web.views import passage as passage_panel

ROOMS = ("reports", "compare", "questions")


def page() -> None:
    """Draw the room that is open; only this one asks for its data."""
    with st.container(key="quality"):
        st.title(say("quality.title"), anchor=False)
        st.caption(say("quality.more_about"))
        names = {name: say(f"quality.{name}_room") for name in ROOMS}
        room = st.segmented_control(
            say("quality.title"), list(names), format_func=lambda key: names[key], default="reports",
            required=True, key="quality_room", label_visibility="collapsed",
        )  # fmt: skip
        with errors_shown():
            match room:
                case "compare":
                    comparison.section()
                case "questions":
                    made_questions.section()
                case _:
                    reports.section()
            if (opened := passage()) is not None:
                passage_panel.panel(opened)
