"""Pairs made from passages: sentences of theirs as claims, true ones, and ones with a planted error.

For each kind there are about as many true claims as false ones, so that no kind can be told by its looks.
Evidence is a run of sentences that holds the claim's, at some place, with its neighbours; or the same run
without it. All choices come from the seed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ingestion.sentences import split_sentences
from training.altering import (
    denied,
    entities,
    other_calendar,
    other_date,
    other_entity,
    other_number,
    other_unit,
    reworded,
)
from training.encoders import Pair
from training.entailment_sets import CONTRADICTED, NEITHER, NOT_SUPPORTED, SUPPORTED, rows_of, split_of

_SHORTEST, _LONGEST = 15, 110
_AROUND = 110  # characters of neighbours on either side of the claim's sentence, at most
_ASK = (
    "誰|だれ|どこ|いつ|どちら|どれ|いくつ|なに|どの(?:国|県|市|都市|人物|年|州|地域)|"
    "何(?:年|月|日|人|名|回|歳|個|円|世紀|km|m|%|つ|番|県|市|国|語)?"
)
_IS_WHO = re.compile(rf"^(.+は)、?(?:{_ASK})(?:です|でしょう|でした|だった|である|なの|であった)?(?:か|の)?$")
_INSIDE = re.compile(rf"(?:{_ASK})")
_ENDINGS = (
    ("ましたか", "ました"), ("ますか", "ます"), ("でしたか", "でした"), ("ですか", "です"),
    ("たのか", "た"), ("たか", "た"), ("るか", "る"), ("たの", "た"), ("るの", "る"), ("いか", "い"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage of the training text, its sentences, and the names in it."""

    title: str
    text: str
    sentences: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its answer and the passage that gives it."""

    question: str
    answer: str
    passage: Passage


def passages_of(folder: Path, split: str) -> tuple[list[Passage], list[Asked]]:
    """Passages of jaquad in `split`, and the questions about them."""
    known: dict[str, Passage] = {}
    for row in rows_of(folder / "jaquad" / "corpus.jsonl"):
        if split_of(row["text"]) == split:
            text = row["text"]
            sentences = tuple(text[span.start : span.end] for span in split_sentences(text))
            known[row["doc_id"]] = Passage(row["title"], text, sentences, tuple(entities(text)))
    asked = [
        Asked(row["question"], row["answers"][0], known[row["doc_id"]])
        for row in rows_of(folder / "jaquad" / "qa.jsonl")
        if row["doc_id"] in known and row["answers"]
    ]
    return list(known.values()), asked


def planted(passages: Sequence[Passage], asked: Sequence[Asked], count: int, seed: int) -> list[Pair]:
    """About `count` pairs of every kind, shares as in `_SHARES`; sources are "made_" and the kind."""
    maker = _Maker(passages, asked, random.Random(seed))
    found: list[Pair] = []
    for kind, share in _SHARES.items():
        found += maker.some(kind, round(count * share))
    return found


def statement(question: str, answer: str) -> str | None:
    """The question with its answer as a sentence, None where its form is not known."""
    body = question.rstrip("?？。 ")
    if match := _IS_WHO.match(body):
        return f"{match[1]}{answer}です。"
    found = list(_INSIDE.finditer(body))
    if len(found) != 1:
        return None
    said = body[: found[0].start()] + answer + body[found[0].end() :]
    for asking, telling in _ENDINGS:
        if said.endswith(asking):
            return said[: -len(asking)] + telling + "。"
    return None


class _Maker:
    def __init__(self, passages: Sequence[Passage], asked: Sequence[Asked], generator: random.Random) -> None:
        self.passages, self.asked, self.random = passages, asked, generator
        self.names = sorted({name for passage in passages for name in passage.names})
        self.by_title: dict[str, list[Passage]] = {}
        for passage in passages:
            self.by_title.setdefault(passage.title, []).append(passage)

    def some(self, kind: str, count: int) -> list[Pair]:
        make: Callable[[], list[Pair]] = getattr(self, "_" + kind)
        found: list[Pair] = []
        for _ in range(20 * count):
            if len(found) >= count:
                break
            found += [replace(pair, source=f"made_{kind}") for pair in make()]
        return found[:count]

    def _pick(self) -> tuple[Passage, int] | None:
        passage = self.random.choice(self.passages)
        fit = [i for i, one in enumerate(passage.sentences) if _SHORTEST <= len(one) <= _LONGEST]
        return (passage, self.random.choice(fit)) if fit else None

    def _changed(self, change: Callable[[str, Passage], str | None], label: int) -> list[Pair]:
        """One sentence twice, reworded the same: true, and with one thing changed."""
        picked = self._pick()
        if picked is None:
            return []
        passage, at = picked
        right = reworded(passage.sentences[at], self.random)
        wrong = change(right, passage)
        if wrong is None or wrong == right:
            return []
        evidence = self._evidence(passage, at)
        return [Pair(evidence, right, SUPPORTED, ""), Pair(evidence, wrong, label, "")]

    def _number(self) -> list[Pair]:
        return self._changed(lambda text, _: other_number(text, self.random), CONTRADICTED)

    def _date(self) -> list[Pair]:
        return self._changed(lambda text, _: other_date(text, self.random), CONTRADICTED)

    def _unit(self) -> list[Pair]:
        return self._changed(lambda text, _: other_unit(text, self.random), CONTRADICTED)

    def _negation(self) -> list[Pair]:
        return self._changed(lambda text, _: denied(text), CONTRADICTED)

    def _entity(self) -> list[Pair]:
        return self._changed(
            lambda text, passage: other_entity(text, passage.names, self.names, self.random), NOT_SUPPORTED
        )

    def _same(self) -> list[Pair]:
        """The same date or number written in another way is true, and another one in that way is not."""
        picked = self._pick()
        if picked is None:
            return []
        passage, at = picked
        right = other_calendar(passage.sentences[at], self.random)
        if right is None:
            return []
        evidence = self._evidence(passage, at)
        found = [Pair(evidence, right, SUPPORTED, "")]
        if wrong := other_date(right, self.random):
            found.append(Pair(evidence, wrong, CONTRADICTED, ""))
        return found

    def _missing(self) -> list[Pair]:
        """The run of sentences without the claim's own, and another passage of the same article."""
        picked = self._pick()
        if picked is None or len(picked[0].sentences) < 3:
            return []
        passage, at = picked
        claim = reworded(passage.sentences[at], self.random)
        with_it = self._evidence(passage, at)
        without = self._evidence(passage, at, keep=False)
        near = [one for one in self.by_title[passage.title] if one is not passage]
        if near and self.random.random() < 0.5:
            other = max(near, key=lambda one: _shared(claim, one.text))
            best = max(range(len(other.sentences)), key=lambda i: _shared(claim, other.sentences[i]))
            without = self._evidence(other, best)
        if passage.sentences[at] in without:
            return []
        return [Pair(with_it, claim, SUPPORTED, ""), Pair(without, claim, NEITHER, "")]

    def _half(self) -> list[Pair]:
        """Two sentences joined: both from the evidence, or one of them changed or from elsewhere."""
        picked = self._pick()
        if picked is None or picked[1] + 1 >= len(picked[0].sentences):
            return []
        passage, at = picked
        first, second = passage.sentences[at], passage.sentences[at + 1]
        if len(second) > _LONGEST or not first.endswith("。"):
            return []
        evidence = self._evidence(passage, at)
        if second not in evidence:
            return []
        wrong = self.random.choice([
            other_number(second, self.random), denied(second), other_date(second, self.random),
            other_entity(second, passage.names, self.names, self.random), self._stranger(),
        ])  # fmt: skip
        if wrong is None:
            return []
        halves = (first, wrong) if self.random.random() < 0.5 else (wrong, first)
        return [
            Pair(evidence, first + second, SUPPORTED, ""),
            Pair(evidence, "".join(halves), NOT_SUPPORTED, ""),
        ]

    def _stranger(self) -> str | None:
        picked = self._pick()
        return picked[0].sentences[picked[1]] if picked else None

    def _answer(self) -> list[Pair]:
        """A question and its answer as a sentence; with another answer; beside a passage that lacks it."""
        if not self.asked:
            return []
        asked = self.random.choice(self.asked)
        right = statement(asked.question, asked.answer)
        if right is None:
            return []
        at = next((i for i, one in enumerate(asked.passage.sentences) if asked.answer in one), None)
        if at is None:
            return []
        evidence = self._evidence(asked.passage, at)
        found = [Pair(evidence, right, SUPPORTED, "")]
        if self.random.random() < 0.7:
            ways = [
                other_number(asked.answer, self.random), other_date(asked.answer + " ", self.random),
                other_entity(asked.answer, asked.passage.names, self.names, self.random),
            ]  # fmt: skip
            wrong = next((way.strip() for way in ways if way), self.random.choice(self.asked).answer)
            said = statement(asked.question, wrong)
            if said and wrong != asked.answer:
                found.append(Pair(evidence, said, NOT_SUPPORTED, ""))
        else:
            without = self._evidence(asked.passage, at, keep=False)
            if asked.answer not in without and len(without) > _SHORTEST:
                found.append(Pair(without, right, NEITHER, ""))
        return found

    def _evidence(self, passage: Passage, at: int, *, keep: bool = True) -> str:
        """The sentence at `at` with some neighbours, or only the neighbours."""
        before, after = self.random.randint(0, _AROUND), self.random.randint(0, _AROUND)
        start, end = at, at + 1
        while start > 0 and len("".join(passage.sentences[start - 1 : at])) <= before:
            start -= 1
        while end < len(passage.sentences) and len("".join(passage.sentences[at + 1 : end + 1])) <= after:
            end += 1
        if not keep and end - start == 1:
            start, end = max(0, at - 1), min(len(passage.sentences), at + 2)
        return "\n".join(one for i, one in enumerate(passage.sentences[start:end], start) if keep or i != at)


def _shared(claim: str, text: str) -> int:
    """How many pairs of neighbouring characters of the claim the text holds."""
    return sum(claim[i : i + 2] in text for i in range(len(claim) - 1))


_SHARES: Mapping[str, float] = {
    "number": 0.17, "date": 0.13, "unit": 0.06, "negation": 0.15, "entity": 0.17, "same": 0.06,
    "missing": 0.1, "half": 0.06, "answer": 0.1,
}  # fmt: skip
