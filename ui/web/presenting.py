"""What the chat shows, as plain values: no Streamlit, and no HTML that holds unescaped text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from assistant.answers import Language
from ui.reasons import error_in
from ui.texts import t
from ui.web.grounds import (
    ICONS,
    bar,
    disagreement_notes,
    draft_note,
    verified_note,
    whom_to_ask,
    why,
)
from ui.web.turns import TurnState, pieces

__all__ = ["ICONS"]

Json = dict[str, Any]

_CARDS_SHOWN = 4
_TABLE_ROW = re.compile(r"table (\d+) row (\d+)$")


def file_name(path: str) -> str:
    """The last part of a path, with either kind of slash."""
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1]


def place(item: Json, language: Language) -> str:
    """Where in its document a hit or citation lies: "p. 3", "Slide 2", "Sheet1!B3", a heading, or "".

    In rules the article stands behind the page, or instead of the heading: "p. 3 · 第12条第2項". What is not
    in force says so.
    """
    article = item.get("article")
    state = (item.get("validity") or {}).get("state", "in_force")
    parts = [
        "" if article and item.get("page") is None else _place(item, language),
        str(article or ""),
        "" if state == "in_force" else t(language, "web", f"states.{state}"),
    ]
    return " · ".join(part for part in parts if part)


def _place(item: Json, language: Language) -> str:
    locator = item.get("locator")
    page = item.get("page")
    kind = item.get("format", "")
    if kind == "pptx" and page is not None:
        return t(language, "web", "slide", number=page)
    if locator:
        row = _TABLE_ROW.match(str(locator))
        return t(language, "web", "table_row", number=row[1], row=row[2]) if row else str(locator)
    if page is None:
        return " › ".join(item.get("heading_path") or ())
    label = item.get("page_label")
    if label and str(label) != str(page):
        return t(language, "web", "page_labelled", number=page, label=label)
    return t(language, "web", "page", number=page)


def card_number(citation: Json, hits: Sequence[Json]) -> int | None:
    """The 1-based number of the card that holds a citation: the hit that shares most characters with it."""
    best, number = 0, None
    for index, hit in enumerate(hits, start=1):
        if hit["document"] != citation["document"]:
            continue
        shared = min(hit["end"], citation["end"]) - max(hit["start"], citation["start"])
        if shared > best:
            best, number = shared, index
    return number


def turn_view(state: TurnState, language: Language, *, scope: str = "") -> Json:
    """Everything that the component of one answer draws; see components/turn.js."""
    numbers = _Numbers(state)
    text = state.text
    parts = [_piece_view(piece, state, numbers, language) for piece in pieces(text, state.claims)]
    if state.answer is not None and state.answer["abstained"]:
        parts = [{"text": text}]
    return {
        "lang": language,
        "phase": phase(state),
        "note": _note(state, language),
        "scope": scope,
        "sources": _cards(state, numbers, language),
        "sourcesTitle": _sources_title(state, language),
        "moreLabel": t(language, "web", "more_sources"),
        "shown": _CARDS_SHOWN,
        "pieces": parts,
        "summary": summary(state, language),
        "bar": bar(state, language),
        "verified": verified_note(state, language),
        "disagreements": disagreement_notes(state, language),
        "draft": draft_note(state, language),
        "ask": whom_to_ask(state, language),
        "askLabel": t(language, "web", "owners.ask"),
        "whyLabel": t(language, "web", "compared.open"),
        "openLabel": t(language, "web", "open_passage"),
        "copy": answer_text(state, language) if state.answer else "",
        "copyLabel": t(language, "web", "copy"),
        "copiedLabel": t(language, "web", "copied"),
    }


def phase(state: TurnState) -> str:
    """How far a turn is: queued, searching, reading, writing, done, abstained, stopped or failed."""
    if state.error:
        return "failed"
    if state.answer is not None and state.answer["abstained"]:
        return "abstained"
    if state.stopped:
        return "stopped"
    if state.answer is not None:
        return "done"
    if state.ahead:
        return "queued"
    if state.text:
        return "writing"
    return "searching" if state.hits is None else "reading"


def summary(state: TurnState, language: Language) -> str:
    """How many sentences of a whole answer stand on a passage; "" while there is none."""
    if state.answer is None or state.answer["abstained"] or not state.claims:
        return ""
    proven = sum(claim["verdict"] == "supported" for claim in state.claims)
    return t(language, "web", "summary", proven=proven, all=len(state.claims))


class _Numbers:
    """Which cards are cited, and the number on each chip."""

    def __init__(self, state: TurnState) -> None:
        hits = state.hits or ()
        self._numbers = {
            (i, j): card_number(citation, hits)
            for i, claim in enumerate(state.claims)
            for j, citation in enumerate(claim["citations"])
        }
        self.cited = {number for number in self._numbers.values() if number is not None}

    def of(self, claim: int, citation: int) -> str:
        number = self._numbers[claim, citation]
        return "•" if number is None else str(number)


def _piece_view(piece: Any, state: TurnState, numbers: _Numbers, language: Language) -> Json:
    if piece.claim is None:
        return {"text": piece.text}
    claim = state.claims[piece.claim]
    chips = [
        {
            "key": f"c:{piece.claim}:{index}",
            "number": numbers.of(piece.claim, index),
            "hint": _hint(citation, language),
        }
        for index, citation in enumerate(claim["citations"])
    ]
    return {
        "text": piece.text,
        "verdict": claim["verdict"],
        "icon": ICONS[claim["verdict"]],
        "label": t(language, "web", f"verdict.{claim['verdict']}"),
        "key": f"v:{piece.claim}",
        "why": why(claim, language),
        "chips": _distinct(chips),
    }


def _distinct(chips: list[Json]) -> list[Json]:
    seen: set[tuple[str, str]] = set()
    kept = []
    for chip in chips:
        mark = (chip["number"], chip["hint"])
        if mark not in seen:
            kept.append(chip)
        seen.add(mark)
    return kept


def _hint(item: Json, language: Language) -> str:
    name = item.get("title") or file_name(item["path"])
    where = place(item, language)
    return f"{name} · {where}" if where else str(name)


def _cards(state: TurnState, numbers: _Numbers, language: Language) -> list[Json]:
    whole = state.answer is not None and bool(numbers.cited)
    return [
        {
            "key": f"h:{index}",
            "number": str(index + 1),
            "title": hit.get("title") or file_name(hit["path"]),
            "place": place(hit, language),
            "path": hit.get("shown_as") or hit["path"],
            "format": hit.get("format", ""),
            "preview": " ".join(hit["text"].split())[:160],
            "cited": index + 1 in numbers.cited,
            "quiet": whole and index + 1 not in numbers.cited,
        }
        for index, hit in enumerate(state.hits or ())
    ]


def _sources_title(state: TurnState, language: Language) -> str:
    if state.hits is None:
        return ""
    if not state.hits:
        return t(language, "web", "no_sources") if phase(state) not in ("stopped", "failed") else ""
    closest = state.answer is not None and state.answer["abstained"]
    return t(language, "web", "closest" if closest else "sources", number=len(state.hits))


def _note(state: TurnState, language: Language) -> str:
    now = phase(state)
    if now == "queued":
        return t(language, "web", "phase.queued", ahead=state.ahead)
    if now == "failed":
        return error_in(language, state.error)
    if now == "done" and state.answer is not None:
        return " ".join(state.answer.get("warnings") or ())
    if now == "writing" or (now == "reading" and state.mending):
        return t(language, "web", "phase.mending") if state.mending else ""
    if now == "abstained" and state.answer is not None and state.answer.get("draft"):
        return t(language, "web", "phase.unproved")
    return t(language, "web", f"phase.{now}")


def answer_text(state: TurnState, language: Language) -> str:
    """An answer with its citations as plain text, to be pasted elsewhere."""
    quoted = cited_sentences(state, language)
    lines = [state.question, "", "".join(part.text + part.marks for part in quoted).strip()]
    lines += (state.answer or {}).get("warnings") or ()
    sources = cited_sources(state, language)
    if sources:
        lines += ["", t(language, "web", "cited_sources")]
        lines += [f"[{source.number}] {source.title}{source.where} — {source.path}" for source in sources]
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an answer with its marks, as in " [1][3]", and its verdict in words ("" for none)."""

    text: str
    marks: str
    verdict: str


