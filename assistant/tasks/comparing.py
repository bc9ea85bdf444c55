"""How two documents differ: places that belong together are found by code, the model words each difference.

A sentence of the model that has no ground gives way to the two passages themselves. What only one document
has is quoted, not worded: the statement is true by the way it was found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from assistant.answers import Claim, Event, Finished, Hit, Progress, Retrieved, Source, Verdict
from assistant.grounding.quoting import quoted
from assistant.prompting import prompt_texts
from assistant.tasks.matching_parts import Difference, differences
from assistant.tasks.steps import Page, Steps

MOST = 20
"""Differences that are worded; of more, the number is said."""
_TOLD = (Verdict.SUPPORTED, Verdict.PARTLY)


def compare(steps: Steps, first: Sequence[Hit], second: Sequence[Hit]) -> Iterator[Event]:
    """Retrieved, Progress, Token and Checked as each difference is found, Finished.

    Raises:
        GenerationError, PromptTooLongError: as `Writer.draft`.
    """
    texts = prompt_texts(steps.request.language)
    found = differences(first, second)
    names = (first[0].title, second[0].title)
    yield Retrieved((first[0], second[0]), steps.request.text)
    page = Page()
    worded = found[:MOST]
    if not found:
        yield from page.add(texts["no_difference"].format(first=names[0], second=names[1]))
    for number, one in enumerate(worded):
        yield Progress(number, len(worded), _label(one))
        line, claims = _line(steps, one, names)
        if steps.cancelled():
            break
        yield from page.add(("\n" if page.text else "") + "- ")
        yield from page.add(line, claims)
    if len(found) > MOST and not steps.cancelled():
        yield from page.add("\n" + texts["more_differences"].format(number=len(found) - MOST))
    yield Progress(len(worded), len(worded))
    page.cited([*first, *second])
    writer = steps.writer.generator
    yield Finished(page.answer(writer, steps.request, steps.clock, stopped=steps.cancelled()))


def _line(steps: Steps, one: Difference, names: tuple[str, str]) -> tuple[str, list[Claim]]:
    texts = prompt_texts(steps.request.language)
    if one.first is not None and one.second is not None:
        fields = {"first": names[0], "second": names[1]}
        sources = (one.first, one.second)
        draft = steps.quiet(sources, steps.request.text, fields=fields, document=one.first.hit.document)
        said = [claim for claim in draft.claims if claim.verdict in _TOLD]
        both = {citation.number for claim in said for citation in claim.citations}
        if len(said) == len(draft.claims) and both == {1, 2}:
            return draft.text, draft.claims
        parts = [texts["in_document"].format(title=n) for n in names]
        return _quotes(zip(parts, sources, strict=True), texts["separator"])
    title, source = (names[0], one.first) if one.first is not None else (names[1], one.second)
    assert source is not None  # a difference has at least one side
    return _quotes([(texts["only_in"].format(title=title), source)], "")


def _quotes(parts: Iterable[tuple[str, Source]], glue: str) -> tuple[str, list[Claim]]:
    """`says` and the words of each source, every one a claim that cites them."""
    text, claims = "", []
    for says, source in parts:
        text += glue if text else ""
        start = len(text)
        text += f"{says}{' / '.join(' '.join(one.split()) for one in source.texts)}"
        claims.append(quoted(text[start:], start, source))
    return text, claims


def _label(one: Difference) -> str:
    source = one.first or one.second
    hit = None if source is None else source.hit
    return "" if hit is None else (hit.article or (hit.heading_path[-1] if hit.heading_path else hit.title))
