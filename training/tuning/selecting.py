"""What a training learns from: its examples, those held out, and the general ones against forgetting."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from assistant.answers import Message
from ingestion.documents import User
from ingestion.finding_rows import counts
from ingestion.library import Library
from training.errors import ExampleError
from training.tuning.examples import TuningExample

_FEWEST = 10
"""Examples of which some are held out; of fewer none can be spared."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Examples to learn from and to stop by; those of the split `test` are in neither."""

    train: tuple[TuningExample, ...]
    validation: tuple[TuningExample, ...]


def read_examples(path: Path) -> list[TuningExample]:
    """The examples of a JSON Lines file.

    Raises:
        ExampleError: a row is none; file, row and field are named.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ExampleError(f"{path} cannot be read as UTF-8: {error}") from error
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found.append(TuningExample.from_json(json.loads(line)))
        except (ValueError, AttributeError) as error:
            raise ExampleError(f"{path}: row {number} is no JSON object: {error}") from error
        except ExampleError as error:
            raise ExampleError(f"{path}: row {number}: {error}") from error
    return found


def write_examples(examples: Iterable[TuningExample], path: Path) -> None:
    """Write what `read_examples` reads."""
    lines = [json.dumps(one.as_json(), ensure_ascii=False) for one in examples]
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")


def examples_hash(examples: Iterable[TuningExample]) -> str:
    """Tells other data apart, whatever its order: a hash of ids and splits."""
    told = sorted(f"{one.id} {one.split}" for one in examples)
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


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
    groups = sorted({_group(one) for one in examples})
    random.Random(seed).shuffle(groups)
    held: set[str] = set()
    wanted = max(1, round(share * len(examples)))
    for group in groups[:-1]:
        size = sum(_group(one) == group for one in examples)
        if sum(_group(one) in held for one in examples) + size <= wanted or not held:
            held.add(group)
    return held


def _group(example: TuningExample) -> str:
    return example.group or example.id


def general_examples(folder: str, share: float, among: int, seed: int) -> list[TuningExample]:
    """General questions with answers, so that they are `share` of all beside `among` others.

    `folder` "" is the program's own. Rows are `{question, answer}`, or examples of kind `chat`.

    Raises:
        ExampleError: a row is neither.
    """
    wanted = round(share / (1 - share) * among)
    place = Path(folder).expanduser() if folder else Path(str(files("training.tuning"))) / "general"
    if folder and not place.is_dir():
        raise ExampleError(f"data.replay_folder: {place} is not a folder")
    # Beside the program's own lie the questions that forgetting is measured by, which must not be learnt.
    pattern = "*.jsonl" if folder else "replay*.jsonl"
    rows = [row for path in sorted(place.glob(pattern)) for row in _general(path)]
    random.Random(seed).shuffle(rows)
    return rows[:wanted]


def _general(path: Path) -> list[TuningExample]:
    found = []
    for number, line in enumerate(path.read_text("utf-8-sig").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
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
