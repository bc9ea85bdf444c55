"""The last look at a ranking: pieces of one section become one passage, and repeated passages step back.

Both only make room: no passage that was found is lost, and none of another page moves down.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

from assistant.answers import Hit
from ingestion.documents import chunk_id

LONGEST = 1_200
"""Characters of a joined passage, at most: two of the longest chunks."""
_GAP = 8  # white space between two chunks
_SAYS_SOMETHING = 40  # characters; shorter ones are alike by chance
_SENTENCE = re.compile(r"[。\n]|\.\s")

Slice = Callable[[str, int, int], str | None]
"""`document.text[start:end]` by the document's id, None when it is not there."""


def joined(hits: Sequence[Hit], text_of: Slice) -> tuple[list[Hit], dict[str, tuple[str, ...]]]:
    """`hits` with neighbours of one section joined at the better one's place, and the parts of each such.

    Neighbours lie on one page under the same headings with nothing but white space between them. The joined
    hit keeps the better one's scores; its text is a slice of the document as any other.
    """
    sections: defaultdict[tuple[object, ...], list[Hit]] = defaultdict(list)
    for hit in hits:
        sections[_section(hit)].append(hit)
    parts: dict[str, tuple[str, ...]] = {hit.chunk_id: (hit.chunk_id,) for hit in hits}
    kept: list[Hit] = []
    for hit in hits:
        waiting = sections[_section(hit)]
        if waiting and waiting[0] is hit:  # else it went with a better one
            kept.append(_with_neighbours(waiting.pop(0), waiting, parts, text_of))
    return kept, parts


def repeated_last(hits: Sequence[Hit]) -> list[Hit]:
    """`hits`, those behind the others that say nothing but what a better one has said, word by word."""
    first: list[tuple[Hit, str]] = []
    last: list[Hit] = []
    for hit in hits:
        sentences = [plain for line in _SENTENCE.split(hit.text) if len(plain := _plain(line)) > 1]
        long = sum(map(len, sentences)) >= _SAYS_SOMETHING
        if long and any(all(sentence in other for sentence in sentences) for _, other in first):
            last.append(hit)
        else:
            first.append((hit, _plain(hit.text)))
    return [*(hit for hit, _ in first), *last]


def _with_neighbours(hit: Hit, waiting: list[Hit], parts: dict[str, tuple[str, ...]], text_of: Slice) -> Hit:
    """`hit` with those of `waiting`, hits of its section, that lie beside it; these wait no longer."""
    at = 0
    while at < len(waiting):
        other = waiting[at]
        whole = _join(hit, other, text_of) if _beside(hit, other) else None
        if whole is None:
            at += 1
            continue
        parts[whole.chunk_id] = parts.pop(hit.chunk_id) + parts.pop(other.chunk_id)
        del waiting[at]
        hit, at = whole, 0  # one that was not beside the smaller passage may be beside this one
    return hit


def _section(hit: Hit) -> tuple[object, ...]:
    return hit.document, hit.page, hit.heading_path, hit.context, hit.locator


def _beside(one: Hit, other: Hit) -> bool:
    first, second = sorted((one, other), key=lambda hit: hit.start)
    return 0 <= second.start - first.end <= _GAP and second.end - first.start <= LONGEST


def _join(better: Hit, other: Hit, text_of: Slice) -> Hit | None:
    """Both as one passage, None where the library says something else than they do."""
    first, second = sorted((better, other), key=lambda hit: hit.start)
    text = text_of(better.document, first.start, second.end)
    if text is None or text != first.text + text[len(first.text) : second.start - first.start] + second.text:
        return None
    if text[len(first.text) : second.start - first.start].strip():
        return None
    moved = tuple((at + second.start - first.start, path) for at, path in second.articles)
    return replace(
        better, start=first.start, end=second.end, text=text, rows=first.rows + second.rows,
        chunk_id=chunk_id(better.document, first.start, second.end), articles=first.articles + moved,
    )  # fmt: skip


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())
