"""Where documents come from: each source with its last synchronisation, and what another would change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from ui.errors import EXPECTED
from ui.moments import moment
from ui.reasons import reason_in
from ui.web.allowed import may
from ui.web.resources import operations
from ui.web.session import errors_shown, language, plain, say, show_error

Json = dict[str, Any]

_ICONS = {"folder": ":material/folder:", "webdav": ":material/cloud:", "imap": ":material/mail:"}
_STATES = {
    "ok": ("green", ":material/check_circle:"),
    "never": ("gray", ":material/schedule:"),
    "running": ("blue", ":material/sync:"),
    "failed": ("red", ":material/error:"),
    "refused": ("orange", ":material/pan_tool:"),
    "left": ("gray", ":material/link_off:"),
}
_LISTED = 200


def section(sources: Sequence[Json]) -> None:
    """All sources, one under another."""
    if not sources:
        st.info(say("origin.none"), icon=":material/info:")
        return
    if len(sources) > 1 and may("start_sync"):
        st.button(
            say("origin.sync_all"), icon=":material/sync:", key="sync_all", on_click=_start, args=(None,)
        )
    for number, source in enumerate(sources):
        _one(source, number)


def panel() -> None:
    """The open preview, if there is one."""
    opened = st.session_state.get("previewed")
    if opened is not None:
        st.dialog(say("origin.preview_title"), width="large", on_dismiss=close)(_preview)(opened)


def show(source: str) -> None:
    """Open the preview of a source, or of a folder that is none yet, at the next drawing."""
    st.session_state["previewed"] = source


def close() -> None:
    """Close the preview."""
    st.session_state.pop("previewed", None)


def _one(source: Json, number: int) -> None:
    color, icon = _STATES.get(source["state"], _STATES["never"])
    with st.container(border=True, key=f"source_{number}"):
        left, right = st.columns([3, 1], vertical_alignment="center")
        with left:
            name = source["shown_as"] or source["source"]
            st.markdown(f"{_ICONS.get(source['kind'], _ICONS['folder'])} **{plain(name)}**")
            state = say(f"origin.state_{source['state']}")
            counts = say("origin.counts", documents=source["documents"], failures=source["failures"])
            st.markdown(f":{color}-badge[{icon} {state}] {counts}")
            if times := _times(source):
                st.caption(times)
        if source["left"] and may("forget_source"):
            _left(source, number)
        if source["state"] == "left":
            return
        if may("start_sync"):
            _buttons(source, number, right)
        if source["error"]:
            st.error(plain(reason_in(language(), source["error"])), icon=":material/error:")
        if source["state"] == "refused" and may("start_sync"):
            st.button(
                say("allow_removal"), key=f"allow_{number}", on_click=_start, args=(source["name"], True)
            )


def _buttons(source: Json, number: int, place: Any) -> None:
    with place:
        st.button(
            say("origin.sync"), icon=":material/sync:", key=f"sync_{number}", width="stretch",
            disabled=source["state"] == "running", on_click=_start, args=(source["name"],),
        )  # fmt: skip
        st.button(
            say("origin.preview"), icon=":material/difference:", key=f"diff_{number}", type="tertiary",
            width="stretch", on_click=show, args=(source["name"],),
        )  # fmt: skip


def _left(source: Json, number: int) -> None:
    """What the settings no longer name stays until somebody removes it."""
    st.warning(say("origin.left"), icon=":material/link_off:")
    with st.popover(say("origin.forget"), icon=":material/delete:", key=f"forget_{number}"):
        st.caption(say("origin.forget_more", documents=source["documents"]))
        st.button(
            say("origin.forget_now", documents=source["documents"]), type="primary",
            key=f"forget_now_{number}", on_click=_forget, args=(source["name"],),
        )  # fmt: skip


def _forget(name: str) -> None:
    with errors_shown():
        operations().forget_source(name, allow_empty=True)


def _times(source: Json) -> str:
    parts = []
    if good := moment(source["ok_at"] or ""):
        parts.append(say("origin.ok_at", time=f"{good:%Y-%m-%d %H:%M}"))
    if due := moment(source["next_at"] or ""):
        parts.append(say("origin.next_at", time=f"{due:%Y-%m-%d %H:%M}"))
    elif not source["every_minutes"]:
        parts.append(say("origin.no_schedule"))
    return " · ".join(parts)


def _start(name: str | None, allow_empty: bool = False) -> None:
    with errors_shown():
        operations().start_sync(name, allow_empty=allow_empty)
        st.session_state.pop("dismissed_job", None)
        close()


def _preview(source: str) -> None:
    try:
        with st.spinner(say("origin.looking")):
            (found,) = operations().preview(source)
    except EXPECTED as error:
        show_error(error)
        return
    st.markdown(f"**{plain(found['source'])}**")
    if found["error"]:
        st.error(plain(reason_in(language(), found["error"])), icon=":material/error:")
        return
    if found["refused"]:
        st.warning(plain(reason_in(language(), found["refused"])), icon=":material/pan_tool:")
    with st.container(horizontal=True, key="preview_counts"):
        for key in ("added", "changed", "moved", "removed", "failed"):
            st.metric(say(f"origin.{key}"), f"{len(found[key]):,}")
        st.metric(say("origin.unchanged"), f"{found['unchanged']:,}")
    _changes(found)
    with st.container(horizontal=True):
        if st.button(say("origin.do_it"), type="primary", icon=":material/sync:", key="do_sync"):
            _do(source, found)
        if st.button(say("cancel"), key="leave_preview"):
            close()
            st.rerun()


def _do(source: str, found: Json) -> None:
    with errors_shown():
        allow = bool(found["refused"])
        if any(known["name"] == found["name"] for known in operations().syncs()):
            operations().start_sync(found["name"], allow_empty=allow)
        else:
            operations().start_ingest([source], allow_empty=allow)
        st.session_state.pop("dismissed_job", None)
        close()
        st.rerun()


def _changes(found: Json) -> None:
    rows = [
        {"what": say(f"origin.{key}"), "path": path, "more": ""}
        for key in ("added", "changed", "removed", "reread")
        for path in found[key]
    ]
    rows += [
        {"what": say("origin.moved"), "path": move["from"], "more": f"→ {move['to']}"}
        for move in found["moved"]
    ]
    rows += [
        {
            "what": say("origin.failed"),
            "path": failure["path"],
            "more": reason_in(language(), failure["reason"]),
        }
        for failure in found["failed"]
    ]
    if not rows:
        st.success(say("origin.nothing"), icon=":material/check:")
        return
    config = st.column_config
    st.dataframe(
        rows[:_LISTED], hide_index=True, key="preview_rows",
        column_config={
            "what": config.TextColumn(say("origin.what"), width="small"),
            "path": config.TextColumn(say("column_path"), width="medium"),
            "more": config.TextColumn("", width="medium"),
        },
    )  # fmt: skip
    if len(rows) > _LISTED:
        st.caption(say("show_more", number=len(rows) - _LISTED))
