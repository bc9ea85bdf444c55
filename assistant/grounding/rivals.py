"""A number that its passage gives to something else than the claim does: 製品Aの保証期間は2年、製品Bは1年.

A clause with the claim's number is doubted when another clause fits the claim better and has another number
of the same kind: it has a word of the claim that the first one lacks (B), and the first one has a word of
its own that the claim does not have (A). Both are asked for, since people leave words out and put others for
them. The claim's word is enough where the other clause is an exception (ただし、沖縄支店は5万円), or has the
claim's whole subject and all else that the first one has (パスワードは90日、管理者のパスワードは60日).

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
    r"、|(?<=[0-9%円人名台件個枚回点])から(?=[^0-9]{2})|(?<=[^0-9]),|(?:だ|である|です|する|した|であり|とし)が(?!って|い)(?=[^、。]{2})"
)
_CLAUSE_END_EN = re.compile(r",\s|;\s|\b(?:and|while|but|whereas|or)\b", re.IGNORECASE)
_BULLET = re.compile(r"^\s*(?:[-*・•●○■◆▪]|[0-9]{1,2}[.)]|\([0-9]{1,2}\)|[ア-ン][.)])\s*")
_LEADS_ON = re.compile(
    r"(?:次|以下|下記)の(?:とおり|通り|各号)|(?:as follows|the following)\b|[::]\s*$", re.IGNORECASE
)
_EXCEPTION = re.compile(r"(?:^|、)\s*(?:ただし|但し|なお)|^\s*(?:however|except that|but)\b", re.IGNORECASE)
_NAME_OF_ONE_LETTER = re.compile(r"(?<![A-Za-z0-9])[A-Z](?![A-Za-z0-9'’])")
_MARKUP = re.compile(r"<[^<>\n]{1,80}>")
_YEAR = re.compile(r"(?<![0-9])(?:19|20)[0-9]{2}(?![0-9])")
_COUNTS = re.compile("[0-9]|^[〇一二三四五六七八九十百千万億兆]+$")
_INFLECTED = re.compile("[\u3041-\u309f]$")
_TOPIC = re.compile(r"^(?P<topic>(?:(?P<whose>[^は]{2,24}?)の)?[^はの]{1,24})は、?")
_VERB = re.compile(
    r"\b(?:went|rose|fell|grew|increased|decreased|dropped|climbed|has|have|had|is|are|was|were|will|may|must|can|"
    r"costs?|includes?|offers?|lasts?|takes?|starts?|ends?|opens?|closes?|requires?|receives?|pays?|gets?|earned|"
    r"reached)\b",
    re.IGNORECASE,
)
_GOES_ON = re.compile(rf"\s*(?:then |also |now )?{_VERB.pattern}", re.IGNORECASE)
"""Begins a clause that has the subject of the first one: it rose to 5 and then fell by 2."""
_AND_LETTERS = r"(?:\s*(?:[・、/,〜~-]|から|と|及び|および|and|or|to)\s*(?:(?P=stem))?[A-Z](?![A-Za-z0-9]))*"
_LETTERED = re.compile(
    r"(?P<stem>[一-龥々ァ-ヶー]{2,16}|\b(?!and |or |to |the )[A-Za-z]{2,20} )"
    rf"(?P<letters>[A-Z](?![A-Za-z0-9]){_AND_LETTERS})"
)
_RANGE = re.compile("[〜~-]|から|to")
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


@dataclass(frozen=True, slots=True)
class _Said:
    """The words of a claim: that say what its number is of, its subject, and all with the question's."""

    about: frozenset[str]
    subject: frozenset[str]
    all: frozenset[str]


