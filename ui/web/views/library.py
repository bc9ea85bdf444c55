"""The library page: add documents, see what is there and what could not be read, look inside, delete."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from ui.web.allowed import may
from ui.web.launching import MAX_UPLOAD_MB
from ui.web.listing import document_rows, filtered, job_line, job_share, job_title, title_of
from ui.web.resources import operations
from ui.web.session import errors_shown, language, plain, say
from ui.web.views import failures as failed
from ui.web.views import inside, screening, sources, versions
from ui.web.views.picking import picked, text_columns

Json = dict[str, Any]

SUFFIXES = (
    ".pdf", ".docx", ".xlsx", ".pptx", ".doc", ".xls", ".ppt", ".odt", ".ods", ".odp", ".rtf", ".html",
    ".htm", ".md", ".txt", ".csv", ".tsv", ".json", ".xml", ".epub", ".eml", ".msg", ".mbox", ".zip",
    ".png", ".jpg", ".jpeg", ".tif", ".tiff",
)  # fmt: skip
_POLL_SECONDS = 1.0


def page() -> None:
    """Draw the library."""
    with errors_shown():
        documents = operations().documents()
        failures = operations().failures()
        st.title(say("library"), anchor=False)
        st.caption(say("library_more"))
        if may("start_ingest"):
            _add()
        job = operations().job()
        _job(job)
        if documents or failures:
            _rooms(documents, failures)
        elif not (job and job["state"] == "running"):
            with st.container(border=True, key="library_empty"):
                st.subheader(say("nothing_yet"), anchor=False)
                st.write(say("nothing_yet_more"))
        inside.panel()
        sources.panel()
        screening.panel()


def _rooms(documents: Sequence[Json], failures: Sequence[Json]) -> None:
    """Documents, sources, failures and findings, one at a time; only the open one asks for its data."""
    heeded = [failure for failure in failures if not failure["ignored"]]
    _numbers(documents, heeded)
    names = {
        "documents": say("documents_tab"),
        "sources": say("sources_tab"),
        "failures": say("failures_tab", number=len(heeded)),
        "screening": say("screening_tab"),
        "versions": say("versions_tab"),
    }
    room = st.segmented_control(
        say("library"), list(names), format_func=lambda key: names[key], default="documents", required=True,
        key="library_room", label_visibility="collapsed",
    )  # fmt: skip
    match room:
        case "sources":
            sources.section(operations().syncs())
        case "failures":
            failed.section(failures)
        case "screening":
            screening.section(operations().screening())
        case "versions":
            versions.section(operations().versions(), documents)
        case _ if documents:
            _documents(documents)
        case _:
            st.info(say("nothing_yet"), icon=":material/info:")


# --- adding


def _add() -> None:
    with st.container(border=True, key="add_documents"):
        left, right = st.columns([3, 2], gap="large")
        with left:
            _add_files()
        with right:
            _add_folder()


def _add_files() -> None:
    turn = st.session_state.setdefault("upload_turn", 0)
    chosen = st.file_uploader(
        say("add"), type=list(SUFFIXES), accept_multiple_files=True, key=f"uploads{turn}",
        max_upload_size=MAX_UPLOAD_MB,
    )  # fmt: skip
    if chosen and st.button(
        say("add_files", number=len(chosen)), type="primary", icon=":material/upload_file:", key="add_files"
    ):
        with errors_shown():
            paths = [str(operations().upload(file.name, file.getvalue())["path"]) for file in chosen]
            operations().start_ingest(paths)
            st.session_state["upload_turn"] = turn + 1  # a new key empties the field
            st.session_state.pop("dismissed_job", None)
            st.rerun()


def _add_folder() -> None:
    with st.form("folder_form", border=False):
        folder = st.text_input(
            say("folder"), key="folder_path", placeholder=say("folder_hint"), help=say("folder_help")
        )
        with st.container(horizontal=True):
            sent = st.form_submit_button(say("add_folder"), icon=":material/create_new_folder:")
            looked = st.form_submit_button(
                say("origin.preview"), icon=":material/difference:", type="tertiary"
            )
    if not (sent or looked):
        return
    if not folder.strip():
        st.warning(say("no_folder"), icon=":material/info:")
        return
    if looked:
        sources.show(folder.strip())
        return
    with errors_shown():
        operations().start_ingest([folder.strip()])
        st.session_state.pop("dismissed_job", None)
        st.rerun()


# --- the running ingest


def _job(job: Json | None) -> None:
    if job is None or job["id"] == st.session_state.get("dismissed_job"):
        return
    if job["state"] == "running":
        st.session_state["watched_job"] = job["id"]
        st.fragment(run_every=_POLL_SECONDS)(_running_job)()
    else:
        _ended_job(job)


def _running_job() -> None:
    with errors_shown():
        job = operations().job()
        if job is None or job["state"] != "running":
            st.rerun()  # never comes back
            return
        with st.container(border=True, key="job"):
            st.markdown(f"**{job_title(job, language())}**")
            st.progress(job_share(job), text=plain(job_line(job, language())))
            if may("cancel_ingest") and st.button(
                say("cancel_job"), icon=":material/cancel:", key="cancel_job"
            ):
                operations().cancel_ingest()
                st.caption(say("cancelling"))


def _ended_job(job: Json) -> None:
    line = f"**{job_title(job, language())}**  \n{plain(job_line(job, language()))}"
    match job["state"]:
        case "done":
            st.success(line, icon=":material/check_circle:")
        case "failed":
            st.error(line, icon=":material/error:")
        case _:
            st.warning(line, icon=":material/info:")
    with st.container(horizontal=True, key="job_ended"):
        if job["state"] == "refused" and may("start_ingest"):
            st.button(
                say("allow_removal"), key="allow_removal", on_click=_allow_removal, args=(job["paths"],)
            )
        st.button(say("dismiss"), type="tertiary", key="dismiss_job", on_click=_dismiss, args=(job["id"],))


def _allow_removal(paths: Sequence[str]) -> None:
    with errors_shown():
        operations().start_ingest(list(paths), allow_empty=True)


def _dismiss(job: str) -> None:
    st.session_state["dismissed_job"] = job


# --- what is there


def _numbers(documents: Sequence[Json], failures: Sequence[Json]) -> None:
    with st.container(horizontal=True, key="numbers"):
        st.metric(say("documents_count"), f"{len(documents):,}")
        st.metric(say("pages_count"), f"{sum(document['pages'] for document in documents):,}")
        st.metric(say("chunks_count"), f"{sum(document['chunks'] for document in documents):,}")
        st.metric(say("failures_count"), f"{len(failures):,}")


def _documents(documents: Sequence[Json]) -> None:
    query = st.text_input(
        say("filter"), key="document_filter", placeholder=say("filter"), label_visibility="collapsed",
        icon=":material/search:",
    )  # fmt: skip
    shown = filtered(documents, query or "")
    if not shown:
        st.info(say("filter_none", query=plain(query)), icon=":material/search_off:")
        return
    actions = st.container()
    config = st.column_config
    columns = text_columns(
        title=("column_title", 230), status=("column_status", 80), format=("column_format", 65),
        size=("column_size", 75), location=("column_location", 330),
    ) | {
        "pages": config.NumberColumn(say("column_pages"), width=60),
        "chunks": config.NumberColumn(say("column_chunks"), width=70),
        "added": config.DatetimeColumn(say("column_added"), format="YYYY-MM-DD HH:mm", width=135),
        "warnings": config.TextColumn(say("column_warnings")),
    }  # fmt: skip
    ids = [document["id"] for document in shown]
    at = picked("documents_table", ids, document_rows(shown, language()), columns)
    with actions:
        if at is None:
            st.caption(say("pick"))
        else:
            _actions(shown[at])


def _actions(document: Json) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="document_actions"):
        st.markdown(f"**{plain(title_of(document))}**")
        st.button(
            say("preview"), icon=":material/visibility:", key="preview", on_click=inside.show,
            args=(document["id"], "preview"),
        )  # fmt: skip
        if may("remove_document"):
            st.button(
                say("delete_document"), icon=":material/delete:", key="delete", on_click=inside.show,
                args=(document["id"], "delete"),
            )  # fmt: skip
