"""Planted models for the gate: what each says to which question is known, and so is how long it takes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from assistant.adapters import AdapterFolder, Manifest
from assistant.answers import Message
from assistant.generation import Generator, never
from assistant.grounding.verdicts import RuleChecker
from ingestion.settings import AnswerSettings
from ingestion.workspace import Workspace, open_workspace
from training.tuning.examples import EvidenceText, TuningExample
from training.tuning.gate.examiner import Examiner
from training.tuning.gate.questions import GeneralQuestion

REFUSAL = "資料に記載がありません。"
ANSWERABLE, UNANSWERABLE, GENERAL = 12, 6, 20
GATE = f"""[gate]
least_answerable = {ANSWERABLE}
least_unanswerable = {UNANSWERABLE}
least_general = {GENERAL}
"""


def fact(number: int) -> str:
    return f"型番K-{number}の保証期間は{number}か月とする。"


def near_miss(number: int) -> str:
    return f"型番K-{number}の重量は{number}キログラムとする。"


def question(number: int) -> str:
    return f"型番K-{number}の保証期間は何か月ですか。"


def example(number: int, *, answerable: bool = True) -> TuningExample:
    """The right passage is the second source; where nothing answers, both only look like it."""
    second = fact(number) if answerable else near_miss(number)
    return TuningExample(
        "answer", f"{fact(number)} [2]" if answerable else REFUSAL, question(number),
        answerable=answerable, accepted=(f"{number}か月",) if answerable else (), split="test",
        evidence=(
            EvidenceText("保証規程", near_miss(number + 500), "a"), EvidenceText("保証表", second, "b"),
        ),
    )  # fmt: skip


EXAMPLES = [
    *(example(number) for number in range(101, 101 + ANSWERABLE)),
    *(example(number, answerable=False) for number in range(201, 201 + UNANSWERABLE)),
]
EVERYDAY = [
    GeneralQuestion(f"g{number}", f"What is {number} + 1?", (str(number + 1),), "en", "sum")
    for number in range(GENERAL)
]


@dataclass
class Clock:
    """Seconds that only a planted model lets pass."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class PlantedModel:
    """Says `reply(question)` a character at a time; takes `first` seconds to begin and `each` a character."""

    reply: Callable[[str], str]
    clock: Clock = field(default_factory=Clock)
    first: float = 1.0
    each: float = 0.1
    name: str = "planted"
    context_tokens: int = 4096
    asked: list[str] = field(default_factory=list)
    temperatures: set[float] = field(default_factory=set)

    def count_tokens(self, text: str) -> int:
        return len(text)

    def generate(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        cancelled: Callable[[], bool] = never,
    ) -> Iterator[str]:
        body = messages[-1].content
        asked = body.rpartition("質問: ")[2] if "質問: " in body else body.splitlines()[0]
        self.asked.append(asked)
        self.temperatures.add(temperature)
        self.clock.now += self.first
        for number, character in enumerate(self.reply(asked)[:max_tokens]):
            self.clock.now += self.each if number else 0.0
            yield character


@dataclass
class PlantedGenerators:
    """Both models; remembers which were open, in order."""

    base_model: Generator
    tuned_model: Generator
    opened: list[str] = field(default_factory=list)

    @contextmanager
    def base(self) -> Iterator[Generator]:
        self.opened.append("base")
        yield self.base_model

    @contextmanager
    def tuned(self) -> Iterator[Generator]:
        self.opened.append("tuned")
        yield self.tuned_model


def number_in(asked: str) -> int:
    return int("".join(char for char in asked.partition("の")[0] if char.isdigit()))


def everyday(asked: str, *, wrong: Callable[[int], bool] = lambda number: False) -> str:
    number = int(asked.split()[2])
    return f"It is {number + (9 if wrong(number) else 1)}."


def base_reply(asked: str) -> str:
    """Quotes something for every question: a wrong passage for every third, and where nothing answers."""
    if "K-" not in asked:
        return everyday(asked, wrong=lambda number: number % 10 == 0)
    number = number_in(asked)
    return near_miss(number + 500) if number > 200 or number % 3 == 0 else f"{fact(number)} [1]"


def better_reply(asked: str) -> str:
    """Knows what it does not know, and cites."""
    if "K-" not in asked:
        return base_reply(asked)
    number = number_in(asked)
    return REFUSAL if number > 200 else f"{fact(number)} [2]"


def planted_workspace(folder: Path, *, name: str = "one", adapter: bytes = b"adapter") -> Workspace:
    """A workspace with a model file and an exported adapter of it."""
    workspace = open_workspace(folder)
    workspace.settings_path.write_text(GATE, "utf-8")
    model = workspace.models / "toy.gguf"
    model.write_bytes(b"model")
    adapters = AdapterFolder(workspace.adapters)
    base = {"model": "toy", "sha256": hashlib.sha256(b"model").hexdigest(), "family": "qwen2"}
    adapters.write(Manifest(name, "2026-01-01T00:00:00+00:00", base, "sft", {}, "run", {"hash": "h"}, 0, {}))
    (adapters.folder(name) / "adapter.gguf").write_bytes(adapter)
    return workspace


def examiner() -> Examiner:
    return Examiner(RuleChecker(AnswerSettings()), "rules")


def lines(questions: Sequence[GeneralQuestion]) -> str:
    rows = (
        {"id": one.id, "question": one.question, "accepted": list(one.accepted), "language": one.language}
        for one in questions
    )
    return "".join(json.dumps(row) + "\n" for row in rows)
