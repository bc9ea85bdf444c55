"""What people say of versions: a form to say it, and a button to take back each thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from ui.moments import day
from ui.web.allowed import may
from ui.web.listing import filtered, title_of
from ui.web.resources import operations
from ui.web.session import errors_shown, plain, say

Json = dict[str, Any]

_MOST = 200
_KINDS = ("official", "superseded_by", "valid_from", "valid_to", "apart")


def form(documents: Sequence[Json]) -> None:
    """Say something of any document; what was found for it stays behind that."""
    if not may("rule_version"):
        return
    with st.expander(say("kin.correct"), icon=":material/gavel:", key="rule_versions"):
        st.caption(say("kin.correct_more"))
        document = _choose(documents, say("kin.document"), "ruled_document")
        what = st.selectbox(
            say("kin.what"), _KINDS, format_func=lambda kind: say(f"kin.ruling.{kind}"), key="ruled_what"
        )
        value = _value(what, [other for other in documents if other["id"] != document])
        who = st.text_input(say("kin.who"), key="ruled_by", max_chars=100)
        ready = document is not None and value is not None
        st.button(
            say("kin.apply"), icon=":material/check:", key="rule_version", disabled=not ready,
            on_click=_say, args=(document, {what: value}, who),
        )  # fmt: skip


def _choose(documents: Sequence[Json], label: str, key: str) -> str | None:
    """One of the documents; of many only those that hold the words of a filter are offered."""
    if len(documents) > _MOST:
        query = st.text_input(say("filter"), key=f"{key}_filter", icon=":material/search:")
        documents = filtered(documents, query or "")[:_MOST]
    names = {document["id"]: _name(document) for document in documents}
    chosen: str | None = st.selectbox(
        label, list(names), index=None, format_func=names.__getitem__, key=key, placeholder=say("kin.choose")
    )
    return chosen


def _value(what: str, documents: Sequence[Json]) -> Any:
    """What the form gives for `what`; None while something is missing."""
    if what in ("official", "apart"):
        return True
    if what == "superseded_by":
        return _choose(documents, say("kin.by"), "ruled_successor")
    if st.checkbox(say("kin.no_day"), key="ruled_no_day"):
        return ""
    day = st.date_input(say("kin.day"), value=None, key="ruled_day")
    return day.isoformat() if day else None


def undo_buttons(member: Json, titles: Mapping[str, str]) -> None:
    """A button for each thing that somebody said of a document."""
    for ruling in member["rulings"] if may("rule_version") else ():
        st.button(
            say("kin.undo", ruling=plain(f"{member['title']}: {ruling_text(ruling, titles)}")),
            icon=":material/undo:", type="tertiary", key=f"undo_{member['document']}_{ruling['what']}",
            on_click=_say, args=(member["document"], {ruling["what"]: None}, ""),
        )  # fmt: skip


def ruling_text(ruling: Json, titles: Mapping[str, str]) -> str:
    """What was said, by whom and when."""
    told = say(f"kin.ruling.{ruling['what']}")
    if ruling["what"] in ("valid_from", "valid_to"):
        told = f"{told} {ruling['value'] or say('kin.no_day')}"
    elif ruling["what"] == "superseded_by":
        told = f"{told} {titles.get(ruling['value'], ruling['value'])}"
    who = " ".join(part for part in (ruling["by"], day(ruling["at"])) if part)
    return say("kin.ruled", ruling=told, who=who) if who else told


def _say(document: str, said: Json, by: str) -> None:
    with errors_shown():
        operations().rule_version(document, said, by=by)


def _name(document: Json) -> str:
    return f"{title_of(document)} ({document['locations'][0]['path']})"
