"""From when to when a document counts, which version it is: told by its file's name, folder and text.

Reads 改定, 廃止, 第3版, version 2, 施行日, 有効期限, 旧, 案 and the like. Days are ISO (2024-04-01); a month
or a year counts from its first day. Does not compare documents: see versions.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Literal

from ingestion.dates import Moment, dates
from ingestion.written_forms import fold

State = Literal["in_force", "superseded", "abolished", "expired", "future", "draft"]

_HEAD, _TAIL = 1_500, 2_500  # characters in which a document speaks about itself: its head and its 附則
_NEAR = 24

_VERSION = re.compile(
    r"第\s?([0-9]+(?:\.[0-9]+)*)\s?版|改訂\s?([0-9]+)(?![0-9年/.-])|"
    r"(?<![a-z])(?:ver(?:sion)?|rev(?:ision)?|v)[ ._-]?([0-9]+(?:\.[0-9]+)*)(?![0-9])"
)
_NAME_DATE = re.compile(
    r"(?<![0-9])(?P<y>20[0-9]{2})(?:年度|[-_.年])?(?P<m>0[1-9]|1[0-2]|[1-9](?=月))?[-_.月]?"
    r"(?P<d>(?<=[-_.月0-9])(?:0[1-9]|[12][0-9]|3[01]|[1-9](?=日)))?(?:年度|年|日|fy)?(?![0-9])"
)
_ERA_YEAR = re.compile(r"(?:令和|平成|昭和|(?<![a-z])[rhs])(?:元|[0-9]{1,2})年?度?(?![0-9.])")
_OFFICIAL = re.compile(r"正式版?|正本|確定版?|最終版?|原本|(?<![a-z])(?:official|final|approved)(?![a-z])")
_DRAFT = re.compile(
    r"[(_ \[【]案[)_ \]】]?|(?<![提図議立考])案$|素案|原案|下書き|ドラフト|(?<![a-z])(?:draft|wip)(?![a-z])"
)
_OLD = re.compile(
    r"旧版|旧様式|【旧】|\[旧\]|[(]旧[)]|[_ ]旧$|^旧[_ ]|改[定訂正]前|過去版|"
    r"(?<![a-z])(?:old|obsolete|superseded|archived?)(?![a-z])"
)
OLD_FOLDER = re.compile(r"^(?:旧|旧版|旧規程|過去|過去版|廃止|廃止分|アーカイブ|old|archived?|obsolete)$")
_ABOLISHED = re.compile(r"廃止|失効|(?<![a-z])(?:abolished|withdrawn|repealed)(?![a-z])")
_COPY = re.compile(r"のコピー|コピー|[-_ ]copy|[(][0-9]{1,2}[)]$")
_SEPARATORS = re.compile(r"[\s_\-.,()\[\]【】「」『』:;・~〜]+")

_FROM_LABEL = re.compile(
    r"(?:施行(?:年月)?日?|適用(?:開始)?日|発効日|実施日|最終改[定訂正]日?|改[定訂正](?:年月)?日?|制定(?:年月)?日?|"
    r"effective(?: date| from| as of)?|valid from|in force from|revised|last updated)[\s:は]*$"
)
_TO_LABEL = re.compile(
    r"(?:有効期限|有効期間|適用期間|使用期限|掲載期限|廃止日|失効日|"
    r"valid (?:until|through|to)|expires?(?: on)?)[\s:は]*$"
)
_STARTS = re.compile(
    r"^\s*(?:付け?で|から|より|に|をもって|を以って|を以て)?[、\s]*"
    r"(?:施行|実施|発効|効力を|適用(?:する|し、|を開始))"
)
_ENDS = re.compile(
    r"^\s*(?:限り(?!で)|限りで|まで(?:の間)?(?:有効|適用|とする)|をもって(?:廃止|失効|終了)|に(?:廃止|失効)|付け?で(?:廃止|失効))"
)
_PERIOD_TO = re.compile(r"^\s*(?:から|より|〜|~|-|to|through|until)\s*$")
_OWN_END = re.compile(
    r"(?:本|この|当該)(?:規程|規則|規定|基準|要領|細則|内規|マニュアル|手順書|文書|通知|通達|制度)は[^。\n]{0,30}?(?:廃止|失効)"
    r"(?:する|した|します|しました|とする|されました|済)"
)
_REPLACES = re.compile(
    r"(?:に伴い|により|をもって|と同時に|施行の(?:日|際)に?)[、\s]*(?:従前の|従来の|旧)?[「『]?(?P<name>[^。、\n「」『』()]{2,30}?)[」』]?"
    r"(?:[(][^)]{0,40}[)])?は[、\s]*(?:これを)?廃止"
)
_ABOLISHED_MARK = re.compile(r"[【\[<(]\s*(?:廃止|失効|旧版|obsolete|superseded)\s*[】\]>)]")


@dataclass(frozen=True, slots=True)
class Facts:
    """What one document says about itself. Days are ISO, None where nothing is said.

    `dated` is a day in the file's name; `replaces` are names of documents that this one abolishes. `standing`
    is "draft", "old" (somebody put it among the old ones), "abolished", "official", or "".
    """

    version: tuple[int, ...] = ()
    valid_from: str | None = None
    valid_to: str | None = None
    dated: str | None = None
    standing: str = ""
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """What a document is among its kin. `family` is shared by versions, `text` by copies of one text.

    `preferred` is the copy that is cited. From `superseded_from` on ("" for always) a newer one counts; None
    when there is none.
    """

    id: str
    family: str
    text: str
    preferred: bool
    facts: Facts
    valid_from: str | None
    superseded_from: str | None


def state_on(version: Version, day: str) -> State:
    """What the document is on `day` (ISO)."""
    facts = version.facts
    if version.superseded_from is not None and version.superseded_from <= day:
        return "superseded"
    if facts.valid_to is not None and facts.valid_to < day:
        return "abolished" if facts.standing == "abolished" else "expired"
    if facts.standing == "abolished" and facts.valid_to is None:
        return "abolished"
    if facts.standing == "draft":
        return "draft"
    if facts.standing == "old":
        return "superseded"
    if version.valid_from is not None and version.valid_from > day:
        return "future"
    return "in_force"


def text_facts(text: str) -> Facts:
    """What the head and the end of a document's text say; `text` is normalised."""
    parts = [text] if len(text) <= _HEAD + _TAIL else [text[:_HEAD], text[-_TAIL:]]
    starts: list[str] = []
    ends: list[str] = []
    for part in map(fold, parts):
        found_starts, found_ends = _validity(part)
        starts += found_starts
        ends += found_ends
    whole = fold("\n".join(parts))
    head = fold(text[:_HEAD])
    version = _VERSION.search(head[:300])
    abolished = _ABOLISHED_MARK.search(head[:300]) or (not ends and _OWN_END.search(whole))
    return Facts(
        version=_numbers(version) if version else (),
        valid_from=max(starts, default=None),
        valid_to=max(ends, default=None),
        standing="abolished" if abolished else "",
        replaces=tuple(dict.fromkeys(name_key(match["name"]) for match in _REPLACES.finditer(whole))),
    )


