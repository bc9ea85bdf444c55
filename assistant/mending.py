"""What is done about sentences without ground: taken out, or written once more with what was missing.

A contradicted sentence counts as one without ground. Whether an answer as a whole is withheld is decided in
answering.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from assistant.answers import Claim, Hit, Mended, Source, Verdict
from assistant.evidence import selected_sentences
from ingestion.settings import EvidenceSettings

WITHOUT_GROUND = (Verdict.UNSUPPORTED, Verdict.CONTRADICTED)

_SEARCHED = 2  # sentences that are looked for: each costs a search, and its evidence makes the prompt longer
_HITS_EACH = 4
_WEIGHTS = {
    Verdict.SUPPORTED: 1.0, Verdict.PARTLY: 0.4, Verdict.UNCHECKED: 0.3, Verdict.UNSUPPORTED: 0.0,
    Verdict.CONTRADICTED: -0.5,
}  # fmt: skip
_ONLY_MARK = re.compile(r"[ \t　]*(?:[-*•・●○■◆]|\(?[0-9０-９]{1,2}[.)．）]|[①-⑳]|#{1,6})?[ \t　]*")


@dataclass(frozen=True, slots=True)
class MendedText:
    """A text with its claims and hits, what was done to it, and the text that it took the place of."""

    text: str
    claims: tuple[Claim, ...]
    hits: tuple[Hit, ...]
    how: Mended = ""
    draft: str = ""


def without_ground(claims: Sequence[Claim]) -> list[Claim]:
    """The sentences that no passage supports, or that one contradicts."""
    return [claim for claim in claims if claim.verdict in WITHOUT_GROUND]


def take_out(text: str, claims: Sequence[Claim]) -> tuple[str, tuple[Claim, ...]]:
    """`text` without its sentences that have no ground, and the others with their new offsets.

    A line that is left with nothing but its list mark goes too. Both stay as they are when every sentence
    would go.
    """
    gone = [_stretch(text, claim) for claim in without_ground(claims)]
    left = [claim for claim in claims if claim.verdict not in WITHOUT_GROUND]
    if not gone or not left:
        return text, tuple(claims)
    kept, cursor = [], 0
    for start, end in gone:
        kept.append(text[cursor : max(start, cursor)])
        cursor = max(end, cursor)
    kept.append(text[cursor:])
    joined = "".join(kept)
    cut = len(joined) - len(joined.lstrip())

    def moved(claim: Claim) -> Claim:
        before = sum(min(end, claim.start) - min(start, claim.start) for start, end in gone) + cut
        return replace(claim, start=claim.start - before, end=claim.end - before)

    return joined.strip(), tuple(moved(claim) for claim in left)


def removed(text: str, claims: Sequence[Claim], hits: Sequence[Hit]) -> MendedText:
    """`text` less its sentences without ground, which stay in `draft`."""
    left, kept = take_out(text, claims)
    if len(kept) == len(claims):
        return MendedText(text, kept, tuple(hits))
    return MendedText(left, kept, tuple(hits), "removed", text)


def _stretch(text: str, claim: Claim) -> tuple[int, int]:
    """The claim with the white space that only it needs, and with its line when nothing else is on it."""
    line = text.rfind("\n", 0, claim.start) + 1
    after = text.find("\n", claim.end)
    after = len(text) if after < 0 else after
    if _ONLY_MARK.fullmatch(text[line : claim.start]) and not text[claim.end : after].strip():
        return line, min(after + 1, len(text))
    end = claim.end
    while end < after and text[end] in " \t　":
        end += 1
    return claim.start, end


def missing_sources(
    claims: Sequence[Claim],
    retrieve: Callable[[str], Sequence[Hit]],
    hits: Sequence[Hit],
    sources: Sequence[Source],
    settings: EvidenceSettings,
) -> tuple[tuple[Source, ...], tuple[Hit, ...]]:
    """Sources for the sentences without ground, beside those that were shown, and all hits.

    Each sentence is searched as a question of its own. Passages that were shown already are left out; the
    new sources are numbered after `sources`. No new source means that asking again would change nothing.
    """
    known = {hit.chunk_id: hit for hit in hits}
    added: list[Source] = []
    for claim in without_ground(claims)[:_SEARCHED]:
        found = [known.get(hit.chunk_id, hit) for hit in retrieve(claim.text)[:_HITS_EACH]]
        budget = settings.model_copy(update={"tokens": max(settings.tokens // 3, 50), "sources": 2})
        for source in selected_sentences(claim.text, found, budget):
            fresh = _unseen(source, (*sources, *added))
            if fresh is not None:
                added.append(replace(fresh, number=len(sources) + len(added) + 1))
    new = {source.hit.chunk_id: source.hit for source in added if source.hit.chunk_id not in known}
    ranked = [replace(hit, rank=len(hits) + i) for i, hit in enumerate(new.values(), start=1)]
    return tuple(added), (*hits, *ranked)


def _unseen(source: Source, shown: Sequence[Source]) -> Source | None:
    taken = [span for other in shown if other.hit.document == source.hit.document for span in other.spans]
    fresh = [i for i, span in enumerate(source.spans) if not any(span.overlaps(other) for other in taken)]
    if not fresh:
        return None
    return replace(
        source,
        spans=tuple(source.spans[i] for i in fresh),
        texts=tuple(source.texts[i] for i in fresh),
        shown=tuple(source.shown[i] for i in fresh) if source.shown else (),
    )


def groundedness(claims: Sequence[Claim]) -> float:
    """How well the sentences stand on passages: 1 when all are supported, below 0 for none or worse."""
    if not claims:
        return -1.0
    return sum(_WEIGHTS[claim.verdict] for claim in claims) / len(claims)
