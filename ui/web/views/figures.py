"""The figures of a page, cut out of its picture, with their captions."""

from __future__ import annotations

from typing import Any

import streamlit as st

from ui.web import passages
from ui.web.session import plain, say

Json = dict[str, Any]

_MOST = 6


def show_figures(document: Json, number: int, image: bytes, scale: float) -> None:
    """The figures on page `number` (1-based); `image` is the page as PNG, `scale` pixels a point."""
    found = [figure for figure in document.get("figures") or () if figure["page"] == number][:_MOST]
    if not found:
        return
    with st.expander(say("figures", number=len(found)), icon=":material/image:"):
        for figure in found:
            caption = document["text"][figure["start"] : figure["end"]]
            part = passages.cut_out(image, figure, scale)
            st.image(part, caption=plain(caption) or None, output_format="PNG")
