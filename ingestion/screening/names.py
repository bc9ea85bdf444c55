"""Names of people: what Sudachi takes for surname and given name, or what a label or a form of address says.

A surname alone is no finding, since most are names of places too: 山口支店.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ingestion.screening.findings import Finding, personal
from ingestion.tokenizing import Word, words_in

_POLITE = frozenset({"さん", "様", "さま", "氏", "殿", "君", "くん", "ちゃん", "先生", "女史"})
_TITLE = re.compile(
    "(?:副?社|会|部|次|課|係|室|所|支店|店|工場|局|理事|委員|市|学)長|専務|常務|取締役|主任|理事|監査役|(?:准)?教授|講師"
    "|弁護士|税理士|会計士|医師|博士|選手|議員|知事|大臣|首相|総理|委員|名義|本人"
)
_SHORT_SURNAMES = frozenset(
    "林森原東南西岡谷堀関星泉辻島沖菅金李王張陳劉朴崔鄭呉黄楊今桂岸滝堤平牧柳脇城神武榎乾沢浜宮"
)
_KANA_GIVEN = re.compile("[ぁ-ん]{2,5}$|[ァ-ヶー]{2,6}$")
_GIVEN = re.compile("[一-龥々ぁ-んァ-ヶー]{1,4}$")
_LABELLED = re.compile(
    r"(?:氏名|お名前|名前|担当者?|申請者|申込者|会員|契約者"
    r"|代表者|責任者|記入者|提出者|届出者|依頼者|利用者名?|従業員名|社員名|受取人|口座名義人?|名義人)"
    r"(?:名|氏名)?[ ]?[::][ ]?(?P<v>[一-龥々ヶ]{1,4}[ ]?[一-龥々ぁ-んァ-ヶー]{1,4})"
    r"(?=$|[ \t\n,、。()(){}\[\]|/;:]|様|殿|さん|氏)"
)
_READING = re.compile(
    r"(?:フリガナ|ふりがな|カナ氏名|氏名カナ|口座名義)[ ()カナ]{0,5}[::]?[ ]?"
    r"(?P<v>[ァ-ヶー]{2,8}[ ・]?[ァ-ヶー]{2,8})(?![ァ-ヶー])"
)
_ENGLISH = re.compile(
    r"\b(?:Mr|Mrs|Ms|Dr|Prof)\. ?(?P<a>[A-Z][a-z]+(?: [A-Z][a-z]+)?)"
    r"|\b(?:Name|Applicant|Employee|Contact|Customer)[ ]?[:] ?(?P<b>[A-Z][a-z]+(?: [A-Z]\.)? [A-Z][a-z]+)\b"
)
_FOREIGN = re.compile("[ァ-ヶー]{2,}$")


def find_labelled_names(text: str) -> Iterator[Finding]:
    """Names that follow a label, in folded text."""
    for match in _LABELLED.finditer(text):
        if _could_be_a_name(match["v"]):
            yield personal("PERSON", match.start("v"), match.end("v"), 0.7)
    for match in _READING.finditer(text):
        yield personal("PERSON", match.start("v"), match.end("v"), 0.85)
    for match in _ENGLISH.finditer(text):
        group = "a" if match["a"] else "b"
        yield personal("PERSON", match.start(group), match.end(group), 0.8)


def _could_be_a_name(text: str) -> bool:
    """Not so: 担当: 営業部, 氏名: 別紙のとおり."""
    words = list(words_in(text))
    ordinary = any(word.kind[1] == "普通名詞" and len(word.surface) > 1 for word in words)
    return not ordinary and text[-1] not in "部課室係局庁省社者所店会等欄"


def find_names(words: Sequence[Word]) -> Iterator[Finding]:
    """Names in the words of a line; places are those of the line."""
    at = 0
    while at < len(words):
        used, finding = _name_at(words, at)
        if finding is not None:
            yield finding
        at += max(used, 1)


def _name_at(words: Sequence[Word], at: int) -> tuple[int, Finding | None]:
    """A name that begins with the word at `at`, and how many words it takes."""
    first = words[at]
    if not _is_name(first, "姓"):
        return _lone_given_name(words, at)
    if len(first.surface) == 1 and first.surface not in _SHORT_SURNAMES:
        return 1, None  # 水, 高, 全: words far more often
    after = at + 1
    spaced = after < len(words) and words[after].kind[0] == "空白" and len(words[after].surface) <= 2
    after += spaced
    if after >= len(words):
        return 1, None
    second = words[after]
    tight = not spaced and 1 in (len(first.surface), len(second.surface))  # 六角 穴 付き
    sure = _is_name(second, "名") and not tight
    if sure or ((_is_name(second, "名") or _is_name(second, "一般")) and not _is_word(words, after + 1)):
        end = after
        if after + 1 < len(words) and _is_name(words[after + 1], "名") and len(second.surface) == 1:
            end = after + 1  # 亜 希子
        return end + 1 - at, personal("PERSON", first.start, words[end].end, _pair(words, end, spaced=spaced))
    if spaced and (taken := _unknown_given_name(words, after)):
        end = after + taken - 1
        return end + 1 - at, personal("PERSON", first.start, words[end].end, 0.75)
    if not spaced:
        if second.surface in _POLITE:
            return 1, personal("PERSON", first.start, first.end, 0.8)
        if _TITLE.fullmatch(second.surface) and second.surface != "本人":
            return 1, personal("PERSON", first.start, first.end, 0.65)
    return 1, None


def _pair(words: Sequence[Word], end: int, *, spaced: bool) -> float:
    follows = words[end + 1].surface if end + 1 < len(words) else ""
    if follows in _POLITE or _TITLE.fullmatch(follows):
        return 0.97
    return 0.92 if spaced else 0.88


def _lone_given_name(words: Sequence[Word], at: int) -> tuple[int, Finding | None]:
    word = words[at]
    if not (_is_name(word, "名") or _is_name(word, "一般")) or at + 1 >= len(words):
        return 1, None
    after = words[at + 1]
    if after.surface in _POLITE and len(word.surface) > 1:
        return 1, personal("PERSON", word.start, word.end, 0.7)
    if _FOREIGN.match(word.surface) and after.surface in ("・", "=") and at + 2 < len(words):
        third = words[at + 2]
        if third.kind[1] == "固有名詞" and _FOREIGN.match(third.surface):
            return 3, personal("PERSON", word.start, third.end, 0.75)
    return 1, None


def _unknown_given_name(words: Sequence[Word], at: int) -> int:
    """How many words after a surname and a space could be a given name that the dictionary does not know."""
    surface, taken = "", 0
    for word in words[at : at + 3]:
        kind = word.kind[0]
        if kind in ("助詞", "補助記号", "空白", "記号", "助動詞") and taken:
            break
        if word.surface in _POLITE or _TITLE.fullmatch(word.surface):
            break
        surface += word.surface
        taken += 1
        if not _GIVEN.match(surface):
            return 0
    if not taken or _is_word(words, at + taken):
        return 0
    only = words[at]
    if taken == 1 and only.kind[1] == "普通名詞" and not (_KANA_GIVEN.match(surface) or len(surface) == 1):
        return 0  # 山口 支店
    return taken if only.kind[0] in ("名詞", "形状詞", "副詞", "動詞", "形容詞", "感動詞", "接頭辞") else 0


def _is_word(words: Sequence[Word], at: int) -> bool:
    """Whether a content word follows directly, so that what stands before it is only part of one."""
    if at >= len(words):
        return False
    word = words[at]
    return word.kind[0] in ("名詞", "動詞", "接尾辞", "形容詞") and not (
        word.surface in _POLITE or _TITLE.fullmatch(word.surface) or word.surface == "生"
    )


def _is_name(word: Word, part: str) -> bool:
    return len(word.kind) > 3 and word.kind[2] == "人名" and word.kind[3] == part
