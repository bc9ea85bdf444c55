"""Files that could not be read: the reason, another try, or leave to ignore them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from ui.reasons import reason_in
from ui.web.allowed import may
from ui.web.listing import table_key
from ui.web.resources import operations
from ui.web.session import errors_shown, language, say

Json = dict[str, Any]

_ROW = 66
"""Pixels: lines are broken, so that what to do is read too."""


def section(failures: Sequence[Json]) -> None:
    """The list with its buttons; ignored ones only when asked for."""
    ignored = [failure for failure in failures if failure["ignored"]]
    shown = [failure for failure in failures if not failure["ignored"]]
    if ignored and st.toggle(say("failed.show_ignored", number=len(ignored)), key="show_ignored"):
        shown = list(failures)
    if not shown:
        st.success(say("failed.none"), icon=":material/check_circle:")
        return
    st.caption(say("failures_more"))
    buttons = st.container(horizontal=True, key="failure_buttons")
    chosen = _table(shown)
    with buttons:
        if may("retry_failures"):
            _buttons(chosen, len(shown))


def _table(shown: Sequence[Json]) -> list[Json]:
    config = st.column_config
    states = any(failure["ignored"] for failure in shown)
    picked = st.dataframe(
        [
            {
                "path": failure["shown_as"],
                "reason": reason_in(language(), failure["reason"]),
                "state": say("failed.ignored") if failure["ignored"] else "",
            }
            for failure in shown
        ],
        hide_index=True,
        row_height=_ROW,
        key=table_key("failures_table", [failure["shown_as"] for failure in shown]),
        on_select="rerun",
        selection_mode="multi-row",
        column_config={
            "path": config.TextColumn(say("column_path"), width="medium"),
            "reason": config.TextColumn(say("reason"), width="large"),
            "state": config.TextColumn(say("column_status"), width="small") if states else None,
        },
    )
    return [shown[row] for row in picked.selection.rows if row < len(shown)]


def _buttons(chosen: Sequence[Json], every: int) -> None:
    number = len(chosen) or every
    st.button(
        say("failed.retry" if chosen else "failed.retry_all", number=number), icon=":material/refresh:",
        key="retry_failures", on_click=_retry, args=(list(chosen),),
    )  # fmt: skip
    if fresh := [failure for failure in chosen if not failure["ignored"]]:
        st.button(
            say("failed.ignore", number=len(fresh)), icon=":material/visibility_off:", key="ignore_failures",
            on_click=_ignore, args=(fresh, True),
        )  # fmt: skip
    if old := [failure for failure in chosen if failure["ignored"]]:
        st.button(
            say("failed.heed", number=len(old)), icon=":material/visibility:", key="heed_failures",
            on_click=_ignore, args=(old, False),
        )  # fmt: skip


def _retry(chosen: Sequence[Json]) -> None:
    with errors_shown():
        operations().retry_failures(
            [{"source": failure["source"], "path": failure["path"]} for failure in chosen]
        )
        st.session_state.pop("dismissed_job", None)


def _ignore(chosen: Sequence[Json], ignored: bool) -> None:
    with errors_shown():
        for failure in chosen:
            operations().ignore_failure(failure["source"], failure["path"], ignored=ignored)
