"""Documents that are one text, or one rule in several versions: found, and put in order.

Texts are compared by MinHash over their character 5-grams (Broder, 1997; datasketch). The same text as pdf
and docx is one text. Versions have the same name without dates and numbers, lie in one folder (those of old
files and years apart) and share much of their text; or they share nearly all of it and say that they differ.
Minutes, reports and invoices look alike and replace nothing. Does not know today: `state_on` is told it.
"""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from datasketch import MinHash

from ingestion.validity import OLD_FOLDER, Facts, Version, name_key
from ingestion.written_forms import fold

PERMUTATIONS = 128
_SCHEME = "affine32"
_BAND = 6
_COMPARED = 50  # of hundreds of files of one name or text each meets the last ones: they are chained
_SHINGLE = 5
_BATCH = 4_000  # shingles hashed at once: 4 MB of numbers
_SHORTEST = 100  # characters; of shorter texts a few shared words would be half
_SAME_TEXT = 0.85  # the same text out of pdf and docx differs at line ends and in page heads
_SAME_RULE = 0.35  # with the same name
_NEARLY = 0.75  # with other names
_PERIODIC = re.compile(
    "議事録|議事要旨|週報|月報|日報|年報|報告書|請求書|見積書|納品書|注文書|発注書|領収書|お知らせ|ニュース|"
    "minutes|report|invoice|newsletter|meeting"
)
_YEAR = re.compile("(?:20[0-9]{2}|(?:令和|平成|[rh])[0-9元]{1,2})(?:年度?)?")
_STANDINGS = ("official", "", "old", "draft", "abolished")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document to be grouped. `paths` are where it lies, from the root on.

    `modified` is when its newest file was changed, in ns.
    """

    id: str
    title: str
    paths: tuple[str, ...]
    signature: bytes
    facts: Facts
    modified: int = 0
    format: str = ""


def signature_of(text: str) -> bytes:
    """The MinHash of a text's character 5-grams, white space and width apart; b"" for a short text."""
    plain = "".join(fold(text).split())
    if len(plain) < _SHORTEST:
        return b""
    data = plain.encode("utf-32-le", "replace")
    shingles = list({data[i : i + 4 * _SHINGLE] for i in range(0, len(data) - 4 * _SHINGLE + 1, 4)})
    found = MinHash(num_perm=PERMUTATIONS, hashfunc=zlib.crc32, scheme=_SCHEME)
    for begin in range(0, len(shingles), _BATCH):
        found.update_batch(shingles[begin : begin + _BATCH])
    packed: bytes = np.asarray(found.hashvalues, dtype="<u4").tobytes()
    return packed


def similarity(one: bytes, other: bytes) -> float:
    """Estimated Jaccard similarity of two texts by their signatures; 0 without one. Standard error 0.04."""
    if not one or not other:
        return 0.0
    a, b = np.frombuffer(one, "<u4"), np.frombuffer(other, "<u4")
    return float(np.mean(a == b))


def group(candidates: Sequence[Candidate]) -> list[Version]:
    """What each of `candidates` is among the others."""
    known = {candidate.id: candidate for candidate in candidates}
    texts, families = _Sets(known), _Sets(known)
    for one, other in _pairs(candidates):
        alike = similarity(one.signature, other.signature)
        if alike >= _SAME_TEXT and not _differ(one.facts, other.facts):
            texts.join(one.id, other.id)
            families.join(one.id, other.id)
        elif _are_versions(one, other, alike):
            families.join(one.id, other.id)
    ends = _abolished_by_name(candidates)
    return [
        version
        for members in families.sets()
        for version in _in_order([known[id] for id in members], texts, ends)
    ]


