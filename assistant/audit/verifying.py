"""Whether an audit log is whole: every row, every word, the end of the chain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from assistant.audit.chain import (
    BROKEN,
    COMMITMENTS,
    EMPTY,
    ERASE,
    GENESIS,
    KINDS,
    Content,
    Json,
    Row,
    Tip,
    in_ranges,
    row_hash,
)
from assistant.audit.head import Head, HeadProblem
from assistant.audit.rows import UNREADABLE, AuditRows, Connection

_SHOWN = 100
"""So many problems are told; a log that was copied over has as many as rows."""


class Problem(NamedTuple):
    """What is wrong with which row; None where it is none of a row. `code` is a key of ui/texts."""

    row: int | None
    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """`rows` were read, `erased` of them have lost their words by a row that says so."""

    tip: Tip
    erased: int
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    @property
    def first_bad(self) -> int | None:
        """The first row that something is wrong with."""
        return min((one.row for one in self.problems if one.row is not None), default=None)


def verify(
    rows: AuditRows, connection: Connection, head: Head | HeadProblem, anchor: Tip | None = None
) -> Verification:
    """Read the whole log. `head` was read while nobody wrote, `connection` sees the rows of that moment."""
    walk = _Walk(None if anchor is None else anchor.rows)
    found: list[Problem] = []
    try:
        found += walk.problems(rows, connection)
        for row in rows.strays(connection):
            found.append(Problem(row, "stray") if isinstance(row, int) else Problem(None, "stray", str(row)))
        if damage := rows.damage(connection):
            found.append(Problem(None, "damaged", damage))
    except UNREADABLE as error:
        found.append(Problem(None, "unreadable", str(getattr(error, "orig", error))))
    if isinstance(head, str):
        found.append(Problem(None, head))
    elif not head.fits(walk.tip):
        found.append(Problem(None, "head_differs", f"{head.tip.rows} / {walk.tip.rows}"))
    if anchor is not None and walk.anchored != anchor.hash:
        found.append(Problem(anchor.rows, "anchor"))
    found.sort(key=lambda one: one.row or 0)  # what is of no row first
    return Verification(walk.tip, len(walk.erased), tuple(found[:_SHOWN]))


def unreadable(reason: str) -> Verification:
    """The log cannot even be opened."""
    return Verification(EMPTY, 0, (Problem(None, "unreadable", reason),))


@dataclass
class _Walk:
    """Goes along the rows. What a row must look like depends on the ones before it only."""

    anchor: int | None
    """The number of the row whose hash is kept as `anchored`."""
    tip: Tip = EMPTY
    anchored: str = GENESIS
    erased: dict[int, int] = field(default_factory=dict)
    _missing: set[int] = field(default_factory=set)
    _with_words: set[int] = field(default_factory=set)

    def problems(self, rows: AuditRows, connection: Connection) -> Iterator[Problem]:
        """Of all rows, in their order; then of the words that are missing or were not erased."""
        for row, contents in rows.entries(connection):
            for code in (*self._of_chain(row), *self._of_words(row, contents)):
                yield Problem(row.seq, code)
            self.tip = row.tip
            if row.seq == self.anchor:
                self.anchored = row.hash
        for seq in sorted(self._missing - self.erased.keys()):
            yield Problem(seq, "words_missing")
        noted = rows.erased(connection)
        for seq in sorted(noted.keys() | self.erased.keys()):
            if noted.get(seq) != self.erased.get(seq):
                yield Problem(seq, "erasure_differs")

    def _of_chain(self, row: Row) -> Iterator[str]:
        texts = (row.at, row.user, row.kind, row.payload, row.previous, row.hash)
        if not all(isinstance(text, str) for text in texts) or row.kind not in KINDS:
            yield "changed"
            return
        if row.seq != self.tip.rows + 1:
            yield "number"
        if row.previous != self.tip.hash:
            yield "previous"
        if row.hash != row_hash(row):
            yield "changed"

    def _of_words(self, row: Row, contents: tuple[Content, ...]) -> Iterator[str]:
        try:
            facts = row.facts
            promised = dict(facts.get(COMMITMENTS, {}))
        except (ValueError, TypeError):
            return  # its hash has told that it was changed
        there = {one.name: one for one in contents}
        if promised.keys() - there.keys():
            self._missing.add(row.seq)
        if there:
            self._with_words.add(row.seq)
        if there.keys() - promised.keys() or any(
            not one.kept(promised.get(name)) for name, one in there.items()
        ):
            yield "words_changed"
        yield from self._of_act(row, facts)

    def _of_act(self, row: Row, facts: Json) -> Iterator[str]:
        if row.kind != "act":
            return
        if facts.get("act") == BROKEN:
            yield "broken"
        if facts.get("act") == ERASE:
            try:
                said = [(int(first), int(last)) for first, last in facts["rows"]]
            except (KeyError, TypeError, ValueError):
                said = [(row.seq, row.seq)]
            if not all(0 < first <= last < row.seq for first, last in said):
                yield "erasure_differs"
                return
            named = set(in_ranges(said))
            self.erased.update(dict.fromkeys(named, row.seq))
            if named - self._missing or named & self._with_words:
                yield "words_back"
