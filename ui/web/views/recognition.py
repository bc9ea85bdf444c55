"""How surely the text of a page was read from its picture."""

from __future__ import annotations

from typing import Any

import streamlit as st

from ingestion.readers.recognised_text import LOW_CONFIDENCE
from ui.web.session import say


def tell_confidence(page: dict[str, Any]) -> None:
    """Say it when the page's text was read from a picture, and warn when that went badly."""
    confidence = page.get("confidence")
    if confidence is None:
        return
    text = say("read_from_picture", percent=round(100 * confidence))
    if confidence < LOW_CONFIDENCE:
        st.warning(f"{text} {say('unsure')}", icon=":material/warning:")
    else:
        st.caption(text)