class _Sets:
    """Disjoint sets of document ids."""

    def __init__(self, ids: Iterable[str]) -> None:
        self._parent = {id: id for id in ids}

    def root(self, id: str) -> str:
        while self._parent[id] != id:
            self._parent[id] = self._parent[self._parent[id]]
            id = self._parent[id]
        return id

    def join(self, one: str, other: str) -> None:
        first, second = sorted((self.root(one), self.root(other)))
        self._parent[second] = first

    def sets(self) -> list[list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for id in self._parent:
            found[self.root(id)].append(id)
        return list(found.values())


def _pairs(candidates: Sequence[Candidate]) -> Iterable[tuple[Candidate, Candidate]]:
    """Pairs worth comparing: of one name, or alike in one of 21 bands of six values of their signatures.

    Texts with a similarity of 0.75 share a band with a probability of 0.98, those of 0.4 with one of 0.08
    (Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, 3.4).
    """
    known = {candidate.id: candidate for candidate in candidates}
    seen: set[tuple[str, str]] = set()
    buckets: dict[tuple[int, bytes] | str, list[str]] = defaultdict(list)
    for candidate in candidates:
        keys: list[tuple[int, bytes] | str] = [*_bands(candidate.signature), *_keys(candidate)]
        for key in keys:
            for other in buckets[key][-_COMPARED:]:
                pair = (min(candidate.id, other), max(candidate.id, other))
                if other != candidate.id and pair not in seen:
                    seen.add(pair)
                    yield known[other], candidate
            buckets[key].append(candidate.id)


def _bands(signature: bytes) -> list[tuple[int, bytes]]:
    width = 4 * _BAND
    return [(at, signature[at : at + width]) for at in range(0, len(signature) - width + 1, width)]


def _keys(candidate: Candidate) -> set[str]:
    names = {name_key(re.sub(r"\.[^./]*$", "", path.rsplit("/", 1)[-1])) for path in candidate.paths}
    return {key for key in (*names, name_key(candidate.title)) if len(key) > 1}


def _differ(one: Facts, other: Facts) -> bool:
    """Whether both say which version they are, and say differently."""
    if one.version and other.version:
        return one.version != other.version
    if one.valid_from and other.valid_from:
        return one.valid_from != other.valid_from
    if one.dated and other.dated:
        return one.dated != other.dated
    return {one.standing, other.standing} & {"old", "abolished", "draft"} != set() and (
        one.standing != other.standing
    )


def _are_versions(one: Candidate, other: Candidate, alike: float) -> bool:
    if any(_PERIODIC.search(fold(f"{item.title} {item.paths}")) for item in (one, other)):
        return False
    if _keys(one) & _keys(other) and _folders(one) & _folders(other):
        return alike >= _SAME_RULE
    return alike >= _NEARLY and _differ(one.facts, other.facts)


def _folders(candidate: Candidate) -> set[tuple[str, ...]]:
    """Where the document lies, but for folders of old files and of years: 規程/旧 and 規程/2024 are 規程."""
    return {
        tuple(
            folder
            for folder in PurePosixPath(path).parent.parts
            if not (OLD_FOLDER.match(fold(folder)) or _YEAR.fullmatch(fold(folder)))
        )
        for path in candidate.paths
    }


def _abolished_by_name(candidates: Sequence[Candidate]) -> dict[str, str]:
    """Names that a document says it abolishes, and from when ("" for always)."""
    return {
        name: candidate.facts.valid_from or candidate.facts.dated or ""
        for candidate in candidates
        if candidate.facts.standing not in ("draft", "old", "abolished")
        for name in candidate.facts.replaces
    }


def _in_order(members: Sequence[Candidate], texts: _Sets, ends: dict[str, str]) -> list[Version]:
    """The versions of one family: each is superseded by the next in order that counts."""
    family = min(member.id for member in members)
    order = _order_of(members)
    best: dict[str, Candidate] = {}
    for member in sorted(members, key=_preference):
        best.setdefault(texts.root(member.id), member)
    found = []
    for member in members:
        text = texts.root(member.id)
        since = _superseded_from(member, members, order, texts)
        replaced = next((ends[key] for key in _keys(member) if key in ends), None)
        if replaced is not None and (member.facts.valid_from or "") < (replaced or "9"):
            since = replaced if since is None else min(since, replaced)
        # Alone, a day in the name is only a name: a plan for next year counts today.
        begin = _begin(member) if len(members) > 1 else member.facts.valid_from
        found.append(Version(member.id, family, text, best[text] is member, member.facts, begin, since))
    return found


def _preference(member: Candidate) -> tuple[int, int, int, int, str]:
    """Smaller is better: official, not old or a draft, the newest file, a pdf, then any fixed order."""
    standing = _STANDINGS.index(member.facts.standing)
    return standing, 0 if member.facts.dated else 1, -member.modified, int(member.format != "pdf"), member.id


def _begin(member: Candidate) -> str | None:
    return member.facts.valid_from or member.facts.dated


def _order_of(members: Sequence[Candidate]) -> Callable[[Candidate], Any] | None:
    """By what the members are put in order: version numbers, else days, when at least two have them."""
    numbered = {member.facts.version for member in members if member.facts.version}
    if len(numbered) > 1:
        return lambda member: member.facts.version or None
    if len({_begin(member) for member in members} - {None}) > 1:
        return _begin
    return None


def _superseded_from(
    member: Candidate,
    members: Sequence[Candidate],
    order: Callable[[Candidate], Any] | None,
    texts: _Sets,
) -> str | None:
    """The day from which a later member counts, "" when that is not said; None without a later one."""
    own = order(member) if order else None
    if order is None or own is None:
        return None
    later = [
        other
        for other in members
        if (place := order(other)) is not None
        and place > own
        and other.facts.standing not in ("draft", "old", "abolished")
        and texts.root(other.id) != texts.root(member.id)
    ]
    if not later:
        return None
    return min(_begin(other) or "" for other in later)
