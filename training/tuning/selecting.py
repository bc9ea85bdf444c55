"""What a training learns from: its examples, those held out, and the general ones against forgetting."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from assistant.answers import Message
from ingestion.documents import User
from ingestion.finding_rows import counts
from ingestion.library import Library
from training.errors import ExampleError
from training.tuning.examples import TuningExample
from training.tuning.importing import check_own
from training.tuning.row_files import object_of

OWN = "replay.jsonl"
"""The general examples that come with the program."""
_FEWEST = 10
"""Examples of which some are held out; of fewer none can be spared."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Examples to learn from and to stop by; those of the split `test` are in neither."""

    train: tuple[TuningExample, ...]
    validation: tuple[TuningExample, ...]

    def without(self, ids: Container[str]) -> Selection:
        """All but those with these ids."""
        train, validation = (
            tuple(one for one in kept if one.id not in ids) for kept in (self.train, self.validation)
        )
        return Selection(train, validation)


def read_examples(path: Path) -> list[TuningExample]:
    """The examples of a JSON Lines file.

    Raises:
        ExampleError: a row is none; file, row and field are named.
    """
    found = []
    for number, line in _lines(path):
        try:
            row = object_of(line)
            check_own(row)
            found.append(TuningExample.from_json({"answer": "", **row}))
        except ExampleError as error:
            raise ExampleError(f"{path}: row {number}: {error}", field=error.field) from error
    return found


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a JSON Lines file that are not blank, by number.

    Only a line feed ends one: U+2028 and its like stand inside of texts that JSON does not escape.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ExampleError(f"{path} cannot be read as UTF-8: {error}") from error
    return ((number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip())


def write_examples(examples: Iterable[TuningExample], path: Path) -> None:
    """Write what `read_examples` reads."""
    lines = [json.dumps(one.as_json(), ensure_ascii=False) for one in examples]
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8", "backslashreplace")


def selected(examples: Sequence[TuningExample], share: float, seed: int) -> Selection:
    """The examples by split. Where none is marked for validation, whole groups of about `share` are."""
    train = [one for one in examples if one.split == "train"]
    validation = [one for one in examples if one.split == "validation"]
    if not validation and share and len(train) >= _FEWEST:
        held = _held_out(train, share, seed)
        validation = [one for one in train if _group(one) in held]
        train = [one for one in train if _group(one) not in held]
    return Selection(tuple(train), tuple(validation))


def _held_out(examples: Sequence[TuningExample], share: float, seed: int) -> set[str]:
    """Groups with about `share` of the examples, and never all of them."""
    sizes = Counter(map(_group, examples))
    groups = sorted(sizes)
    random.Random(seed).shuffle(groups)
    held: set[str] = set()
    wanted, number = max(1, round(share * len(examples))), 0
    for group in groups[:-1]:
        if number + sizes[group] <= wanted:
            held.add(group)
            number += sizes[group]
    # Where each group is larger than the share, one of them is held out all the same: the smallest.
    return held or set(sorted(groups[:-1], key=sizes.__getitem__)[:1])


def _group(example: TuningExample) -> str:
    return example.group or example.id


def general_examples(folder: str, share: float, among: int, seed: int) -> list[TuningExample]:
    """General questions with answers, so that they are `share` of all beside `among` others.

    `folder` "" is the program's own file, beside which lie questions to measure by: those are never learnt.
    Rows are `{question, answer}`, or examples of kind `chat`.

    Raises:
        ExampleError: a row is neither.
    """
    wanted = round(share / (1 - share) * among)
    place = Path(folder).expanduser() if folder else Path(str(files("training.tuning"))) / "general"
    if folder and not place.is_dir():
        raise ExampleError(f"data.replay_folder: {place} is not a folder")
    rows = [row for path in sorted(place.glob("*.jsonl" if folder else OWN)) for row in _general(path)]
    random.Random(seed).shuffle(rows)
    return rows[:wanted]


def _general(path: Path) -> list[TuningExample]:
    found = []
    for number, line in _lines(path):
        try:
            row = object_of(line)
            if "messages" in row:
                example = TuningExample.from_json(row)
            else:
                turns = (Message("user", row["question"]), Message("assistant", row["answer"]))
                example = TuningExample("chat", "", messages=turns, licence=str(row.get("licence", "")))
        except (ValueError, TypeError, KeyError, ExampleError) as error:
            raise ExampleError(f"{path}: row {number} has no question with an answer: {error}") from error
        found.append(example)
    return found


def library_texts(library: Library) -> list[TuningExample]:
    """The documents that everybody may read and that hold no planted instructions, for continued training.

    What a model has read it may tell anybody, so documents with rights are left out.
    """
    everybody = User("everybody", frozenset())
    suspicious = {document for document, one in counts(library).items() if one.quarantined}
    found = []
    for summary in library.documents_list(everybody):
        text = library.whole_text(summary.id, everybody)
        if text and text.strip() and summary.id not in suspicious:
            found.append(
                TuningExample("text", text, documents=(summary.id,), group=summary.id, type="document")
            )
    return found
