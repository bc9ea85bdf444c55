"""Questions that evaluations ask must not be learnt: they would measure memory.

An example leaks when it asks a question of an evaluation, or when its text holds one word for word. That it
stands on the same document is no leak: see the splits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from assistant.errors import EvaluationError
from assistant.evaluation.datasets import read_jsonl
from assistant.evaluation.question_store import QuestionStore
from ingestion.written_forms import fold
from training.errors import ExampleError
from training.tuning.deduplicating import ALIKE, NearTexts, grams, same_question
from training.tuning.examples import TuningExample

MADE = "evaluations/questions.jsonl"
"""The name of the questions that were made in the workspace."""
_HELD = 0.9
"""Share of a question's n-grams in a text that holds it."""
_LONGER = 2
"""Times as long as a question: a text that long is looked through for it."""
_SHORTEST = 6
"""Characters of a question that is looked for inside of texts: 締切は？ stands in many others."""
_CLAUSE = re.compile(r"[\s。．.、，,！!？?：:；;「」『』()（）]")
_NOT_SAID = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """Questions of an evaluation, and what people call it."""

    name: str
    questions: tuple[str, ...]


def load_evaluation(path: Path) -> EvaluationSet:
    """The questions of a JSON Lines file whose rows have `question`, or of the data set in a folder.

    Raises:
        ExampleError: there is none, or it holds no question.
    """
    file = path / "qa.jsonl" if path.is_dir() else path
    try:
        rows = list(read_jsonl(file))
    except (OSError, EvaluationError) as error:
        raise ExampleError(f"the evaluation {path} cannot be read: {error}") from error
    questions = tuple(str(row["question"]) for row in rows if row.get("question"))
    if not questions:
        raise ExampleError(f"the evaluation {path} holds no question. Give JSON Lines with 'question'.")
    return EvaluationSet(path.name, questions)


def evaluations_of(root: Path, others: Sequence[Path] = ()) -> list[EvaluationSet]:
    """The made questions of the workspace at `root` that nobody rejected, and those of `others`.

    Raises:
        ExampleError: one of `others` cannot be read.
    """
    made = [one for one in QuestionStore(root / "evaluations").all() if one.status != "rejected"]
    sets = [EvaluationSet(MADE, tuple(one.question for one in made))] if made else []
    return [*sets, *map(load_evaluation, others)]


class Leaks:
    """Asked whether an example holds a question of an evaluation."""

    def __init__(self, sets: Sequence[EvaluationSet]) -> None:
        self._near = NearTexts()
        self._names: dict[str, str] = {}
        self._questions: dict[str, frozenset[str]] = {}
        self._plain: dict[str, str] = {}
        for number, one in enumerate(sets):
            for place, question in enumerate(one.questions):
                key = f"{number}:{place}"
                self._names[key] = one.name
                self._questions[key] = grams(question)
                self._plain[key] = _NOT_SAID.sub("", fold(question))
                self._near.add(key, question)

    def find(self, example: TuningExample) -> str | None:
        """The name of the evaluation, None without a leak."""
        for text in asked_texts(example):
            for key, question, similarity in self._near.near(text):
                if similarity >= ALIKE or same_question(text, question, similarity):
                    return self._names[key]
            found, clauses = grams(text), _Clauses(text)
            for key, asked in self._questions.items():
                if len(self._plain[key]) < _SHORTEST:
                    continue
                if len(found) >= _LONGER * len(asked):
                    held = len(asked & found) >= _HELD * len(asked)
                else:
                    held = clauses.hold(self._plain[key])
                if held:
                    return self._names[key]
        return None


class _Clauses:
    """A text of which is asked whether one of its clauses begins with a question, word for word."""

    def __init__(self, text: str) -> None:
        clauses = [_NOT_SAID.sub("", clause) for clause in _CLAUSE.split(fold(text))]
        self._text = "".join(clauses)
        self._starts = {0, *accumulate(map(len, clauses))}

    def hold(self, question: str) -> bool:
        """Whether it is there; `question` is folded and without signs."""
        at = self._text.find(question)
        while at >= 0:
            if at in self._starts:
                return True
            at = self._text.find(question, at + 1)
        return False


def asked_texts(example: TuningExample) -> Iterator[str]:
    """The texts of an example that ask something, or its whole text where it asks nothing."""
    if example.kind == "text":
        yield example.answer
    elif example.question:
        yield example.question
    yield from (one.content for one in example.messages if one.role == "user")
