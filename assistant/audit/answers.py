"""What the audit log keeps of an answer: facts for the chain, words beside it.

The facts say what happened without a word of question, answer or document: which passages by their places,
which model, adapter, settings and program, which verdicts. The words can be erased on request.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from assistant.answers import Message
from assistant.audit.chain import Json, canonical
from ingestion.settings import Settings

_PLACE = ("document", "start", "end", "score")
_MATTER = (
    "models",
    "server",
    "chunking",
    "retrieval",
    "rerank",
    "evidence",
    "generation",
    "answers",
    "verifier",
)
"""The tables of the settings on which an answer depends."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What an answer was written with. The SHA-256 is None where there is no file, as of another server."""

    model: str
    model_sha256: str | None
    adapter: str | None
    adapter_sha256: str | None
    settings: Mapping[str, object]
    version: str

    def as_json(self) -> Json:
        """As the chain keeps it."""
        return {
            "model": {"name": self.model, "sha256": self.model_sha256},
            "adapter": None if self.adapter is None else {
                "name": self.adapter, "sha256": self.adapter_sha256,
            },
            "settings": {"digest": digest(self.settings), "values": dict(self.settings)},
            "version": self.version,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """A question or task with where it was asked. `task` is "" for a question, `failed` an error's name.

    `earlier` are (question, answer) that the asker brought along, `max_tokens` the length that was asked for.
    """

    question: str
    task: str = ""
    conversation: str | None = None
    scope: Json | None = None
    failed: str = ""
    prompts: Sequence[Sequence[Message]] = field(default=())
    earlier: Sequence[tuple[str, str]] = ()
    max_tokens: int | None = None


def settings_that_matter(settings: Settings) -> Json:
    """The settings on which an answer depends, without secrets: what is in the chain cannot be erased."""
    found: Json = settings.model_dump(mode="json", include=set(_MATTER))
    found["server"]["base_url"] = _without_user(found["server"]["base_url"])
    return found


def digest(value: object) -> str:
    """SHA-256 of canonical JSON, in hex."""
    return hashlib.sha256(canonical(value).encode("ascii")).hexdigest()


def facts_of(asked: Asked, answer: Json, now: Circumstances, text_of: Callable[[str], str | None]) -> Json:
    """The facts of an answer (as `Answer.as_json` has it). `text_of` gives a document's text."""
    documents = {str(place["document"]) for place in [*answer["hits"], *_citations(answer)]}
    return {
        "task": asked.task, "conversation": asked.conversation, "scope": asked.scope, "failed": asked.failed,
        "abstained": bool(answer["abstained"]), "stopped": bool(answer.get("stopped")),
        "verified": (answer.get("verified") or {}).get("id"), "mended": str(answer.get("mended") or ""),
        "hits": [
            {"chunk": hit["chunk_id"], **{key: hit[key] for key in _PLACE}} for hit in answer["hits"]
        ],
        "documents": {document: _sha256(text_of(document)) for document in sorted(documents)},
        "claims": [
            {"verdict": claim["verdict"], "score": claim["score"],
             "citations": [{key: one[key] for key in _PLACE} for one in claim["citations"]]}
            for claim in answer["claims"]
        ],
        "timings": answer["timings"], "prompts": len(asked.prompts), **now.as_json(),
        **({} if asked.max_tokens is None else {"max_tokens": asked.max_tokens}),
    }  # fmt: skip


def words_of(asked: Asked, answer: Json) -> Json:
    """The words of it, by name."""
    prompts = [[{"role": one.role, "content": one.content} for one in messages] for messages in asked.prompts]
    question: Json = {"asked": asked.question, "standalone": str(answer.get("question") or "")}
    if asked.earlier:
        question["earlier"] = [{"question": one, "answer": other} for one, other in asked.earlier]
    return {"question": question, "answer": answer, **({"prompts": prompts} if prompts else {})}


def _without_user(address: str) -> str:
    """An address without the name and the password that may stand before its host."""
    head, slashes, rest = address.partition("//")
    host, slash, path = rest.partition("/")
    return f"{head}{slashes}{host.rpartition('@')[2]}{slash}{path}"


def _citations(answer: Json) -> list[Json]:
    return [one for claim in answer["claims"] for one in claim["citations"]]


def _sha256(text: str | None) -> str | None:
    """Of a document's normalised text, on which quotes stand; None when it has gone meanwhile."""
    return None if text is None else hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
