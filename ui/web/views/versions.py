"""Documents that are one text, or one rule in several versions, and which of them counts today."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from ui.texts import texts
from ui.web.session import language, plain, say
from ui.web.views import rulings

Json = dict[str, Any]

_MOST = 100


def section(families: Sequence[Json], documents: Sequence[Json]) -> None:
    """A table for each family, its newest member first, and what people say of any of the documents."""
    if documents:
        rulings.form(documents)
    if not families:
        st.info(say("kin.none"), icon=":material/info:")
        return
    st.caption(say("kin.more"))
    for number, family in enumerate(families[:_MOST]):
        _family(family["documents"], number)
    if len(families) > _MOST:
        st.caption(say("show_more", number=len(families) - _MOST))


def _family(members: Sequence[Json], number: int) -> None:
    titles = {member["document"]: member["title"] for member in members}
    newest = sorted(members, key=lambda member: member["valid_from"] or "", reverse=True)
    with st.container(border=True, key=f"family_{number}"):
        st.markdown(f"**{plain(newest[0]['title'])}**")
        config = st.column_config
        st.dataframe(
            [_row(member, titles) for member in newest],
            hide_index=True,
            key=f"family_table_{number}",
            column_config={
                "title": config.TextColumn(say("column_title"), width="medium"),
                "state": config.TextColumn(say("column_status"), width="small"),
                "version": config.TextColumn(say("kin.version"), width="small"),
                "valid_from": config.TextColumn(say("kin.valid_from"), width="small"),
                "valid_to": config.TextColumn(say("kin.valid_to"), width="small"),
                "said": config.TextColumn(say("kin.rulings"), width="medium"),
                "location": config.TextColumn(say("column_location"), width="large"),
            },
        )
        for member in newest:
            rulings.undo_buttons(member, titles)


def _row(member: Json, titles: dict[str, str]) -> Json:
    """One member; a copy is shown as such, whatever its state."""
    states = texts(language())["web"]["states"]
    state = states.get(member["state"], say("kin.in_force"))
    if member["copy_of"]:
        state = say("kin.copy_of", title=titles.get(member["copy_of"], member["copy_of"]))
    locations = member["locations"]
    return {
        "title": member["title"],
        "state": state,
        "version": member["version"] or "",
        "valid_from": member["valid_from"] or "",
        "valid_to": member["valid_to"] or member["superseded_from"] or "",
        "said": " / ".join(rulings.ruling_text(ruling, titles) for ruling in member["rulings"]),
        "location": locations[0]["shown_as"] if locations else "",
    }
