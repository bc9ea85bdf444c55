"""Articles, paragraphs and items of Japanese rules: 第12条第2項第1号イ for any place of a text.

条 come from title lines. 項 are lines that begin with their number ("2 会社は…"), the first one often not;
号 begin with (1), 一 or another number in brackets, their parts with イロハ. Numbers must follow one another,
or a line that happens to begin with a number would be taken for one; rows of tables are none, and an article
whose numbers begin again or begin after its first sentence (a list, a table in plain text) has only itself to
name. Where "(1)" begins an article and no
sentence stands before it, such are its paragraphs. Does not see numbers that a word processor only paints.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from ingestion.chunking import find_headings
from ingestion.dates import small_kanji_number
from ingestion.documents import Document, Heading

Mark = tuple[int, str]
"""From this offset on, the text belongs to this article ("" for none)."""

_KANJI = "[一二三四五六七八九十百〇]+"
_NUMBER = f"(?:[0-9]+|{_KANJI})"
_ARTICLE = re.compile(rf"第\s?({_NUMBER})\s?条((?:の{_NUMBER})*)")
_PLACE = re.compile(
    rf"(?:第\s?(?P<sign>{_NUMBER})\s?条|(?<![0-9])(?P<bare>[0-9]{{1,3}})条(?![件約例文]))"
    rf"(?P<subs>(?:の{_NUMBER}(?![0-9一二三四五六七八九十百〇つ個点種件人名]))*)"
    rf"(?:\s?第?(?P<paragraph>{_NUMBER})項)?(?:\s?第?(?P<item>{_NUMBER})号(?P<part>[イロハニホヘト](?![ァ-ヶ]))?)?"
)
_OUTSIDE = re.compile(rf"\s*(?:附[ \t]?則|別表|別紙|付録|第\s?{_NUMBER}\s?[編部章節款])")
_SUPPLEMENT = re.compile(r"\s*附[ \t]?則")
_LETTER = "[一-鿿ぁ-んァ-ヶ]"
_COUNTER = (
    "[年月日週時分秒円万千百億割倍個件通部号項条章節歳才級等段泊台冊枚本社親次つ種期度階口点行頁以名人回位番]"
    "|[かヶカヵケ箇][月所年国]|ページ|パーセント|キロ|メートル"
)
"""After a number without a space (3名, 2日以内) the line goes on with an amount."""
_LINE = re.compile(
    rf"""^[ \t]*(?:
        (?P<paragraph>[0-9]{{1,2}})(?:[ \t]+(?![0-9]{{3}}(?![0-9]))(?=\S)|[.、][ \t]*(?=[^0-9\s.,%]))
      | (?P<close>[0-9]{{1,2}})(?={_LETTER})(?!{_COUNTER})
      | [(（](?P<bracket>[0-9]{{1,2}}|{_KANJI})[)）]
      | (?P<item>[一二三四五六七八九十]{{1,3}})(?:[ \t]+|[、.])
      | (?P<part>[イロハニホヘトチリヌルヲワカヨタレソツネナラム])(?:[ \t]+|[、.)])
    )""",
    re.MULTILINE | re.VERBOSE,
)
_TITLE_OR_NOTHING = re.compile(r"\s*(?:[(（][^()（）]*[)）])?\s*")
_ENDED = re.compile(r"[。．.)）」:：]\s*$")
_VISIBLE = re.compile(r"\S")
_IROHA = "イロハニホヘトチリヌルヲワカヨタレソツネナラム"


@dataclass(slots=True)
class _Within:
    """Where in an article the lines have come to."""

    name: str
    paragraph: int = 0
    item: int = 0
    part: int = 0
    brackets_are_paragraphs: bool = False

    @property
    def path(self) -> str:
        text = self.name
        if self.paragraph:
            text += f"第{self.paragraph}項"
        if self.item:
            text += f"第{self.item}号"
        return text + (_IROHA[self.part - 1] if self.part else "")


def outline(document: Document) -> list[Mark]:
    """Where articles, paragraphs and items of `document` begin, in order; empty when it has no articles."""
    text = document.text
    marks: list[Mark] = []
    headings = [(heading, _article_name(heading)) for heading in find_headings(document)]
    if not any(name for _, name in headings):
        return []
    level = 0
    prefix = ""
    for i, (heading, name) in enumerate(headings):
        end = headings[i + 1][0].start if i + 1 < len(headings) else len(text)
        if name:
            level = heading.level
            marks += _in_article(document, prefix + name, heading, end)
        elif heading.level <= level or _OUTSIDE.match(heading.title):
            level, prefix = 0, "附則" if _SUPPLEMENT.match(heading.title) else ""
            marks.append((heading.start, prefix))
    return marks


def marks_between(marks: Sequence[Mark], start: int, end: int) -> list[Mark]:
    """The marks that say where [start:end) belongs, offsets counted from `start`; the first one is at 0."""
    first = bisect_right(marks, start, key=lambda mark: mark[0]) - 1
    if first < 0 and not any(start < at < end for at, _ in marks):
        return []
    found = [(0, marks[first][1] if first >= 0 else "")]
    found += [(at - start, path) for at, path in marks[first + 1 :] if start < at < end]
    return found if any(path for _, path in found) else []


def named_articles(text: str) -> list[str]:
    """The articles that `text` (NFKC) names, as marks name them: 第12条の2第1項 for 第十二条の二 1項."""
    found = []
    for match in _PLACE.finditer(text):
        name = _article_path(match["sign"] or match["bare"], match["subs"])
        paragraph, item = (_value(match[kind] or "") for kind in ("paragraph", "item"))
        if name:
            name += f"第{paragraph}項" if paragraph else ""
            found.append(name + (f"第{item}号{match['part'] or ''}" if item else ""))
    return found


def article_of(marks: Sequence[Mark], start: int, end: int) -> str | None:
    """The article of [start:end), in the offsets of `marks`; None where there is none.

    That is what all of it belongs to, or the first and last article (第3条〜第5条).
    """
    paths = [path for _, path in marks_between(marks, start, end) if path]
    if not paths:
        return None
    parts = [re.findall(r"附則|第[^第]+?[条項号](?:の[0-9一-十]+)*|[ア-ン]", path) for path in paths]
    shared = 0
    while all(len(part) > shared and part[shared] == parts[0][shared] for part in parts):
        shared += 1
    if shared and parts[0][shared - 1] != "附則":
        return "".join(parts[0][:shared])
    articles = list(dict.fromkeys(_article_only(path) for path in paths))
    return articles[0] if len(articles) == 1 else f"{articles[0]}〜{articles[-1]}"


def pack(marks: Sequence[Mark]) -> str:
    """Marks as they are stored with a chunk; "" for none."""
    return json.dumps(marks, ensure_ascii=False, separators=(",", ":")) if marks else ""


def unpack(packed: str | None) -> tuple[Mark, ...]:
    """The marks that `pack` has written, offsets from the beginning of the chunk."""
    return tuple((int(at), str(path)) for at, path in json.loads(packed)) if packed else ()


def _article_name(heading: Heading) -> str:
    """第十二条の二 as 第12条の2, "" when the heading is no article."""
    match = _ARTICLE.match(heading.title.strip())
    return _article_path(match[1], match[2]) if match else ""


def _article_path(number: str, subs: str) -> str:
    numbers = [_value(number), *(_value(part) for part in subs.split("の")[1:])]
    if None in numbers:
        return ""
    return f"第{numbers[0]}条" + "".join(f"の{number}" for number in numbers[1:])


def _article_only(path: str) -> str:
    return re.sub(r"(?<=条)((?:の[0-9]+)*).*", r"\1", path)


def _in_article(document: Document, name: str, heading: Heading, end: int) -> list[Mark]:
    """Marks of the article that `heading` begins and that ends at `end`."""
    text = document.text
    place = _ARTICLE.search(text, heading.start, end)
    body = max(heading.end, place.end()) if place else heading.end
    marks: list[Mark] = [(heading.start, name)]
    lines = [match for match in _LINE.finditer(text, body, end) if not _in_table(document, match.end())]
    state = _Within(name, brackets_are_paragraphs=_starts_with_bracket(text, body, lines))
    for match in lines:
        if _is_doubtful(state, match, text[body : match.start()]):
            return marks[:1]
        if match["close"] and not _ENDED.search(text[heading.start : match.start()]):
            continue
        if _step(state, match):
            marks.append((match.start() + len(match.group()) - len(match.group().lstrip()), state.path))
    return _with_first_paragraph(marks, name, body, text)


def _starts_with_bracket(text: str, body: int, lines: Sequence[re.Match[str]]) -> bool:
    for match in lines:
        if match["bracket"] and _value(match["bracket"]) == 1:
            return not text[body : match.start()].strip()
    return False


def _in_table(document: Document, at: int) -> bool:
    return any(table.start <= at <= table.end for table in document.tables)


def _is_doubtful(state: _Within, match: re.Match[str], before: str) -> bool:
    """Whether the numbers begin again, or begin with 1 after the article's text has begun."""
    if not match["paragraph"]:
        return False
    number = int(match["paragraph"])
    return number <= state.paragraph or (number == 1 and not _TITLE_OR_NOTHING.fullmatch(before))


