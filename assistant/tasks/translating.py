"""A translation, sentence by sentence, so that each is known to belong to one sentence of the original.

Numbers, amounts and dates must be the same on both sides, by rule; whether the sense is the same is judged by
the similarity of the two sentences, which the default embedder gives across languages.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.answers import Citation, Claim, Event, Finished, Hit, Progress, Retrieved, Verdict
from assistant.errors import TaskError
from assistant.grounding.numbers import Fact, facts, matches
from assistant.grounding.quoting import passage_citation
from assistant.grounding.support import PassageEmbedder
from assistant.rows import units
from assistant.tasks.steps import Page, Steps
from assistant.words import detect_language
from ingestion.sentences import split_sentences

SAME_SENSE, NEAR_SENSE = 0.84, 0.80
"""Cosines of multilingual-e5, which puts all sentences close together: from the first on a translation counts
as saying the same, below the second as saying something else. Not fitted to a set of translations."""

NAMES = {"ja": {"ja": "日本語", "en": "英語"}, "en": {"ja": "Japanese", "en": "English"}}
"""Languages as the prompt of a language names them; others are named as they were asked for."""


@dataclass(frozen=True, slots=True)
class Original:
    """A sentence to translate; `after` is what separates it from the next. Its passage, where it has one."""

    text: str
    after: str = ""
    citation: Citation | None = None


def originals(text: str, hits: Sequence[Hit] = ()) -> list[Original]:
    """The sentences of `text`, or of a document's chunks.

    Raises:
        TaskError: there is nothing to translate.
    """
    if hits:
        found = [
            Original(unit.text, "\n", passage_citation(hit, unit.span, number))
            for number, hit in enumerate(hits, start=1)
            for unit in units(hit)
        ]
    else:
        spans = split_sentences(text)
        ends = [*(span.start for span in spans[1:]), len(text)][: len(spans)]
        found = [
            Original(text[span.start : span.end], text[span.end : end])
            for span, end in zip(spans, ends, strict=True)
        ]
    if not found:
        raise TaskError("there is no text to translate. Give a text or a document.")
    return found


def translate(
    steps: Steps, parts: Sequence[Original], hits: Sequence[Hit], embedder: PassageEmbedder | None
) -> Iterator[Event]:
    """Retrieved, Progress, Token and Checked as each sentence is done, Finished.

    Raises:
        GenerationError, PromptTooLongError: as `Writer.draft`.
    """
    language = steps.request.language
    to = steps.request.to or ("en" if detect_language(parts[0].text) == "ja" else "ja")
    fields = {"language": NAMES[language].get(to, to)}
    yield Retrieved(tuple(hits[:8]), steps.request.text)
    page = Page()
    for number, part in enumerate(parts):
        yield Progress(number, len(parts), " ".join(part.text.split())[:40])
        document = part.citation.document if part.citation else ""
        written = steps.quiet((), part.text, fields=fields, document=document).text.strip()
        if steps.cancelled():
            break
        claim = judged(part, " ".join(written.split("\n")), embedder)
        yield from page.add(claim.text, [claim])
        if number + 1 < len(parts):
            yield from page.add(part.after or " ")
    yield Progress(len(parts), len(parts))
    page.cited(hits)
    writer = steps.writer.generator
    yield Finished(page.answer(writer, steps.request, steps.clock, stopped=steps.cancelled()))


def judged(original: Original, translation: str, embedder: PassageEmbedder | None) -> Claim:
    """The translation of one sentence as a claim about it; numbers decide before similarity does."""
    before, after = facts(original.text), facts(translation)
    changed = [_said(fact, translation) for fact in _without(after, before)]
    lost = [_said(fact, original.text) for fact in _without(before, after)]
    reasons = [f"number_not_found:{said}" for said in changed]
    reasons += [f"number_left_out:{said}" for said in lost]
    score = _likeness(original.text, translation, embedder)
    cited = (original.citation,) if original.citation else ()
    if changed and lost:
        verdict = Verdict.CONTRADICTED
    elif reasons:
        verdict = Verdict.PARTLY
    elif score is None:
        verdict, reasons = Verdict.UNCHECKED, ["not_checked"]
    elif score >= SAME_SENSE:
        verdict = Verdict.SUPPORTED
    else:
        verdict = Verdict.PARTLY if score >= NEAR_SENSE else Verdict.UNSUPPORTED
    return Claim(0, len(translation), translation, verdict, score or 0.0, cited, tuple(reasons))


def _without(some: Sequence[Fact], others: Sequence[Fact]) -> list[Fact]:
    return [
        fact for fact in some if not any(matches(fact, other) or matches(other, fact) for other in others)
    ]


def _said(fact: Fact, text: str) -> str:
    return unicodedata.normalize("NFKC", text)[fact.start : fact.end].strip()


def _likeness(first: str, second: str, embedder: PassageEmbedder | None) -> float | None:
    """Cosine similarity in [0, 1]; None without an embedder."""
    if embedder is None or not second.strip():
        return None if embedder is None else 0.0
    one, other = np.asarray(embedder.embed_passages([first, second]))
    return float(min(max(one @ other, 0.0), 1.0))
