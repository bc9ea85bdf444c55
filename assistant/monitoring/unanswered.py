"""Questions that the documents did not answer, like ones together: what to write next.

Words of documents come only through the requoter, so what was removed, masked or quarantined since is not
shown. A question is shown only to who asked it; those of others count.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from assistant.matching import squeezed
from assistant.monitoring.asked_rows import Asked
from assistant.monitoring.grouping import Embed, group
from ingestion.documents import LOCAL_USER, User

Json = dict[str, Any]

MOST = 300
"""Distinct questions that are compared, the newest: joining them takes time with the cube of their number."""
GROUPS = 20
EXAMPLES = 5
_DOCUMENTS = 3


class Requotes(Protocol):
    """What makes stored answers ones that may be shown now (`assistant.requoting.Requoter`)."""

    def messages(self, messages: Sequence[Json], user: User = LOCAL_USER) -> list[Json]:
        """The messages of a conversation as `user` may see them now."""
        ...


def unanswered(
    asked: Iterable[Asked],
    answers: Callable[[Sequence[int]], Mapping[int, Json]],
    requoter: Requotes,
    owners: Callable[[Sequence[Json]], list[Json]],
    *,
    reader: str,
    embed: Embed | None = None,
) -> Json:
    """`{n, left_out, by, groups}`: questions of `asked` that got no answer, the largest group first.

    Each group is `{n, questions: [{question, at, conversation, message}], documents: [{document, source,
    path, title, n}], owners: [{owner, documents}]}`, the most central question first. `answers` gives the
    stored answers of messages, `owners` who answers for documents. `by` is "vectors" or "words"; `left_out`
    counts the questions of all groups but the first 20, and those that were too many to compare.
    """
    asked = list(asked)
    found = [one for one in asked if one.outcome == "abstained"]
    same: defaultdict[str, list[Asked]] = defaultdict(list)
    for one in reversed(found):
        same[squeezed(one.standalone)].append(one)
    distinct = list(same.values())[:MOST]
    groups = group(
        [ones[0].standalone for ones in distinct],
        [one.standalone for one in asked if one.outcome in ("answered", "verified")],
        embed,
    )
    # The first wording of each question before any repetition of it.
    members = [
        [*(distinct[at][0] for at in numbers), *(one for at in numbers for one in distinct[at][1:])]
        for numbers in groups
    ]
    members.sort(key=lambda ones: (-len(ones), -max(one.message for one in ones)))
    shown = members[:GROUPS]
    own = [[one for one in ones if one.user == reader][:EXAMPLES] for ones in shown]
    stored = answers([one.message for ones in own for one in ones])
    return {
        "n": len(found), "left_out": len(found) - sum(len(ones) for ones in shown),
        "by": "words" if embed is None else "vectors",
        "groups": [
            {"n": len(ones), **_shown(examples, stored, requoter, owners)}
            for ones, examples in zip(shown, own, strict=True)
        ],
    }  # fmt: skip


def _shown(
    examples: Sequence[Asked],
    stored: Mapping[int, Json],
    requoter: Requotes,
    owners: Callable[[Sequence[Json]], list[Json]],
) -> Json:
    there = [one for one in examples if one.message in stored]  # a conversation may be deleted meanwhile
    now = requoter.messages([{"text": one.question, "answer": stored[one.message]} for one in there])
    hits = [_closest(message["answer"]["hits"]) for message in now]
    near = Counter(hit["document"] for ones in hits for hit in ones)
    by_id = {hit["document"]: hit for ones in reversed(hits) for hit in ones}
    documents = [
        {**{key: by_id[document][key] for key in ("document", "source", "path", "title")}, "n": number}
        for document, number in near.most_common(_DOCUMENTS)
    ]
    return {
        "questions": [
            {"question": message["text"], "at": one.at.isoformat(timespec="milliseconds"),
             "conversation": one.conversation, "message": one.message}
            for one, message in zip(there, now, strict=True)
        ],
        "documents": documents, "owners": owners(documents),
    }  # fmt: skip


def _closest(hits: Iterable[Json]) -> list[Json]:
    """The first hit of each of the closest documents that may be shown still."""
    found: dict[str, Json] = {}
    for hit in hits:
        if hit.get("state") != "gone" and len(found) < _DOCUMENTS:
            found.setdefault(hit["document"], hit)
    return list(found.values())
