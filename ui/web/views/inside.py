"""Panels of the library: a document with its chunks outlined, and the question before it is deleted."""

from __future__ import annotations

from typing import Any, Literal

import streamlit as st

from ui.errors import EXPECTED
from ui.reasons import warning_in
from ui.texts import texts
from ui.web import passages
from ui.web.listing import title_of
from ui.web.resources import operations
from ui.web.session import errors_shown, language, plain, say, show_error
from ui.web.views.recognition import tell_confidence

Json = dict[str, Any]

_SCALE = 1.5
_WIDTH = 1100
_CHUNKS_AT_ONCE = 30


def show(document: str, what: Literal["preview", "delete"]) -> None:
    """Open a panel at the next drawing of the page."""
    st.session_state["inside"] = (document, what)
    st.session_state.pop("chunks_listed", None)


def _close() -> None:
    st.session_state.pop("inside", None)


def panel() -> None:
    """Draw the open panel, if there is one."""
    opened = st.session_state.get("inside")
    if opened is None:
        return
    document, what = opened
    if what == "delete":
        st.dialog(say("delete_document"), on_dismiss=_close)(_delete)(document)
    else:
        st.dialog(say("preview_of"), width=_WIDTH, position="right", on_dismiss=_close)(_preview)(document)


def _delete(chosen: str) -> None:
    try:
        document = operations().document(chosen)
        uploads = {source["source"] for source in operations().sources() if source.get("uploads")}
    except EXPECTED as error:
        show_error(error)
        return
    st.write(say("confirm_delete", title=plain(title_of(document))))
    uploaded = any(location["source"] in uploads for location in document["locations"])
    st.caption(say("confirm_delete_upload" if uploaded else "confirm_delete_folder"))
    with st.container(horizontal=True):
        if st.button(say("really_delete"), type="primary", icon=":material/delete:", key="really_delete"):
            with errors_shown():
                operations().remove_document(chosen)
                _close()
                _close()
                st.toast(say("deleted", title=plain(title_of(document))), icon=":material/check:")
                st.rerun()
        if st.button(say("cancel"), key="keep"):
            _close()
            st.rerun()


def _preview(chosen: str) -> None:
    try:
        document = operations().document(chosen)
        st.markdown(f"**{plain(title_of(document))}**")
        names = [say("chunks_tab", number=len(document["chunks"])), say("facts_tab")]
        if document["format"] in passages.PAGE_FORMATS:
            tabs = st.tabs([say("pages_tab"), *names])
            with tabs[0]:
                _pages(document)
            rest = tabs[1:]
        else:
            rest = st.tabs(names)
        with rest[0]:
            _chunks(document)
        with rest[1]:
            _facts(document)
    except EXPECTED as error:
        show_error(error)


def _pages(document: Json) -> None:
    """One page as it looks, beside the text that was read from it."""
    total = len(document["pages"])
    number = 1
    if total > 1:
        number = int(st.number_input(say("page_number"), 1, total, 1, key=f"page_{document['id']}"))
    page = document["pages"][number - 1]
    tell_confidence(page)
    left, right = st.columns(2)
    with left, st.container(border=True, key="page_image"):
        image = operations().page_image(document["id"], number, scale=_SCALE)
        groups = _outlined(document, page)
        st.image(passages.outline(image, groups, _SCALE), width="stretch", output_format="PNG")
    with right:
        text = document["text"][page["start"] : page["end"]]
        st.caption(say("read_text", number=len(text)))
        st.html(passages.page_text_html(text))


def _outlined(document: Json, page: Json) -> list[tuple[str, list[Json]]]:
    """The boxes on the page of each chunk that lies on it, by the chunk's number."""
    groups = []
    for index, chunk in enumerate(document["chunks"], start=1):
        start, end = max(chunk["start"], page["start"]), min(chunk["end"], page["end"])
        if start < end:
            boxes = operations().boxes(document["id"], start, end)
            groups.append((str(index), [box for box in boxes if box["page"] == page["number"]]))
    return groups


def _chunks(document: Json) -> None:
    listed = st.session_state.get("chunks_listed", _CHUNKS_AT_ONCE)
    text = document["text"]
    shown = document["chunks"][:listed]
    st.html(
        "".join(
            passages.chunk_html(str(index), chunk["heading_path"], text[chunk["start"] : chunk["end"]])
            for index, chunk in enumerate(shown, start=1)
        )
    )
    left = len(document["chunks"]) - len(shown)
    if left:
        st.button(say("show_more", number=left), key="more_chunks", on_click=_list_more)


def _list_more() -> None:
    st.session_state["chunks_listed"] = (
        st.session_state.get("chunks_listed", _CHUNKS_AT_ONCE) + _CHUNKS_AT_ONCE
    )


def _facts(document: Json) -> None:
    for location in document["locations"]:
        st.code(location["shown_as"], language=None, wrap_lines=True)
    for warning in document["warnings"]:
        st.warning(plain(warning_in(language(), warning)), icon=":material/warning:")
    if document["properties"]:
        names = texts(language())["web"]["property"]
        st.dataframe(
            [
                {"name": names.get(name.lower(), name), "value": value}
                for name, value in document["properties"].items()
            ],
            hide_index=True,
            column_config={"name": "", "value": ""},
        )