def number_of_another(claim: str, question: str, texts: Sequence[str]) -> Fact | None:
    """The fact of `claim` that all clauses of `texts` which have it give to something else; None without one.

    `question` is asked of when the claim has hardly a word of its own.
    """
    said = _said(claim, question)
    sentences = [sentence for text in texts for sentence in _sentences(text)]
    claimed = _numbers(unicodedata.normalize("NFKC", claim))
    wrong = (one for one in claimed if _is_another(one, claimed, said, sentences))
    found = next(wrong, None) or next((one for one in claimed if _is_lettered(one, claim, sentences)), None)
    return found.fact if found else None


def _said(claim: str, question: str) -> _Said:
    own = _words(claim)
    topic = _TOPIC.match(claim) or _TOPIC.match(question)
    every = own | _words(question)
    return _Said(
        own if len(own) > _FEWEST else every, _words(topic["topic"]) if topic else frozenset(), every
    )


def _is_another(
    number: _Number, claimed: Sequence[_Number], said: _Said, sentences: Sequence[Sequence[_Clause]]
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
    return bool(own) and all(any(_fits_better(one, mine, said) for one in rivals) for mine in own)


def _is_lettered(number: _Number, claim: str, sentences: Sequence[Sequence[_Clause]]) -> bool:
    """Whether all clauses with the number speak of 製品B, and the claim of 製品A."""
    said = _lettered(claim)
    own = [
        _lettered(clause.text)
        for sentence in sentences
        for clause in sentence
        if any(number.is_same(one) for one in clause.numbers)
    ]
    for stem, letters in said.items():
        others = [told.get(stem, frozenset()) for told in own]
        if others and all(one and letters.isdisjoint(one) for one in others):
            return True
    return False


def _lettered(text: str) -> dict[str, frozenset[str]]:
    """The letters of each thing that letters tell apart; ランクAからC are three."""
    found: dict[str, frozenset[str]] = {}
    for match in _LETTERED.finditer(unicodedata.normalize("NFKC", text)):
        letters = re.findall("[A-Z]", match["letters"])
        if _RANGE.search(match["letters"]):
            letters = [chr(code) for code in range(ord(letters[0]), ord(letters[-1]) + 1)]
        stem = match["stem"].strip().lower()
        found[stem] = found.get(stem, frozenset()) | frozenset(letters)
    return found


def _fits_better(rival: _Clause, own: _Clause, said: _Said) -> bool:
    """Whether `rival` has more of what the claim is about than the clause with its number.

    That one must have a word, too, that is nowhere in what was said and asked, unless the rival has its
    subject as well, or is an exception.
    """
    gained = [word for word in said.about if _has(rival.words, word) and not _has(own.words, word)]
    lost = [word for word in said.about if _has(own.words, word) and not _has(rival.words, word)]
    if not gained or len(lost) > len(gained):
        return False
    if rival.exception or (not lost and said.subject and all(_has(rival.words, one) for one in said.subject)):
        return True
    return any(not _has(said.all, word) and not _has(rival.words, word) for word in own.words)


def _of_kind(number: _Number, sentence: Sequence[_Clause]) -> Iterator[_Clause]:
    """The clauses that tell a number of this kind, with the words of those before that tell none."""
    carried: frozenset[str] = frozenset()
    for clause in sentence:
        if any(number.is_same(one) or number.is_other(one) for one in clause.numbers):
            yield replace(clause, words=clause.words | carried)
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
        if i and _GOES_ON.match(part):
            verb = _VERB.search(parts[0])
            yield part, _words(parts[0][: verb.start()] if verb else "")
            continue
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
        excepts = _EXCEPTION.search(sentence)
        yield [
            _Clause(part, _words(part) | words | above, _numbers(part), _is_behind(part, sentence, excepts))
            for part, words in _with_topic(parts)
        ]
        if _LEADS_ON.search(sentence):
            above = _words(sentence)
        elif listed and not bullet:
            above = frozenset()
        before, listed = sentence, bullet


def _is_behind(part: str, sentence: str, excepts: re.Match[str] | None) -> bool:
    return excepts is not None and sentence.find(part) >= excepts.start()


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
