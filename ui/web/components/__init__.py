"""Local components of the page: their script and style are read from this folder, nothing from elsewhere."""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any

import streamlit as st


@functools.cache
def turn() -> Any:
    """The component that draws one answer with its cards and chips.

    Mounted with the value of `presenting.turn_view`; its trigger `open` is the key of what was clicked.
    """
    folder = resources.files(__name__)
    return st.components.v2.component(
        "konkyo_turn",
        html='<div class="turn"></div>',
        css=folder.joinpath("turn.css").read_text("utf-8"),
        js=folder.joinpath("turn.js").read_text("utf-8"),
    )
