"""Prefers what is in force among hits, and says so where an answer cites what is not.

A question that names a day or a year ("2023年度の宿泊費") is answered as of then; one that asks for an old
version gets it. Of two equal passages of copies of one text one is kept. A passage gives way to another only
when its version is superseded by one of the same name; all others stay, and are warned of.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Protocol

from assistant.answers import Citation, Hit, Language, Validity
from assistant.prompting import prompt_texts
from assistant.understanding.time_words import TimeWord, time_words
from ingestion.dates import dates
from ingestion.periods import FISCAL_MONTH, fiscal_year, period, whole_year
from ingestion.validity import Version, state_on
from ingestion.version_names import file_key

_DEMOTED = 0.5
_REPLACED_PASSAGE = (
    0.5  # share of a passage's character triples that its counterpart in a newer version holds
)
_ASKS_OLD = re.compile(
    r"旧|以前の|前の版|改[定訂正]前|過去の|当時|廃止(?:された|前|済)|昔の|草案|案の段階|"
    r"\b(?:old|previous|former|earlier|superseded|abolished|draft)\b",
    re.IGNORECASE,
)
_AS_OF_AFTER = re.compile(r"\s*(?:の|版|時点|当時|現在|末|には|では|における)")
_ENGLISH_YEAR = re.compile(
    r"\b(?:in|as of|for|during)\s+(?P<fiscal>fiscal year |fy ?)?(?P<year>(?:19|20)[0-9]{2})\b", re.I
)
_AS_OF_BEFORE = re.compile(r"\b(?:in|as of|for|during|on)\s+(?:fiscal(?: year)?\s+|fy\s*)?$", re.IGNORECASE)


class VersionSource(Protocol):
    """What is known of the versions of documents."""

    def all(self) -> Mapping[str, Version]:
        """Versions by document."""
        ...


class Currency:
    """Looks at hits with the versions of their documents in mind."""

    def __init__(
        self,
        versions: VersionSource,
        today: Callable[[], date] = date.today,
        *,
        fiscal_month: int = FISCAL_MONTH,
    ) -> None:
        self._versions = versions
        self._today = today
        self._fiscal_month = fiscal_month

    def prefer(self, question: str, hits: Sequence[Hit], top_k: int) -> list[Hit]:
        """At most `top_k` of `hits`, those in force first, ranks counted anew; each knows its validity."""
        known = self._versions.all()
        versions = {hit.document: known[hit.document] for hit in hits if hit.document in known}
        today = self._today()
        told = [with_validity(hit, versions.get(hit.document), today.isoformat()) for hit in hits]
        kept = _one_copy(told, versions)
        if not _ASKS_OLD.search(unicodedata.normalize("NFKC", question)):
            day = wanted_day(question, today, self._fiscal_month)
            kept = _in_force_first(kept, versions, day, past=day != today.isoformat())
        return [replace(hit, rank=rank) for rank, hit in enumerate(kept[:top_k], start=1)]


def wanted_day(question: str, today: date, fiscal_month: int = FISCAL_MONTH) -> str:
    """The day (ISO) as of which `question` asks: the last one of the day, month or year it names, or today.

    Today too when it lies in that month or year. A fiscal year begins in `fiscal_month`. Of words like 来月
    those count that name a year or what is to come: what was done last month goes by the rules of today.
    """
    text = unicodedata.normalize("NFKC", question)
    named = [moment for moment in dates(text) if moment.fields[0] is not None]
    first = last = today.isoformat()
    if len(named) == 1:
        if _AS_OF_AFTER.match(text, named[0].end) or _AS_OF_BEFORE.search(text[: named[0].start]):
            first, last = period(named[0], text, fiscal_month)
    elif not named and len(years := list(_ENGLISH_YEAR.finditer(text))) == 1:
        year = int(years[0]["year"])
        first, last = fiscal_year(year, fiscal_month) if years[0]["fiscal"] else whole_year(year)
    elif not named and (word := _meant(text, today, fiscal_month)) is not None:
        first, last = word.first, word.last
    return today.isoformat() if first <= today.isoformat() <= last else last


def _meant(text: str, today: date, fiscal_month: int) -> TimeWord | None:
    """The one word of `text` as of whose time it asks, as in 昨年度の or "next year"."""
    words = [word for word in time_words(text, today, fiscal_month) if word.relative]
    if len(words) != 1:
        return None
    (word,) = words
    if word.first > today.isoformat():
        return word
    asks = word.words.isascii() or _AS_OF_AFTER.match(text, word.end)
    return word if asks and word.unit in ("year", "fiscal_year") else None


def warnings_of(citations: Iterable[Citation], language: Language) -> tuple[str, ...]:
    """A sentence for each cited document that is not in force today."""
    texts = prompt_texts(language)
    told: dict[str, None] = {}
    for citation in citations:
        validity = citation.validity
        if validity is None or validity.in_force:
            continue
        since = {
            "superseded": validity.superseded_from, "expired": validity.valid_to,
            "abolished": validity.valid_to, "future": validity.valid_from,
        }.get(validity.state)  # fmt: skip
        key = f"{validity.state}_since" if since else validity.state
        told[texts[key].format(title=citation.title or citation.path, date=since)] = None
    return tuple(told)


def with_validity(hit: Hit, version: Version | None, today: str) -> Hit:
    """`hit` with what its document is `today` (ISO), where something is known of that."""
    if version is None:
        return hit
    facts = version.facts
    state = state_on(version, today)
    if state == "in_force" and not (facts.version or facts.valid_to or version.valid_from):
        return hit
    number = ".".join(map(str, facts.version)) or None
    return replace(
        hit,
        validity=Validity(state, number, version.valid_from, facts.valid_to, version.superseded_from or None),
    )


def _one_copy(hits: Sequence[Hit], versions: Mapping[str, Version]) -> list[Hit]:
    """`hits` without passages that the preferred copy of their text holds too; it takes the better score."""
    kept = {hit.chunk_id: hit for hit in hits}
    for hit in hits:
        version = versions.get(hit.document)
        if version is None or version.preferred:
            continue
        for other in hits:
            twin = versions.get(other.document)
            if twin is None or not twin.preferred or twin.text != version.text or other.chunk_id not in kept:
                continue
            if _plain(hit.text) in _plain(other.text):
                best = kept[other.chunk_id]
                kept[other.chunk_id] = replace(best, score=max(best.score, hit.score))
                kept.pop(hit.chunk_id, None)
                break
    return sorted(kept.values(), key=lambda hit: (-hit.score, hit.rank))


def _in_force_first(
    hits: Sequence[Hit], versions: Mapping[str, Version], day: str, *, past: bool
) -> list[Hit]:
    """`hits` less passages that one in force on `day` replaces, and with others not in force demoted.

    Of another time than today (`past`) a document may speak that did not count then, unless a version did.
    """

    def line(hit: Hit) -> tuple[str, str]:
        return versions[hit.document].family, file_key(hit.path)

    known = [hit for hit in hits if hit.document in versions]
    covered = {line(hit) for hit in known if state_on(versions[hit.document], day) == "in_force"}

    def counts(hit: Hit) -> bool:
        version = versions.get(hit.document)
        if version is None or state_on(version, day) == "in_force":
            return True
        return past and line(hit) not in covered

    current = [hit for hit in hits if counts(hit)]
    found = []
    for hit in hits:
        if counts(hit):
            found.append(hit)
            continue
        gives_way = state_on(versions[hit.document], day) in (
            ("superseded", "future") if past else ("superseded",)
        )
        replaced = (gives_way and line(hit)[1] != "") and any(
            line(other) == line(hit) and _shared(hit.text, other.text) >= _REPLACED_PASSAGE
            for other in current
            if other.document in versions
        )
        if not replaced:
            found.append(replace(hit, score=hit.score * _DEMOTED))
    return sorted(found, key=lambda hit: (-hit.score, hit.rank))


def _shared(text: str, other: str) -> float:
    own, theirs = _triples(text), _triples(other)
    return len(own & theirs) / min(len(own), len(theirs)) if own and theirs else 0.0


def _triples(text: str) -> frozenset[str]:
    plain = _plain(text)
    return frozenset(plain[i : i + 3] for i in range(len(plain) - 2))


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())
