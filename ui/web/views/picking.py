"""A table in which one row is chosen, to be shown below it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import streamlit as st

from ui.web.listing import table_key
from ui.web.session import say

Json = dict[str, Any]

_HEAD, _ROW = 38, 35
"""Pixels of the names of columns and of a row, as Streamlit draws them."""


def picked(
    name: str, ids: Sequence[str], rows: Sequence[Json], columns: Json, *, most: int | None = None
) -> int | None:
    """Draw the table: the number of the row that is chosen, None while none is.

    `ids` tell what stands in the rows: when that changes nothing is chosen any more (`table_key`). `most`
    pixels are how high it gets.
    """
    event = st.dataframe(
        list(rows),
        hide_index=True,
        key=table_key(name, ids),
        on_select="rerun",
        selection_mode="single-row",
        height="auto" if most is None else min(_HEAD + _ROW * len(rows), most),
        column_config=columns,
    )
    return next(iter(event.selection.rows), None)


def text_columns(**columns: tuple[str, int | Literal["small", "medium", "large"]]) -> Json:
    """Columns of text: for the key of their values the key of their name, and their width in pixels."""
    return {
        key: st.column_config.TextColumn(say(name), width=width) for key, (name, width) in columns.items()
    }
