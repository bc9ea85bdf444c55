r"""The rows of the audit log, how they are chained, and how they commit to words that may be erased.

The hash of a row is the SHA-256, in hex, of its canonical JSON: the object of `at`, `kind`, `payload`,
`previous`, `seq` and `user` with its keys in this order, without spaces, in ASCII (all else as \u escapes).
`payload` is the text as it is stored, itself canonical JSON; `previous` is the hash of the row before, 64
zeros for the first. Words that people may ask to have deleted stand beside the chain: the payload holds of
each the HMAC-SHA-256 under a salt that is deleted with the words, so that nothing can be guessed from it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Json = dict[str, Any]
Kind = Literal["question", "task", "feedback", "act"]

KINDS: tuple[Kind, ...] = ("question", "task", "feedback", "act")
GENESIS = "0" * 64
COMMITMENTS = "contents"
"""The key of a payload that holds the commitments by name."""
ERASE = "audit_erase"
"""The act of a row that erased words of others: `rows` are ranges of their numbers, both ends included."""
BROKEN = "audit_broken"
"""The act of a row that was written on after rows, or the head, were not as they had been left."""


class Tip(NamedTuple):
    """How many rows there are, and the hash of the last one."""

    rows: int
    hash: str


EMPTY = Tip(0, GENESIS)


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it is stored. `at` is ISO 8601 in UTC."""

    seq: int
    at: str
    user: str
    kind: str
    payload: str
    previous: str
    hash: str

    @property
    def facts(self) -> Json:
        """What the payload says.

        Raises:
            ValueError: it was changed and is no JSON object any more.
        """
        return json_object(self.payload)

    @property
    def readable(self) -> Json:
        """What the payload says, nothing where it was changed beyond reading."""
        try:
            return self.facts
        except ValueError:
            return {}

    @property
    def promised(self) -> Json:
        """The commitments to words by name."""
        found = self.readable.get(COMMITMENTS)
        return found if isinstance(found, dict) else {}

    @property
    def unchanged(self) -> bool:
        """Whether the row is as it was written; of its words nothing is said."""
        texts = (self.at, self.user, self.kind, self.payload, self.previous)
        return all(isinstance(text, str) for text in texts) and self.hash == row_hash(self)

    def intact(self, contents: Sequence[Content]) -> bool:
        """Whether the row and all of `contents`, which belong to it, are as they were written."""
        return self.unchanged and all(one.kept(self.promised.get(one.name)) for one in contents)

    @property
    def tip(self) -> Tip:
        """The end of the chain when this row was its last."""
        return Tip(self.seq, self.hash)


@dataclass(frozen=True, slots=True)
class Content:
    """Words that belong to a row: `text` is JSON, `salt` 64 hex digits."""

    seq: int
    name: str
    salt: str
    text: str

    @property
    def commitment(self) -> str:
        """HMAC-SHA-256 of `name`, a zero byte and `text` under the salt's digits, in hex."""
        message = f"{self.name}\0{self.text}".encode()
        return hmac.new(self.salt.encode(), message, hashlib.sha256).hexdigest()

    def kept(self, promised: str | None) -> bool:
        """Whether these are the words that their row committed to."""
        texts = (self.name, self.salt, self.text)
        return all(isinstance(text, str) for text in texts) and self.commitment == promised


def canonical(value: object) -> str:
    """One text for one JSON value. Lone surrogates of a terminal's input are escaped like any other sign."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def json_object(text: str) -> Json:
    """What a text of the log says that may have been changed.

    Raises:
        ValueError: it is no JSON object any more.
    """
    try:
        found = json.loads(text)
    except (TypeError, RecursionError) as error:  # bytes in the place of text, or brackets without end
        raise ValueError("it is no JSON") from error
    if not isinstance(found, dict):
        raise ValueError("it is no object")
    return found


def words_text(value: object) -> str:
    """Words as JSON, in UTF-8 where they can be: escaped, Japanese would take twice the room."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return canonical(value)
    return text


def row_hash(row: Row) -> str:
    """What `row.hash` has to be."""
    covered = {"at": row.at, "kind": row.kind, "payload": row.payload, "previous": row.previous,
               "seq": row.seq, "user": row.user}  # fmt: skip
    return hashlib.sha256(canonical(covered).encode("ascii")).hexdigest()


def sealed(tip: Tip, *, at: str, user: str, kind: Kind, facts: Mapping[str, Any]) -> Row:
    """The row that follows `tip`."""
    bare = Row(tip.rows + 1, at, user, kind, canonical(facts), tip.hash, "")
    return Row(bare.seq, at, user, kind, bare.payload, bare.previous, row_hash(bare))


def ranges(numbers: Iterable[int]) -> list[list[int]]:
    """Ascending numbers as `[first, last]` of each unbroken run."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found


def in_ranges(found: Sequence[Sequence[int]]) -> Iterable[int]:
    """The numbers again."""
    return (number for first, last in found for number in range(first, last + 1))
