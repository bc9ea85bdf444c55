"""Passages of different documents that give different values for the same statement.

Conservative: both sentences must name the same things, affirm alike, and have the same kinds of numbers in
the same order, of which some differ; one of them must be cited. Sentences about when a document itself
counts, and numbers of different years, are no disagreement. Rows of tables are not compared: what a cell is
about stands elsewhere in its table.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files

from assistant.answers import Citation, Claim, Disagreement, Hit, Language, Validity, Verdict
from assistant.grounding.numbers import Fact, Quantity, conflicts, matches
from assistant.grounding.polarity import denies
from assistant.likeness import amounts, frame, naming_words, unmatched
from assistant.rows import units
from assistant.words import content_words
from ingestion.dates import Moment
from ingestion.tokenizing import proper_names

_MOST = 3
_WORDS = 3  # naming words that both sentences share, headings counted, before they say the same
_ABOUT_ITSELF = re.compile(
    r"施行|改[定訂正]|制定|発行日|作成日|更新日|発効|失効|廃止|有効期(?:限|間)|第?[0-9]+版|"
    r"\b(?:effective|revis(?:ed|ion)|issued|version|last updated|supersed\w+|repealed|"
    r"valid (?:from|until))\b",
    re.IGNORECASE,
)


def disagreements(
    claims: Iterable[Claim], hits: Sequence[Hit], language: Language
) -> tuple[Disagreement, ...]:
    """What the cited passages and other documents among `hits` say differently, at most three."""
    found: dict[tuple[str, str, tuple[str, str]], Disagreement] = {}
    for citation in _cited(claims):
        own = _hit_of(citation, hits)
        for hit in hits:
            if hit.document == citation.document:
                continue
            for unit in units(hit):
                if unit.row is not None:
                    continue
                values = other_values(citation.quote, unit.text)
                if values is None or not _same_matter(citation, own, unit.text, hit):
                    continue
                other = _citation(hit, unit.span.start, unit.span.end, unit.text)
                key = (*sorted((citation.document, hit.document)), tuple(sorted(values)))
                found.setdefault(key, _told(citation, other, values, language))  # type: ignore[arg-type]
    return tuple(found.values())[:_MOST]


def other_values(one: str, other: str) -> tuple[str, str] | None:
    """The first values in which two sentences differ that otherwise have the same numbers; None without."""
    if _ABOUT_ITSELF.search(_plain(one)) or _ABOUT_ITSELF.search(_plain(other)):
        return None
    first, second = amounts(one), amounts(other)
    if len(first) != len(second) or not first or denies(one) != denies(other):
        return None
    pairs = list(zip(first, second, strict=True))
    differing = [(a, b) for a, b in pairs if not (matches(a, b) and matches(b, a))]
    if not differing or not all(_is_other_value(a, b, alone=len(pairs) == 1) for a, b in differing):
        return None
    a, b = differing[0]
    return _written(a, one), _written(b, other)


def _is_other_value(a: Fact, b: Fact, *, alone: bool) -> bool:
    """Whether `b` is another value of the same kind; a date among other numbers says of when they are."""
    if isinstance(a, Quantity) and isinstance(b, Quantity):
        return conflicts(a, b) and a.value != b.value and a.bound == b.bound
    if isinstance(a, Moment) and isinstance(b, Moment):
        years = a.kind == "date" and a.fields[0] is not None and a.fields[0] != b.fields[0]
        return alone and conflicts(a, b) and not years
    return False


def _same_matter(citation: Citation, own: Hit | None, text: str, hit: Hit) -> bool:
    """Whether both sentences, under their headings, name the same things."""
    one, other = naming_words(citation.quote), naming_words(text)
    if unmatched(one, other) or unmatched(other, one):
        return False
    if set(proper_names(frame(citation.quote))) != set(proper_names(frame(text))):
        return False
    heads, others = _heading_words(own), _heading_words(hit)
    if own is not None and not _same_heading(heads, others):
        return False
    shared = [word for word in heads if word not in unmatched(heads, others) and word not in one]
    return len(one) + len(shared) >= _WORDS


def _same_heading(one: Sequence[str], other: Sequence[str]) -> bool:
    """Not siblings: 国内出張 and 海外出張 each name something that the other does not."""
    return not (unmatched(one, other) and unmatched(other, one))


def _heading_words(hit: Hit | None) -> tuple[str, ...]:
    if hit is None:
        return ()
    kinds = _kinds_of_document()
    text = "\n".join((hit.title, *hit.heading_path[-1:]))
    return tuple(word for word in naming_words(text) if word not in kinds)


def _cited(claims: Iterable[Claim]) -> list[Citation]:
    """The passages that hold sentences, each once; a cell of a table is not compared."""
    found: dict[tuple[str, int, int], Citation] = {}
    for claim in claims:
        if claim.verdict in (Verdict.UNSUPPORTED, Verdict.UNCHECKED):
            continue
        for citation in claim.citations:
            if citation.cell is None and "\t" not in citation.quote:
                found.setdefault((citation.document, citation.start, citation.end), citation)
    return list(found.values())


def _hit_of(citation: Citation, hits: Sequence[Hit]) -> Hit | None:
    return next(
        (
            hit for hit in hits
            if hit.document == citation.document and hit.start <= citation.start and citation.end <= hit.end
        ),
        None,
    )  # fmt: skip


def _citation(hit: Hit, start: int, end: int, text: str) -> Citation:
    return Citation(
        document=hit.document, source=hit.source, path=hit.path, page=hit.page, page_label=hit.page_label,
        locator=hit.locator, start=start, end=end, quote=text, score=hit.score, number=hit.rank,
        title=hit.title, format=hit.format, article=hit.article_at(start, end), validity=hit.validity,
    )  # fmt: skip


def _told(one: Citation, other: Citation, values: tuple[str, str], language: Language) -> Disagreement:
    texts = _data()[language]
    text = texts["differ"].format(
        a=_document(one, texts), b=_document(other, texts), value_a=values[0], value_b=values[1]
    )
    return Disagreement(text, values, (one, other))


def _document(citation: Citation, texts: Mapping[str, str]) -> str:
    title = citation.title or citation.path.rsplit("/", 1)[-1]
    when = _when(citation.validity, texts)
    return texts["dated" if when else "document"].format(title=title, when=when)


def _when(validity: Validity | None, texts: Mapping[str, str]) -> str:
    if validity is None:
        return ""
    match validity.state:
        case "in_force":
            return texts["since"].format(date=validity.valid_from) if validity.valid_from else ""
        case "superseded":
            date = validity.superseded_from
            return texts["superseded"].format(date=date) if date else texts["old"]
        case "expired":
            return texts["expired"].format(date=validity.valid_to)
        case "future":
            return texts["future"].format(date=validity.valid_from)
    return texts[validity.state]


def _written(fact: Fact, text: str) -> str:
    return _plain(text)[fact.start : fact.end].strip()


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


@cache
def _kinds_of_document() -> frozenset[str]:
    listed = _data()["kinds"]["words"].split()
    return frozenset(listed) | {word for text in listed for word in content_words(text)}


@cache
def _data() -> dict[str, dict[str, str]]:
    return tomllib.loads((files("assistant") / "disagreements.toml").read_text("utf-8"))
