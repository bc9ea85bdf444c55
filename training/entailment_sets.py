"""Reads the published entailment sets as pairs of evidence and claim, each with who may train on it.

Classes: 0 supported, 1 contradicted, 2 neither; -1 where a set says only "not supported".
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from training.encoders import Pair
from training.errors import EncoderError

SUPPORTED, CONTRADICTED, NEITHER, NOT_SUPPORTED = 0, 1, 2, -1
LABELS = ("supported", "contradicted", "neither")

_NLI = {
    "entailment": SUPPORTED, "contradiction": CONTRADICTED, "neutral": NEITHER,
    "non-entailment": NOT_SUPPORTED,
}  # fmt: skip
_JSEM = {"yes": SUPPORTED, "no": CONTRADICTED, "unknown": NEITHER}
_WICE = {"supported": SUPPORTED, "partially_supported": NOT_SUPPORTED, "not_supported": NOT_SUPPORTED}


def fold(source: str, parts: int = 5, salt: str = "") -> int:
    """The part of `parts` that a premise or passage belongs to. Part 0 of 5 is never trained on."""
    return int(hashlib.sha256((salt + source).encode()).hexdigest(), 16) % parts


def split_of(source: str) -> str:
    """`test` for the part that nobody trains on, `held` for our own validation, else `train`."""
    if fold(source) == 0:
        return "test"
    return "held" if fold(source, 12, "konkyo-held:") == 0 else "train"


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a JSON Lines file.

    Raises:
        EncoderError: it is absent or not JSON Lines.
    """
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)
    except (OSError, ValueError) as error:
        raise EncoderError(f"{path} cannot be read as JSON Lines: {error}") from error


def published(folder: Path, split: str) -> list[Pair]:
    """Every pair of the sets in `folder`/entailment whose premise belongs to `split`."""
    found: list[Pair] = []
    for name, read in _READERS.items():
        for row in rows_of(folder / "entailment" / f"{name}.jsonl"):
            found += [pair for pair in read(row) if split_of(source_of(name, row)) == split]
    return found


def source_of(name: str, row: Mapping[str, Any]) -> str:
    """The premise of a row, by which it is assigned to a part; sentences of one are joined by line ends."""
    if name == "jsem":
        return "\n".join(row["premises"])
    return "\n".join(row["evidence"]) if name == "wice" else str(row["premise"])


def _plain(name: str) -> Callable[[Mapping[str, Any]], list[Pair]]:
    return lambda row: [Pair(row["premise"], row["hypothesis"], _NLI[row["label"]], name)]


def _jsem(row: Mapping[str, Any]) -> list[Pair]:
    if row["label"] not in _JSEM:
        return []
    return [Pair("".join(row["premises"]), row["hypothesis"], _JSEM[row["label"]], "jsem")]


def _wice(row: Mapping[str, Any]) -> list[Pair]:
    return [Pair("\n".join(row["evidence"]), row["claim"], _WICE[row["label"]], "wice")]


_READERS: Mapping[str, Callable[[Mapping[str, Any]], list[Pair]]] = {
    "jsick": _plain("jsick"), "jnli": _plain("jnli"), "janli": _plain("janli"), "jsem": _jsem, "wice": _wice,
}  # fmt: skip


def english_twins(folder: Path) -> list[Pair]:
    """The English originals of the rows of jsick that may be trained on, and both languages crossed."""
    found: list[Pair] = []
    for row in rows_of(folder / "entailment" / "jsick.jsonl"):
        if split_of(row["premise"]) != "train" or row["label_en"] not in _NLI:
            continue
        label = _NLI[row["label_en"]]
        found.append(Pair(row["premise_en"], row["hypothesis_en"], label, "sick_en"))
        if row["label"] == row["label_en"]:
            found.append(Pair(row["premise_en"], row["hypothesis"], label, "sick_crossed"))
    return found


def web_variants(folder: Path, seed: int = 0) -> list[Pair]:
    """More pairs from wice: supporting sentences alone support, the page without them does not."""
    generator = random.Random(seed)
    found: list[Pair] = []
    for row in rows_of(folder / "entailment" / "wice.jsonl"):
        if split_of(source_of("wice", row)) != "train":
            continue
        about = row["meta"]
        places = {chunk: i for i, chunk in enumerate(about.get("chunk_idx", ()))}
        proof = {places[i] for i in about.get("oracle_idx", ()) if i in places}
        rest = [text for i, text in enumerate(row["evidence"]) if i not in proof]
        alone = [text for i, text in enumerate(row["evidence"]) if i in proof]
        if not proof or not rest:
            continue
        label = _WICE[row["label"]]
        found.append(Pair("\n".join(alone), row["claim"], label, "wice_alone"))
        some = generator.sample(range(len(rest)), min(4, len(rest)))
        few = sorted([*((i, row["evidence"][i]) for i in proof), *((i, rest[i]) for i in some)])
        found.append(Pair("\n".join(text for _, text in few), row["claim"], label, "wice_few"))
        if row["label"] == "supported":
            found.append(Pair("\n".join(rest), row["claim"], NOT_SUPPORTED, "wice_few"))
    return found
