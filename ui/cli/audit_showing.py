"""Rows of the audit log as lines of a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assistant.audit.chain import KINDS
from ui.cli.shared import terminal_language
from ui.cli.showing import one_line
from ui.moments import moment
from ui.texts import t

Json = dict[str, Any]
Line = tuple[str, str]
"""What is printed, and its style."""
_LENGTH = 80


def words(key: str, **values: object) -> str:
    """A text of the [audit] table in the language of the terminal."""
    return t(terminal_language(), "audit", key, **values)


def row_line(row: Json) -> str:
    """A row of `konkyo audit list`."""
    what = row["question"] or row["act"] or row["task"] or ""
    erased = f" · {words('say.words_erased')}" if row["erased"] else ""
    head = f"{row['id']:>6}  {_time(row['at'])}  {row['user']}  {_kind(row)}"
    return f"{head}  {one_line(str(what), _LENGTH)}{erased}"


def entry_lines(found: Json) -> Iterator[Line]:
    """What `konkyo audit replay` tells people."""
    at, kind = _time(found["at"]), _kind(found)
    yield words("say.entry", id=found["id"], at=at, user=found["user"], kind=kind), "bold"
    if not found["intact"]:
        yield words("reason.changed"), "red"
    if found["erased"] is not None:
        erased = {**found["erased"], "at": _time(found["erased"]["at"])}
        yield words("say.erased_by", **erased), "yellow"
    if "facts" not in found:
        yield from _answer_lines(found)
    else:
        yield f"{found['act'] or ''}", ""
        yield from _value_lines({**found["facts"].get("arguments", found["facts"]), **found["words"]})


def _answer_lines(found: Json) -> Iterator[Line]:
    if found["question"] is not None:
        yield words("say.question", text=found["question"]), ""
    if found["standalone"] not in (None, "", found["question"]):
        yield words("say.searched", text=found["standalone"]), "dim"
    if found["scope"]:
        yield words("say.scope", scope=found["scope"]), "dim"
    for key in ("failed", "abstained", "stopped", "verified"):
        if found[key]:
            yield words(f"say.{key}", value=found[key]), "yellow"
    if found["answer"] is not None:
        yield words("say.answer"), "bold"
        yield found["answer"], ""
    for claim in found["claims"]:
        verdict = t(terminal_language(), "web", f"verdict.{claim['verdict']}")
        yield f"- {verdict} {claim['score']:.2f}  {claim['text'] or ''}".rstrip(), ""
        for one in claim["citations"]:
            yield f"    {_passage(one)}", _STYLES[one["state"]]
            if one["quote"] is not None:
                yield f"      「{one['quote']}」", "dim"
    yield words("say.hits"), "bold"
    for hit in found["hits"]:
        yield f"  {_passage(hit)}", _STYLES[hit["state"]]
    yield words("say.with"), "bold"
    yield from _with_lines(found)


def _with_lines(found: Json) -> Iterator[Line]:
    then = found["then"]
    model, adapter = then["model"], then["adapter"]
    if model["name"]:
        yield f"  {words('say.model', name=model['name'], sha256=model['sha256'] or '–')}", ""
    if adapter is not None:
        yield f"  {words('say.adapter', name=adapter['name'], sha256=adapter['sha256'] or '–')}", ""
    yield f"  {words('say.program', version=then['version'], settings=then['settings']['digest'])}", ""
    for one in found["changed"]:
        if one["key"] != "settings.digest":
            told = words("say.now", name=one["key"], then=_shown(one["then"]), now=_shown(one["now"]))
            yield f"  {told}", "yellow"
    if not found["changed"]:
        yield f"  {words('say.unchanged')}", "dim"
    if found["prompts"]:
        yield f"  {words('say.prompts', number=len(found['prompts']))}", "dim"


_STYLES = {"same": "green", "moved": "green", "changed": "yellow", "removed": "red", "erased": "dim"}


def _passage(place: Json) -> str:
    name = place["title"] or place["path"] or place["document"]
    page = "" if place["page"] is None else words("say.page", page=place["page_label"] or place["page"])
    where = f"{place['document']}:{place['start']}-{place['end']}"
    return f"{words('state.' + place['state'])} · {name}{page} · {where} · {place['score']:.2f}"


def _value_lines(values: Json) -> Iterator[Line]:
    for key, value in sorted(values.items()):
        yield f"  {key}: {_shown(value)}", ""


def _shown(value: object) -> str:
    return "–" if value in (None, "", [], {}) else str(value)


def _kind(row: Json) -> str:
    kind = str(row["kind"])
    return words(f"kind.{kind}") if kind in KINDS else kind


def _time(at: str) -> str:
    found = moment(at)
    return at if found is None else f"{found:%Y-%m-%d %H:%M:%S}"
