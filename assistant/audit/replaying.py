"""A row of the audit log as it was, held against the library, the models and the settings of today.

Nothing is answered again: what is shown is what was given. Each quote says what has become of its passage.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from assistant.audit.answers import Circumstances
from assistant.audit.chain import COMMITMENTS, Content, Json, Row

Standing = Literal["same", "moved", "changed", "removed", "erased"]
TextOf = Callable[[str], str | None]


def entry_json(row: Row, contents: Sequence[Content]) -> Json:
    """A row with what is left of its words: `{id, at, user, kind, act, facts, words, erased, …}`.

    One that was changed is shown as far as it can be read: a log that was tampered with is looked into.
    """
    facts = {key: value for key, value in row.readable.items() if key != COMMITMENTS}
    words = {str(one.name): _said(one.text) for one in contents}
    return {
        "id": row.seq, "at": str(row.at), "user": str(row.user), "kind": str(row.kind),
        "act": facts.get("act"), "facts": facts, "words": words,
        "erased": bool(row.promised.keys() - words.keys()),
        "previous": row.previous, "hash": row.hash,
    }  # fmt: skip


def summary_json(entry: Json) -> Json:
    """One line of `konkyo audit list`. `question` and `answer` are None where they were erased."""
    words, facts = entry["words"], entry["facts"]
    asked, answer = words.get("question"), words.get("answer")
    model, adapter = facts.get("model"), facts.get("adapter")
    return {
        **{key: entry[key] for key in ("id", "at", "user", "kind", "act", "erased")},
        "task": facts.get("task") or None,
        "question": asked.get("asked") if isinstance(asked, dict) else asked,
        "answer": answer.get("answer") if isinstance(answer, dict) else answer,
        "abstained": facts.get("abstained"),
        "model": model.get("name") if isinstance(model, dict) else None,
        "adapter": adapter.get("name") if isinstance(adapter, dict) else None,
    }  # fmt: skip


def replayed(entry: Json, text_of: TextOf, now: Circumstances) -> Json:
    """An answer as it was given, beside today; see `konkyo audit replay` in docs/cli.md."""
    facts, words = entry["facts"], entry["words"]
    answer = words.get("answer")
    claims = facts["claims"] if answer is None else answer["claims"]
    hits = facts["hits"] if answer is None else answer["hits"]
    then = {key: facts[key] for key in ("model", "adapter", "settings", "version")}
    today = now.as_json()
    return {
        **{key: entry[key] for key in ("id", "at", "user", "kind", "previous", "hash")},
        **{key: facts[key] for key in ("task", "conversation", "scope", "failed", "abstained", "stopped",
                                       "verified", "timings")},
        "question": (words.get("question") or {}).get("asked"),
        "standalone": (words.get("question") or {}).get("standalone"),
        "answer": None if answer is None else answer["answer"],
        "draft": None if answer is None else answer.get("draft"),
        "claims": [
            {"text": claim.get("text"), "verdict": claim["verdict"], "score": claim["score"],
             "citations": [_placed(one, "quote", text_of) for one in claim["citations"]]}
            for claim in claims
        ],
        "hits": [_placed(hit, "text", text_of) for hit in hits],
        "documents": [
            {"document": document, "text_sha256": sha256, "there": text_of(document) is not None}
            for document, sha256 in facts["documents"].items()
        ],
        "prompts": words.get("prompts"),
        "then": then, "now": today, "changed": changes(then, today),
    }  # fmt: skip


def standing(said: str | None, start: int, end: int, text: str | None) -> Standing:
    """What has become of a passage: `said` stood at [start:end) of a document that now has `text`."""
    if text is None:
        return "removed"
    if said is None:
        return "erased"
    if text[start:end] == said:
        return "same"
    return "moved" if said and said in text else "changed"


def changes(then: Mapping[str, object], now: Mapping[str, object]) -> list[Json]:
    """`[{key, then, now}]` of single values that differ, with dotted keys, in the order of their names."""
    old, new = _flat(then), _flat(now)
    return [
        {"key": key, "then": old.get(key), "now": new.get(key)}
        for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)
    ]  # fmt: skip


def _said(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return str(text)  # it was changed


def _flat(value: Mapping[str, object], at: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for key, one in value.items():
        if isinstance(one, Mapping):
            found |= _flat(one, f"{at}{key}.")
        else:
            found[at + key] = one
    return found


def _placed(item: Json, name: str, text_of: TextOf) -> Json:
    said = item.get(name)
    kept = ("document", "source", "path", "title", "page", "page_label", "locator", "article", "start", "end",
            "score")  # fmt: skip
    return {
        **{key: item.get(key) for key in kept}, name: said,
        "state": standing(said, item["start"], item["end"], text_of(str(item["document"]))),
    }  # fmt: skip
