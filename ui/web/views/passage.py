"""The panel beside the chat that shows a cited passage in its document."""

from __future__ import annotations

import html
from typing import Any

import streamlit as st

from ui.errors import EXPECTED, NotFoundError
from ui.explained import explained_lines
from ui.texts import t
from ui.web import grounds, passages, tables
from ui.web.presenting import file_name, place
from ui.web.resources import operations
from ui.web.session import close_passage, language, passage, plain, say, show_error
from ui.web.turns import Passage, explained_hit
from ui.web.views.figures import show_figures, show_figures_beside
from ui.web.views.recognition import tell_confidence

Json = dict[str, Any]

_SCALE = 2.0  # pixels a point: sharp at the panel's width
_WIDTH = 800


def panel(chosen: Passage) -> None:
    """Open the panel; it stays open through re-runs until the reader closes it."""

    def draw() -> None:
        current = passage() or chosen
        try:
            _draw(current)
        except EXPECTED as error:
            show_error(error)

    st.dialog(say("passage"), width=_WIDTH, position="right", on_dismiss=close_passage)(draw)()


def _draw(chosen: Passage) -> None:
    where = place(
        {
            "format": chosen.format, "page": chosen.page, "page_label": chosen.page_label,
            "locator": chosen.locator, **chosen.facts,
        },
        language(),
    )  # fmt: skip
    if chosen.claim:
        _verdict(chosen)
    if not chosen.document:
        return
    st.markdown(f"**{plain(chosen.title)}**" + (f" · {plain(where)}" if where else ""))
    if chosen.claim:
        st.html(grounds.comparison_html(chosen.claim, chosen.quote, language(), verdict=chosen.verdict))
    else:
        st.html(passages.quote_html(chosen.quote))
    document = _document(chosen)
    if document is None:
        st.warning(say("changed"), icon=":material/history:")
    else:
        _in_document(chosen, document)
    if chosen.asked:
        _why_found(chosen)
    st.caption(say("open_original"), help=say("open_original_help"))
    st.code(chosen.shown_as, language=None, wrap_lines=True)
    if document is not None:
        _download(chosen)


def _why_found(chosen: Passage) -> None:
    """Why search found the passage; it is searched anew when someone wants to know."""
    fold = st.expander(say("why_found"), icon=":material/troubleshoot:", key="why_found", on_change="rerun")
    with fold:
        if not fold.open:
            return
        hits = operations().search(chosen.asked, scope=chosen.scope, explain=True)
        hit = explained_hit(hits, chosen.document, chosen.start, chosen.end)
        if hit is None:
            st.info(say("why_found_none"), icon=":material/info:")
            return
        st.markdown("\n".join(f"- {plain(line)}" for line in explained_lines(hit["explain"], language())))


def _verdict(chosen: Passage) -> None:
    """The sentence's verdict with its reasons; the sentence too where there is no quote to stand beside."""
    name = t(language(), "web", f"verdict.{chosen.verdict}")
    label = f"{grounds.ICONS[chosen.verdict]} {name}"
    told = grounds.why({"verdict": chosen.verdict, "reasons": chosen.reasons}, language())
    st.html(f'<div class="k-verdict"><b>{html.escape(label)}</b> {html.escape(told)}</div>')
    if not chosen.document:
        st.html(f'<div class="k-claim">{html.escape(chosen.claim)}</div>')
        if chosen.verdict == "unchecked":  # nobody looked, so nothing is known to be missing
            st.info(say("compared.unread"), icon=":material/hourglass_disabled:")
        else:
            st.info(say("compared.nothing"), icon=":material/search_off:")


def _document(chosen: Passage) -> Json | None:
    """The document, if it is still there and still says what was cited."""
    try:
        document = operations().document(chosen.document)
    except NotFoundError:
        return None
    if not passages.still_holds(document, chosen.start, chosen.end, chosen.quote):
        return None
    return document


def _in_document(chosen: Passage, document: Json) -> None:
    if passages.is_description(document, chosen.start, chosen.end):
        st.warning(say("quote_described"), icon=":material/image_search:")
    match passages.kind_of(document, chosen.start, chosen.end):
        case "page":
            _page(chosen, document)
        case "table":
            st.caption(say("row_note"))
            st.html(_table(chosen, document))
        case "slide":
            page = passages.page_of(document, chosen.start)
            low, high = (page["start"], page["end"]) if page else (0, len(document["text"]))
            start, end = max(chosen.start, low) - low, min(chosen.end, high) - low
            st.html(passages.marked_text(document["text"][low:high], start, end))
        case _:
            st.html(passages.marked_text(document["text"], chosen.start, chosen.end))
    show_figures_beside(document, chosen.start, chosen.end)


def _table(chosen: Passage, document: Json) -> str:
    start, end = chosen.start, chosen.end
    if (table := tables.table_at(document, start, end)) is not None:
        return tables.table_html(document, table, start, end, chosen.cell)
    return passages.table_html(passages.cell_rows(document, start, end))


def _page(chosen: Passage, document: Json) -> None:
    boxes = operations().boxes(chosen.document, chosen.start, chosen.end)
    cited = boxes[0]["page"] if boxes else chosen.page or 1
    number = int(st.session_state.get("passage_page") or cited)
    total = len(document["pages"])
    _turn_pages(number, cited, total)
    for page in document["pages"]:
        if page["number"] == number:
            tell_confidence(page)
    image = operations().page_image(chosen.document, number, scale=_SCALE)
    here = [box for box in boxes if box["page"] == number]
    cell = [box for box in _cell_boxes(chosen) if box["page"] == number]
    with st.container(border=True, key="page_image"):
        st.image(passages.highlight(image, here, _SCALE, cell), width="stretch", output_format="PNG")
    show_figures(document, number, image, _SCALE)
    if not boxes:
        st.info(say("no_boxes"), icon=":material/info:")
        st.html(passages.marked_text(document["text"], chosen.start, chosen.end))


def _cell_boxes(chosen: Passage) -> list[Json]:
    """Where the cell of the cited row lies, nowhere when no cell was cited or it is all of the passage."""
    cell = chosen.cell
    if cell is None or (cell["start"], cell["end"]) == (chosen.start, chosen.end):
        return []
    return operations().boxes(chosen.document, cell["start"], cell["end"])


def _turn_pages(number: int, cited: int, total: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="page_bar"):
        for name, icon, target in (
            ("previous_page", ":material/chevron_left:", number - 1),
            ("next_page", ":material/chevron_right:", number + 1),
        ):
            st.button(
                say(name),
                icon=icon,
                key=name,
                disabled=not 1 <= target <= total,
                on_click=_go_to,
                args=(target,),
            )
        st.caption(say("of_pages", number=number, all=total))
        if number != cited:
            st.button(say("cited_page"), type="tertiary", key="cited_page", on_click=_go_to, args=(cited,))


def _go_to(number: int) -> None:
    st.session_state["passage_page"] = number


def _download(chosen: Passage) -> None:
    st.download_button(
        say("download"),
        data=lambda: operations().original(chosen.document)[1],
        file_name=file_name(chosen.shown_as),
        icon=":material/download:",
        key="download_original",
        on_click="ignore",
    )
