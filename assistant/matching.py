"""Whether a question asks what an earlier one asked, so that its confirmed answer may be offered.

Strict: an answer to another question does harm, one that is not offered does none. Both questions must have
the same numbers, dates, codes and names, affirm alike, ask for the same kind of thing, and name the same
things; then their vectors must be near. Other wordings are given by the editor, or by the company's
dictionary.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.asked import wanted_in
from assistant.grounding.numbers import Fact, Quantity, facts, matches
from assistant.likeness import frame, unmatched
from assistant.words import content_words, detect_language, kind_weight
from ingestion.tokenizing import proper_names

_CODE = re.compile(r"(?=[A-Z0-9-]*[A-Z])(?=[A-Z0-9-]*[0-9])[A-Z0-9]+(?:[-_][A-Z0-9]+)*", re.IGNORECASE)
DENIAL = re.compile(
    r"ない|なかっ|なけれ|ません|ずに|なく|不可|不要|不能|禁止|禁じ|以外|除[くい]|未[^満来]|非[^常]|無[^料償]|"
    r"\b(?:not|no|never|without|cannot|except|unless|neither|nor|non|un(?:paid|available|able))\b|n['’]t\b",
    re.IGNORECASE,
)
_RELATION = re.compile(
    r"以上|以下|以内|以前|以後|以降|未満|超[えす]|まで|から|前|後|最大|最小|最低|最高|上限|下限|最初|最後|翌|毎|合計|平均|追加|変更|"
    r"取り?消|キャンセル|延長|短縮|再|仮|全|半|開始|終了|入社|退職|退社|新|旧|国内|海外|"
    r"\b(?:before|after|until|from|since|within|over|under|at least|at most|maximum|minimum|first|last|next|"
    r"previous|old|new|cancel\w*|extend\w*|change\w*|start\w*|end\w*|begin\w*)\b",
    re.IGNORECASE,
)
_HOW = (
    ("why", re.compile(r"なぜ|何故|どうして|理由|\bwhy\b", re.IGNORECASE)),
    (
        "how",
        re.compile(
            r"どうやって|どのように|どうすれば|方法|手順|手続き?|\bhow (?:do|does|can|should|to)\b",
            re.IGNORECASE,
        ),
    ),
    ("where", re.compile(r"どこ|何処|どちらに|\bwhere\b", re.IGNORECASE)),
)  # fmt: skip
_ASKING = re.compile(
    r"何|いくら|幾ら|いつ|誰|だれ|どなた|どこ|どの|どう|どれ|どちら|どんな|なぜ|"
    r"\b(?:what|which|who|whom|whose|when|where|why|how)\b",
    re.IGNORECASE,
)
_WHETHER = re.compile(r"か[?？。\s]*$|[?？]\s*$")
_DOING = (
    "貰う 貰える 取る 取れる 頂く 頂ける 受け取る 与える 付与 支給 出る 成る 得る 決まる 定める 規定 設定 "
    "決まり ルール 教える 詳しい 知る "
    "receiv get provid grant entitl pay paid allow set employe staff know explain"
)
_SAME_DOING = frozenset(_DOING.split())
"""Words that do not tell one question from another: 何日もらえますか asks what 何日付与されますか asks."""


def same_matter(asked: str, kept: str) -> bool:
    """Whether both questions, by their words alone, ask the same. Neither is looked at for its meaning."""
    one, other = (unicodedata.normalize("NFKC", text).strip() for text in (asked, kept))
    if not one or not other:
        return False
    if same_text(one, other):
        return True
    first, second = _read(one), _read(other)
    return (
        first.alike == second.alike
        and _same_facts(first.facts, second.facts)
        and _same_words(first.words, second.words)
    )


@dataclass(frozen=True, slots=True)
class _Read:
    """What of a question is compared with others. `alike` must be equal: language, codes, names and more."""

    alike: tuple[object, ...]
    facts: tuple[Fact, ...]
    words: tuple[str, ...]


@lru_cache(maxsize=8192)
def _read(text: str) -> _Read:
    """Kept, because one question is compared with many: taking it apart takes far longer than comparing."""
    alike = (
        detect_language(text), _found(_CODE, text), frozenset(proper_names(text)), bool(DENIAL.search(text)),
        _found(_RELATION, text), _kinds(text),
    )  # fmt: skip
    return _Read(alike, tuple(facts(text)), _words(text))


def _same_facts(one: Sequence[Fact], other: Sequence[Fact]) -> bool:
    """Each number and date of one is in the other, with its unit and its bound."""

    def equal(a: Fact, b: Fact) -> bool:
        if isinstance(a, Quantity) and isinstance(b, Quantity) and (a.unit, a.bound) != (b.unit, b.bound):
            return False
        return matches(a, b) and matches(b, a)

    return len(one) == len(other) and all(any(equal(a, b) for b in other) for a in one)


def _found(pattern: re.Pattern[str], text: str) -> frozenset[str]:
    return frozenset(re.sub(r"[-_\s]", "", match.group()).casefold() for match in pattern.finditer(text))


def _kinds(text: str) -> tuple[str, frozenset[str]]:
    wanted = wanted_in(text)
    kinds = {name for name, how in _HOW if how.search(text)}
    if _WHETHER.search(text) and not _ASKING.search(text):
        kinds.add("whether")
    return (wanted.kind if wanted else ""), frozenset(kinds)


def _same_words(first: Sequence[str], second: Sequence[str]) -> bool:
    names = [tuple(word for word in words if kind_weight(word) >= 1.0) for words in (first, second)]
    if not names[0] or not names[1]:
        return first == second
    if unmatched(names[0], names[1]) or unmatched(names[1], names[0]):
        return False
    doing = [frozenset(word for word in words if kind_weight(word) < 1.0) for words in (first, second)]
    return doing[0] == doing[1]


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in content_words(frame(text)) if word not in _SAME_DOING)


def same_text(asked: str, kept: str) -> bool:
    """Whether both are the same but for white space, signs of punctuation, width and case."""
    return squeezed(asked) == squeezed(kept) != ""


def squeezed(text: str) -> str:
    """What two texts have in common that `same_text` takes for the same."""
    return re.sub(r"[\s?。.!、,]+", "", unicodedata.normalize("NFKC", text)).casefold()
