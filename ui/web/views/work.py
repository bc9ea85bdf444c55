"""Long work of the training page: how far it is, a button that ends it, and what came of it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from ui.web import reviewing, tuning
from ui.web.allowed import may
from ui.web.listing import job_share
from ui.web.resources import operations
from ui.web.session import errors_shown, language, plain, say

Json = dict[str, Any]

KINDS = ("examples", "export", "parity", "evaluate")
_POLL_SECONDS = 1.0


def shown() -> None:
    """The running work of this page, or the last one until it is closed. Other work is only named."""
    job = operations().job()
    if job is None:
        return
    if job["state"] == "running":
        st.fragment(run_every=_POLL_SECONDS)(_running)()
    elif job["kind"] in KINDS and job["id"] != st.session_state.get("dismissed_work"):
        _ended(job)


def _running() -> None:
    with errors_shown():
        job = operations().job()
        if job is None or job["state"] != "running":
            st.rerun()  # never comes back
            return
        line = plain(tuning.job_line(job, language()))
        if job["kind"] not in KINDS:
            st.info(say("training.other_work", work=line), icon=":material/hourglass_top:")
            return
        with st.container(border=True, key="work"):
            st.progress(job_share(job), text=line)
            if may("cancel_ingest") and st.button(
                say("training.cancel_work"), icon=":material/cancel:", key="cancel_work"
            ):
                operations().cancel_ingest()
                st.caption(say("cancelling"))


def _ended(job: Json) -> None:
    line = plain(tuning.job_line(job, language()))
    if job["state"] == "done":
        if job["kind"] == "examples" and job["report"]:
            line = f"{line}  \n{plain(reviewing.build_line(job['report'], language()))}"
        st.success(line, icon=":material/check_circle:")
    elif job["state"] == "cancelled":
        st.warning(line, icon=":material/info:")
    else:
        st.error(line, icon=":material/error:")
    st.button(
        say("training.dismiss_work"), type="tertiary", key="dismiss_work", on_click=_dismiss,
        args=(job["id"],),
    )  # fmt: skip


def _dismiss(job: Any) -> None:
    st.session_state["dismissed_work"] = job
