"""The model's pieces become a clean text and its sentences, while they stream.

Source markers (`[2]`, `[1, 3]`) are taken out of the text and kept as hints with their place: which source a
sentence stands on is computed, not believed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ingestion.documents import Span

_MARKER = re.compile(
    r"[ \u3000]*[\[［【]\s*(?:資料|出典|sources?\s)?\s*"
    r"([0-9０-９]{1,2}(?:\s*[,，、]\s*[0-9０-９]{1,2})*)\s*[\]］】]",
    re.IGNORECASE,
)
_MAYBE_MARKER = re.compile(r"[ \u3000]*(?:[\[［【][\s0-9０-９,，、資料出典sourceSOURCE]{0,16})?$")
_END = re.compile(r"[。！？!?]+[」』）)\"”]*|\n+|(?<=[^\s.])\.(?=\s)")
_OPENING = "「『（(["
_CLOSING = "」』）)]"
_LIST_MARK = re.compile(r"\s*(?:[-*•・●○■◆]\s*|\(?[0-9０-９]{1,2}[.)．）]\s+|[①-⑳]\s*|#{1,6}\s+)*\s*")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:no|vs|etc|mr|ms|mrs|dr|art|sec|fig|approx|[A-Za-z]|(?:[A-Za-z]\.)+[A-Za-z])$|^\s*[0-9]{1,2}$",
    re.IGNORECASE,
)
_LEGAL_FORM = re.compile(r"\b(?:inc|ltd|co|corp|bros|plc|llc)$", re.IGNORECASE)
"""May end a name or its sentence, which the next word tells: Acme Inc. earned, Acme Inc. The fee."""
_NO_STATEMENT = re.compile(
    r"""^(?:
      .{0,40}(?:以下|次|下記)の(?:とお|通|よう).{0,12} |
      .{0,60}[:：] |
      [^。.!?]{0,30}\*\*[:：]? |
      (?:はい|いいえ|yes|no|sure|certainly|of\ course) |
      (?:お答えします|回答します|ご質問(?:ありがとう.*|の件.*)|参考(?:に|まで).{0,20}) |
      (?:出典|資料|回答|答え|answer|sources?) |
      (?:based\ on|according\ to)\ [^,]{0,40} |
      here\ (?:is|are)\ .{0,40}
    )[\s。.!！,、:：]*$""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Hint:
    """The model named source `number` at offset `at` of the clean text."""

    at: int
    number: int


class MarkerFilter:
    """Takes source markers out of a stream of pieces. `hints` collects them; `length` counts clean text.

    `highest` is the number of sources: 【12】 in a text about four sources is a key to press, no marker.
    """

    def __init__(self, highest: int = 99) -> None:
        self._highest = highest
        self.hints: list[Hint] = []
        self.length = 0
        self._held = ""

    def feed(self, piece: str) -> str:
        """The clean text that is now certain. What may be the start of a marker is held back."""
        text = self._held + piece
        held = _MAYBE_MARKER.search(text)
        cut = held.start() if held else len(text)
        self._held = text[cut:]
        return self._clean(text[:cut])

    def finish(self) -> str:
        """The rest of the text."""
        text, self._held = self._held, ""
        return self._clean(text.rstrip(" \u3000"))

    def _clean(self, text: str) -> str:
        parts, last = [], 0
        for match in _MARKER.finditer(text):
            numbers = [int(number) for number in re.findall(r"[0-9０-９]+", match.group(1))]
            if not all(1 <= number <= self._highest for number in numbers):
                continue
            parts.append(text[last : match.start()])
            self.length += match.start() - last
            self.hints.extend(Hint(self.length, number) for number in numbers)
            last = match.end()
        parts.append(text[last:])
        self.length += len(text) - last
        return "".join(parts)


class ClaimSplitter:
    """Finds the sentences of a text that arrives in pieces. `text` is all that was fed."""

    def __init__(self) -> None:
        self.text = ""
        self._from = 0
        self._searched = 0

    def feed(self, piece: str) -> list[Span]:
        """Sentences that have now ended, as spans of `text`, without list marks and white space.

        A full stop ends a sentence only when a white space follows it, so a number that is still arriving
        ("3." of "3.5") is never cut.
        """
        self.text += piece
        ended: list[Span] = []
        for match in _END.finditer(self.text, self._searched):
            at_the_edge = match.end() == len(self.text) and match.group()[0] != "\n"
            if at_the_edge or not self._ends_sentence(match):
                continue
            if self._is_legal_form(match):
                following = self.text[match.end() :].lstrip(" \u3000")
                if not following:
                    return ended  # the next word tells
                if following[0].islower() or following[0].isdigit():
                    self._searched = match.end()  # or each piece would look at all earlier ones again
                    continue
            ended += self._statement(self._from, match.end())
            self._from = self._searched = match.end()
        return ended

    def finish(self) -> list[Span]:
        """The sentences left at the end of the text."""
        ended = self.feed("\n")
        self.text = self.text[:-1]
        limit = len(self.text)
        return [Span(span.start, min(span.end, limit)) for span in ended if span.start < limit]

    def _ends_sentence(self, match: re.Match[str]) -> bool:
        before = self.text[self._from : match.start()]
        if match.group() == ".":
            return not _ABBREVIATION.search(before)
        if match.group()[0] == "\n":
            return True
        if match.group()[-1] in _CLOSING + '"”' and self.text.startswith("と", match.end()):
            return False
        open_brackets = sum(before.count(mark) for mark in _OPENING)
        closed = sum((before + match.group()).count(mark) for mark in _CLOSING)
        return open_brackets <= closed

    def _is_legal_form(self, match: re.Match[str]) -> bool:
        return match.group() == "." and bool(_LEGAL_FORM.search(self.text[self._from : match.start()]))

    def _statement(self, start: int, end: int) -> list[Span]:
        mark = _LIST_MARK.match(self.text, start, end)
        start = mark.end() if mark else start
        end = start + len(self.text[start:end].rstrip())
        return [Span(start, end)] if start < end and is_statement(self.text[start:end]) else []


def is_statement(text: str) -> bool:
    """Whether a sentence says something that can be checked ("以下の通りです。" does not)."""
    return not _NO_STATEMENT.match(text) and any(char.isalnum() for char in text)


def split_claims(text: str) -> list[Span]:
    """The checkable sentences of a whole text."""
    splitter = ClaimSplitter()
    return splitter.feed(text) + splitter.finish()
