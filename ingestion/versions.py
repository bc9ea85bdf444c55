"""Documents that are one text, or one rule in several versions: found, and put in order.

Texts are compared by MinHash over their character 5-grams (Broder, 1997; datasketch). The same text as pdf
and docx is one text: it has the same numbers and names of companies too, which two contracts of one template
have not. Versions have the same name without dates and numbers, lie in one folder (those of old files and
years apart) and share much of their text. Of them one supersedes another when both say which version they
are, or when they are rules by name (規程, マニュアル, 価格表); texts of other names are shown together and
supersede nothing. Minutes, invoices and figures of a month look alike and replace nothing. Does not know
today: `state_on` is told it.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from datasketch import MinHash

from ingestion.rulings import Rulings, apart, replacements, ruled
from ingestion.validity import Facts, Version
from ingestion.version_names import OLD_FOLDER, YEAR_FOLDER, file_key, name_key
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
_IDENTICAL = 0.99  # to be one text in another folder
_PERIODIC = re.compile(
    "議事録|議事要旨|週報|月報|日報|年報|報告書|請求書|見積書|納品書|注文書|発注書|領収書|お知らせ|ニュース|"
    "minutes|report|invoice|newsletter|meeting"
)
_SERIES = re.compile(
    "集計|売上|実績|決算|データ|統計|明細|台帳|記録|結果|推移|ログ|四半期|半期|上期|下期|月次|年次|予算|計画|"
    "(?<![a-z])(?:[1-4]q|q[1-4]|[12]h|sales|data|results?|log|budget|plan)(?![a-z])"
)
"""Names of files, not of folders: each of such documents speaks of its own time."""
_RULE = re.compile(
    "規程|規則|規定|基準|要領|要綱|細則|内規|規約|約款|定款|協定|方針|ポリシー|マニュアル|手順|手引|ガイド|"
    "ハンドブック|便覧|制度|(?:価格|料金|賃金|給与|単価|運賃|手数料|税額|給料)表|"
    "(?<![a-z])(?:polic(?:y|ies)|manual|handbook|guide(?:lines?)?|rules?|regulations?|procedures?|"
    "price ?list|code of conduct)(?![a-z])"
)
_REVISED = re.compile("改[定訂正](?!前)|新版|第[0-9.]+版")
_DETAIL = re.compile(
    "[0-9]+(?:,[0-9]{3})+(?:\\.[0-9]+)?|[0-9]{4,}|[0-9]+(?:\\.[0-9]+)?(?=[円%人名件日月年時分泊回歳割台個枚倍万億千])|"
    "[〇一二三四五六七八九十百千万億]+円|[ァ-ヴー]{3,}|[a-z]+[0-9][a-z0-9-]*|"
    "[一-鿿ァ-ヴーa-z]{1,12}(?:会社|支店|支社|営業所|事業所|工場|本社)|(?:会社|法人)[一-鿿ァ-ヴーa-z]{1,12}|"
    "[一-鿿]{1,8}(?=様|殿|御中|氏)|(?:氏名|請求先|宛先|委託者|受託者)[:\\s]*[一-鿿ァ-ヴー]{2,8}"
)
"""What two texts of one template differ in: amounts, days, companies, branches, products, persons."""
_JAPANESE = "[ぁ-ヿ一-鿿]"
_BROKEN = re.compile(rf"(?<={_JAPANESE})\s+(?={_JAPANESE})")
_DETAILS = _WHOLE = 8  # bytes of the digests after the hashes
_STANDINGS = ("official", "", "old", "draft", "abolished")
_NOT_COUNTING = ("draft", "old", "abolished")


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
    """The MinHash of a text's character 5-grams, then digests; b"" for a short text.

    The digests are of the text's numbers and names and of the whole of it.
    White space and width do not count.
    """
    plain = "".join(fold(text).split())
    if len(plain) < _SHORTEST:
        return b""
    data = plain.encode("utf-32-le", "replace")
    shingles = list({data[i : i + 4 * _SHINGLE] for i in range(0, len(data) - 4 * _SHINGLE + 1, 4)})
    found = MinHash(num_perm=PERMUTATIONS, hashfunc=zlib.crc32, scheme=_SCHEME)
    for begin in range(0, len(shingles), _BATCH):
        found.update_batch(shingles[begin : begin + _BATCH])
    packed: bytes = np.asarray(found.hashvalues, dtype="<u4").tobytes()
    whole = hashlib.blake2b(data, digest_size=_WHOLE).digest()
    return packed + _details_of(fold(text)) + whole


def _details_of(text: str) -> bytes:
    """A digest of the set of numbers and names in `text` (folded). Lone page numbers do not count."""
    found = sorted({"".join(match.split()) for match in _DETAIL.findall(_BROKEN.sub("", text))})
    return hashlib.blake2b("\0".join(found).encode(), digest_size=_DETAILS).digest()


def similarity(one: bytes, other: bytes) -> float:
    """Estimated Jaccard similarity of two texts by their signatures; 0 without one. Standard error 0.04."""
    if not one or not other:
        return 0.0
    a, b = (np.frombuffer(item, "<u4", PERMUTATIONS) for item in (one, other))
    return float(np.mean(a == b))


_NOTHING_SAID: Rulings = {}


def group(candidates: Sequence[Candidate], rulings: Rulings = _NOTHING_SAID) -> list[Version]:
    """What each of `candidates` is among the others. People's `rulings` outrank what is found."""
    alone = apart(rulings)
    known = {candidate.id: candidate for candidate in candidates}
    texts, families = _Sets(known), _Sets(known)
    for one, other in _pairs(candidates):
        if alone & {one.id, other.id}:
            continue
        alike = similarity(one.signature, other.signature)
        if _is_one_text(one, other, alike):
            texts.join(one.id, other.id)
            families.join(one.id, other.id)
        elif _are_versions(one, other, alike):
            families.join(one.id, other.id)
    for id, by in replacements(rulings):
        if id in known and by in known and not alone & {id, by}:
            families.join(id, by)
    endings = _endings([candidate for candidate in candidates if candidate.id not in alone])
    found: list[Version] = []
    for members in families.sets():
        others = {} if alone.intersection(members) else endings
        found += _in_order([known[id] for id in members], texts, others)
    return ruled(found, rulings)


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
    end = len(signature) - _DETAILS - _WHOLE
    return [(at, signature[at : at + width]) for at in range(0, end - width + 1, width)]


