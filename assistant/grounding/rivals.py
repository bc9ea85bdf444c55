"""A number that its passage gives to something else than the claim does: 製品Aの保証期間は2年、製品Bは1年.

A clause with the claim's number is doubted when another clause fits the claim better and has another number
of the same kind: it has a word of the claim that the first one lacks (B), and the first one has a word of
its own that the claim does not have (A). Both are asked for, since people leave words out and put others for
them. Where the other clause is an exception (ただし、沖縄支店は5万円), the claim's word is enough.

What a sentence begins with holds for all its clauses (2023年度の売上高は150億円、営業利益は12億円), and what
leads to a list (次のとおり, "as follows:", a line above bullets) for all that follows. Things that one letter
tells apart (製品A, 製品B) need no rival. Rows of tables are told apart in columns.py and cells.py.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.grounding.numbers import Fact, Quantity, conflicts, facts, matches
from assistant.words import content_words, detect_language
from ingestion.dates import Moment

_SENTENCE_END = re.compile(r"[。;；\n!?]+|(?<=[a-z0-9%)])\.(?=\s|$)")
_CLAUSE_END_JA = re.compile(
    r"、|(?<=[0-9%円人名台件個枚回点])から(?=[^0-9]{2})|(?<=[^0-9]),|(?:だ|である|です|する|した|であり|とし)が(?=[^、。]{2})"
)
_CLAUSE_END_EN = re.compile(r",\s|;\s|\b(?:and|while|but|whereas|or)\b", re.IGNORECASE)
_BULLET = re.compile(r"^\s*(?:[-*・•●○■◆▪]|[0-9]{1,2}[.)]|\([0-9]{1,2}\)|[ア-ン][.)])\s*")
_LEADS_ON = re.compile(
    r"(?:次|以下|下記)の(?:とおり|通り|各号)|(?:as follows|the following)\b|[::]\s*$", re.IGNORECASE
)
_EXCEPTION = re.compile(r"^\s*(?:ただし|但し|なお|however|except that|but)", re.IGNORECASE)
_NAME_OF_ONE_LETTER = re.compile(r"(?<![A-Za-z0-9])[A-Z](?![A-Za-z0-9'’])")
_MARKUP = re.compile(r"<[^<>\n]{1,80}>")
_YEAR = re.compile(r"(?<![0-9])(?:19|20)[0-9]{2}(?![0-9])")
_COUNTS = re.compile("[0-9]|^[〇一二三四五六七八九十百千万億兆]+$")
_INFLECTED = re.compile("[\u3041-\u309f]$")
_TOPIC = re.compile(r"^(?P<topic>(?:(?P<whose>[^は]{2,24}?)の)?[^はの]{1,24})は、?")
_LETTERED = re.compile(r"(?P<stem>[一-龥々ァ-ヶー]{2,16}|\b[A-Za-z]{2,20} )(?P<letter>[A-Z])(?![A-Za-z0-9])")
_NOUN = re.compile(r"\s*(?:日|の)?([一-龥々ァ-ヶー]+|[A-Za-z]+)")
_FEWEST = 2
"""Words by which a claim says what its number is of; of fewer the question tells it."""


@dataclass(frozen=True, slots=True)
class _Number:
    """A fact and the noun behind it, which says what a number without a unit counts (5 users)."""

    fact: Fact
    noun: str

    def is_same(self, other: _Number) -> bool:
        return matches(self.fact, other.fact)

    def is_other(self, other: _Number) -> bool:
        """Whether it is of one kind with `other` and tells something else."""
        if conflicts(self.fact, other.fact):
            return True
        one, two = self.fact, other.fact
        bare = isinstance(one, Quantity) and isinstance(two, Quantity) and not one.unit and not two.unit
        return bare and bool(self.noun) and self.noun == other.noun and not matches(one, two)


@dataclass(frozen=True, slots=True)
class _Clause:
    text: str
    words: frozenset[str]
    numbers: tuple[_Number, ...]
    exception: bool


def number_of_another(claim: str, question: str, texts: Sequence[str]) -> Fact | None:
    """The fact of `claim` that all clauses of `texts` which have it give to something else; None without one.

    `question` is asked of when the claim has hardly a word of its own.
    """
    own = _words(claim)
    said = own | _words(question)
    about = own if len(own) > _FEWEST else said
    sentences = [sentence for text in texts for sentence in _sentences(text)]
    claimed = _numbers(unicodedata.normalize("NFKC", claim))
    wrong = (one for one in claimed if _is_another(one, claimed, about, said, sentences))
    found = next(wrong, None) or next((one for one in claimed if _is_lettered(one, claim, sentences)), None)
    return found.fact if found else None


def _is_another(
    number: _Number,
    claimed: Sequence[_Number],
    about: frozenset[str],
    said: frozenset[str],
    sentences: Sequence[Sequence[_Clause]],
) -> bool:
    own: list[_Clause] = []
    rivals: list[_Clause] = []
    for sentence in sentences:
        for clause in _of_kind(number, sentence):
            if any(number.is_same(one) for one in clause.numbers):
                own.append(clause)
            elif not any(
                also.is_same(one) for also in claimed for one in clause.numbers if number.is_other(one)
            ):
                rivals.append(clause)  # what the claim tells as well (823台のうち412台) is no rival
    return bool(own) and all(any(_fits_better(one, mine, about, said) for one in rivals) for mine in own)


def _is_lettered(number: _Number, claim: str, sentences: Sequence[Sequence[_Clause]]) -> bool:
    """Whether all clauses with the number speak of 製品B, and the claim of 製品A."""
    said = {
        match["stem"]: match["letter"] for match in _LETTERED.finditer(unicodedata.normalize("NFKC", claim))
    }
    own = [
        _lettered(clause.text)
        for sentence in sentences
        for clause in sentence
        if any(number.is_same(one) for one in clause.numbers)
    ]
    for stem, letter in said.items():
        letters = [{other for its, other in told if its == stem} for told in own]
        if letters and all(others and letter not in others for others in letters):
            return True
    return False


def _lettered(text: str) -> list[tuple[str, str]]:
    found = _LETTERED.finditer(unicodedata.normalize("NFKC", text))
    return [(match["stem"].strip(), match["letter"]) for match in found]


def _fits_better(rival: _Clause, mine: _Clause, about: frozenset[str], said: frozenset[str]) -> bool:
    theirs = [word for word in about if _has(rival.words, word) and not _has(mine.words, word)]
    ours = [word for word in about if _has(mine.words, word) and not _has(rival.words, word)]
    if not theirs or len(ours) > len(theirs):
        return False
    foreign = any(not _has(said, word) and not _has(rival.words, word) for word in mine.words)
    return foreign or rival.exception


def _of_kind(number: _Number, sentence: Sequence[_Clause]) -> Iterator[_Clause]:
    """The clauses that tell a number of this kind, with the words of those before that tell none."""
    carried: frozenset[str] = frozenset()
    exception = False
    for clause in sentence:
        exception = exception or clause.exception
        if any(number.is_same(one) or number.is_other(one) for one in clause.numbers):
            yield replace(clause, words=clause.words | carried, exception=exception)
        else:
            carried |= clause.words


def _numbers(text: str) -> tuple[_Number, ...]:
    """The facts but years, which are words: they say of when the others are."""
    told = (fact for fact in facts(text) if not (isinstance(fact, Moment) and fact.is_year))
    nouns = ((fact, _NOUN.match(text, fact.end)) for fact in told)
    return tuple(_Number(fact, noun[1].lower() if noun else "") for fact, noun in nouns)


def _with_topic(parts: Sequence[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """The clauses of a sentence with the words that its topic gives them.

    A whole topic goes on where something stands between it and its number (離職率は前年度が8%、当年度が6%),
    else only whose it is (2023年度の売上高は150億円、営業利益は12億円); a clause with an owner takes none.
    """
    given: frozenset[str] = frozenset()
    for i, part in enumerate(parts):
        topic = _TOPIC.match(part)
        owned = bool(topic and topic["whose"])
        yield part, frozenset() if owned and i else given
        if topic and not given:
            told = facts(part[topic.end() :])
            between = part[topic.end() :][: told[0].start] if told else ""
            given = _words(topic["topic"] if _words(between) else topic["whose"] or "")


def _sentences(text: str) -> Iterator[list[_Clause]]:
    """The sentences in clauses, each with the words of what led to it."""
    text = _MARKUP.sub(" ", unicodedata.normalize("NFKC", text))
    above: frozenset[str] = frozenset()
    before, listed = "", False
    for sentence in (part for part in _SENTENCE_END.split(text) if part and part.strip()):
        bullet = bool(_BULLET.match(sentence))
        if "|" in sentence or "\t" in sentence:
            continue
        if bullet and not listed and before and not facts(before):
            above = _words(before)
        if _LEADS_ON.search(sentence):
            above = frozenset()
        ends = _CLAUSE_END_JA if detect_language(sentence) == "ja" else _CLAUSE_END_EN
        parts = [part for part in ends.split(_BULLET.sub("", sentence)) if part and part.strip()]
        exception = bool(_EXCEPTION.match(sentence))
        yield [
            _Clause(part, _words(part) | words | above, _numbers(part), exception)
            for part, words in _with_topic(parts)
        ]
        if _LEADS_ON.search(sentence):
            above = _words(sentence)
        elif listed and not bullet:
            above = frozenset()
        before, listed = sentence, bullet


def _words(text: str) -> frozenset[str]:
    """The nouns, names and codes of a text, its years, and the letters that tell things apart (製品A)."""
    text = unicodedata.normalize("NFKC", text)
    words = {one for one in content_words(text) if not _COUNTS.search(one) and not _INFLECTED.search(one)}
    return frozenset(words | set(_YEAR.findall(text)) | set(_NAME_OF_ONE_LETTER.findall(text)))


def _has(words: frozenset[str], word: str) -> bool:
    """Whether one of `words` is `word`, or, in Japanese, a part of it or has it as a part."""
    if word in words:
        return True
    if word.isascii() or len(word) == 1:
        return False
    return any(word in one or (len(one) > 1 and one in word) for one in words)
