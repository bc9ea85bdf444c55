"""The report of the gate: verdict, reasons, measures as a picture, both sides' answers with what differs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from ui.web.differing import beside_html
from ui.web.resources import operations
from ui.web.session import language, plain, say
from ui.web.views.picking import picked, text_columns
from ui.web.views.reports import draw

Json = dict[str, Any]


def section(adapter: str) -> None:
    """The newest report of an adapter, or the one that is chosen."""
    # Imported here: it brings the gate's own code, which pages without a report do without.
    from ui.web import gate_shown

    st.subheader(say("training.gate_title"), anchor=False)
    report = _report(adapter)
    if report["passed"]:
        st.success(say("training.gate_passed"), icon=":material/verified:")
    else:
        st.error(say("training.gate_failed"), icon=":material/block:")
    for reason in gate_shown.reasons(report, language()):
        st.markdown(f"- {plain(reason)}")
    st.caption(plain(gate_shown.about_line(report, language())))
    if (plot := gate_shown.metrics_plot(report, language())) is not None:
        draw(plot)
    columns = text_columns(
        measure=("training.measure", 230), base=("training.base_side", 80),
        tuned=("training.tuned_side", 80), difference=("training.difference", 80),
        interval=("training.interval", 120), verdict=("training.verdict", 150),
    ) | {"n": st.column_config.NumberColumn(say("training.questions"), width=75)}  # fmt: skip
    rows = gate_shown.metric_rows(report, language())
    st.dataframe(rows, hide_index=True, key=f"gate_metrics_{adapter}", column_config=columns)
    _answers(adapter, report)


def _report(adapter: str) -> Json:
    ids = st.session_state.setdefault("gate_ids", {}).get(adapter, [])
    chosen = None
    if len(ids) > 1:
        chosen = st.selectbox(say("training.report"), ids, key=f"gate_report_{adapter}")
    report = operations().gate_report(adapter, chosen)
    if report["ids"] != ids:
        st.session_state["gate_ids"][adapter] = report["ids"]
        if len(report["ids"]) > 1:
            st.rerun()  # to offer the others, too
    return report


def _answers(adapter: str, report: Json) -> None:
    from ui.web import gate_shown

    rows = report["rows"]
    groups = {
        "only_turned": [row for row in rows if gate_shown.turned(row)],
        "only_differing": [row for row in rows if gate_shown.differs(row)],
        "all_answers": rows,
    }
    st.markdown(f"**{say('training.answers_title')}**")
    names = {name: say(f"training.{name}", number=len(found)) for name, found in groups.items()}
    chosen = st.segmented_control(
        say("training.answers_title"), list(names), format_func=lambda key: names[key],
        default="only_turned" if groups["only_turned"] else "only_differing", required=True,
        key=f"gate_rows_{adapter}_{report['id']}", label_visibility="collapsed",
    )  # fmt: skip
    shown = groups[str(chosen)]
    if not shown:
        st.caption(say("training.none_found"))
        return
    columns = text_columns(
        question=("training.question", 390), part=("training.part", 90), base=("training.base_side", 170),
        tuned=("training.tuned_side", 190),
    )  # fmt: skip
    ids = [report["id"], *(row["id"] for row in shown)]
    at = picked(f"gate_{adapter}", ids, gate_shown.question_rows(shown, language()), columns, most=320)
    if at is None:
        st.caption(say("training.pick_answer"))
    else:
        _row(shown[at])


def _row(row: Json) -> None:
    from ui.web import gate_shown

    with st.container(border=True, key="gate_row"):
        if row["gone"]:
            st.warning(say("training.row_gone"), icon=":material/link_off:")
            return
        st.markdown(f"**{plain(row['question'])}**")
        wanted = row["reference"] or " / ".join(row["accepted"])
        if wanted:
            st.caption(say("training.reference", text=plain(wanted)))
        st.html(beside_html(row["base"]["answer"], row["tuned"]["answer"], language()))
        for name in ("base", "tuned"):
            came = gate_shown.outcome(row[name], language())
            st.caption(plain(f"{say(f'training.{name}_side')}: {came}"))
        _evidence(row["evidence"])


def _evidence(evidence: Sequence[Json]) -> None:
    if not evidence:
        return
    with st.expander(say("training.sources"), icon=":material/menu_book:", key="gate_evidence"):
        for number, source in enumerate(evidence, start=1):
            st.markdown(f"**[{number}] {plain(source['heading'])}**  \n{plain(source['text'])}")
