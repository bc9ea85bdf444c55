"""Places and people that a question means and its passages do not: 鳥取県の残高 proves nothing of 福島県.

Only what can be told from words counts: names of one kind (two prefectures, two branches, two countries, two
people), of which one says in its clause of what the rest is true (東京支店の, 東京支店では). A name that is
excepted (東京支店のみ), a destination (東京に送る) or who does something (部長の鈴木が) is no such subject.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from assistant.grounding.names import is_said
from assistant.grounding.numbers import facts, matches
from assistant.words import content_words, detect_language
from ingestion.tokenizing import NAME_KINDS, fold, words_in

_PREFECTURES = re.compile(
    "北海道|青森|岩手|宮城|秋田|山形|福島|茨城|栃木|群馬|埼玉|千葉|東京|神奈川|新潟|富山|石川|福井|山梨|長野|"
    "岐阜|静岡|愛知|三重|滋賀|京都|大阪|兵庫|奈良|和歌山|鳥取|島根|岡山|広島|山口|徳島|香川|愛媛|高知|福岡|"
    "佐賀|長崎|熊本|大分|宮崎|鹿児島|沖縄"
)
_PREFECTURE, _COUNTRY, _PERSON = "県", "国", "人"
_KIND = re.compile(
    "[都府県](?!内|外)|[市区町村郡]|支社|支店|営業所|事業所|工場|倉庫|出張所|事務所|研究所|センター|駅|店"
)
_TITLE = re.compile("(?:部長|課長|主任|係長|社長|専務|常務|次長|所長|工場長)?(?:さん|様|氏|君)?")
_OF_ORGANISATION = re.compile(
    "(?:製作所|工業|商事|物産|建設|電機|電工|産業|興業|化学|製薬|鉄道|新聞|銀行|信用金庫|大学|労働局|法務局|税務署|商店|"
    "(?:株式|有限|合同)会社|社(?!長|員))"
)
_COMPANY_BEFORE = re.compile(r"(?:株式|有限|合同)会社\s?$")
_SUBJECT = re.compile("(?:の|は|では|には|における|においては|なら)(?!み|ほか|他|除)")
_CLAUSE_END = re.compile(r"[。\n()]|(?<=[^た])ただし|、(?=[^、。]{1,12}は)")
_SAME = {"米国": "アメリカ", "英国": "イギリス"}


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
    for kind, names in _meant(claim, question).items():
        if any(_is_told(name, told) for name in names):
            continue
        rivals = [one for clause in _about(claim, told) for one in _subjects(clause) if one.kind == kind]
        if not rivals and kind != _PERSON and not any(one.kind == kind for one in _names(told)):
            if any(_is_told(name, above) for name in names):
                continue
            rivals = [one for one in _names(above) if one.kind == kind]
        if rivals:
            return next(iter(names))
    return ""


def _meant(claim: str, question: str) -> dict[str, dict[str, None]]:
    """Names by kind: those of the claim, and of the kinds that it leaves open those of the question."""
    meant: dict[str, dict[str, None]] = defaultdict(dict)
    for one in _names(fold(claim)):
        meant[one.kind][one.name] = None
    asked: dict[str, dict[str, None]] = defaultdict(dict)
    for one in _names(fold(question)):
        asked[one.kind][one.name] = None
    return {**asked, **meant}


def _is_told(name: str, text: str) -> bool:
    return any(is_said(one, text) for one in {name, _SAME.get(name, name), *_others_of(name)})


def _others_of(name: str) -> list[str]:
    return [short for short, long in _SAME.items() if long == name]


def _about(claim: str, told: str) -> list[str]:
    """The clauses that tell what the claim tells: its numbers, or else most of its words."""
    clauses = [part for part in _CLAUSE_END.split(told) if part.strip()]
    claimed = facts(unicodedata.normalize("NFKC", claim))
    if claimed:
        given = [(part, facts(part)) for part in clauses]
        found = [part for part, its in given if any(matches(fact, one) for fact in claimed for one in its)]
        if found:
            return found
    words = set(content_words(claim))
    shared = [len(words & set(content_words(part))) for part in clauses]
    most = max(shared, default=0)
    return [part for part, count in zip(clauses, shared, strict=True) if count == most > 0]


def _subjects(clause: str) -> Iterator[_Name]:
    return (one for one in _names(clause) if _SUBJECT.match(clause, one.end))


def _names(text: str) -> Iterator[_Name]:
    """The names of a folded text whose kind is clear, each with where it ends, its title included."""
    for word in words_in(text):
        if word.kind[1] != "固有名詞" or word.kind[2] not in NAME_KINDS or len(word.surface) == 1:
            continue
        if _OF_ORGANISATION.match(text, word.end) or _COMPANY_BEFORE.search(text[: word.start][-6:]):
            continue
        what = _KIND.match(text, word.end)
        if what:
            kind = _PREFECTURE if what.group() in "都府県" else what.group()
            yield _Name(kind, word.surface, what.end())
        # 福島さん is a person.
        elif _PREFECTURES.fullmatch(word.surface) and _behind_title(text, word.end) == word.end:
            yield _Name(_PREFECTURE, word.surface, word.end)
        elif word.kind[2] == "人名" and not word.surface.isascii() and not _is_katakana(word.surface):
            yield _Name(_PERSON, word.surface, _behind_title(text, word.end))
        elif word.kind[3] == "国" and word.surface != "日本":
            yield _Name(_COUNTRY, word.surface, word.end)


def _behind_title(text: str, at: int) -> int:
    title = _TITLE.match(text, at)
    return title.end() if title else at


def _is_katakana(name: str) -> bool:
    return all("ァ" <= char <= "ー" for char in name)
