"""Reports of evaluations: the list, and one of them with its plots, its measures and its questions."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from assistant.answers import Language
from ui.moments import moment
from ui.quality.page import report_page
from ui.web import comparing, reporting
from ui.web.charts import Plot, plots
from ui.web.interval_charts import measures_plot
from ui.web.resources import operations
from ui.web.session import language, plain, say, show_told, tell
from ui.web.views.picking import picked, text_columns

Json = dict[str, Any]

_KEPT = 4
_EVALUATIONS = ("samples", "retrieval DATA", "answers DATA --limit 60")


def section() -> None:
    """The list, and below it the report that is chosen there, else the newest."""
    show_told("quality")
    found = operations().evaluation_reports()
    if not found:
        with st.container(border=True, key="no_reports"):
            st.subheader(say("quality.no_reports"), anchor=False)
            st.write(say("quality.no_reports_more"))
            how_to()
        return
    shown = _of_kind(found)
    chosen = _chosen(shown)
    _one(read(chosen["id"]), alone=len(comparing.partners(found, chosen["kind"])) < 2)
    with st.expander(say("quality.run_another"), icon=":material/terminal:", key="run_another"):
        how_to()


def how_to() -> None:
    """The commands that evaluate, to be copied: what they do takes minutes to hours."""
    st.caption(say("quality.commands"))
    workspace = shlex.quote(str(operations().status()["workspace"]))
    lines = (f"konkyo eval {rest} --workspace {workspace}" for rest in _EVALUATIONS)
    st.code("\n".join(lines), language=None, wrap_lines=True)
    st.caption(say("quality.commands_data"))


def read(report: str) -> Json:
    """A report with its rows, which the tab keeps for a while: a report is never changed once written."""
    kept: dict[str, Json] = st.session_state.setdefault("quality_read", {})
    if report not in kept:
        while len(kept) >= _KEPT:
            kept.pop(next(iter(kept)))
        kept[report] = operations().evaluation_report(report)
    return kept[report]


def _of_kind(found: Sequence[Json]) -> list[Json]:
    """The reports of the kind that is chosen above the list, where there are several kinds."""
    kinds = list(dict.fromkeys(report["kind"] for report in found))
    if len(kinds) < 2:
        return list(found)
    names = {"all": say("quality.all_kinds")}
    names |= {kind: reporting.kind_name(kind, language()) for kind in kinds}
    chosen = st.segmented_control(
        say("quality.kind"), list(names), format_func=lambda key: names[key], default="all", required=True,
        key="report_kind", label_visibility="collapsed",
    )  # fmt: skip
    return [report for report in found if chosen in ("all", report["kind"])]


def _chosen(shown: Sequence[Json]) -> Json:
    config = st.column_config
    columns = text_columns(
        kind=("quality.kind", 140), data=("quality.data", 110), result=("quality.result", 560)
    ) | {
        "created": config.DatetimeColumn(say("quality.created"), format="YYYY-MM-DD HH:mm", width=125),
        "n": config.NumberColumn(say("quality.questions"), width=70),
    }
    ids = [report["id"] for report in shown]
    at = picked("reports", ids, reporting.report_rows(shown, language()), columns, most=260)
    if len(shown) > 1 and at is None:
        st.caption(say("quality.pick_report"))
    return shown[at or 0]


# --- one report


def _one(report: Json, *, alone: bool) -> None:
    """`alone`: it is the only one of its kind."""
    with st.container(border=True, key="report"):
        _head(report, alone=alone)
        drawn = list(plots(report, language()))
        for start in range(0, len(drawn), 2):
            for column, plot in zip(st.columns(2, gap="large"), drawn[start : start + 2], strict=False):
                with column:
                    draw(plot)
        _measures(report)
        if kinds := report["curves"].get("by_type"):
            st.subheader(say("quality.by_type"), anchor=False)
            st.dataframe(reporting.type_rows(kinds, language()), hide_index=True, key="report_types")
        _questions(report)
        with st.expander(say("quality.configuration"), icon=":material/tune:", key="report_settings"):
            settings(reporting.setting_rows(report))


def _head(report: Json, *, alone: bool) -> None:
    kind = reporting.kind_name(report["kind"], language())
    st.subheader(plain(f"{kind} · {reporting.data_name(report)}"), anchor=False)
    at = moment(report["created"])
    st.caption(
        say(
            "quality.made", date=f"{at:%Y-%m-%d %H:%M}" if at else plain(report["created"]), n=report["n"],
            version=plain(report["konkyo"]), models=plain(reporting.models_line(report)) or "–",
        )
    )  # fmt: skip
    with st.container(horizontal=True, key="report_numbers"):
        for name in reporting.headline(report):
            one = report["metrics"][name]
            st.metric(
                reporting.measure_name(name, language()),
                reporting.value_text(name, one["mean"], language()),
                help=reporting.measure_means(name, language()) or None,
            )
    with st.container(horizontal=True, key="report_actions"):
        st.download_button(
            say("quality.download_page"), data=partial(as_page, report, language()),
            file_name=f"{report['id']}.html", mime="text/html", icon=":material/download:",
            key="download_page", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            say("quality.download_json"), data=partial(_as_json, report), file_name=f"{report['id']}.json",
            mime="application/json", icon=":material/data_object:", key="download_json", type="tertiary",
            on_click="ignore",
        )  # fmt: skip
        st.button(
            say("quality.compare_this"), icon=":material/compare_arrows:", key="compare_this",
            type="tertiary", on_click=_compare, args=(report,), disabled=alone,
            help=say("quality.one_report") if alone else None,
        )  # fmt: skip
        # Keys of this report: a click on the button of another one, which is drawn no more, is no click here.
        key = f"remove_{report['id']}"
        with st.popover(say("quality.remove"), icon=":material/delete:", key=f"{key}_more"):
            st.caption(say("quality.remove_more"))
            if st.button(say("quality.remove_now"), type="primary", key=key):
                _remove(report["id"])


def as_page(report: Json, language: Language) -> bytes:
    """The page of a report. The browser asks for it between runs, where the tab's language is not known."""
    return report_page(report, language).encode("utf-8", "backslashreplace")


