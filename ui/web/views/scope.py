"""The chooser of what is searched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from ui.web.resources import operations
from ui.web.scopes import Folder, folders, scope_label
from ui.web.session import language, plain, say

Json = dict[str, Any]

_KINDS = ("all", "folder", "documents")


def choose_scope(documents: Sequence[Json]) -> None:
    """Draw the chooser; `st.session_state["scope"]` holds what is chosen, None for everything."""
    known = {document["id"]: document for document in documents}
    label = scope_label(st.session_state.get("scope"), documents, language())
    with st.popover(
        f"{say('scope')}: {plain(label)}", icon=":material/filter_alt:", key="scope_popover", type="tertiary"
    ):
        names = {kind: say(f"scope_{kind}") for kind in _KINDS}
        kind = st.radio(
            say("scope"),
            _KINDS,
            format_func=names.__getitem__,
            key="scope_kind",
            on_change=_forget,
        )
        if kind == "folder":
            found = folders(documents, operations().sources(), language())
            st.selectbox(
                say("choose_folder"),
                found,
                index=None,
                format_func=_folder_line,
                key="scope_folder",
                on_change=_take,
                placeholder=say("choose_hint"),
            )
        if kind == "documents":
            st.multiselect(
                say("choose_documents"),
                list(known),
                format_func=lambda chosen: _title(known.get(chosen), chosen),
                key="scope_documents",
                on_change=_take,
                placeholder=say("choose_hint"),
            )


def _folder_line(folder: Folder) -> str:
    return f"{folder.label} ({folder.documents})"


def _title(document: Json | None, chosen: str) -> str:
    if document is None:
        return chosen
    return str(document["title"] or document["locations"][0]["path"])


def _forget() -> None:
    st.session_state.pop("scope", None)


def _take() -> None:
    folder: Folder | None = st.session_state.get("scope_folder")
    documents = st.session_state.get("scope_documents")
    if st.session_state["scope_kind"] == "folder" and folder is not None:
        chosen: Json | None = {
            "documents": None,
            "folder": {"source": folder.source, "path": folder.prefix},
        }
    elif st.session_state["scope_kind"] == "documents" and documents:
        chosen = {"documents": list(documents), "folder": None}
    else:
        chosen = None
    st.session_state["scope"] = chosen
