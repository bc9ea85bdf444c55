"""What a passage leaves out and a claim puts in: 東京本社以外, "all except contractors", 正社員に限り.

Three faults are seen. The claim is about what its passage excepts (東京本社の住宅手当は2万円 of
東京本社以外は2万円); it says "all" where the passage sets a limit to whom it speaks of; or it says of others
what the passage says of some only (Japanese). Rules over surface forms.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from assistant.grounding.polarity import denies
from assistant.words import content_words, detect_language

_SENTENCE_END = re.compile(r"[。\n;!?]+|(?<=[a-z0-9%)])\.(?=\s|$)")
_EXCEPTED_JA = re.compile(r"([一-龥々ァ-ヶーA-Za-z0-9]{2,16})(?:を除[くいき外]|以外|は除[くいき])")
_EXCEPTED_EN = re.compile(
    r"\b(?:except|excluding|other than|apart from)(?: for)? "
    r"(?!that\b|when\b|if\b|where\b|as\b|in\b|on\b|at\b)"
    r"(?:the |an? )?([a-z][\w'’-]*(?: [\w'’-]+){0,3}?)"
    r"(?=[,.;:)](?! who| which)|$| (?:that|is|are|may|must|can|will|has|have)\b)",
    re.IGNORECASE,
)
_EXCEPTS = re.compile(r"除|以外|\b(?:except|excluding|other than|apart from|but not)\b", re.IGNORECASE)
_ALL = re.compile(
    "(?:すべて|全て)の(?:社員|従業員|職員|者|人|方|利用者|会員|学生|支店|部署|店舗|事業所|営業所)|"
    r"(?<![一-龥])全(?:員|社員|従業員|職員|支店|店舗|部署)|誰でも|誰もが|\b(?:everyone|everybody|anyone)\b|"
    r"\b(?:all|every) (?:[\w-]+ ){0,2}(?:employees?|staff|members?|workers?|users?|customers?|visitors?|"
    r"people|students?|offices?|branch(?:es)?|departments?)\b",
    re.IGNORECASE,
)
_LIMITED = re.compile(
    r"に限[りるっら]|のみ(?!なら)|だけ(?!で[はも]?な)|を除[くいき]|以外|\b(?:only|except|excluding|unless)\b",
    re.IGNORECASE,
)
_ONLY_FOR = re.compile(r"([一-龥々ァ-ヶー]{2,12})(?:に限[りるっら]|のみ(?!なら)|だけ(?!で[はも]?な))")
_WHOM = re.compile(
    r"([一-龥々ァ-ヶー]*(?:社員|職員|役員|従業員|派遣|アルバイト|パートタイマー|パート|管理職|部長|課長|学生|会員))(?=[はもがにの])"
)
_THEN_EXCEPTS = re.compile(r"[。.\s]*(?:ただし|但し|however\b|except\b)", re.IGNORECASE)
_ALREADY_ALL = re.compile(r"限らず|問わず|を問わ|\bnot only\b", re.IGNORECASE)


def excepted(claim: str, question: str, passages: Sequence[str]) -> str:
    """What the passages except and the claim is about; "" without such.

    Only where every sentence that names it excepts it, and tells what the claim does. What is denied to
    all others (東京本社以外には支給しない) is not denied to it. A claim with hardly a word of its own is
    about what `question` names.
    """
    claim, question = (unicodedata.normalize("NFKC", text) for text in (claim, question))
    if _EXCEPTS.search(claim):
        return ""
    told = [part for part in _SENTENCE_END.split(unicodedata.normalize("NFKC", "\n".join(passages))) if part]
    for sentence in told:
        for name in () if denies(sentence) else _names(sentence):
            if not _tells_of(name, sentence, claim, question):
                continue
            if all(_is_excepted(name, one) for one in told if _holds(one, name)):
                return name
    return ""


def _tells_of(name: str, sentence: str, claim: str, question: str) -> bool:
    """Whether claim or question name it, and the sentence shares more with them than that."""
    if not _holds(f"{claim}\n{question}", name):
        return False
    own = set(content_words(claim)) - set(content_words(name))
    return not (own or set(content_words(question)) - set(content_words(name))).isdisjoint(
        content_words(sentence)
    )


def all_of_some(claim: str, passages: Sequence[str]) -> str:
    """The word by which the claim speaks of all where its passages speak of some only; "" without such."""
    claim = unicodedata.normalize("NFKC", claim)
    said = _ALL.search(claim)
    if said is None or _LIMITED.search(claim) or _ALREADY_ALL.search(claim):
        return ""
    near = _nearest(claim, passages)
    behind = unicodedata.normalize("NFKC", "\n".join(passages)).partition(near)[2]
    if near and _THEN_EXCEPTS.match(behind):
        return said.group()
    return said.group() if _LIMITED.search(near) and not _ALREADY_ALL.search(near) else ""


def entitled_only(claim: str, passages: Sequence[str]) -> str:
    """Of whom alone the passages say what the claim says of others (正社員に限り); "" without such."""
    claim = unicodedata.normalize("NFKC", claim)
    of = {match[1] for match in _WHOM.finditer(claim)}
    if not of or denies(claim) or _LIMITED.search(claim):
        return ""
    near = _nearest(claim, passages)
    only = _ONLY_FOR.search(near)
    if only is None or any(whom in near or only[1] in whom for whom in of):
        return ""
    return only[1] if any(only[1].endswith(match[1][-2:]) for match in _WHOM.finditer(f"{only[1]}は")) else ""


def _nearest(claim: str, passages: Sequence[str]) -> str:
    """The sentence that shares most words with the claim."""
    told = [part for part in _SENTENCE_END.split(unicodedata.normalize("NFKC", "\n".join(passages))) if part]
    words = set(content_words(claim))
    return max(told, key=lambda part: len(words & set(content_words(part))), default="")


def _names(sentence: str) -> list[str]:
    excepts = _EXCEPTED_JA if detect_language(sentence) == "ja" else _EXCEPTED_EN
    return list(dict.fromkeys(match[1] for match in excepts.finditer(sentence)))


def _is_excepted(name: str, sentence: str) -> bool:
    """Whether the sentence names it as an exception and nowhere else."""
    excepts = {
        match.start(1) for match in (*_EXCEPTED_JA.finditer(sentence), *_EXCEPTED_EN.finditer(sentence))
    }
    places = [match.start() for match in re.finditer(re.escape(name), sentence, re.IGNORECASE)]
    return bool(places) and excepts.issuperset(places)


def _holds(text: str, name: str) -> bool:
    if name.isascii():
        return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None
    return name in text
