"""What a claim says and its passages lack, so that they support it partly at most.

It may name what they do not, or be true of another organisation, place or thing; say "all" or "the most"
where they do not, or the opposite; draw a limit otherwise; or break off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from assistant.grounding.exceptions import all_of_some, entitled_only, excepted
from assistant.grounding.names import lost_names
from assistant.grounding.numbers import Fact, as_said, facts, matches, same_limit
from assistant.grounding.opposites import opposite
from assistant.grounding.organisations import other_organisation
from assistant.grounding.other_names import other_name
from assistant.grounding.rivals import number_of_another
from assistant.grounding.superlatives import unshown_superlative
from assistant.grounding.support import Support, SupportMeasure

_BREAKS_OFF = re.compile(r"\b(?P<end>\w+\W+(?:is|are|and|or|of|the|an|according to))\s*[.:]?\s*$")


def lacking(
    claim: str, claimed: Sequence[Fact], chosen: Sequence[Support], question: str, measure: SupportMeasure
) -> tuple[str, ...]:
    """The reasons, each a name of a rule with the value that it failed on; none where all is told.

    `claimed` are the facts of `claim`, which is in NFKC; `chosen` the passages that it stands on.
    """
    read = [support.passage.read for support in chosen]
    headings = [support.passage.heading for support in chosen]
    asked = question if measure.needs_question(claim) else ""
    reasons = [f"name_not_found:{name}" for name in lost_names(claim, [*read, *headings], question)]
    reasons += _of_whom(claim, question, f"{asked} {claim}".strip(), read, headings)
    if name := excepted(claim, asked, read):
        reasons.append(f"excepted:{name}")
    if word := all_of_some(claim, read):
        reasons.append(f"all_of_some:{word}")
    if word := opposite(claim, [*read, *headings]):
        reasons.append(f"opposite:{word}")
    if whom := entitled_only(claim, read):
        reasons.append(f"only_for:{whom}")
    whole = [measure.whole(support.passage) for support in chosen]
    reasons += [f"limit_differs:{as_said(fact, claim)}" for fact in _other_limits(claimed, read, whole)]
    texts = [measure.whole(support.passage) for support in chosen if support.passage.row is None]
    if not reasons and (another := number_of_another(claim, question, texts)):
        reasons.append(f"number_of_another:{as_said(another, claim)}")
    if (broken := _BREAKS_OFF.search(claim)) and broken["end"] not in "\n".join([*read, *headings]):
        reasons.append("unfinished")
    return tuple(reasons)


def _of_whom(
    claim: str, question: str, said: str, read: Sequence[str], headings: Sequence[str]
) -> Iterator[str]:
    """Of one name it is told at most: one is enough to doubt a claim."""
    if most := unshown_superlative(said, [*read, *headings]):
        yield f"superlative:{most}"
    other = other_organisation(said, read, headings) or other_name(claim, question, read, headings)
    if other:
        yield f"name_not_found:{other}"


def _other_limits(claimed: Sequence[Fact], read: Sequence[str], whole: Sequence[str]) -> list[Fact]:
    """The claim's limits that the passages draw otherwise (を超える for 以上), as does all around them."""
    near, around = ([one for text in texts for one in facts(text)] for texts in (read, whole))
    return [
        fact for fact in claimed
        if any(matches(fact, one) for one in near)
        and not any(matches(fact, one) and same_limit(fact, one) for one in (*near, *around))
    ]  # fmt: skip
