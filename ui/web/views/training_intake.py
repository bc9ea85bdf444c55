"""Where candidates come from: documents, the feedback of readers, and files."""

from __future__ import annotations

from typing import Any

import streamlit as st

from ui.web import reviewing
from ui.web.resources import operations
from ui.web.session import errors_shown, language, plain, say, tell
from ui.web.views.picking import text_columns

Json = dict[str, Any]

SUFFIXES = ("jsonl", "json", "csv", "tsv", "xlsx")
_LIMIT = 200
_SHARE = 0.25


def section(*, opened: bool) -> None:
    """Both ways, and what the last file brought."""
    with st.expander(
        say("training.make"), icon=":material/add_notes:", expanded=opened, key="example_intake"
    ):
        st.caption(say("training.make_more"))
        left, right = st.columns(2, gap="large")
        with left:
            _build()
        with right:
            _import()
        if (report := st.session_state.get("examples_imported")) is not None:
            _imported(report)


def _build() -> None:
    names = {"library": say("training.from_library"), "feedback": say("training.from_feedback")}
    source = st.segmented_control(
        say("training.source"), list(names), format_func=lambda key: names[key], default="library",
        required=True, key="build_source",
    )  # fmt: skip
    share = 0.0
    with st.form("build_examples", border=False):
        limit = st.number_input(
            say("training.limit"), min_value=1, max_value=10_000, value=_LIMIT, key="build_limit"
        )
        if source == "library":
            share = st.slider(
                say("training.unanswerable_share"), 0.0, 1.0, _SHARE, 0.05, format="percent",
                key="build_share",
            )  # fmt: skip
        sent = st.form_submit_button(say("training.build"), icon=":material/auto_awesome:")
    if sent:
        with errors_shown():
            operations().start_build_examples(
                source=str(source), limit=int(limit), unanswerable=float(share),
                by=st.session_state.get("editor_name", ""),
            )  # fmt: skip
            st.rerun()


def _import() -> None:
    turn = st.session_state.setdefault("import_turn", 0)
    file = st.file_uploader(
        say("training.file"), type=SUFFIXES, key=f"import_file_{turn}", help=say("training.file_help")
    )
    st.caption(say("training.file_help"))
    licence = st.text_input(say("training.licence"), key="import_licence")
    evidence = st.toggle(say("training.find_evidence"), value=True, key="import_evidence")
    if not st.button(
        say("training.import"), icon=":material/upload_file:", key="import_examples", disabled=file is None
    ):
        return
    if file is None:
        return
    with errors_shown():
        with st.spinner(say("training.importing")):
            report = operations().import_examples(
                file.name, file.getvalue(), licence=licence.strip(), find_evidence=evidence,
                by=st.session_state.get("editor_name", ""),
            )  # fmt: skip
        st.session_state["examples_imported"] = report
        st.session_state["import_turn"] = turn + 1  # a new key empties the field
        tell("training", plain(reviewing.import_line(report, language())))
        st.rerun()


def _imported(report: Json) -> None:
    st.markdown(plain(reviewing.import_line(report, language())))
    if not report["failed"]:
        return
    st.warning(say("training.failed_rows", number=len(report["failed"])), icon=":material/rule:")
    columns = text_columns(field=("training.field", 110), reason=("training.reason", "large")) | {
        "row": st.column_config.NumberColumn(say("training.row"), width=60)
    }
    rows = reviewing.failed_rows(report, language())
    st.dataframe(rows, hide_index=True, key="failed_rows", column_config=columns)
