"""The company's own words: dictionary.csv in the workspace, with readings and synonyms, applied to questions.

A row is term, reading, synonyms separated by |. It counts from the next question on: words are brought
together when a question is asked, never in the index, so that no document has to be read or indexed again.
"""

from __future__ import annotations

import csv
import io
import logging
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingestion.durable import replace_file
from ingestion.errors import DictionaryError
from ingestion.tokenizing import words_in
from ingestion.written_forms import fold

logger = logging.getLogger(__name__)

FIELDS = ("term", "reading", "synonyms")
_HEADERS = ({"term", "用語"}, {"reading", "読み", "よみ"}, {"synonyms", "同義語", "類義語"})
_LONGEST = 100
_SHORTEST_READING = 3  # かい would be found inside けいかい
_READING = re.compile("[\u3041-\u3096\u30a1-\u30fcー・ ]*")
_ALNUM = re.compile("[a-z0-9]", re.ASCII)
_LATIN = re.compile("[a-z0-9]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the dictionary. `row` counts the file's rows from 1."""

    term: str
    reading: str = ""
    synonyms: tuple[str, ...] = ()
    row: int = 0

    @property
    def forms(self) -> tuple[str, ...]:
        """The words that mean the same: the term and its synonyms."""
        return (self.term, *self.synonyms)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row; `field` is one of FIELDS, or "" for the row or file as a whole (row 0)."""

    row: int
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Expansion:
    """Words of a question at [start:end), and the other words that the company uses for the same."""

    start: int
    end: int
    words: str
    others: tuple[str, ...]


class Dictionary:
    """The entries, ready to be looked for in questions."""

    def __init__(self, entries: Sequence[Entry] = ()) -> None:
        self.entries = tuple(entries)
        self._forms: dict[str, tuple[str, ...]] = {}
        for entry in entries:
            keys = [*entry.forms, entry.reading] if len(entry.reading) >= _SHORTEST_READING else entry.forms
            for form in keys:
                known = self._forms.get(fold(form), ())
                others = (other for other in entry.forms if fold(other) != fold(form))
                self._forms[fold(form)] = tuple(dict.fromkeys((*known, *others)))
        self._pattern = _pattern(self._forms)
        self._longest = max(map(len, self._forms), default=0)

    def expansions(self, question: str) -> tuple[Expansion, ...]:
        """The dictionary's words in `question`, longest first where they overlap, in order.

        They are whole words of it: 本社 is none in 日本社会, nor 部長 in 副部長.
        Offsets count the characters of `question` when folding keeps their number, else of its folded form.
        """
        if self._pattern is None:
            return ()
        text, shown = _same_length(question)
        if not self._pattern.search(text):  # the morphemes take longer
            return ()
        return tuple(
            Expansion(start, end, shown[start:end], others)
            for start, end in self._whole_words(text)
            if (others := self._forms[text[start:end]])
        )

    def _whole_words(self, text: str) -> Iterator[tuple[int, int]]:
        starts, ends = _boundaries(text)
        done = 0
        for start in starts:
            if start < done:
                continue
            for end in reversed([end for end in ends if start < end <= start + self._longest]):
                if text[start:end] in self._forms:
                    yield start, end
                    done = end
                    break

    def annotated(self, question: str) -> str:
        """`question` with the other words in brackets, for embedding: 年休(年次有給休暇)は何日."""
        _, shown = _same_length(question)
        for found in reversed(self.expansions(question)):
            shown = f"{shown[: found.end]}({'、'.join(found.others)}){shown[found.end :]}"
        return shown

    def reworded(self, question: str, texts: Sequence[str]) -> str:
        """`question` in the words of `texts`: a word that they do not hold gives way to one that they do."""
        found = self.expansions(question)
        if not found:
            return question
        _, shown = _same_length(question)
        there = fold("\n".join(texts))
        for expansion in reversed(found):
            if fold(expansion.words) in there:
                continue
            counts = {other: there.count(fold(other)) for other in expansion.others}
            best = max(expansion.others, key=lambda other: counts[other])
            if counts[best]:
                shown = shown[: expansion.start] + best + shown[expansion.end :]
        return shown


class DictionaryFile:
    """The workspace's dictionary as it is now: read again when the file has changed. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._current = Dictionary()

    def current(self) -> Dictionary:
        """The rows that can be used. Broken ones are left out and logged; `read_dictionary` lists them."""
        with self._lock:
            stamp = _stamp(self.path)
            if stamp != self._stamp:
                entries, problems = read_dictionary(self.path)
                for problem in problems[:5]:
                    logger.warning("%s row %d: %s", self.path, problem.row, problem.message)
                self._current, self._stamp = Dictionary(entries), stamp
            return self._current


def read_dictionary(path: Path) -> tuple[list[Entry], list[Problem]]:
    """The entries of the file at `path` (it may be absent), and what is wrong with it."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return [], []
    except OSError as error:
        return [], [Problem(0, "", f"the file cannot be read ({error.strerror})")]
    text = _decoded(data)
    if text is None:
        return [], [Problem(0, "", "the file is neither UTF-8 nor Shift_JIS (CP932): save it as one of them")]
    return _parsed(text)


def save_dictionary(path: Path, entries: Sequence[Entry]) -> None:
    """Write all entries, in UTF-8 with a mark that lets spreadsheets know it.

    Raises:
        DictionaryError: an entry is not valid; nothing is written.
    """
    rows = [(entry.term, entry.reading, "|".join(entry.synonyms)) for entry in entries]
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([FIELDS, *rows])
    _, problems = _parsed(out.getvalue())
    if problems:
        raise DictionaryError("; ".join(f"row {found.row}: {found.message}" for found in problems))
    temporary = path.with_suffix(".csv.new")
    temporary.write_bytes(out.getvalue().encode("utf-8-sig"))
    replace_file(temporary, path)


def add_entry(path: Path, entry: Entry) -> None:
    """Put an entry into the file, in place of the one with the same term.

    Raises:
        DictionaryError: the entry is not valid, or the file has mistakes that rewriting it would lose.
    """
    entries = _intact(path)
    kept = [known for known in entries if fold(known.term) != fold(entry.term)]
    save_dictionary(path, [*kept, entry])


def remove_entry(path: Path, term: str) -> bool:
    """Take the entry of `term` out of the file; False when there is none.

    Raises:
        DictionaryError: the file has mistakes that rewriting it would lose.
    """
    entries = _intact(path)
    kept = [known for known in entries if fold(known.term) != fold(term)]
    if len(kept) < len(entries):
        save_dictionary(path, kept)
    return len(kept) < len(entries)


def _intact(path: Path) -> list[Entry]:
    entries, problems = read_dictionary(path)
    if problems:
        first = problems[0]
        raise DictionaryError(
            f"{path} has {len(problems)} mistakes, the first in row {first.row}: {first.message}. "
            "Mend the file first; konkyo dictionary check lists them."
        )
    return entries


def _decoded(data: bytes) -> str | None:
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _parsed(text: str) -> tuple[list[Entry], list[Problem]]:
    entries: list[Entry] = []
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        return [], [Problem(0, "", f"the file is not CSV ({error}): close every quotation mark")]
    for number, row in enumerate(rows, start=1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or cells[0].startswith("#") or (number == 1 and _is_header(cells)):
            continue
        entry, found = _entry(cells, number)
        if entry is not None and (first := seen.setdefault(fold(entry.term), number)) != number:
            found.append(Problem(number, "term", f"{entry.term!r} stands in row {first} already: join them"))
        problems += found
        if entry is not None and not found:
            entries.append(entry)
    return entries, problems


def _is_header(cells: Sequence[str]) -> bool:
    return all(cell.lower() in names for cell, names in zip(cells, _HEADERS, strict=False))


def _entry(cells: Sequence[str], number: int) -> tuple[Entry | None, list[Problem]]:
    problems: list[Problem] = []
    if len(cells) > len(FIELDS) and any(cells[len(FIELDS) :]):
        problems.append(
            Problem(number, "", f"{len(cells)} columns: there are three, and synonyms are separated by |")
        )
    term, reading, joined = (*cells, "", "")[:3]
    synonyms = [word.strip() for word in joined.replace("｜", "|").split("|")]
    if not term:
        problems.append(Problem(number, "term", "the term is empty"))
        return None, problems
    for field, word in (("term", term), *(("synonyms", synonym) for synonym in synonyms if synonym)):
        if len(word) > _LONGEST:
            problems.append(Problem(number, field, f"{word[:20]!r}… is longer than {_LONGEST} characters"))
        elif len(word) < 2:
            problems.append(
                Problem(number, field, f"{word!r} is one character: it would be found everywhere")
            )
        elif any(not character.isprintable() for character in word):
            problems.append(
                Problem(number, field, f"{word!r} holds a line break or another control character")
            )
    if not _READING.fullmatch(reading):
        problems.append(Problem(number, "reading", f"the reading {reading!r} is not in kana"))
    if not reading and not any(synonyms):
        problems.append(Problem(number, "synonyms", "there is neither a reading nor a synonym"))
    kept = tuple(dict.fromkeys(word for word in synonyms if word and fold(word) != fold(term)))
    return Entry(term, reading, kept, number), problems


def _pattern(forms: dict[str, tuple[str, ...]]) -> re.Pattern[str] | None:
    if not forms:
        return None
    parts = []
    for form in sorted(forms, key=len, reverse=True):
        start = "(?<![a-z0-9])" if _ALNUM.match(form) else ""
        end = "(?![a-z0-9])" if _ALNUM.match(form[-1]) else ""
        parts.append(f"{start}{re.escape(form)}{end}")
    return re.compile("|".join(parts), re.ASCII)


def _boundaries(text: str) -> tuple[list[int], list[int]]:
    """Where words of `text` (folded) may begin and where they may end, in order.

    A word goes on from its prefix (副部長). Latin letters and digits go by themselves, as in codes.
    """
    starts, ends = set(), set()
    after_prefix = False
    for word in words_in(text):
        if not after_prefix:
            starts.add(word.start)
        ends.add(word.end)
        after_prefix = word.kind[0] == "接頭辞"
    for match in _LATIN.finditer(text):
        inside = range(match.start() + 1, match.end())
        starts = {at for at in starts if at not in inside} | {match.start()}
        ends = {at for at in ends if at not in inside} | {match.end()}
    return sorted(starts), sorted(ends)


def _same_length(question: str) -> tuple[str, str]:
    """The folded question, and the question with as many characters: itself, or again the folded one."""
    folded = fold(question)
    return folded, (question if len(folded) == len(question) else folded)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size
