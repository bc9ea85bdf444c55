"""The headings of a document: its own, and those that its text shows."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from ingestion.documents import Document, Heading

_LONGEST_TITLE = 60
_LEVELS = {"編": 1, "部": 1, "章": 2, "節": 3, "款": 4, "条": 5}
_NUMBER = "[0-9一二三四五六七八九十百〇]+"
_ARTICLE = re.compile(
    rf"^[ \t]*(第{_NUMBER}([編部章節款条])(?:の{_NUMBER})*)(?:[ \t]*[(（][^)）\n]{{1,40}}[)）])?[^\n]*$", re.M
)
_NUMBERED = re.compile(r"^[ \t]*((?:\d{1,2}\.){1,4}\d{0,2}\.?)[ \t]*([^\d\s.,%円][^\n]{0,58})$", re.M)
_SUPPLEMENT = re.compile(
    r"^[ \t]*(附[ \t]?則|別表(?:第?[0-9一二三四五六七八九十]+)?|別紙[0-9]*|付録[A-Z0-9]*)[^\n。]{0,40}$", re.M
)
_WITHIN_SENTENCE = re.compile("第|[のにをはがとでもや、。]|から|及び|又は|または|および|並びに")
_NAMED = re.compile("[ \\t]*[(（][^)）\\n]{1,40}[)）]")
_CAPTION = re.compile(r"^[ \t]*[(（][^()（）\n]{1,40}[)）][ \t]*$")


def find_headings(document: Document) -> tuple[Heading, ...]:
    """The document's own headings with those its text shows: articles (第n条), chapters, numbered titles."""
    own = document.headings
    if document.cells and document.format in ("csv", "xlsx"):
        return own
    taken = sorted(
        [(heading.start, max(heading.end, heading.start + 1)) for heading in own]
        + [(table.start, table.end) for table in document.tables]
    )
    starts = [start for start, _ in taken]
    deepest = max((heading.level for heading in own), default=0)
    found = list(own)
    for heading in _written_headings(document.text, deepest):
        place = bisect_right(starts, heading.end - 1) - 1
        if place < 0 or taken[place][1] <= heading.start:
            found.append(heading)
    return tuple(sorted(found, key=lambda heading: (heading.start, heading.level)))


def _written_headings(text: str, deepest: int) -> Iterator[Heading]:
    for match in _ARTICLE.finditer(text):
        title = match.group().strip()
        if _is_title_line(title, match.group(1), match.group(2)):
            level = deepest + _LEVELS[match.group(2)]
            if match.group(2) == "条":
                yield _article(text, match, level)
            else:
                yield Heading(level, match.start(), match.end(), title)
    for match in _SUPPLEMENT.finditer(text):
        yield Heading(deepest + 2, match.start(), match.end(), match.group().strip())
    for match in _NUMBERED.finditer(text):
        title = match.group().strip()
        if not re.search("[。、,;:]$|\\. ?\\. ?\\.|…|・・・", title) and not title.endswith("."):
            depth = len([part for part in match.group(1).split(".") if part])
            yield Heading(deepest + depth, match.start(), match.end(), title)


def _is_title_line(line: str, number: str, kind: str) -> bool:
    """Whether a line that begins with 第n条 is its title, and not a sentence that wrapped there."""
    rest = line[len(number) :]
    if _WITHIN_SENTENCE.match(rest):
        return False
    if re.search(r"[.…・]{4,}|\s\d{1,3}$", rest):
        return False
    return kind == "条" or (len(line) <= _LONGEST_TITLE and not line.endswith("。"))


def _with_caption(text: str, start: int) -> int:
    """Where the article begins when a line like (年次有給休暇) stands above its number."""
    above = text.rfind("\n", 0, max(start - 1, 0)) + 1
    return above if start and _CAPTION.match(text[above : start - 1]) else start


def _article(text: str, match: re.Match[str], level: int) -> Heading:
    """An article's number with its caption: above it, in brackets behind it, or on its line."""
    number = match.group(1)
    start = _with_caption(text, match.start())
    if start < match.start():
        return Heading(level, start, match.end(1), f"{number} {text[start : match.start()].strip()}")
    if named := _NAMED.match(text, match.end(1)):
        return Heading(level, start, named.end(), number + named.group().rstrip())
    line = match.group().strip()
    if len(line) <= 30 and not line.endswith("。"):
        return Heading(level, start, match.end(), line)
    return Heading(level, start, match.end(1), number)


def is_article(title: str) -> bool:
    """Whether a heading is that of an article or a chapter, as in 第12条 (休暇)."""
    return bool(_ARTICLE.match(title))
