"""The page on which examples are reviewed, adapters are trained, proven, published and taken back."""

from __future__ import annotations

import streamlit as st

from ui.web.session import errors_shown, passage, say
from ui.web.views import passage as passage_panel
from ui.web.views import training_adapters, training_examples, training_runs, work

ROOMS = ("examples", "train", "adapters")


def page() -> None:
    """Draw the room that is open; only this one asks for its data."""
    with st.container(key="training"):
        st.title(say("training.title"), anchor=False)
        st.caption(say("training.more_about"))
        names = {name: say(f"training.{name}_room") for name in ROOMS}
        room = st.segmented_control(
            say("training.title"), list(names), format_func=lambda key: names[key], default="examples",
            required=True, key="training_room", label_visibility="collapsed",
        )  # fmt: skip
        with errors_shown():
            work.shown()
        with errors_shown():
            match room:
                case "train":
                    training_runs.section()
                case "adapters":
                    training_adapters.section()
                case _:
                    training_examples.section()
            if (opened := passage()) is not None:
                passage_panel.panel(opened)
