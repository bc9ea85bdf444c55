"""What screening found: documents kept out of answers until they are released, personal data by folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from ui.errors import EXPECTED
from ui.texts import texts
from ui.web.allowed import may
from ui.web.resources import operations
from ui.web.session import errors_shown, language, plain, say, show_error

Json = dict[str, Any]


def section(found: Json) -> None:
    """Quarantined documents first, then the counts by folder."""
    folders = [folder for folder in found["folders"] if _noteworthy(folder)]
    if not folders and not found["quarantined"]:
        st.success(say("screened.nothing"), icon=":material/verified_user:")
        return
    if found["quarantined"]:
        st.warning(say("screened.quarantined_more"), icon=":material/gpp_maybe:")
        for number, document in enumerate(found["quarantined"]):
            _quarantined(document, number)
    if folders:
        st.caption(say("screened.folders_more"))
        _folders(folders)


def panel() -> None:
    """The findings of one document, if they are open."""
    opened = st.session_state.get("findings_of")
    if opened is not None:
        st.dialog(say("screened.findings"), width="large", on_dismiss=close)(_findings)(opened)


def show(document: str) -> None:
    """Open the findings of a document at the next drawing."""
    st.session_state["findings_of"] = document


def close() -> None:
    """Close the findings."""
    st.session_state.pop("findings_of", None)


def _noteworthy(folder: Mapping[str, Any]) -> bool:
    return bool(
        folder["personal"] or folder["planted"] or folder["masked"] or folder["refused"] or folder["released"]
    )


def _quarantined(document: Json, number: int) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"quarantined_{number}"):
        st.markdown(f"**{plain(document['title'])}**  \n{plain(document['shown_as'])}")
        st.button(
            say("screened.look", number=document["planted"]), icon=":material/policy:",
            key=f"findings_{number}", on_click=show, args=(document["document"],),
        )  # fmt: skip


def _folders(folders: Sequence[Json]) -> None:
    config = st.column_config
    st.dataframe(
        [
            {
                "folder": folder["shown_as"],
                "documents": folder["documents"],
                "personal": _personal(folder["personal"]),
                "masked": folder["masked"],
                "refused": folder["refused"],
                "quarantined": folder["quarantined"],
                "released": folder["released"],
            }
            for folder in folders
        ],
        hide_index=True,
        key="screening_table",
        column_config={
            "folder": config.TextColumn(say("folder"), width="medium"),
            "documents": config.NumberColumn(say("documents_count"), width="small"),
            "personal": config.TextColumn(say("screened.personal"), width="large"),
            **{
                name: config.NumberColumn(say(f"screened.{name}"), width="small")
                for name in ("masked", "refused", "quarantined", "released")
            },
        },
    )


def _personal(counts: Mapping[str, int]) -> str:
    return " · ".join(f"{_type(name)} {number}" for name, number in counts.items())


def _type(name: str) -> str:
    """The name of a kind of finding for people; its own where there is none."""
    return str(texts(language())["web"]["finding"].get(name, name))


def _findings(document: str) -> None:
    try:
        found = operations().findings(document)
    except EXPECTED as error:
        show_error(error)
        return
    if found["released"]:
        st.info(
            say("screened.was_released", reason=plain(found["released"]["reason"])),
            icon=":material/lock_open:",
        )
    config = st.column_config
    st.dataframe(
        [
            {
                "what": _type(one["type"]),
                "page": one["page"],
                "text": one["text"],
                "confidence": one["confidence"],
            }
            for one in found["findings"]
        ],
        hide_index=True,
        key="findings_table",
        column_config={
            "what": config.TextColumn(say("screened.what"), width="small"),
            "page": config.NumberColumn(say("column_pages"), width="small"),
            "text": config.TextColumn(say("screened.text"), width="large"),
            "confidence": config.ProgressColumn(
                say("screened.confidence"), min_value=0.0, max_value=1.0, width="small"
            ),
        },
    )
    if not may("release"):
        return
    if found["quarantined"]:
        _release(document)
    elif found["released"] and st.button(
        say("screened.withdraw"), icon=":material/lock:", key="withdraw_release"
    ):
        with errors_shown():
            operations().withdraw_release(document)
            st.rerun()


def _release(document: str) -> None:
    with st.form("release_form"):
        st.caption(say("screened.release_more"))
        reason = st.text_input(say("screened.reason"), key="release_reason")
        sent = st.form_submit_button(say("screened.release"), icon=":material/lock_open:")
    if sent:
        with errors_shown():
            operations().release(document, reason)
            close()
            st.rerun()
