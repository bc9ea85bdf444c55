"""Groups of one question and passages, from which the reranker learns to order and to say "this answers it".

A group holds the passage that answers, the same passage without its answer, near misses that our own search
found, and passages of the same article. None of the others holds the answer's words. All passages of a group
are put into the same form (with or without title, cut like chunks, as rows of a table), so that the form
never tells which one is right. Every call with another seed draws anew.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ingestion.contextual import contextual_text
from ingestion.sentences import split_sentences
from ingestion.tokenizing import words_in
from training.made_questions import make_questions
from training.passages import AnsweredQuestion, Passage, Passages

Kind = Literal["gold", "cut", "near", "article"]

_CHUNK = (100, 260)  # characters of a passage cut like a chunk
_LONG = 400
_SHORTEST_REST = 40
_ROW = re.compile(r"^(.{2,24}?)(?:は、|は|が、|とは)(.{4,})。$")
_ASKING = re.compile(r"(?:です|でした|ます|ました|る|た)?か?[?？。]*$")
_REQUESTS = (
    "か教えてください。",
    "か、具体的に説明してください。",
    "か知りたい",
    "か。簡潔に答えてください。",
)
_KEYWORDS, _REQUESTED = 0.12, 0.14
_ASKED = frozenset({"何", "誰", "いつ", "どこ", "どれ", "どちら"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage as the reranker reads it, and what it is to its group's question."""

    text: str
    kind: Kind

    @property
    def answers(self) -> bool:
        """Whether the answer stands in it."""
        return self.kind == "gold"


@dataclass(frozen=True, slots=True)
class Group:
    """A question and its passages, the one that answers first."""

    question: str
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class GroupSizes:
    """How many passages of each kind a group gets, and how many groups are made from sentences by rule."""

    near: int = 2
    article: int = 0
    made: float = 0.08


def make_groups(
    questions: Sequence[AnsweredQuestion],
    source: Passages,
    near: Mapping[str, Sequence[str]],
    seed: int,
    sizes: GroupSizes | None = None,
) -> Iterator[Group]:
    """Groups for `questions` and made ones, shuffled.

    `near` gives for a question's id those of passages that our search found, best first; what may not be
    learnt from is left out.
    """
    sizes = sizes or GroupSizes()
    chance = random.Random(seed)
    jobs: list[tuple[AnsweredQuestion, bool]] = [(one, False) for one in questions]
    jobs += [(one, True) for one in _made(source, round(sizes.made * len(questions)), chance)]
    chance.shuffle(jobs)
    for question, made in jobs:
        found = [source.by_id[one] for one in near.get(question.id, ()) if one in source.by_id]
        yield _group(question, source, found, sizes, chance, made=made)


def _made(source: Passages, count: int, chance: random.Random) -> list[AnsweredQuestion]:
    found: list[AnsweredQuestion] = []
    for passage in chance.sample(source.passages, len(source.passages)):
        if len(found) >= count:
            break
        choices = list(make_questions(passage.text))
        if choices:
            one = chance.choice(choices)
            found.append(AnsweredQuestion(f"made:{passage.id}", one.text, passage, one.start, one.end))
    return found


def _group(
    question: AnsweredQuestion,
    source: Passages,
    near: Sequence[Passage],
    sizes: GroupSizes,
    chance: random.Random,
    *,
    made: bool,
) -> Group:
    form = _Form.drawn(chance)
    gold, cut = _gold(question, form, chance)
    misses = [
        one for one in near[:30] if one.id != question.passage.id and not holds_answer(one.text, question)
    ]
    picked = _early(misses, sizes.near, chance)
    siblings = [
        one
        for one in source.by_title[question.passage.title]
        if one.id != question.passage.id and one not in picked and not holds_answer(one.text, question)
    ]
    beside = chance.sample(siblings, min(len(siblings), sizes.article + sizes.near - len(picked)))
    candidates = [Candidate(form.dressed(question.passage.title, gold), "gold")]
    if cut:
        candidates.append(Candidate(form.dressed(question.passage.title, cut), "cut"))
    for kind, passages in (("near", picked), ("article", beside)):
        candidates += [
            Candidate(form.dressed(one.title, _window(one.text, None, form, chance)), kind)  # type: ignore[arg-type]
            for one in passages
        ]
    text = question.text if made and chance.random() < 0.7 else _asked(question.text, chance)
    return Group(text, tuple(candidates))


