"""How hits, sentences and reports look in a terminal: pure functions from JSON values to lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ui.cli.shared import say, terminal_language
from ui.explained import explained_lines
from ui.moments import day
from ui.reasons import claim_reason_in, reason_in, warning_in

Json = dict[str, Any]
Line = tuple[str, str]
"""A text and its style, "" for plain."""

MARKS = {"supported": "✓", "partly": "◐", "contradicted": "✗", "unsupported": "?", "unchecked": "–"}
STYLES = {
    "supported": "green", "partly": "yellow", "contradicted": "bold red", "unsupported": "red",
    "unchecked": "dim",
}  # fmt: skip
_QUOTE_LENGTH = 160


def place(item: Json) -> str:
    """Where a hit or citation is: path, page as printed or counted, article; else sheet, slide or heading."""
    shown = str(item.get("shown_as") or item["path"])
    article = item.get("article")
    if item["page"] is not None:
        page = f"{shown} {say('say.page', page=item['page_label'] or item['page'])}"
        return f"{page} {article}" if article else page
    if article:
        return f"{shown} {article}"
    return f"{shown} {item['locator']}" if item["locator"] else shown


def hit_lines(hits: list[Json], *, texts: bool) -> Iterator[Line]:
    """The hits as a numbered list, with their texts or without."""
    for hit in hits:
        yield f"[{hit['rank']}] {place(hit)}  ({hit['score']:.2f})", "bold" if texts else "dim"
        if texts:
            if hit.get("heading_path"):
                yield f"    {' › '.join(hit['heading_path'])}", "dim"
            yield f"    {one_line(hit['text'], 300)}", ""
        if why := hit.get("explain"):
            for line in explained_lines(why, terminal_language()):
                yield f"    {line}", "dim"


def claim_lines(claims: list[Json]) -> Iterator[Line]:
    """Each sentence with its mark and verdict in words, and the passages below it."""
    for claim in claims:
        verdict = claim["verdict"]
        yield f"{MARKS[verdict]} {say(f'verdicts.{verdict}')}: {claim['text'].strip()}", STYLES[verdict]
        for citation in claim["citations"]:
            yield f"    {place(citation)}: 「{one_line(citation['quote'], _QUOTE_LENGTH)}」", "dim"
            for said, given in _differing(claim, citation["quote"]):
                yield f"    {say('say.differs', said=said, given=given)}", "red"
        for reason in claim.get("reasons", []):
            yield f"    {claim_reason_in(terminal_language(), reason)}", "dim"


def _differing(claim: Json, quote: str) -> list[tuple[str, str]]:
    """Numbers that the quote gives otherwise; none beside a sentence that is proved."""
    from assistant.grounding.comparing import differing_numbers

    return [] if claim["verdict"] == "supported" else differing_numbers(claim["text"], quote)


def note_lines(answer: Json) -> Iterator[Line]:
    """Who confirmed the answer, what was done about it, where documents differ, and whom to ask."""
    if verified := answer.get("verified"):
        yield say("say.verified", editor=verified["editor"], date=day(verified["at"])), "green"
    if answer.get("mended") == "removed":
        yield say("say.mended_removed"), "yellow"
        yield answer["answer"], ""
    elif answer.get("mended") in ("regenerated", "kept"):
        yield say(f"say.mended_{answer['mended']}"), "yellow"
        if answer["mended"] == "kept":
            yield answer["answer"], ""
    for reason in answer.get("withheld") or ():
        yield f"  {claim_reason_in(terminal_language(), reason)}", "dim"
    for found in answer.get("disagreements", ()):
        yield say("say.warning", message=found["text"]), "yellow"
    for person in answer.get("ask_whom", ()):
        titles = ", ".join(held["title"] for held in person["documents"])
        yield say("say.ask_whom", owner=person["owner"], documents=titles), ""


def grounding_line(answer: Json) -> str:
    """How many sentences have each verdict, in words."""
    counts = answer.get("grounding") or {}
    return " · ".join(f"{MARKS[name]} {say(f'verdicts.{name}')} {n}" for name, n in counts.items() if n)


def timing_line(answer: Json) -> str:
    """Model and times of an answer."""
    timings = answer["timings"]
    first = timings["first_token_ms"]
    return say(
        "say.model_line", model=answer["model"], retrieve=round(timings["retrieve_ms"]),
        first="–" if first is None else round(first), total=round(timings["total_ms"]),
    )  # fmt: skip


def report_lines(report: Json) -> Iterator[Line]:
    """The report of an ingest, with every file that failed or needs a look."""
    yield (
        say(
            "say.ingested",
            **{**report, "failed": len(report["failed"]), "seconds": round(report["seconds"], 1)},
        ),
        "",
    )
    for item in report["warnings"]:
        warning = warning_in(terminal_language(), item["warning"])
        yield say("say.warned_file", path=item["path"], warning=warning), "yellow"
    for item in report["failed"]:
        reason = reason_in(terminal_language(), item["reason"])
        yield say("say.failed_file", path=item["path"], reason=reason), "red"


def preview_lines(found: Json, most: int) -> Iterator[Line]:
    """What a synchronisation would do, with the first `most` paths of each kind."""
    if found["error"] is not None:
        yield say("say.preview_failed", message=reason_in(terminal_language(), found["error"])), "red"
        return
    counts = {name: len(found[name]) for name in ("added", "changed", "moved", "removed", "reread", "failed")}
    yield say("say.preview", **{**found, **counts}), ""
    moves = [f"{move['from']} → {move['to']}" for move in found["moved"]]
    failed = [f"{item['path']}: {reason_in(terminal_language(), item['reason'])}" for item in found["failed"]]
    kinds = (
        ("+", found["added"]),
        ("~", found["changed"]),
        ("→", moves),
        ("-", found["removed"]),
        ("↻", found["reread"]),
        ("!", failed),
    )
    for mark, lines in kinds:
        for line in lines[:most]:
            yield f"  {mark} {line}", "red" if mark in "-!" else ""
        if len(lines) > most:
            yield f"  {mark} {say('say.preview_more', number=len(lines) - most)}", "dim"
    if found["refused"] is not None:
        message = reason_in(terminal_language(), found["refused"])
        yield say("say.preview_refused", message=message), "yellow"


def one_line(text: str, length: int) -> str:
    """`text` without line breaks, cut at `length` characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: length - 1] + "…"


def size(count: int) -> str:
    """Bytes for people."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
