"""An explanation of `search --explain` as lines for people, the same in the terminal and on the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ui.texts import t

if TYPE_CHECKING:
    from assistant.answers import Language

Json = dict[str, Any]


def explained_lines(why: Json, language: Language) -> Iterator[str]:
    """What `explain` of a hit says, a sentence a line; nothing is said of what played no part."""

    def say(key: str, **values: object) -> str:
        return t(language, "explained", key, **values)

    yield say("searched", searched=why["searched"])
    for search in ("dense", "lexical"):
        place = why[search]
        if place is None:
            yield say(f"no_{search}")
        else:
            yield say(
                search, rank=place["rank"], score=f"{place['score']:.3f}", scaled=f"{place['scaled']:.2f}"
            )
    if why["terms"]:
        shown = [say(f"term_{term['from']}", term=term["term"], words=term["for"]) for term in why["terms"]]
        yield say("terms", terms=", ".join(shown) if language == "en" else "、".join(shown))
    yield say("fused", fused=f"{why['fused']:.2f}", weight=why["dense_weight"])
    for hint in why["hints"]:
        yield say(f"hint_{hint['kind']}", words=hint["words"], bonus=f"{hint['bonus']:.2f}")
    if why["rerank"] is not None:
        yield say("rerank", relevance=f"{why['rerank']['relevance']:.2f}")
    before, state = why["versions"]["rank_before"], why["versions"]["state"]
    if state is not None and before is not None:
        yield say("versions", before=before, state=say(f"states.{state}"))
    if why["pieces"]:
        yield say("pieces", number=len(why["pieces"]))
