"""A table taken from documents, part by part; each row is checked value by value against its part.

A value counts as found when the part holds it as it stands, without regard to width, case and marks, or the
same amount or date in another form. A row stands on the sentence or row that holds most of its values.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.answers import Citation, Claim, Event, Finished, Hit, Progress, Retrieved, Verdict
from assistant.errors import TaskError
from assistant.grounding.numbers import Fact, facts, matches
from assistant.grounding.quoting import passage_citation
from assistant.repetition import letters
from assistant.rows import Unit, units
from assistant.tasks.steps import Page, Steps
from assistant.tasks.summarising import PART_TOKENS
from assistant.tasks.whole_documents import parts_of

_EMPTY = re.compile(r"[\s\-–—―ー]*")
_RULE = re.compile(r"[\s|:\-]+")


@dataclass(frozen=True, slots=True)
class Record:
    """The values of one row, as many as there are columns; "" where the part gives none."""

    values: tuple[str, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """The same for rows that say the same."""
        return tuple(letters(value) for value in self.values)

    @property
    def line(self) -> str:
        """The row of a Markdown table."""
        return f"| {' | '.join(value.replace('|', '／') for value in self.values)} |"


def extract(steps: Steps, hits: Sequence[Hit]) -> Iterator[Event]:
    """Retrieved, Progress, Token and Checked as rows come, Finished. The text is a Markdown table.

    Raises:
        TaskError: no columns were named.
        GenerationError, PromptTooLongError: as `Writer.draft`.
    """
    columns = steps.request.columns
    if not columns:
        raise TaskError("a table needs the names of its columns. Give them separated by commas.")
    parts = parts_of(hits, PART_TOKENS)
    yield Retrieved(tuple(hits[:8]), steps.request.text)
    page, seen = Page(), {Record(columns).key}
    yield from page.add(f"{Record(columns).line}\n|{' --- |' * len(columns)}")
    fields = {"columns": " | ".join(columns)}
    for number, part in enumerate(parts):
        yield Progress(number, len(parts), part.label)
        document = part.hits[0].document
        written = steps.unchecked(part.sources, steps.request.text, fields=fields, document=document)
        if steps.cancelled():
            break
        for record in records(written, len(columns)):
            if record.key not in seen:
                seen.add(record.key)
                yield from page.add("\n")
                yield from page.add(record.line, [judged(record, part.hits)])
    yield Progress(len(parts), len(parts))
    page.cited(hits)
    writer = steps.writer.generator
    yield Finished(page.answer(writer, steps.request, steps.clock, stopped=steps.cancelled()))


def records(text: str, columns: int) -> list[Record]:
    """The rows in what the model wrote. A line with too few values is filled up, with too many left out."""
    found = []
    for line in text.splitlines():
        if "|" not in line and columns > 1:
            continue
        if _RULE.fullmatch(line):
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        values = tuple("" if _EMPTY.fullmatch(cell) else cell for cell in cells)
        if any(values) and len(values) <= columns:
            found.append(Record(values + ("",) * (columns - len(values))))
    return found


def judged(record: Record, hits: Sequence[Hit]) -> Claim:
    """The row as a claim: supported when every value is found, and one place holds at least half of them."""
    values = [value for value in record.values if value]
    places = [(hit, unit, _held(values, unit)) for hit in hits for unit in units(hit)]
    found = {value for _, _, held in places for value in held}
    lost = [value for value in values if value not in found]
    best = max(places, key=lambda place: len(place[2]), default=None)
    score = len(found) / len(values) if values else 0.0
    reasons = tuple(f"value_not_found:{value}" for value in lost)
    if best is None or not found:
        return Claim(0, len(record.line), record.line, Verdict.UNSUPPORTED, 0.0, (), reasons)
    if not lost:
        together = 2 * len(best[2]) >= len(values)
        verdict, reasons = (Verdict.SUPPORTED, ()) if together else (Verdict.PARTLY, ("values_apart",))
    else:
        verdict = Verdict.PARTLY if score >= 0.5 else Verdict.UNSUPPORTED
    cited = _cited(best, places, values)
    return Claim(0, len(record.line), record.line, verdict, score, cited if score >= 0.5 else (), reasons)


def _held(values: Sequence[str], unit: Unit) -> list[str]:
    said, given = letters(unit.read), facts(unit.read)
    held = []
    for value in values:
        amounts = facts(value)
        same = bool(amounts) and all(any(matches(one, other) for other in given) for one in amounts)
        only_number = same and not any(char.isalpha() for char in _beside(value, amounts))
        if (letters(value) and _stands_in(letters(value), said)) or only_number:
            held.append(value)
    return held


def _beside(value: str, amounts: Sequence[Fact]) -> str:
    """What `value` says beside its amounts and dates."""
    text = unicodedata.normalize("NFKC", value)
    for fact in reversed(amounts):
        text = text[: fact.start] + text[fact.end :]
    return text


def _stands_in(value: str, text: str) -> bool:
    """Whether `text` holds `value`, a number not as part of a longer one."""
    before = r"(?<!\d)" if value[0].isdigit() else ""
    after = r"(?!\d)" if value[-1].isdigit() else ""
    return re.search(before + re.escape(value) + after, text) is not None


def _cited(
    best: tuple[Hit, Unit, list[str]], places: Sequence[tuple[Hit, Unit, list[str]]], values: Sequence[str]
) -> tuple[Citation, ...]:
    """The place that holds most values, and one more for what it does not hold."""
    hit, unit, held = best
    cited = [passage_citation(hit, unit.span, 1, len(held) / len(values))]
    rest = [value for value in values if value not in held]
    other = max(places, key=lambda place: sum(value in rest for value in place[2]), default=None)
    if rest and other is not None and any(value in rest for value in other[2]):
        cited.append(passage_citation(other[0], other[1].span, 1, len(other[2]) / len(values)))
    return tuple(cited)
