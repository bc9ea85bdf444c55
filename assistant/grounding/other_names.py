"""Places and people that a question means and its passages do not: 鳥取県の残高 proves nothing of 福島県.

Only what can be told from words counts: names of one kind (two prefectures, two branches, two towns, two
countries, two people), of which the other one stands in the clauses that tell what is claimed. A place that
is excepted there (東京支店を除く) or is where something goes (東京に送る), and a person who does something
(部長の鈴木が), are not what the clause is about.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from assistant.grounding.names import is_said
from assistant.grounding.numbers import facts, matches
from assistant.words import content_words, detect_language
from ingestion.tokenizing import NAME_KINDS, Word, fold, words_in

_PREFECTURES = re.compile(
    "北海道|青森|岩手|宮城|秋田|山形|福島|茨城|栃木|群馬|埼玉|千葉|東京|神奈川|新潟|富山|石川|福井|山梨|長野|"
    "岐阜|静岡|愛知|三重|滋賀|京都|大阪|兵庫|奈良|和歌山|鳥取|島根|岡山|広島|山口|徳島|香川|愛媛|高知|福岡|"
    "佐賀|長崎|熊本|大分|宮崎|鹿児島|沖縄"
)
_REGIONS = re.compile("東北|関東|甲信越|北陸|東海|中部|近畿|関西|中国|山陰|山陽|四国|九州|首都圏")
_CONTINENTS = re.compile(
    "欧州|欧米|北米|南米|中南米|東南アジア|ヨーロッパ|アジア|アフリカ|中東|オセアニア|北アメリカ|南アメリカ"
)
_PREFECTURE, _REGION, _COUNTRY, _TOWN, _PERSON = "県", "地方", "国", "町", "人"
_KIND = re.compile(
    "(?P<what>[都府県](?!内|外)|[市区町村郡港]|島(?!国)|州|本社|本店|支社|支店|営業所|事業所|工場|倉庫|出張所|事務所|研究所|"
    "センター|駅|店)長?"
)
_TITLE = re.compile("(?:部長|課長|主任|係長|社長|専務|常務|次長|所長|工場長)?(?:さん|様|氏|君)?")
_OF_ORGANISATION = re.compile(
    "(?:製作所|工業|商事|物産|建設|電機|電工|産業|興業|化学|製薬|鉄道|新聞|銀行|信用金庫|大学|労働局|法務局|税務署|商店|"
    "(?:株式|有限|合同)会社|社(?!長|員))"
)
_COMPANY_BEFORE = re.compile(r"(?:株式|有限|合同)会社\s?$")
_PERSON_IS_SUBJECT = re.compile("(?:の|は|では|には|における|においては|なら)(?!み|ほか|他|除)")
_BESIDE = re.compile(
    "(?:を除|以外|のほか|の他|ほか|(?:は|も|を|だけ|のみ)(?:を|は)?除|に(?!は|も|て|勤務|限|お[いけ]|つい|対|関|住|あ[るり])|"
    "へ(?!の|出張|赴任|行)|から|まで|より|宛|経由|を(?:含|経)|"
    "(?:等|など|や[^。]{1,12}(?:等|など))[^。]{0,8}[全各])"
)
"""Behind a place that the clause is not about."""
_IN_BRACKETS = re.compile(r"\(([^()0-9]{1,16})\)(?=[はがもの])")
_SENTENCE_END = re.compile(r"[。\n]")
_CLAUSE_END = re.compile(r"[()]|(?<=[^た])ただし|、(?=[^、。]{1,12}は)")
_BEGINS = re.compile(r"\s*(?:なお、)?([^は、]{2,16}?)(?:で|において|について)?は、?")
_TOPIC = re.compile(r"(?<![^のはがもで、。\s])([^のはがもで、。\s]+)(?=[はがも])")
_NUMBER = re.compile("[0-9]|^[〇一二三四五六七八九十百千万億兆]+$")
_SAME = (
    ("アメリカ", "米国", "usa", "合衆国"),
    ("イギリス", "英国", "uk"),
    ("韓国", "大韓民国"),
    ("関西", "近畿"),
)


class _Name(NamedTuple):
    kind: str
    name: str
    end: int


def other_name(claim: str, question: str, passages: Sequence[str], headings: Sequence[str] = ()) -> str:
    """The place or person that is meant where the passages tell `claim` of another one; "" otherwise.

    What the claim leaves open is meant as the question has it. Where the passages name nothing of the kind,
    their headings tell of which place they are.
    """
    if detect_language(claim + question) != "ja":
        return ""
    told, above = fold("\n".join(passages)), fold("\n".join(headings))
    clauses = _about(claim, question, told)
    for kind, names in _meant(claim, question).items():
        if clauses and all(_is_of_another(clause, kind, names) for clause in clauses):
            return _as_written(next(iter(names)), claim, question)
        if kind == _PERSON or _has_kind(told, kind) or _any_told(names, told):
            continue
        if _has_kind(above, kind) and not _any_told(names, above):
            return _as_written(next(iter(names)), claim, question)
    return ""


def _has_kind(text: str, kind: str) -> bool:
    return any(one.kind == kind for one in _names(text))


def _is_of_another(clause: str, kind: str, names: Iterable[str]) -> bool:
    return any(one.kind == kind for one in _subjects(clause)) and not _any_told(names, clause)


def _as_written(name: str, *texts: str) -> str:
    """`name`, which is folded, as the first text has it that says it."""
    wanted = re.compile(re.escape(name), re.IGNORECASE)
    found = (wanted.search(unicodedata.normalize("NFKC", text)) for text in texts)
    return next((match.group() for match in found if match), name)


def _meant(claim: str, question: str) -> dict[str, dict[str, None]]:
    """Names by kind: those of the claim, and of the kinds that it leaves open those of the question."""
    meant: dict[str, dict[str, None]] = defaultdict(dict)
    for one in _names(fold(claim)):
        meant[one.kind][one.name] = None
    asked: dict[str, dict[str, None]] = defaultdict(dict)
    for one in _names(fold(question)):
        asked[one.kind][one.name] = None
    return {**asked, **meant}


def _any_told(names: Iterable[str], text: str) -> bool:
    return any(is_said(form, text) for name in names for form in _forms(name))


def _forms(name: str) -> tuple[str, ...]:
    return next((forms for forms in _SAME if name in forms), (name,))


def _about(claim: str, question: str, told: str) -> list[str]:
    """The clauses that tell what the claim tells: of those with its numbers those with most of its words.

    The same number may stand behind another word (日当は5,000円、宿泊費は5,000円), and behind another word
    of the very place that is meant: names are no words here, and what the claim is about goes before the
    rest of it. A clause of nothing but a place (大阪支店も5,000円です) goes on with what was told before.
    """
    # 日当(東京支店)は: what stands in such brackets belongs to the clause.
    told = _IN_BRACKETS.sub(r" \1", told)
    clauses = [clause for part in _SENTENCE_END.split(told) for clause in _clauses(part)]
    claimed = facts(unicodedata.normalize("NFKC", claim))
    if claimed:
        given = [(part, facts(part)) for part in clauses]
        found = [part for part, its in given if any(matches(fact, one) for fact in claimed for one in its)]
        clauses = found or clauses
    words, topics = _words(f"{claim}\n{question}" if claimed else claim), _topics(f"{claim}\n{question}")
    shared = [(len(topics & its), len(words & its)) for its in map(_words, clauses)]
    most = max(shared, default=(0, 0))
    if not any(most) and not claimed:
        return []
    return [
        part
        for part, its in zip(clauses, shared, strict=True)
        if its == most or (claimed and _is_only_a_place(part))
    ]


def _clauses(sentence: str) -> list[str]:
    """The clauses of a sentence; those that name no place go on with the one that it begins with."""
    parts = [part for part in _CLAUSE_END.split(sentence) if part.strip()]
    begins = _BEGINS.match(parts[0]) if parts else None
    lead = begins[0] if begins and any(one.end == begins.end(1) for one in _names(parts[0])) else ""
    return [part if not i or not lead or any(_names(part)) else lead + part for i, part in enumerate(parts)]


def _words(text: str) -> set[str]:
    """The words of `text` that are neither names of clear kind nor numbers."""
    named = {word for one in _names(fold(text)) for word in content_words(one.name)}
    return {word for word in content_words(text) if not _NUMBER.search(word)} - named


def _topics(text: str) -> set[str]:
    """The words right before は, が and も: 日当 of 大阪支店の日当は."""
    text = fold(text)
    kinds = {word for one in _names(text) for word in content_words(one.kind)}
    return {word for part in _TOPIC.findall(text) for word in _words(part)} - kinds


def _is_only_a_place(clause: str) -> bool:
    kinds = {word for one in _names(clause) for word in content_words(one.kind)}
    return any(_names(clause)) and not _words(clause) - kinds


def _subjects(clause: str) -> Iterator[_Name]:
    """The names that a clause may be about."""
    for one in _names(clause):
        if one.kind == _PERSON:
            if _PERSON_IS_SUBJECT.match(clause, one.end):
                yield one
        elif not _BESIDE.match(clause, one.end):
            yield one


def _names(text: str) -> Iterator[_Name]:
    """The names of a folded text whose kind is clear, each with where it ends, its title included."""
    for word in words_in(text):
        if word.kind[1] != "固有名詞" or word.kind[2] not in NAME_KINDS or len(word.surface) == 1:
            continue
        if _OF_ORGANISATION.match(text, word.end) or _COMPANY_BEFORE.search(text[: word.start][-6:]):
            continue
        yield from _named(text, word)


def _named(text: str, word: Word) -> Iterator[_Name]:
    behind_title = _behind_title(text, word.end)
    if what := _KIND.match(text, word.end):
        kind = _PREFECTURE if what["what"] in "都府県" else what["what"]
        yield _Name(kind, word.surface, what.end())
    elif behind_title > word.end:  # 福島さん is a person
        yield _Name(_PERSON, word.surface, behind_title)
    elif _PREFECTURES.fullmatch(word.surface):
        yield _Name(_PREFECTURE, word.surface, word.end)
    elif word.kind[2] == "人名":
        if not word.surface.isascii() and not _is_katakana(word.surface):
            yield _Name(_PERSON, word.surface, word.end)
    elif word.kind[3] == "国":
        if word.surface != "日本":
            yield _Name(_COUNTRY, word.surface, word.end)
    elif _REGIONS.match(word.surface) or _CONTINENTS.match(word.surface):
        yield _Name(_REGION, word.surface, word.end)
    else:
        yield _Name(_TOWN, word.surface, word.end)


def _behind_title(text: str, at: int) -> int:
    title = _TITLE.match(text, at)
    return title.end() if title else at


def _is_katakana(name: str) -> bool:
    return all("ァ" <= char <= "ー" for char in name)