def _keys(candidate: Candidate) -> set[str]:
    """Names to be compared by. A title alone tells nothing: all contracts of one template have the same."""
    title = name_key(candidate.title)
    return _file_keys(candidate) | ({title} if len(title) > 1 else set())


def _file_keys(candidate: Candidate) -> set[str]:
    return {key for path in candidate.paths if len(key := file_key(path)) > 1}


def _stems(candidate: Candidate) -> set[str]:
    return {fold(PurePosixPath(path).stem) for path in candidate.paths}


def _same_name(one: Candidate, other: Candidate) -> bool:
    """Whether both are files of one name, dates and numbers apart, in one folder."""
    return bool(_file_keys(one) & _file_keys(other) and _folders(one) & _folders(other))


def _is_one_text(one: Candidate, other: Candidate, alike: float) -> bool:
    if alike < _SAME_TEXT or _differ(one.facts, other.facts):
        return False
    same = one.signature[-_WHOLE:] == other.signature[-_WHOLE:]
    details = slice(-_DETAILS - _WHOLE, -_WHOLE)
    if one.signature[details] != other.signature[details]:
        return False
    if _is_periodic(one) or _is_periodic(other):
        return bool(_stems(one) & _stems(other) and _folders(one) & _folders(other))
    # Of two contracts of employment with other names only the person's name may differ.
    return same or _same_name(one, other) or (bool(_stems(one) & _stems(other)) and alike >= _IDENTICAL)


