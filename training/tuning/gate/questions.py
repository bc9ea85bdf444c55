"""What the gate asks: examples that were kept back from training, and general questions without evidence."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, TypeVar, cast, get_args

from assistant.answers import Language
from assistant.evaluation.containing import comparable, contains
from assistant.evaluation.datasets import Question
from assistant.evaluation.sampling import stratified
from assistant.refusing import refuses
from training.errors import GateError
from training.tuning.examples import TuningExample
from training.tuning.gate.evidence import without_markers

_GENERAL = "general"
_PLAIN_WORD = re.compile(r"[a-z0-9](?:[a-z0-9' .-]*[a-z0-9])?")

Asked = TypeVar("Asked")


@dataclass(frozen=True, slots=True)
class GeneralQuestion:
    """A question that any model should answer without evidence; any of `accepted` in the answer is right."""

    id: str
    question: str
    accepted: tuple[str, ...]
    language: Language
    type: str = ""


def held_out(examples: Iterable[TuningExample]) -> list[TuningExample]:
    """The questions with evidence that were kept back, each once."""
    found = {one.id: one for one in examples if one.split == "test" and one.kind == "answer"}
    return list(found.values())


def drawn_examples(examples: Sequence[TuningExample], limit: int | None, seed: int) -> list[TuningExample]:
    """`limit` of them, answerable and not and of every type by their share; None takes all."""
    return _drawn(
        examples, limit, seed, lambda one: (one.id, f"{one.answerable} {one.language} {one.type}")
    )  # fmt: skip


def drawn_general(
    questions: Sequence[GeneralQuestion], limit: int | None, seed: int
) -> list[GeneralQuestion]:
    """`limit` of them, of every language and type by their share; None takes all."""
    return _drawn(questions, limit, seed, lambda one: (one.id, f"{one.language} {one.type}"))


def _drawn(
    asked: Sequence[Asked], limit: int | None, seed: int, told: Callable[[Asked], tuple[str, str]]
) -> list[Asked]:
    known = {told(one)[0]: one for one in asked}
    questions = [Question(told(one)[0], "", ("", 0), told(one)[1]) for one in known.values()]
    return [known[one.id] for one in stratified(questions, limit, seed)]


def shipped_general() -> list[GeneralQuestion]:
    """The general questions that come with the program.

    Raises:
        GateError: as `general_in`.
    """
    return general_in(files("training.tuning") / _GENERAL)


def general_in(folder: Traversable) -> list[GeneralQuestion]:
    """The questions of the files `general*.jsonl` of a folder, by their names and order; none without it.

    Raises:
        GateError: a line is no such question, or an id is used twice.
    """
    found: list[GeneralQuestion] = []
    for file in sorted(folder.iterdir() if folder.is_dir() else (), key=lambda one: one.name):
        if file.name.startswith(_GENERAL) and file.name.endswith(".jsonl"):
            found += read_general(file.read_text("utf-8"), file.name)
    twice = [id for id, times in Counter(one.id for one in found).items() if times > 1]
    if twice:
        raise GateError(f"several general questions have the id {twice[0]!r}. Give each its own.")
    return found


def read_general(text: str, name: str) -> list[GeneralQuestion]:
    """The lines `{id, question, accepted, language, type}` of a JSON Lines file called `name`.

    Raises:
        GateError: a line is no such question; the message names it.
    """
    lines = enumerate(text.splitlines(), start=1)
    return [_general(line, f"{name}:{number}") for number, line in lines if line.strip()]


def _general(line: str, place: str) -> GeneralQuestion:
    try:
        row = json.loads(line)
        accepted = tuple(row["accepted"])
        question = GeneralQuestion(
            str(row["id"]), row["question"], accepted, row["language"], str(row.get("type", ""))
        )
    except (ValueError, KeyError, TypeError) as error:
        raise GateError(
            f"{place} is no general question ({error!r}). It needs id, question, accepted and language."
        ) from error
    if question.language not in get_args(Language):
        raise GateError(f"{place}: language is {question.language!r}, not 'ja' or 'en'.")
    strings = (question.question, *accepted)
    if not accepted or not all(isinstance(one, str) and one.strip() for one in strings):
        raise GateError(f"{place}: question and accepted must hold text.")
    if isinstance(row["accepted"], str):
        raise GateError(f"{place}: accepted must be a list of strings.")
    return question


def tells(text: str, accepted: str) -> bool:
    """Whether `text` holds `accepted`: as `contains`, but Latin words only whole ("art" not in "part").

    `contains` compares without spaces, as Japanese needs.
    """
    wanted = _plain(accepted)
    if not _PLAIN_WORD.fullmatch(wanted) or not re.search("[a-z]", wanted):
        return contains(text, accepted)
    return re.search(rf"(?<![a-z0-9]){re.escape(wanted)}(?![a-z0-9])", _plain(text)) is not None


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().replace("’", "'").split())


def taught_refusals(examples: Iterable[TuningExample]) -> frozenset[str]:
    """How examples that cannot be answered refuse, where that wording is not known anyway; comparable."""
    said = (
        without_markers(one.answer, len(one.evidence))[0] for one in examples if not one.answerable
    )  # fmt: skip
    return frozenset(comparable(text) for text in said if not refuses(text)) - {""}


def refusal_of(taught: Iterable[str]) -> Callable[[str], bool]:
    """Tells refusals by the wordings that are known, and by those that were `taught`."""
    wordings = tuple(taught)

    def refusing(text: str) -> bool:
        return refuses(text) or any(one in comparable(text) for one in wordings)

    return refusing


def digest(value: TuningExample | GeneralQuestion | Sequence[Any]) -> str:
    """A hash of all that a question is measured by; of several, of all in any order."""
    if isinstance(value, TuningExample | GeneralQuestion):
        told: Any = {**asdict(cast(Any, value)), "split": ""}
    else:
        told = sorted(digest(one) for one in value)
    return hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]