def _step(state: _Within, match: re.Match[str]) -> bool:
    """Go on to what `match` begins; False when its number does not follow."""
    begins = match["paragraph"] or match["close"]
    if begins or (match["bracket"] and state.brackets_are_paragraphs):
        number = _value(begins or match["bracket"])
        if number is None or number not in ({state.paragraph + 1} if state.paragraph else {1, 2}):
            return False
        state.paragraph, state.item, state.part = number, 0, 0
    elif numeral := match["bracket"] or match["item"]:
        number = _value(numeral)
        if number != state.item + 1:
            return False
        state.item, state.part = number, 0
    else:
        number = _IROHA.index(match["part"]) + 1
        if not state.item or number != state.part + 1:
            return False
        state.part = number
    return True


def _with_first_paragraph(marks: list[Mark], name: str, body: int, text: str) -> list[Mark]:
    """An article that has a 第2項 has a 第1項 before it, which is mostly not numbered."""
    second = next((i for i, (_, path) in enumerate(marks) if path.startswith(f"{name}第2項")), None)
    numbered = any(path.startswith(f"{name}第1項") for _, path in marks)
    if second is None or numbered:
        return marks
    visible = _VISIBLE.search(text, body)
    start = visible.start() if visible else body
    first = [(at, path.replace(name, f"{name}第1項", 1)) for at, path in marks[1:second]]
    return [marks[0], (start, f"{name}第1項"), *first, *marks[second:]]


def _value(numeral: str) -> int | None:
    """The number written, None for what is none ("十二三名" is twelve or thirteen people)."""
    hundreds, hundred, rest = numeral.partition("百")
    if not hundred:
        return small_kanji_number(numeral)
    many = small_kanji_number(hundreds) if hundreds else 1
    few = small_kanji_number(rest) if rest else 0
    return many * 100 + few if many is not None and few is not None and many < 10 and few < 100 else None
