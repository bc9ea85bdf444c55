"""The figures beside a passage, with their captions: cut out of a page, or taken out of the file."""

from __future__ import annotations

from typing import Any

import streamlit as st

from ingestion.described import without_marks
from ui.errors import EXPECTED
from ui.reasons import error_in
from ui.web import passages
from ui.web.resources import operations
from ui.web.session import language, plain, say

Json = dict[str, Any]

_MOST = 6


def show_figures(document: Json, number: int, image: bytes, scale: float) -> None:
    """The figures on page `number` (1-based); `image` is the page as PNG, `scale` pixels a point."""
    found = [figure for figure in document.get("figures") or () if figure["page"] == number][:_MOST]
    if not found:
        return
    with st.expander(say("figures", number=len(found)), icon=":material/image:"):
        for figure in found:
            _show(document, figure, passages.cut_out(image, figure, scale))


def show_figures_beside(document: Json, start: int, end: int) -> None:
    """The pictures of an Office file on the slide, or in the section, of a passage."""
    found = passages.figures_beside(document, start, end)[:_MOST]
    if not found:
        return
    with st.expander(say("figures_beside", number=len(found)), icon=":material/image:"):
        for place in found:
            try:
                image = operations().figure_image(document["id"], place)
            except EXPECTED as error:  # one picture that cannot be shown must not cost the others
                st.caption(plain(error_in(language(), str(error))))
            else:
                _show(document, document["figures"][place], image)


def _show(document: Json, figure: Json, image: bytes) -> None:
    caption = document["text"][figure["start"] : figure["end"]]
    st.image(image, caption=plain(caption) or None, output_format="PNG")
    said = document["text"][figure["described_start"] : figure["described_end"]]
    if said:
        st.caption(plain(say("figure_described", text=without_marks(said))))