def name_facts(paths: Iterable[str], title: str = "") -> Facts:
    """What the names of a document's files and folders say, and its title."""
    found = Facts()
    for path in paths:
        place = PurePosixPath(path)
        stem = fold(place.stem)
        version = _VERSION.search(stem)
        standing = _standing(stem) or (
            "old" if any(OLD_FOLDER.match(fold(folder)) for folder in place.parent.parts) else ""
        )
        found = replace(
            found,
            version=found.version or (_numbers(version) if version else ()),
            dated=found.dated or _name_date(stem),
            standing=found.standing or standing,
        )
    if not found.standing:
        found = replace(found, standing=_standing(fold(title)))
    return found


def joined(name: Facts, text: Facts) -> Facts:
    """Both together: a name outranks the text, but what the text abolishes is abolished."""
    standing = name.standing or text.standing
    if "abolished" in (name.standing, text.standing):
        standing = "abolished"
    return Facts(
        name.version or text.version, text.valid_from, text.valid_to, name.dated, standing, text.replaces
    )


@lru_cache(maxsize=65_536)
def name_key(name: str) -> str:
    """A name without version, date, standing and signs: 就業規則_第3版(2024) and 【旧】就業規則 are one."""
    key = fold(name)
    for pattern in (_VERSION, _OFFICIAL, _OLD, _DRAFT, _ABOLISHED, _COPY, _NAME_DATE, _ERA_YEAR):
        key = pattern.sub(" ", key)
    key = re.sub("改[定訂正]版?|新版|最新版?|年度版?|[(]?新[)]", " ", key)
    return _SEPARATORS.sub("", key)


def file_key(path: str) -> str:
    """`name_key` of a path's file, without its ending."""
    return name_key(re.sub(r"\.[^./]*$", "", path.rsplit("/", 1)[-1]))


def _standing(name: str) -> str:
    for standing, pattern in (
        ("abolished", _ABOLISHED), ("old", _OLD), ("draft", _DRAFT), ("official", _OFFICIAL),
    ):  # fmt: skip
        if pattern.search(name):
            return standing
    return ""


def _numbers(match: re.Match[str]) -> tuple[int, ...]:
    written = next(group for group in match.groups() if group)
    return tuple(int(part) for part in written.split("."))


def _name_date(stem: str) -> str | None:
    for moment in dates(stem):
        if moment.fields[0]:
            return _day(moment)
    if match := _ERA_YEAR.search(stem):
        era = next(iter(dates(match.group() if "年" in match.group() else f"{match.group()}年")), None)
        if era is not None:
            return _day(era)
    match = _NAME_DATE.search(stem)
    return f"{match['y']}-{int(match['m'] or 1):02}-{int(match['d'] or 1):02}" if match else None


def _day(moment: Moment) -> str:
    year, month, day = moment.fields
    return f"{year:04}-{month or 1:02}-{day or 1:02}"


def _validity(part: str) -> tuple[list[str], list[str]]:
    """Days on which `part` (folded) says that its document comes into force, and ends."""
    starts: list[str] = []
    ends: list[str] = []
    previous: tuple[Moment, str] | None = None
    for moment in dates(part):
        if moment.fields[0] is None:
            continue
        day = _day(moment)
        before = part[max(0, moment.start - _NEAR) : moment.start]
        after = part[moment.end : moment.end + _NEAR]
        second = previous is not None and _PERIOD_TO.match(part[previous[0].end : moment.start])
        if second and previous is not None and previous[1] == "period":
            ends.append(day)
            kind = ""
        elif _TO_LABEL.search(before):
            period = _PERIOD_TO.match(_until_date(part, moment.end))
            kind = "period" if period else ""
            (starts if period else ends).append(day)
        elif _ENDS.match(after):
            ends.append(day)
            kind = ""
        elif _FROM_LABEL.search(before) or _STARTS.match(after):
            starts.append(day)
            kind = "period"
        else:
            kind = ""
        previous = (moment, kind)
    return starts, ends


def _until_date(part: str, at: int) -> str:
    """The text from `at` to the next date, at most a few characters."""
    following = next(iter(dates(part[at : at + 20])), None)
    return part[at : at + following.start] if following else ""