def _early(misses: Sequence[Passage], count: int, chance: random.Random) -> list[Passage]:
    """`count` of the misses, the early ones more likely."""
    left, picked = list(misses), list[Passage]()
    while left and len(picked) < count:
        picked.append(left.pop(min(int(chance.expovariate(0.25)), len(left) - 1)))
    return picked


def holds_answer(text: str, question: AnsweredQuestion) -> bool:
    """Whether `text` holds the answer's words; short answers occur anywhere and tell nothing."""
    answer = _plain(question.answer)
    return len(answer) > 1 and answer in _plain(text)


def _plain(text: str) -> str:
    return re.sub(r"[\s「」『』（）()。、・]", "", unicodedata.normalize("NFKC", text))


@dataclass(frozen=True, slots=True)
class _Form:
    """How the passages of one group look."""

    title: bool
    heading: str
    chunk: int
    rows: bool

    @staticmethod
    def drawn(chance: random.Random) -> _Form:
        heading = ""
        if chance.random() < 0.2:
            number = chance.randint(1, 9)
            heading = chance.choice(
                (f"第{number}章", f"{number}. 概要", f"{number}.{chance.randint(1, 5)}", "背景")
            )
        chunk = chance.randint(*_CHUNK) if chance.random() < 0.85 else _LONG
        return _Form(chance.random() < 0.75, heading, chunk, chance.random() < 0.06)

    def dressed(self, title: str, text: str) -> str:
        """`text` with what a chunk carries in front."""
        shown = "\n".join(_as_row(line) for line in _sentences(text)) if self.rows else text
        return contextual_text(title if self.title else "", (self.heading,), shown)


def _as_row(sentence: str) -> str:
    match = _ROW.match(sentence)
    return f"{match[1]} | {match[2]}" if match else sentence


def _sentences(text: str) -> list[str]:
    return [text[span.start : span.end] for span in split_sentences(text)]


def _gold(question: AnsweredQuestion, form: _Form, chance: random.Random) -> tuple[str, str]:
    """(a window with the answer, one without its sentences; "" when none is left)."""
    text = question.passage.text
    gold = _window(text, (question.start, question.end), form, chance)
    rest = without_answer(question)
    return gold, _window(rest, None, form, chance) if rest else ""


def without_answer(question: AnsweredQuestion) -> str:
    """The passage without its sentences that hold the answer; "" when too little is left."""
    text = question.passage.text
    rest, end = "", 0
    for span in split_sentences(text):
        asked = span.start < question.end and span.end > question.start
        if not asked and not holds_answer(text[span.start : span.end], question):
            rest += text[end : span.end]  # with the white space between them, as it was
        end = span.end
    return rest.strip() if len(rest) >= _SHORTEST_REST else ""


def _window(text: str, holds: tuple[int, int] | None, form: _Form, chance: random.Random) -> str:
    """Neighbouring sentences of `text`, at most `form.chunk` characters unless one sentence is longer.

    `holds` are offsets that must lie inside; without, any place will do.
    """
    spans = split_sentences(text)
    if len(text) <= form.chunk or not spans:
        return text
    first, last = holds or (spans[chance.randrange(len(spans))].start,) * 2
    inside = [i for i, span in enumerate(spans) if span.start <= last and span.end >= first]
    low, high = (inside[0], inside[-1]) if inside else (0, 0)
    while True:
        sides = []
        if low > 0 and spans[high].end - spans[low - 1].start <= form.chunk:
            sides.append(-1)
        if high < len(spans) - 1 and spans[high + 1].end - spans[low].start <= form.chunk:
            sides.append(1)
        if not sides:
            break
        if chance.choice(sides) < 0:
            low -= 1
        else:
            high += 1
    return text[spans[low].start : spans[high].end]


def _asked(text: str, chance: random.Random) -> str:
    """The question as it is, as keywords, or as a request."""
    draw = chance.random()
    if draw < _KEYWORDS and len(words := _nouns(text)) >= 2:
        return " ".join(words)
    if draw < _KEYWORDS + _REQUESTED:
        return _ASKING.sub("", text) + chance.choice(_REQUESTS)
    return text


def _nouns(text: str) -> list[str]:
    """Runs of nouns as they are written."""
    found, end = list[str](), -1
    for word in words_in(text):
        if word.kind[0] in ("名詞", "接尾辞", "接頭辞") and word.surface not in _ASKED:
            if word.start == end:
                found[-1] += word.surface
            else:
                found.append(word.surface)
            end = word.end
    return found
