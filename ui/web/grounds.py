"""How well an answer stands on passages, as plain values for the page: counts, notes, reasons in words."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from assistant.answers import Language
from assistant.grounding.comparing import Part, comparing
from ui.moments import day
from ui.reasons import claim_reason_in
from ui.texts import t, texts
from ui.web.turns import TurnState

Json = dict[str, Any]

ICONS: Mapping[str, str] = {
    "supported": "✓", "partly": "◐", "contradicted": "✕", "unsupported": "?", "unchecked": "–",
}  # fmt: skip


def bar(state: TurnState, language: Language) -> list[Json]:
    """`[{verdict, icon, label, count, share}]` of a whole answer's sentences, best verdict first.

    Verdicts that no sentence has are left out; shares add up to 1.
    """
    if state.answer is None or state.answer["abstained"] or not state.claims:
        return []
    counts = {name: sum(claim["verdict"] == name for claim in state.claims) for name in ICONS}
    return [
        {"verdict": name, "icon": ICONS[name], "label": t(language, "web", f"verdict.{name}"), "count": count,
         "share": count / len(state.claims)}
        for name, count in counts.items() if count
    ]  # fmt: skip


def reasons_in_words(reasons: Sequence[str], language: Language) -> list[str]:
    """The rules that failed, as people say it; a rule without words stands as it is named."""
    return [claim_reason_in(language, reason) for reason in reasons]


def why(claim: Json, language: Language) -> str:
    """Why a sentence has its verdict."""
    first = t(language, "web", f"why.{claim['verdict']}")
    return " ".join([first, *reasons_in_words(claim.get("reasons", ()), language)])


def verified_note(state: TurnState, language: Language) -> str:
    """Who confirmed the answer and when; "" for an answer that the model wrote."""
    verified = (state.answer or {}).get("verified")
    if not verified:
        return ""
    return t(language, "web", "editor.by", editor=verified["editor"], date=day(verified["at"]))


def disagreement_notes(state: TurnState, language: Language) -> list[Json]:
    """`[{text, passages: [{key, label}]}]`: where documents differ, each passage to be opened."""
    found = (state.answer or {}).get("disagreements") or ()
    return [
        {
            "text": each["text"],
            "passages": [
                {
                    "key": f"d:{i}:{j}",
                    "label": f"{passage.get('title') or passage['path']}: {each['values'][j]}",
                }
                for j, passage in enumerate(each["passages"])
            ],
        }
        for i, each in enumerate(found)
    ]


def draft_note(state: TurnState, language: Language) -> Json | None:
    """`{label, text, why}`: the text that another took the place of, to be shown under a fold; None without.

    `why` are the reasons for which it was withheld.
    """
    answer = state.answer or {}
    if not answer.get("draft"):
        return None
    kind = "withheld" if answer["abstained"] else answer.get("mended") or "withheld"
    return {"label": t(language, "web", f"drafts.{kind}"), "text": answer["draft"],
            "why": list(dict.fromkeys(reasons_in_words(answer.get("withheld") or (), language)))}  # fmt: skip


def whom_to_ask(state: TurnState, language: Language) -> list[str]:
    """A line for each owner of the closest documents, when the documents do not answer."""
    separator = t(language, "web", "owners.separator")
    return [
        t(
            language, "web", "owners.line", owner=person["owner"],
            documents=separator.join(held["title"] for held in person["documents"]),
        )
        for person in (state.answer or {}).get("ask_whom") or ()
    ]  # fmt: skip


def comparison_html(claim: str, quote: str, language: Language, *, verdict: str = "") -> str:
    """The sentence beside its quote, what both say marked, numbers that differ marked; all text escaped."""
    found = comparing(claim, quote, proved=verdict == "supported")
    names = texts(language)["web"]["compared"]
    kinds = {part.kind for part in (*found.claim, *found.quote)}
    legend = "".join(
        f'<span class="k-part {kind}">{html.escape(names[kind])}</span>'
        for kind in ("same", "number_same", "number_differs", "number_missing") if kind in kinds
    )  # fmt: skip
    return (
        '<div class="k-beside">'
        f"<div><span>{html.escape(names['claim'])}</span>"
        f'<div class="k-claim">{_parts_html(found.claim)}</div></div>'
        f"<div><span>{html.escape(names['quote'])}</span>"
        f'<blockquote class="k-quote">{_parts_html(found.quote)}</blockquote></div>'
        f'</div><div class="k-legend">{legend}</div>'
    )


def _parts_html(parts: Sequence[Part]) -> str:
    return "".join(
        f'<span class="k-part {part.kind}">{html.escape(part.text)}</span>'
        if part.kind
        else html.escape(part.text)
        for part in parts
    )
