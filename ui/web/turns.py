"""What is known of one turn of a conversation, from the first event of its stream to the stored answer.

Knows nothing of how a turn looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TurnState:
    """A question and what has come in for it.

    `text` is what was generated so far, `claims` its checked sentences, `answer` the whole answer once there
    is one. `ahead` is how many other questions are answered first. `error` is one sentence for people.
    `progress` is how far a task of several steps is. `mending` says that the text is being written again with
    more evidence. `message` is the id of the stored answer, None before it is stored.
    """

    question: str
    scope: Json | None = None
    hits: tuple[Json, ...] | None = None
    ahead: int = 0
    text: str = ""
    claims: tuple[Json, ...] = ()
    answer: Json | None = None
    error: str = ""
    stopped: bool = False
    mending: bool = False
    progress: Json | None = None
    message: Any = None

    @property
    def finished(self) -> bool:
        """Whether nothing more will come."""
        return self.answer is not None or bool(self.error) or self.stopped


def advance(state: TurnState, event: Json) -> TurnState:
    """The state after one event of `Operations.ask`. Unknown events change nothing."""
    match event["event"]:
        case "waiting":
            return replace(state, ahead=int(event["ahead"]))
        case "retrieved":
            return replace(state, hits=tuple(event["hits"]), ahead=int(event.get("waiting") or 0))
        case "token":
            return replace(state, text=state.text + event["text"], ahead=0)
        case "checked":
            return replace(state, claims=(*state.claims, event["claim"]))
        case "progress":
            return replace(state, progress=event, ahead=0)
        case "mending":
            return replace(state, hits=tuple(event["hits"]), text="", claims=(), mending=True)
        case "finished":
            return answered(state.question, state.scope, event["answer"])
    return state


def answered(question: str, scope: Json | None, answer: Json) -> TurnState:
    """The state of a turn whose answer is whole, as it is stored in a conversation."""
    return TurnState(
        question,
        scope,
        hits=tuple(answer["hits"]),
        text=answer["answer"],
        claims=tuple(answer["claims"]),
        answer=answer,
        stopped=bool(answer.get("stopped")),
    )


def stored_turns(messages: Sequence[Json]) -> list[TurnState]:
    """The turns of a stored conversation, oldest first. A question without an answer is a turn, too."""
    turns: list[TurnState] = []
    for message in messages:
        if message["role"] == "user":
            turns.append(TurnState(message["text"], message.get("scope"), hits=(), stopped=True))
        elif turns:
            asked = turns[-1]
            if message.get("answer"):
                whole = answered(asked.question, asked.scope or message.get("scope"), message["answer"])
                turns[-1] = replace(whole, message=message.get("id"))
            else:
                turns[-1] = replace(asked, text=message["text"])
    return turns


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of the answer's text: a checked sentence (`claim` is its index), or what lies between."""

    text: str
    claim: int | None = None


def pieces(text: str, claims: Sequence[Json]) -> Iterator[Piece]:
    """Cut `text` into its claims and the rest, in order; joined again they are `text`.

    A claim lies where its offsets say; where they do not fit (the text was trimmed), where its words are
    found next. A claim that is not in the text is left out.
    """
    cursor = 0
    for index, claim in enumerate(claims):
        start = claim.get("start", -1)
        if start < cursor or text[start : start + len(claim["text"])] != claim["text"]:
            start = text.find(claim["text"], cursor)
        if start < 0:
            continue
        if start > cursor:
            yield Piece(text[cursor:start])
        cursor = start + len(claim["text"])
        yield Piece(claim["text"], index)
    if cursor < len(text):
        yield Piece(text[cursor:])


@dataclass(frozen=True, slots=True)
class Passage:
    """A place in a document that a reader wants to see, from a citation or a hit.

    `claim` is the sentence of the answer that it was opened for, with its `verdict` and `reasons`. A sentence
    without any passage has an empty `document`. `asked` is the question that was searched, within `scope`;
    "" where none was.
    """

    document: str
    start: int
    end: int
    quote: str
    title: str
    format: str
    page: int | None
    page_label: str | None
    locator: str | None
    shown_as: str
    facts: Json = field(default_factory=dict)
    cell: Json | None = None
    claim: str = ""
    verdict: str = ""
    reasons: tuple[str, ...] = ()
    asked: str = ""
    scope: Json | None = None


def passage_of(item: Json) -> Passage:
    """The passage of a hit or a citation."""
    return Passage(
        document=item["document"],
        start=item["start"],
        end=item["end"],
        quote=item.get("quote") or item.get("text", ""),
        title=item.get("title") or item["path"].rsplit("/", 1)[-1],
        format=item.get("format") or "",
        page=item["page"],
        page_label=item.get("page_label"),
        locator=item.get("locator"),
        shown_as=item.get("shown_as") or f"{item['source'].rstrip('/')}/{item['path']}",
        facts={key: item[key] for key in ("heading_path", "article", "validity") if item.get(key)},
        cell=item.get("cell"),
    )


def passage_at(state: TurnState, key: str) -> Passage | None:
    """The passage behind what was clicked, with the question that found it; None when there is no such.

    A chip is "c:claim:citation", a verdict "v:claim", a card "h:hit", a disagreement "d:number:side".
    """
    found = _passage_at(state, key)
    if found is None or not found.document or (state.answer or {}).get("verified"):
        return found
    asked = (state.answer or {}).get("question") or state.question
    return replace(found, asked=asked, scope=state.scope)


def explained_hit(hits: Sequence[Json], document: str, start: int, end: int) -> Json | None:
    """The one of `hits` that shares most characters with [start:end) of `document`; None when none does."""
    shared = {
        index: min(hit["end"], end) - max(hit["start"], start)
        for index, hit in enumerate(hits)
        if hit["document"] == document
    }
    best = max(shared, key=lambda index: shared[index], default=None)
    return hits[best] if best is not None and shared[best] > 0 else None


def _passage_at(state: TurnState, key: str) -> Passage | None:
    kind, *numbers = key.split(":")
    try:
        at = [int(number) for number in numbers]
        match kind:
            case "h":
                return passage_of((state.hits or ())[at[0]])
            case "v":
                return _for_claim(state.claims[at[0]], 0)
            case "c":
                claim = state.claims[at[0]]
                return _for_claim(claim, at[1]) if claim["citations"] else None
            case "d":
                return passage_of((state.answer or {})["disagreements"][at[0]]["passages"][at[1]])
    except (IndexError, ValueError, KeyError):
        pass
    return None


def _for_claim(claim: Json, citation: int) -> Passage:
    """The passage of a sentence, or none with the sentence alone where it has no passage at all."""
    about = {
        "claim": claim["text"],
        "verdict": claim["verdict"],
        "reasons": tuple(claim.get("reasons", ())),
    }
    if not claim["citations"]:
        return Passage("", 0, 0, "", "", "", None, None, None, "", **about)
    return replace(passage_of(claim["citations"][citation]), **about)