def _as_json(report: Json) -> bytes:
    """The report as the workspace keeps it; its curves are worked out of its rows anyway."""
    kept = {name: value for name, value in report.items() if name != "curves"}
    return json.dumps(kept, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")


def _compare(report: Json) -> None:
    st.session_state["quality_room"] = "compare"
    st.session_state["compare_kind"] = report["kind"]
    st.session_state["compare_second"] = report["id"]
    st.session_state.pop("compare_first", None)


def _remove(report: str) -> None:
    operations().remove_report(report)
    st.session_state.get("quality_read", {}).pop(report, None)
    tell("quality", say("quality.removed"))
    st.rerun()


def draw(plot: Plot) -> None:
    """A plot with what it says, and its numbers under a fold."""
    st.markdown(f"**{plain(plot.title)}**")
    st.caption(plot.note)
    st.vega_lite_chart(plot.spec, width="stretch", key=f"plot_{plot.name}")
    if plot.rows:
        with st.expander(say("quality.as_table"), icon=":material/table:", key=f"numbers_{plot.name}"):
            st.dataframe(list(plot.rows), hide_index=True, key=f"table_{plot.name}")


def settings(rows: Sequence[Json]) -> None:
    """A table of settings: one value each, or those of two reports."""
    columns = text_columns(
        setting=("quality.setting", "medium"), value=("quality.value", "large"),
        first=("quality.first", "medium"), second=("quality.second", "medium"),
    )  # fmt: skip
    st.dataframe(list(rows), hide_index=True, key="settings_table", column_config=columns)


def _measures(report: Json) -> None:
    plot = measures_plot(report, language())
    if plot is not None:
        draw(plot)
    columns = text_columns(
        measure=("quality.measure", 170), mean=("quality.mean", 80), interval=("quality.interval", 140),
        wanted=("quality.wanted", 125), means=("quality.means_column", "large"),
    ) | {"n": st.column_config.NumberColumn(say("quality.questions"), width=80)}  # fmt: skip
    rows = reporting.measure_rows(report, language())
    st.dataframe(rows, hide_index=True, key="report_measures", column_config=columns)


def _questions(report: Json) -> None:
    """The questions one by one; those that went wrong first, because they are what is looked for."""
    missed = reporting.missed(report["rows"])
    names = {
        "missed": say("quality.missed_ones", number=len(missed)),
        "all": say("quality.all_ones", number=len(report["rows"])),
    }
    st.subheader(say("quality.questions"), anchor=False)
    chosen = st.segmented_control(
        say("quality.questions"), list(names), format_func=lambda key: names[key],
        default="missed" if missed else "all", required=True, key=f"report_rows_{report['id']}",
        label_visibility="collapsed",
    )  # fmt: skip
    rows = missed if chosen == "missed" else report["rows"]
    if not rows:
        st.success(say("quality.no_misses"), icon=":material/check_circle:")
        return
    columns = text_columns(
        state=("quality.state", 90), question=("quality.question", 560), type=("quality.type", 110),
        outcome=("quality.outcome", 220),
    )  # fmt: skip
    ids = [report["id"], *(row["id"] for row in rows)]
    at = picked("report_questions", ids, reporting.question_rows(rows, language()), columns, most=320)
    if at is None:
        st.caption(say("quality.pick_question"))
        return
    with st.container(border=True, key="report_question"):
        st.markdown(f"**{plain(rows[at]['question'])}**")
        details(rows[at])


def details(row: Json) -> None:
    """All that a report knows of one question, below its words."""
    for name, text in reporting.question_details(row, language()):
        st.markdown(f":gray[{plain(name)}]  \n{plain(text)}")
