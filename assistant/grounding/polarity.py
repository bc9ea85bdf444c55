"""Whether a sentence affirms or denies: できる/できない, 必要/不要, must/must not.

A rule over surface forms. Japanese puts the negation at the end of its clause, so only the end counts there;
in English the number of negations in the clause does. A limit (must not exceed 10 days) denies nothing;
numbers.py compares it. Does not understand irony, nor "few".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from assistant.words import detect_language

_CLAUSE_END = re.compile(
    r"(?<=[とにもで]し)、|(?<=であり)、|(?<=ており)、|(?<=が)、|(?<=けれど)、|(?<=けれども)、|(?<=ものの)、|(?<=一方)、|(?<=一方で)、|ただし、?|但し、?|なお、|"
    r"[。;；\n]|\bbut\b|\bhowever\b|\bexcept\b|\bunless\b",
    re.IGNORECASE,
)
_JAPANESE_TAIL = 12
_JAPANESE_NEUTRAL = re.compile(
    r"な(?:ければ|くては)(?:なら|なり|いけ)(?:ない|ません|ず)|ないと(?:いけ|なら|なり)(?:ない|ません)|"
    r"ねばな(?:らない|らぬ|らず|りません)|ざるを得|に(?:ほか|他)ならない|かもしれ(?:ない|ません)|に限ら(?:ない|れ(?:ない|ません)|ず)|"
    r"だけで(?:は)?なく|のみならず|やむを得な|遅滞なく|問題なく|間もなく|少なくとも|に過ぎない|て差し支えない|問題(?:は)?(?:ない|ありません)|"
    r"を(?:超え|上回)(?:(?:ては|て)?(?:なら|いけ)|)(?:ない|ません|らない|りません)|(?:超え|上回)ることは?でき(?:ない|ません)|"
    r"構(?:わない|いません)|かまわない|かまいません|差し支え(?:ない|ありません)|違いない|(?:ない|しない|なかった)(?:場合|とき|時|限り|よう)|なければ(?!な)|必要不可欠|不可欠"
)
_JAPANESE_NEGATION = re.compile(
    r"ない(?!し|よう)|なかった|ません|ませぬ|(?<=[あ-ん])ぬ(?=[。、])|せず|ず(?:に)?(?=[、。]|$)|不可|不要|禁止|禁じ|対象外|除外|除く$|"
    r"認めな|認められな|無効|不支給|不許可|無し|なし(?=[。、]|$|で|と)|なく(?=[、。]|$|な)|無い|断る|拒否"
)
_JAPANESE_WITHOUT = re.compile(
    r"(?:得|経|せ|受け|行わ|取ら|使わ|通さ)ずに|(?:得|経|し|受け|行わ|取ら|使わ)ないで|な(?:しに|しで|くして)"
)
"""Denies what stands before it, wherever in the clause: 承認を得ずに使用してはならない asks for approval."""
_ENGLISH_NEGATION = re.compile(
    r"\b(?:not|never|no|without|cannot|neither|nor|none|prohibit(?:ed|s)?|forbidden|forbids?|banned|unable|excluded|"
    r"ineligible|refused?|disallowed|unnecessary|invalid)\b|n['’]t\b",
    re.IGNORECASE,
)
_ANSWER_WORD = re.compile(r"^(?:no|yes)\s*[,.:;!–—-]\s*", re.IGNORECASE)
"""Answers the question and denies nothing of the sentence behind it: No, it cannot be exchanged."""
_ENGLISH_NEUTRAL = re.compile(
    r"(?:\b(?:not|never|cannot)|n['’]t)\b[^.;,]{0,40}\b(?:more than|exceed(?:ing)?)\b|"
    r"\bnot only\b|\bno later than\b|\bnot? (?:more|less|fewer) than\b|\bno\.\s*[0-9]|"
    r"\bwhether or not\b|\bwithout delay\b|\bnot limited to\b",
    re.IGNORECASE,
)


def clauses(text: str) -> list[str]:
    """The clauses of a sentence that may each affirm or deny by themselves."""
    text = unicodedata.normalize("NFKC", text)
    return [part.strip() for part in _CLAUSE_END.split(text) if part and part.strip()]


def denies(clause: str) -> bool:
    """Whether the main statement of `clause` is negative."""
    text = unicodedata.normalize("NFKC", clause).strip()
    if detect_language(text) == "en":
        text = _ANSWER_WORD.sub("", text) or text
        return len(_ENGLISH_NEGATION.findall(_ENGLISH_NEUTRAL.sub(" ", text))) % 2 == 1
    text = re.sub(r"[(（][^)）]*[)）]", "", text).rstrip("。.!?！？ 」』")
    text, without = _JAPANESE_WITHOUT.subn("〓", _JAPANESE_NEUTRAL.sub("〓", text))
    tail = text[-_JAPANESE_TAIL:]
    last = re.split(r"[、,]", tail)[-1]
    denials = len(_JAPANESE_NEGATION.findall(last if len(last) >= 4 else tail))
    return (denials + without) % 2 == 1


def opposed(claim: str, given: str, overlap: Sequence[float]) -> bool:
    """Whether `claim` affirms what `given` denies, or the reverse.

    `overlap[i]` says how much of the claim is found in clause i of `given`. The best clause is compared;
    where clauses of both kinds fit equally well, nothing is opposed.
    """
    parts, own = clauses(given), clauses(claim)
    if not own or not parts or len(parts) != len(overlap):
        return False
    denied = denies(own[-1])
    agreeing = max(
        (fit for part, fit in zip(parts, overlap, strict=True) if denies(part) == denied), default=-1.0
    )
    return max(overlap) > agreeing
