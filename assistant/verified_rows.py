"""Confirmed answers with their citations, as rows of records.db. Times are ISO 8601 in UTC."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from assistant.errors import RecordNotFoundError

_tables = sa.MetaData()
_answers = sa.Table(
    "verified_answers",
    _tables,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("question", sa.String, nullable=False),
    sa.Column("also_json", sa.String, nullable=False),
    sa.Column("answer", sa.String, nullable=False),
    sa.Column("language", sa.String, nullable=False),
    sa.Column("editor", sa.String, nullable=False),
    sa.Column("created_at", sa.String, nullable=False),
    sa.Column("confirmed_at", sa.String, nullable=False),
    sa.Column("flagged_at", sa.String),
    sa.Column("flag", sa.String),
)
_citations = sa.Table(
    "verified_citations",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("verified", sa.String, sa.ForeignKey("verified_answers.id"), nullable=False),
    sa.Column("document", sa.String, nullable=False),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("path", sa.String, nullable=False),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("end", sa.Integer, nullable=False),
    sa.Column("quote", sa.String, nullable=False),
    sa.Column("quote_sha256", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),
)


@dataclass(frozen=True, slots=True)
class KeptQuote:
    """A passage that a confirmed answer stands on: `quote` was `text[start:end]` of the document.

    `source` and `path` say where the document lay, so that its next version is found. `state` is what the
    document was (in_force, superseded, …) when the editor confirmed it.
    """

    document: str
    source: str
    path: str
    title: str
    start: int
    end: int
    quote: str
    state: str

    @property
    def sha256(self) -> str:
        """The hash of the quote in UTF-8, hexadecimal."""
        return hashlib.sha256(self.quote.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class VerifiedRow:
    """A confirmed answer. `flag` says what happened to its source since, None while nothing did.

    `also` are other wordings of the question.
    """

    id: str
    question: str
    also: tuple[str, ...]
    answer: str
    language: str
    editor: str
    created_at: str
    confirmed_at: str
    flagged_at: str | None
    flag: str | None
    quotes: tuple[KeptQuote, ...]


class VerifiedRows:
    """The confirmed answers of one workspace; usable from several threads."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(
        self,
        question: str,
        answer: str,
        quotes: Sequence[KeptQuote],
        *,
        editor: str,
        language: str,
        also: Sequence[str] = (),
    ) -> str:
        """Store a confirmed answer and return its id."""
        key, now = secrets.token_hex(6), _now()
        with self._engine.begin() as connection:
            connection.execute(
                _answers.insert().values(
                    id=key, question=question, also_json=json.dumps(list(also), ensure_ascii=False),
                    answer=answer, language=language, editor=editor, created_at=now, confirmed_at=now,
                )
            )  # fmt: skip
            _store_quotes(connection, key, quotes)
        return key

    def all(self, *, flagged: bool = True) -> list[VerifiedRow]:
        """All of them, the last confirmed first; without `flagged` only those that may be offered."""
        return self._found() if flagged else self._found(_answers.c.flag.is_(None))

    def one(self, verified: str) -> VerifiedRow:
        """The one with this id.

        Raises:
            RecordNotFoundError: there is none.
        """
        found = self._found(_answers.c.id == verified)
        if not found:
            raise _not_found(verified)
        return found[0]

    def flag(self, verified: str, reason: str) -> None:
        """Note what happened to its source; the first reason stays until it is confirmed again."""
        with self._engine.begin() as connection:
            connection.execute(
                _answers.update()
                .where(_answers.c.id == verified, _answers.c.flag.is_(None))
                .values(flag=reason, flagged_at=_now())
            )

    def confirm(self, verified: str, quotes: Sequence[KeptQuote], editor: str) -> None:
        """It holds again, with the passages as they are now.

        Raises:
            RecordNotFoundError: there is none with this id.
        """
        with self._engine.begin() as connection:
            done = connection.execute(
                _answers.update()
                .where(_answers.c.id == verified)
                .values(confirmed_at=_now(), editor=editor, flag=None, flagged_at=None)
            )
            if done.rowcount == 0:
                raise _not_found(verified)
            connection.execute(_citations.delete().where(_citations.c.verified == verified))
            _store_quotes(connection, verified, quotes)

    def remove(self, verified: str) -> None:
        """Take it out.

        Raises:
            RecordNotFoundError: there is none with this id.
        """
        with self._engine.begin() as connection:
            if connection.execute(_answers.delete().where(_answers.c.id == verified)).rowcount == 0:
                raise _not_found(verified)

    def _found(self, *wanted: sa.ColumnElement[bool]) -> list[VerifiedRow]:
        query = sa.select(_answers).where(*wanted).order_by(_answers.c.confirmed_at.desc(), _answers.c.id)
        quoted = sa.select(_citations).join(_answers).where(*wanted).order_by(_citations.c.id)
        quotes: defaultdict[str, list[Any]] = defaultdict(list)
        with self._engine.connect() as connection:
            for quote in connection.execute(quoted):
                quotes[quote.verified].append(quote)
            rows = connection.execute(query).all()
        return [_row(row, quotes[row.id]) for row in rows]


def _store_quotes(connection: sa.Connection, verified: str, quotes: Sequence[KeptQuote]) -> None:
    for quote in quotes:
        connection.execute(
            _citations.insert().values(
                verified=verified, document=quote.document, source=quote.source, path=quote.path,
                title=quote.title, start=quote.start, end=quote.end, quote=quote.quote,
                quote_sha256=quote.sha256, state=quote.state,
            )
        )  # fmt: skip


def _row(row: Any, quotes: Sequence[Any]) -> VerifiedRow:
    kept = [
        KeptQuote(one.document, one.source, one.path, one.title, one.start, one.end, one.quote, one.state)
        for one in quotes
    ]
    intact = all(one.sha256 == stored.quote_sha256 for one, stored in zip(kept, quotes, strict=True))
    found = VerifiedRow(
        row.id, row.question, tuple(json.loads(row.also_json)), row.answer, row.language, row.editor,
        row.created_at, row.confirmed_at, row.flagged_at, row.flag, tuple(kept),
    )  # fmt: skip
    return found if intact else replace(found, flag=found.flag or "damaged")


def _not_found(verified: str) -> RecordNotFoundError:
    return RecordNotFoundError(f"there is no verified answer {verified!r}. See: konkyo verified list")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