def cited_sentences(state: TurnState, language: Language) -> list[Sentence]:
    """The answer's text in order, each sentence with the numbers of what it stands on."""
    if state.answer is not None and state.answer["abstained"]:
        return [Sentence(state.text, "", "")]
    numbers = _Numbers(state)
    found = []
    for piece in pieces(state.text, state.claims):
        if piece.claim is None:
            found.append(Sentence(piece.text, "", ""))
            continue
        claim = state.claims[piece.claim]
        marks = dict.fromkeys(numbers.of(piece.claim, i) for i in range(len(claim["citations"])))
        label = t(language, "web", f"verdict.{claim['verdict']}")
        tail = "".join(f"[{mark}]" for mark in marks) or f"({label})"
        found.append(Sentence(piece.text, f" {tail}", label))
    return found


@dataclass(frozen=True, slots=True)
class CitedSource:
    """A line of the list of sources below an answer."""

    number: str
    title: str
    where: str
    path: str
    quotes: tuple[str, ...]


def cited_sources(state: TurnState, language: Language) -> list[CitedSource]:
    """What the answer cites, by number, each with its quotes."""
    numbers = _Numbers(state)
    quotes: dict[str, list[Json]] = {}
    for i, claim in enumerate(state.claims):
        for j, citation in enumerate(claim["citations"]):
            quotes.setdefault(numbers.of(i, j), []).append(citation)
    listed = []
    for number in sorted(quotes, key=lambda mark: (not mark.isdigit(), int(mark) if mark.isdigit() else 0)):
        first = quotes[number][0]
        where = place(first, language)
        listed.append(
            CitedSource(
                number,
                first.get("title") or file_name(first["path"]),
                f", {where}" if where else "",
                first.get("shown_as") or first["path"],
                tuple(dict.fromkeys(citation["quote"] for citation in quotes[number])),
            )
        )
    return listed
