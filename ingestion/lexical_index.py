"""BM25 over search tokens, with tantivy. The only file that imports it.

tantivy has no Japanese tokenizer, so it is fed tokens joined by spaces. A second field holds letter pairs:
they answer for words that no chunk holds as a morpheme, and when morphemes find too little. The index lies on
disk; `state.json` beside it says which generation of which library it holds, and is written after each
commit, so a killed process at worst replays what is already there.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tantivy as _untyped_tantivy

from ingestion.durable import replace_file
from ingestion.tokenizing import TOKENS_VERSION, bigrams, search_tokens
from ingestion.vectors import Rows

tantivy: Any = _untyped_tantivy

_FORMAT = 1
_HEAP_BYTES = 50_000_000
_BIGRAM_WEIGHT = 0.4  # several pairs stand for one word
_COMMON = 0.5
_COMMON_FROM = 2_000
_MAX_TERMS = 64


@dataclass(frozen=True, slots=True)
class LexicalState:
    """What an index holds: chunks of `library` up to `generation`, tokenised by one set of rules."""

    library: str
    generation: int
    tokens: int = TOKENS_VERSION
    format: int = _FORMAT


class LexicalIndex:
    """Chunk rows and their words. Thread-safe: searches go on while one thread writes."""

    def __init__(self, folder: Path, *, may_write: bool = True) -> None:
        """Open the index in `folder`, or make an empty one where there is none that can be read.

        Without `may_write` nothing is made or removed there: another process may be building it just now.
        """
        self._folder = folder
        self.may_write = may_write
        self._writing = threading.Lock()
        self._writer: Any = None
        self.state = _read_state(folder / "state.json")
        readable = self.state is not None and _exists(folder)
        if not readable:
            self.state = None
        if not readable and may_write:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True, exist_ok=True)
        self._schema = _schema()
        if readable or may_write:
            self._index = tantivy.Index(self._schema, path=str(folder), reuse=True)
        else:
            self._index = tantivy.Index(self._schema)  # in memory, and empty
        self._index.reload()

    def __len__(self) -> int:
        return int(self._index.searcher().num_docs)

    def update(
        self, removed: Rows, added: Iterable[Sequence[tuple[int, str, str]]], state: LexicalState
    ) -> None:
        """Remove rows, add batches of (row, document, text) in place of what those rows held, and commit.

        Raises:
            OSError: another process is writing to this index.
        """
        with self._writing:
            try:
                self._delete(removed)
                for batch in added:
                    self._delete(np.array([row for row, _, _ in batch], dtype=np.int64))
                    for row, document, text in batch:
                        self._open_writer().add_document(_document(row, document, text))
                if self._writer is not None:
                    self._writer.commit()
            except BaseException:  # also when interrupted: half an update must not stay
                if self._writer is not None:
                    self._writer.rollback()  # else the next commit would carry half of this update
                raise
            self._index.reload()
            self._write_state(state)

    def clear(self) -> None:
        """Remove everything. The index belongs to no library until the next update."""
        with self._writing:
            self.state = None
            (self._folder / "state.json").unlink(missing_ok=True)
            writer = self._open_writer()
            writer.delete_all_documents()
            writer.commit()
            self._index.reload()

    def search(
        self,
        query: str,
        top_k: int,
        documents: frozenset[str] | None = None,
        synonyms: Sequence[tuple[str, Sequence[str]]] = (),
    ) -> list[tuple[int, float]]:
        """(row, BM25 score) pairs, best first; `documents` limits the search to these.

        `synonyms` are words of the query with others that may stand for them: a chunk gets the score of the
        one that fits it best, never of several.
        """
        searcher = self._index.searcher()
        if not searcher.num_docs or (documents is not None and not documents):
            return []
        limit = None if documents is None else self._limit(documents)
        found = self._run(searcher, self._word_query(searcher, query, synonyms), limit, top_k)
        if len(found) < top_k:
            seen = {row for row, _ in found}
            floor = min((score for _, score in found), default=None)
            for row, score in self._run(searcher, self._pair_query(searcher, bigrams(query)), limit, top_k):
                if row not in seen:  # pairs find more, but never better, than words do
                    found.append((row, score if floor is None else min(score, floor) * _BIGRAM_WEIGHT))
        return found[:top_k]

    def rows(self) -> Rows:
        """Every row held, ascending; a row that is there twice is listed twice."""
        searcher = self._index.searcher()
        count = searcher.num_docs
        if not count:
            return np.empty(0, dtype=np.int64)
        hits = searcher.search(tantivy.Query.all_query(), limit=count, count=False).hits
        return np.sort(np.array(searcher.fast_field_values("row", [at for _, at in hits]), dtype=np.int64))

    def close(self) -> None:
        """Wait for running merges and give the writer's lock back."""
        with self._writing:
            if self._writer is not None:
                self._writer.wait_merging_threads()
                self._writer = None

    def _word_query(self, searcher: Any, query: str, synonyms: Sequence[tuple[str, Sequence[str]]]) -> Any:
        tokens = list(dict.fromkeys(search_tokens(query)))[:_MAX_TERMS]
        counts = {token: searcher.doc_freq("tokens", token) for token in tokens}
        unknown = [token for token in tokens if not counts[token]]
        known = [token for token in tokens if counts[token]]
        # A word in every second chunk decides next to nothing and costs the most.
        rare = [token for token in known if counts[token] <= searcher.num_docs * _COMMON]
        if searcher.num_docs >= _COMMON_FROM and rare:
            known = rare
        terms = {token: self._term(token) for token in known}
        parts = [
            choice
            for words, others in synonyms
            if (choice := self._choice(searcher, set(search_tokens(words)), others, terms)) is not None
        ]
        parts += terms.values()
        pairs = [pair for token in unknown for pair in bigrams(token) if len(pair) > 1]
        instead = self._pair_query(searcher, pairs)
        if instead is not None:
            parts.append(tantivy.Query.boost_query(instead, _BIGRAM_WEIGHT))
        return _any_of(parts)

    def _choice(self, searcher: Any, own: set[str], others: Sequence[str], terms: dict[str, Any]) -> Any:
        """The best of the words' own terms, which leave `terms`, and of each other wording as a whole."""
        choices = [_any_of([terms.pop(token) for token in own if token in terms])]
        for other in others:
            tokens = list(dict.fromkeys(search_tokens(other)))
            if tokens and all(searcher.doc_freq("tokens", token) for token in tokens):
                must = tantivy.Occur.Must
                choices.append(tantivy.Query.boolean_query([(must, self._term(token)) for token in tokens]))
        choices = [choice for choice in choices if choice is not None]
        return tantivy.Query.disjunction_max_query(choices) if choices else None

    def _term(self, token: str) -> Any:
        return tantivy.Query.term_query(self._schema, "tokens", token, index_option="freq")

    def _pair_query(self, searcher: Any, pairs: Sequence[str]) -> Any:
        known = [pair for pair in dict.fromkeys(pairs) if searcher.doc_freq("pairs", pair)][:_MAX_TERMS]
        term = tantivy.Query.term_query
        return _any_of([term(self._schema, "pairs", pair, index_option="freq") for pair in known])

    def _limit(self, documents: frozenset[str]) -> Any:
        return tantivy.Query.const_score_query(
            tantivy.Query.term_set_query(self._schema, "document", sorted(documents)), 0.0
        )

    def _run(self, searcher: Any, query: Any, limit: Any, top_k: int) -> list[tuple[int, float]]:
        if query is None:
            return []
        if limit is not None:
            query = tantivy.Query.boolean_query([(tantivy.Occur.Must, limit), (tantivy.Occur.Must, query)])
        hits = searcher.search(query, limit=top_k, count=False).hits
        rows = searcher.fast_field_values("row", [at for _, at in hits])
        pairs = [(int(row), float(score)) for row, (score, _) in zip(rows, hits, strict=True)]
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))

    def _delete(self, rows: Rows) -> None:
        # By query: deletion by term takes a Python int for a signed number and finds no unsigned one.
        if len(rows):
            self._open_writer().delete_documents_by_query(
                tantivy.Query.term_set_query(self._schema, "row", [int(row) for row in rows])
            )

    def _open_writer(self) -> Any:
        if self._writer is None:
            try:
                self._writer = self._index.writer(heap_size=_HEAP_BYTES, num_threads=1)
            except ValueError as error:  # tantivy's way to say that the lock is taken
                raise OSError(f"{self._folder} is being written by another process") from error
        return self._writer

    def _write_state(self, state: LexicalState) -> None:
        temporary = self._folder / "state.new"
        temporary.write_text(json.dumps(asdict(state)), "utf-8")
        replace_file(temporary, self._folder / "state.json")
        self.state = state


def _schema() -> Any:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("row", indexed=True, fast=True)
    builder.add_text_field("document", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("tokens", tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("pairs", tokenizer_name="whitespace", index_option="freq")
    return builder.build()


def _document(row: int, document: str, text: str) -> Any:
    added = tantivy.Document()
    added.add_unsigned("row", row)
    added.add_text("document", document)
    added.add_text("tokens", " ".join(search_tokens(text)))
    added.add_text("pairs", " ".join(bigrams(text)))
    return added


def _any_of(parts: Sequence[Any]) -> Any:
    if not parts:
        return None
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, part) for part in parts])


def _read_state(path: Path) -> LexicalState | None:
    try:
        state = LexicalState(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None  # derived data: built anew
    return state if (state.tokens, state.format) == (TOKENS_VERSION, _FORMAT) else None


def _exists(folder: Path) -> bool:
    """Whether `folder` holds an index that this version of tantivy opens."""
    try:
        if not tantivy.Index.exists(str(folder)):
            return False
        tantivy.Index(_schema(), path=str(folder), reuse=True)
    except (ValueError, OSError):
        return False
    return True
