"""A new training: what is learnt, how, on which model; what it would take; and the start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from ui.reasons import reason_in
from ui.web import tuning
from ui.web.resources import operations
from ui.web.session import errors_shown, language, plain, say, tell
from ui.web.views.picking import text_columns

Json = dict[str, Any]

METHODS = ("sft", "dpo", "continued")
_BOUNDS: Mapping[str, tuple[float, float, float]] = {
    "training.epochs": (0.1, 50.0, 0.5), "data.max_tokens": (32, 32_768, 64),
    "data.replay_share": (0.0, 0.9, 0.05), "lora.rank": (1, 256, 4), "training.rate": (0.0, 0.01, 0.00005),
}  # fmt: skip


def section() -> None:
    """The form; the start can be pressed once what is chosen was estimated and fits."""
    recipes = {one["name"]: one for one in operations().recipes()}
    recipe = st.segmented_control(
        say("training.recipe"), list(recipes), default="cpu", required=True, key="training_recipe"
    )
    fields = recipes[str(recipe)]["fields"]
    st.caption(tuning.known(language(), "about", str(recipe)))
    names = {name: tuning.known(language(), "methods", name) for name in METHODS}
    method = st.segmented_control(
        say("training.method"), list(names), format_func=lambda key: names[key], default="sft",
        required=True, key="training_method",
    )  # fmt: skip
    st.caption(tuning.known(language(), "about", str(method)))
    changes = _models() | _dials(str(recipe), fields)
    with st.expander(say("training.fields_title"), icon=":material/list:", key="training_fields"):
        columns = text_columns(
            field=("training.field", 170), value=("training.value", 130), means=("training.means", "large")
        )
        rows = tuning.field_rows(fields, language())
        st.dataframe(rows, hide_index=True, key="recipe_fields", column_config=columns)
    name = st.text_input(say("training.name"), key="training_name", help=say("training.name_help"))
    _estimate_and_start(str(recipe), str(method), changes, name.strip())


def _models() -> Json:
    """The base model and the adapter that is continued, as changes of the recipe."""
    chat = operations().status()["chat"]["name"]
    present = [one["name"] for one in operations().models() if one["role"] == "chat" and one["present"]]
    names = {"": say("training.base_default", name=chat)} | {one: one for one in present if one != chat}
    left, right = st.columns(2)
    with left:
        base = st.selectbox(
            say("training.base"), list(names), key="training_base", format_func=lambda one: names[one]
        )  # fmt: skip
    with right:
        adapters = [one["name"] for one in operations().adapters() if one["base"] == (base or chat)]
        parents = {"": say("training.continued_none")} | {one: one for one in adapters}
        parent = st.selectbox(
            say("training.continued"), list(parents), key="training_parent",
            format_func=lambda one: parents[one],
        )  # fmt: skip
    wanted = {"model.base": base, "model.adapter": parent}
    return {path: value for path, value in wanted.items() if value}


def _dials(recipe: str, fields: Json) -> Json:
    dials: Json = {}
    with st.expander(say("training.dials"), icon=":material/tune:", key="training_dials"):
        for path in tuning.DIALS:
            value = tuning.field(fields, path)
            low, high, step = (type(value)(bound) for bound in _BOUNDS[path])
            dials[path] = st.number_input(
                tuning.known(language(), "dial", path.partition(".")[2]), min_value=low, max_value=high,
                value=value, step=step, key=f"dial_{recipe}_{path}",
                format="%.5f" if path == "training.rate" else None,
            )  # fmt: skip
    return tuning.dialled(fields, dials)


def _estimate_and_start(recipe: str, method: str, changes: Json, name: str) -> None:
    chosen = (recipe, method, tuple(sorted(changes.items())))
    if st.button(say("training.estimate"), icon=":material/calculate:", key="estimate_training"):
        with errors_shown():
            st.session_state.pop("training_estimate", None)
            with st.spinner(say("training.estimating")):
                found = operations().estimate_training(recipe, method=method, changes=changes)
            st.session_state["training_estimate"] = (chosen, found)
    known, found = st.session_state.get("training_estimate", (None, None))
    estimate = found if known == chosen else None
    if estimate is None:
        st.caption(say("training.estimate_first"))
    else:
        _estimate(estimate)
    if st.button(
        say("training.start"), type="primary", icon=":material/play_circle:", key="start_training",
        disabled=estimate is None or not estimate["fits"],
    ):  # fmt: skip
        with errors_shown():
            run = operations().start_training(recipe, name=name or None, method=method, changes=changes)
            st.session_state.pop("training_estimate", None)
            tell("runs", say("training.started", run=plain(run["run"])))
            st.rerun()


def _estimate(found: Json) -> None:
    free = say("training.memory_of", free=tuning.gigabytes(found["available_bytes"]))
    with st.container(horizontal=True, key="estimate_numbers"):
        st.metric(say("training.memory"), tuning.gigabytes(found["memory"]["total"]), help=free)
        st.metric(say("training.time"), tuning.duration(found["seconds"], language()))
        st.metric(say("training.steps"), f"{found['steps']:,}")
        st.metric(say("training.longest"), say("training.tokens", number=f"{found['longest_tokens']:,}"))
    st.caption(plain(tuning.estimate_line(found, language())))
    if busy := tuning.busy_line(found, language()):
        st.caption(plain(busy))
    if found["refusal"]:
        st.error(plain(reason_in(language(), found["refusal"])), icon=":material/block:")
    else:
        st.success(f"{say('training.fits')} ({free})", icon=":material/check_circle:")
    if found["left_out"]:
        with st.expander(say("training.left_out", number=len(found["left_out"])), key="left_out"):
            for one in found["left_out"]:
                st.caption(plain(reason_in(language(), one["reason"])))
