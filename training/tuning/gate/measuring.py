"""Asks both sides every question, one model in memory after the other, and compares what they did.

Each answer is kept as soon as it is known, by what it depends on: a run that was killed goes on where it
was, and what the base model answered counts for the next adapter, too. Speed is measured anew with each
adapter, a few prompts on either side, because it depends on what else the machine does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, get_args

from assistant.evaluation.answer_log import AnswerLog, Row
from assistant.generation import Generator
from assistant.grounding.verdicts import Checker
from training.tuning.examples import TuningExample
from training.tuning.gate.generators import TunedGenerators
from training.tuning.gate.questions import GeneralQuestion, refusal_of
from training.tuning.gate.respondent import Respondent
from training.tuning.gate.rows import (
    domain_key,
    domain_row,
    general_key,
    general_row,
    probe_key,
    probe_row,
)
from training.tuning.gate.significance import Comparison, compared, slowness
from training.tuning.gate.verdict import Counts

Side = Literal["base", "tuned"]
SIDES: tuple[Side, ...] = get_args(Side)
Json = dict[str, Any]
Progress = Callable[[str, int, int], None]
LOWER_IS_BETTER = frozenset({"wrongly_refused", "served_wrongly_refused", "first_token_ms"})
SPEEDS = ("first_token_ms", "tokens_per_s")
MEASURES = (
    "behaved", "refused", "wrongly_refused", "cited", "marked", "supported", "right", "exact", "contained",
    "f1", "served_behaved", "served_refused", "served_wrongly_refused", "served_cited", "served_right",
    "general", *SPEEDS,
)  # fmt: skip
"""In the order in which people are told of them."""
_PROBES = 12


@dataclass(frozen=True, slots=True)
class Questions:
    """What is asked. `refusals` are wordings of refusal that count besides the known ones."""

    examples: Sequence[TuningExample]
    general: Sequence[GeneralQuestion]
    refusals: frozenset[str] = frozenset()

    @property
    def probes(self) -> Sequence[TuningExample]:
        """Those whose prompts are used to measure speed."""
        return self.examples[:_PROBES]

    @property
    def counts(self) -> Counts:
        """How many there are of each kind."""
        answerable = sum(one.answerable for one in self.examples)
        return Counts(answerable, len(self.examples) - answerable, len(self.general))


@dataclass(frozen=True, slots=True)
class Logs:
    """Where rows are kept: those of the base model, and those of the adapter with all that times both."""

    base: AnswerLog
    tuned: AnswerLog

    def of(self, side: Side) -> AnswerLog:
        """The answers of a side."""
        return self.base if side == "base" else self.tuned


Opening = Callable[[Generator], Respondent]


def measure(
    questions: Questions,
    generators: TunedGenerators,
    respondent: Opening,
    checker: Checker,
    logs: Logs,
    progress: Progress = lambda phase, done, total: None,
    *,
    time_again: bool = False,
) -> None:
    """Ask what `logs` lack, the base model first. `progress` is told of `gate_base` and `gate_tuned`.

    A model of which everything is known is not loaded. With `time_again` no speed counts as known.

    Raises:
        GenerationError, ModelError: a model cannot be loaded or fails.
    """
    opened: Mapping[Side, Callable[[], AbstractContextManager[Generator]]] = {
        "base": generators.base, "tuned": generators.tuned,
    }  # fmt: skip
    for side in SIDES:
        steps = list(_steps(side, questions, checker, logs))
        missing = [step for step in steps if step.key not in step.log.rows or (time_again and step.timing)]
        done = len(steps) - len(missing)
        progress(f"gate_{side}", done, len(steps))
        if not missing:
            continue
        with opened[side]() as generator:
            asked = respondent(generator)
            asked.prepare()
            for number, step in enumerate(missing, start=done + 1):
                step.log.add(step.ask(asked))
                progress(f"gate_{side}", number, len(steps))


@dataclass(frozen=True, slots=True)
class _Step:
    key: str
    log: AnswerLog
    ask: Callable[[Respondent], Row]
    timing: bool = False


def _steps(side: Side, questions: Questions, checker: Checker, logs: Logs) -> Iterator[_Step]:
    """Speed first, before the model has read any of these prompts."""
    refusing = refusal_of(questions.refusals)
    log = logs.of(side)

    def timed(example: TuningExample) -> _Step:
        return _Step(
            probe_key(side, example), logs.tuned, lambda asked: probe_row(side, example, asked), timing=True
        )

    def answered(example: TuningExample) -> _Step:
        return _Step(
            domain_key(example), log,
            lambda asked: domain_row(example, asked.answer(example), checker, refusing),
        )  # fmt: skip

    def general(question: GeneralQuestion) -> _Step:
        return _Step(general_key(question), log, lambda asked: general_row(question, asked.general(question)))

    yield from map(timed, questions.probes)
    yield from map(answered, questions.examples)
    yield from map(general, questions.general)


def side_by_side(questions: Questions, logs: Logs) -> list[Json]:
    """A row for each question with what both sides said of it, for the report and the page."""
    found: list[Json] = []
    for example in questions.examples:
        told = {
            "id": example.id, "part": "domain", "question": example.question, "type": example.type,
            "language": example.language, "answerable": example.answerable, "reference": example.answer,
            "accepted": list(example.accepted),
            "evidence": [{"heading": one.heading, "text": one.text} for one in example.evidence],
        }  # fmt: skip
        found.append({**told, **_both(domain_key(example), logs)})
    for question in questions.general:
        told = {
            "id": question.id, "part": "general", "question": question.question, "type": question.type,
            "language": question.language, "answerable": True, "reference": "",
            "accepted": list(question.accepted), "evidence": [],
        }  # fmt: skip
        found.append({**told, **_both(general_key(question), logs)})
    return found


def _both(key: str, logs: Logs) -> Json:
    return {side: {k: v for k, v in logs.of(side).rows[key].items() if k != "id"} for side in SIDES}


def speeds(questions: Questions, logs: Logs) -> list[Json]:
    """A row for each prompt that was timed, with the measures of both sides."""
    return [
        {"id": one.id, **{side: {"measures": logs.tuned.rows[probe_key(side, one)]["measures"]}
                          for side in SIDES}}
        for one in questions.probes
    ]  # fmt: skip


def metrics_of(rows: Iterable[Json]) -> dict[str, Comparison]:
    """Every measure over the questions to which it applies on both sides."""
    rows = list(rows)
    known = {name for row in rows for name in row["base"]["measures"]}
    found = {}
    for name in sorted(known, key=lambda name: (MEASURES.index(name) if name in MEASURES else 99, name)):
        pairs = [(row["base"]["measures"].get(name), row["tuned"]["measures"].get(name)) for row in rows]
        there = [(a, b) for a, b in pairs if a is not None and b is not None]
        if not there:
            continue
        base, tuned = [a for a, _ in there], [b for _, b in there]
        higher = name not in LOWER_IS_BETTER
        found[name] = compared(name, base, tuned, higher_is_better=higher)
        if name in SPEEDS:
            found[name] = found[name].with_ratio(slowness(base, tuned, higher_is_better=higher))
    return found
