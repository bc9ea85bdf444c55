"""Cuts text into sentences, Japanese and English. No sentence is lost: every visible character is in one.

It knows marks, brackets and line shapes, not grammar. A short quotation in brackets stays whole inside the
sentence that quotes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingestion.documents import Span

_LONGEST_QUOTE = 120
"""Characters within which a bracket must close for its inside to be left whole."""

_CLOSER_OF = {
    "「": "」",
    "『": "』",
    "(": ")",
    "（": "）",
    "【": "】",
    "〔": "〕",
    "“": "”",
    "《": "》",
    "〈": "〉",
}
_CLOSERS = frozenset("」』)）】〕”》〉]\"'’")
_STOP = re.compile("[。！？!?｡．.…\n「『(（【〔“《〈]")
_CONTINUING = re.compile("[とをがはにのもでやへ、,。・：:;)）」』】]|って|など|から|まで|より")
_ABBREVIATIONS = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "st",
        "no",
        "nos",
        "vs",
        "e.g",
        "i.e",
        "cf",
        "fig",
        "figs",
        "eq",
        "inc",
        "ltd",
        "co",
        "corp",
        "jr",
        "sr",
        "al",
        "approx",
        "dept",
        "est",
        "p",
        "pp",
        "vol",
        "art",
        "sec",
        "ch",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
        "etc",
        "a.m",
        "p.m",
        "u.s",
        "u.k",
        "ph.d",
        "rev",
        "ed",
        "ext",
        "tel",
        "ver",
    ]
)
_LAST_WORD = re.compile(r"[A-Za-z][A-Za-z.]*$")
_LIST_NUMBER = re.compile(r"^[\s(（]*(?:[0-9０-９]{1,3}(?:[.-][0-9]{1,3})*|[A-Za-z]|[ivxIVX]{1,4})$")
_ITEM = re.compile(
    r"\s*(?:[・･●○◯■□◆◇▲△▼▽★☆※►▶•‣*#>|+]|[-–—]\s|\(?\d{1,3}[).]\s?|\(?[a-zア-ン一二三四五六七八九十]\)"
    r"|第[\d一二三四五六七八九十百〇]+[条章節款項編部]|\d+(?:\.\d+)+[\s.]|[【〔〈《]|[①-⑳]|附則|別表|(?:Q|A|注|図|表)\d*[:.)])"
)
_JAPANESE = re.compile("[\u3040-\u30ff\u3400-\u9fff々〆、]")


def split_sentences(text: str) -> list[Span]:
    """The sentences of `text`, in order, without overlap, without blanks at their ends.

    A line break ends a sentence unless the line looks wrapped (long, without an ending mark, and the next
    line goes on). Marks that end a sentence take the closing brackets after them along.
    """
    spans: list[Span] = []
    start = 0
    for end in _ends(text):
        if span := _trimmed(text, start, end):
            spans.append(span)
        start = end
    if span := _trimmed(text, start, len(text)):
        spans.append(span)
    return spans


def _ends(text: str) -> Iterator[int]:
    """Offsets behind each sentence, the last one left out."""
    at = line_start = 0
    while match := _STOP.search(text, at):
        here = match.start()
        mark = match.group()
        if mark == "\n":
            at = here + 1
            if not _wrapped(text, line_start, here):
                yield here
            line_start = at
        elif mark in _CLOSER_OF:
            at = _behind_quote(text, here)
            if _quote_ends_sentence(text, here, at):
                yield at
        else:
            at = _behind_marks(text, here)
            if _ends_sentence(text, line_start, here, at):
                yield at


def _behind_quote(text: str, start: int) -> int:
    """The offset behind the bracket that closes the one at `start`, or behind that one alone."""
    opener = text[start]
    closer = _CLOSER_OF[opener]
    if text.find(closer, start, start + _LONGEST_QUOTE) < 0:
        return start + 1
    depth = 0
    for index in range(start, min(len(text), start + _LONGEST_QUOTE)):
        character = text[index]
        if character == opener:
            depth += 1
        elif character == closer:
            depth -= 1
            if depth == 0:
                return index + 1
        elif character == "\n" and text[index + 1 : index + 2] in ("\n", ""):
            break
    return start + 1


def _quote_ends_sentence(text: str, start: int, end: int) -> bool:
    """Whether a quotation like 「はい。」 stands as a sentence of its own."""
    if end - start < 3 or text[end - 2] not in "。！？!?":
        return False
    return _CONTINUING.match(text, end) is None and (
        text[start] in "「『“" or _at_sentence_start(text, start)
    )


def _at_sentence_start(text: str, start: int) -> bool:
    before = text[max(0, start - 20) : start].rstrip(" \u3000")
    return not before or before[-1] in "\n。！？!?」"


def _behind_marks(text: str, at: int) -> int:
    """The offset behind a run of ending marks and the brackets that close after it."""
    end = at + 1
    while end < len(text) and text[end] in "。！？!?｡．.…":
        end += 1
    while end < len(text) and text[end] in _CLOSERS and not _opens_again(text, end):
        end += 1
    return end


def _opens_again(text: str, at: int) -> bool:
    """Whether the straight quotation mark at `at` begins a quotation rather than ends one."""
    return text[at] in "\"'" and text[at - 1 : at].isspace()


def _ends_sentence(text: str, line_start: int, at: int, end: int) -> bool:
    mark = text[at]
    following = text[end : end + 1]
    if mark in "。｡":
        return not (text[end - 1] in _CLOSERS and _CONTINUING.match(text, end))
    if mark in "！？!?":
        if text[end - 1] in _CLOSERS and _CONTINUING.match(text, end):
            return False
        return not (at > 0 and text[at - 1].isascii() and following and not following.isspace())
    if mark == "…" or text[at:end].startswith(".."):
        rest = text[end : end + 2].lstrip()
        return following.isspace() and (not rest or rest[0].isupper())
    return _full_stop(text, line_start, at, end)


def _full_stop(text: str, line_start: int, at: int, end: int) -> bool:
    """Whether the "." (or "．") at `at` ends a sentence: no number, abbreviation, initial or list number."""
    following = text[end : end + 1]
    before = text[at - 1 : at]
    if following and not following.isspace():
        return bool(_JAPANESE.match(before) and _JAPANESE.match(following) and before not in "ァ-ヶ")
    if at - line_start < 20 and _LIST_NUMBER.match(text[line_start:at]):
        return False
    word = _LAST_WORD.search(text, max(line_start, at - 20), at)
    if word and (
        word.group().lower() in _ABBREVIATIONS or (len(word.group()) == 1 and word.group().isupper())
    ):
        return text[end : end + 1] in ("", "\n")
    rest = text[end : end + 40].lstrip(" \u3000")
    return not rest or not rest[0].islower()


def _wrapped(text: str, start: int, end: int) -> bool:
    """Whether the line [start, end) only wraps into the next one."""
    line = text[start:end].strip()
    stop = text.find("\n", end + 1)
    following = text[end + 1 : stop if stop >= 0 else len(text)].strip()
    if not line or not following or _ITEM.match(following) or line[-1] in "。！？!?｡:：;|":
        return False
    last, first = line[-1], following[0]
    if _JAPANESE.match(last) or _JAPANESE.match(first):
        if len(line.split()) > 2:  # cells of a table; Japanese prose has no spaces
            return False
        wide = _width(line)
        return wide >= 56 and wide >= _width(following) - 6 and not line.startswith(("#", "|"))
    if last == "." or not (first.islower() or last == ","):
        return False
    return len(line) >= 45


def _width(line: str) -> int:
    return sum(1 if character.isascii() else 2 for character in line)


def _trimmed(text: str, start: int, end: int) -> Span | None:
    part = text[start:end]
    body = part.strip()
    if not body:
        return None
    start += len(part) - len(part.lstrip())
    return Span(start, start + len(body))
