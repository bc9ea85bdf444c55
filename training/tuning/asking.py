"""What may be asked about a document, by rule, and the words that answer it: drafts for people to review.

Kinds of questions: number, date, fact (who or where; what a short section says), table row, and several
passages, where two of them are put into one. Does not know whether search finds the passage.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from assistant.answers import Language
from assistant.rows import cell_text, with_unit
from assistant.words import detect_language
from ingestion.documents import Document, Heading, RowCell, Span, TableRow
from ingestion.sentences import split_sentences
from ingestion.table_rows import ReadTable, read_tables
from training.document_questions import LEANING, NUMBERED, ended, make_document_questions, topic_at
from training.made_questions import make_questions

TYPES = ("number", "date", "fact", "table row", "several passages")
_LONGEST_VALUE = 40
_LONGEST_SECTION, _MOST_SENTENCES = 200, 3
_SHORTEST, _LONGEST = 10, 140
_DATE = re.compile(r"いつ|何時(?!間)|^(?:When|What date)\b")
_UNIT = re.compile(r"[(（][^()（）]{1,4}[)）]$")
_WHO = re.compile(
    r"(?<![一-龥ァ-ヶー々])(?P<value>[一-龥ァ-ヶー々]{1,10}"
    r"(?:(?P<person>部長|課長|所長|社長|責任者|担当者|管理者|室長|工場長)|部|課|室|係|センター|窓口|委員会))"
    r"(?P<particle>が|に|へ|の承認|の許可)(?![一-龥])"
)
_ENGLISH_WHO = re.compile(
    r"^(?P<subject>[A-Z][^,;:()]{3,60}?) (?P<verb>must|shall|should|may|can) be "
    r"(?P<done>[a-z]+(?: [a-z]+){0,3}?) by (?P<value>(?:the |an? |your )[A-Za-z ]{3,40})\.$"
)


@dataclass(frozen=True, slots=True)
class Passage:
    """What answers a question: `said` is the answer's sentence, taken from [start, end) of the document.

    Any of `values` is in a right answer; a section as a whole has none.
    """

    document: str
    start: int
    end: int
    said: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asking:
    """A question with the passages that answer it, more than one for several passages."""

    question: str
    type: str
    language: Language
    passages: tuple[Passage, ...]

    def drawn(self, purpose: str, seed: int) -> float:
        """A number in [0, 1) that depends on the question alone."""
        return drawn(f"{purpose}\0{self.question}\0{self.passages[0].document}", seed)


def drawn(text: str, seed: int) -> float:
    """A number in [0, 1) from a hash, for choices that come out the same in every run."""
    return int.from_bytes(hashlib.sha256(f"{seed}\0{text}".encode()).digest()[:8], "big") / 2**64


def askings_of(id: str, document: Document, title: str = "") -> list[Asking]:
    """All that may be asked about one document: of each sentence and row one value, and who does it."""
    found: dict[tuple[int, int, bool], Asking] = {}
    for asking in chain(
        _values(id, document), _facts(id, document), _rows(id, document, title), _sections(id, document)
    ):
        passage = asking.passages[0]
        found.setdefault((passage.start, passage.end, asking.type == "fact"), asking)
    return list(found.values())


def in_turns(documents: Iterable[Sequence[Asking]], seed: int) -> list[Asking]:
    """The askings of all documents, one of each document after another; what two places answer is left out.

    Search could not know which of the places is meant.
    """
    drawn_ones = [sorted(one, key=lambda asking: asking.drawn("turn", seed)) for one in documents]
    flat = [one for turn in zip_longest(*drawn_ones) for one in turn if one is not None]
    asked = Counter(_folded(one.question) for one in flat)
    return [one for one in flat if asked[_folded(one.question)] == 1]


def joined(first: Asking, second: Asking) -> Asking:
    """Both questions as one, answered by the passages of both."""
    if first.language == "ja":
        question = f"{first.question.rstrip('？?。')}。また、{second.question}"
    else:
        question = f"{first.question} Also, {second.question[0].lower()}{second.question[1:]}"
    passages = (*first.passages, *second.passages)
    return Asking(question, "several passages", first.language, passages)


def _values(id: str, document: Document) -> Iterator[Asking]:
    text = document.text
    sentences = list(split_sentences(text))
    made = chain(make_document_questions(text, document.headings), make_questions(text))
    for one in made:
        span = next((span for span in sentences if span.start <= one.start < span.end), None)
        if span is None or any(span.overlaps(Span(table.start, table.end)) for table in document.tables):
            continue
        kind = "date" if _DATE.search(one.text) else "number"
        yield _asking(one.text, kind, id, text, span, (text[one.start : one.end].strip(),))


def _facts(id: str, document: Document) -> Iterator[Asking]:
    """Who does it and to whom it goes, as in 申請書は経理部に提出する."""
    text = document.text
    for span in split_sentences(text):
        sentence = text[span.start : span.end]
        if not _SHORTEST <= len(sentence) <= _LONGEST or "\n" in sentence:
            continue
        if any(span.overlaps(Span(table.start, table.end)) for table in document.tables):
            continue
        made = _japanese_fact(sentence, topic_at(document.headings, span.start)) or _english_fact(sentence)
        if made is not None:
            yield _asking(made[0], "fact", id, text, span, (made[1],))


def _japanese_fact(sentence: str, topic: str) -> tuple[str, str] | None:
    number = NUMBERED.match(sentence)
    body = sentence[number.end() if number else 0 :].rstrip("。")
    found = list(_WHO.finditer(body))
    if not sentence.endswith("。") or LEANING.match(body) or len(found) != 1:
        return None
    match = found[0]
    word = "誰" if match["person"] else "どこ"
    asked = ended(f"{body[: match.start()]}{word}{match['particle']}{body[match.end() :]}")
    if asked is None:
        return None
    about = f"{topic}について、" if topic and topic not in asked else ""
    return about + asked, match["value"]


def _english_fact(sentence: str) -> tuple[str, str] | None:
    match = _ENGLISH_WHO.match(sentence)
    if match is None:
        return None
    subject = match["subject"]
    if re.match(r"(?:The|An?|Each|Every|All|Your)\b", subject):
        subject = subject[0].lower() + subject[1:]
    return f"By whom {match['verb']} {subject} be {match['done']}?", match["value"].removeprefix("the ")


def _sections(id: str, document: Document) -> Iterator[Asking]:
    """What a short section says, asked by its heading."""
    text, headings = document.text, document.headings
    for place, heading in enumerate(headings):
        end = headings[place + 1].start if place + 1 < len(headings) else len(text)
        span = _trimmed(text, Span(heading.end, end))
        topic = topic_at((heading,), heading.end)
        said = text[span.start : span.end]
        if not topic or not 20 <= len(said) <= _LONGEST_SECTION or not said.endswith(("。", ".")):
            continue
        if "\t" in said or " | " in said or len(list(split_sentences(said))) > _MOST_SENTENCES:
            continue
        language = detect_language(topic + said)
        question = (
            f"{topic}について、どのように定められていますか？"
            if language == "ja" else f"What do the documents say about {topic}?"
        )  # fmt: skip
        yield Asking(question, "fact", language, (Passage(id, span.start, span.end, _one_line(said)),))


def _rows(id: str, document: Document, title: str) -> Iterator[Asking]:
    for table in read_tables(document):
        names = Counter(name for row in table.rows if (name := _name(row, document.text)) is not None)
        for row in table.rows:
            asking = _row(id, document, table, row, title)
            if asking is not None and names[str(_name(row, document.text))] == 1:
                yield asking


def _row(id: str, document: Document, table: ReadTable, row: TableRow, title: str) -> Asking | None:
    text = document.text
    name = _name(row, text)
    told = [
        cell for cell in row.cells[1:]
        if cell.label and _value(cell, text) and name is not None and name not in cell.label
    ]  # fmt: skip
    if row.header or name is None or not told:
        return None
    cell = min(told, key=lambda one: drawn(f"{name}\0{one.label}", 0))
    value, label = _value(cell, text), _UNIT.sub("", cell.label)
    about = table.caption or _above(document.headings, row.start) or title
    language = detect_language(f"{name}{label}{about}")
    if language == "ja":
        word = "いくら" if value.endswith("円") else "何"
        question = f"{name}の{label}は{word}ですか？"
        question = f"{about}では、{question}" if about else question
        said = f"{name}の{label}は{value}です。"
    else:
        question = f"What is the {label} of {name}" + (f" in {about}?" if about else "?")
        said = f"The {label} of {name} is {value}."
    return Asking(question, "table row", language, (Passage(id, row.start, row.end, said, (value,)),))


def _name(row: TableRow, text: str) -> str | None:
    """What names a row: its first cell, when that is a name and no number."""
    if row.header or not row.cells:
        return None
    name = cell_text(row.cells[0], text, 0)
    plain = unicodedata.normalize("NFKC", name)
    return name if 1 < len(name) <= _LONGEST_VALUE and not re.fullmatch(r"[\d\s.,:/-]+", plain) else None


def _value(cell: RowCell, text: str) -> str:
    value = with_unit(cell_text(cell, text, 0), cell.label)
    return value if len(value) <= _LONGEST_VALUE and value.strip("-–—‐ー・") else ""


def _above(headings: Sequence[Heading], at: int) -> str:
    above = [heading for heading in headings if heading.end <= at]
    return above[-1].title if above and len(above[-1].title) <= _LONGEST_VALUE else ""


def _asking(question: str, kind: str, id: str, text: str, span: Span, values: tuple[str, ...]) -> Asking:
    said = _one_line(NUMBERED.sub("", text[span.start : span.end]))
    return Asking(
        question, kind, detect_language(question), (Passage(id, span.start, span.end, said, values),)
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _trimmed(text: str, span: Span) -> Span:
    inner = text[span.start : span.end]
    return Span(span.start + len(inner) - len(inner.lstrip()), span.end - (len(inner) - len(inner.rstrip())))


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).lower().split())