def _is_periodic(item: Candidate) -> bool:
    return bool(
        _PERIODIC.search(fold(f"{item.title} {item.paths}"))
        or any(_SERIES.search(name) for name in (*_stems(item), fold(item.title)))
    )


def _is_rule(item: Candidate) -> bool:
    return any(_RULE.search(name) for name in (*_stems(item), fold(item.title)))


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
    """Whether people should see both together; it does not mean that one replaces the other."""
    if _is_periodic(one) or _is_periodic(other):
        return False
    if _same_name(one, other):
        return alike >= _SAME_RULE
    return alike >= _NEARLY and _differ(one.facts, other.facts)


def _folders(candidate: Candidate) -> set[tuple[str, ...]]:
    """Where the document lies, but for folders of old files and of years: 規程/旧 and 規程/2024 are 規程."""
    return {
        tuple(
            folder
            for folder in PurePosixPath(path).parent.parts
            if not (OLD_FOLDER.match(fold(folder)) or YEAR_FOLDER.fullmatch(fold(folder)))
        )
        for path in candidate.paths
    }


def _endings(candidates: Sequence[Candidate]) -> dict[str, list[Candidate]]:
    """Documents that count themselves, by the names of what they say they abolish."""
    found: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        if candidate.facts.standing not in _NOT_COUNTING:
            for name in candidate.facts.replaces:
                found[name].append(candidate)
    return found


def _ended_from(member: Candidate, endings: dict[str, list[Candidate]], texts: _Sets) -> str | None:
    """The day from which another document abolishes `member` by name, "" when that is not said.

    Only one in the same folder does: every department has an 実施要領. "従前の旅費規程は廃止する" in a
    旅費規程 means an earlier one, never itself or one whose time is not known to be earlier.
    """
    days = []
    for key in _file_keys(member):
        for other in endings.get(key, ()):
            if texts.root(other.id) == texts.root(member.id) or not _folders(member) & _folders(other):
                continue
            own, since = _begin(member) or "", _begin(other) or ""
            earlier = own < since if since else key not in _file_keys(other)
            if earlier and (own or key not in member.facts.replaces):
                days.append(since)
    return min(days, default=None)


def _in_order(
    members: Sequence[Candidate], texts: _Sets, endings: dict[str, list[Candidate]]
) -> list[Version]:
    """The versions of one family: each is superseded by the next of its name that counts."""
    family = min(member.id for member in members)
    best: dict[str, Candidate] = {}
    for member in sorted(members, key=_preference):
        best.setdefault(texts.root(member.id), member)
    found = []
    for member in members:
        text = texts.root(member.id)
        line = [other for other in members if other is member or _replaceable(member, other)]
        order = _order_of(line)
        since = _superseded_from(member, line, order, texts)
        ended = _ended_from(member, endings, texts)
        if ended is not None:
            since = ended if since is None else min(since, ended)
        # Without a version beside it a day in the name is only a name: next year's plan counts today.
        begin = _begin(member) if order is not None else member.facts.valid_from
        found.append(Version(member.id, family, text, best[text] is member, member.facts, begin, since))
    return found


def _replaceable(one: Candidate, other: Candidate) -> bool:
    """Whether one of both may supersede the other: a rule by its name, or both say which version they are."""
    if not _same_name(one, other) or _is_periodic(one) or _is_periodic(other):
        return False
    if (one.facts.version and other.facts.version) or (_is_rule(one) and _is_rule(other)):
        return True
    return any(_REVISED.search(name) for name in (*_stems(one), *_stems(other)))


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
        and other.facts.standing not in _NOT_COUNTING
        and texts.root(other.id) != texts.root(member.id)
    ]
    if not later:
        return None
    return min(_begin(other) or "" for other in later)
