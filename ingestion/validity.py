"""From when to when a document counts, which version it is: told by its file's name, folder and text.

Reads 改定, 廃止, 第3版, version 2, 施行日, 有効期限 and the like; names: version_names.py. A day
counts only where its sentence speaks of the document, not of one clause, of a card or of another rule. Days
are ISO (2024-04-01); a month or a year counts from its first day to its last. Does not compare documents: see
versions.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

from ingestion.dates import Moment, dates
from ingestion.periods import FISCAL_MONTH, period
from ingestion.version_names import (
    OLD_FOLDER,
    RULE_WORDS,
    file_key,
    name_key,
    name_standing,
    name_version,
    numbers,
    path_date,
)
from ingestion.written_forms import fold

__all__ = [
    "Facts", "State", "Version", "file_key", "joined", "name_facts", "name_key", "state_on", "text_facts",
]  # fmt: skip

State = Literal["in_force", "superseded", "abolished", "expired", "future", "draft"]

_HEAD, _TAIL = 1_500, 2_500  # characters in which a document speaks about itself: its head and its 附則
_NEAR = 24
_SENTENCE = 160  # characters before a day in which its subject is looked for

_TEXT_VERSION = re.compile(
    r"第\s?([0-9]+(?:\.[0-9]+)*)\s?版(?![にのをはで]|以|対応|から|まで)|"
    r"^[ (【\[]*(?:(?:文書|版数?|document|manual)[ :]*)?改訂\s?([0-9]+)(?![0-9年/.-])|"
    r"^[ (【\[]*(?:(?:文書|版数?|document|manual)[ :]*)?"
    r"(?:ver(?:sion)?|rev(?:ision)?|v)[ ._-]?([0-9]+(?:\.[0-9]+)*)(?=[ )】\]]*(?:$|[0-9(]))",
    re.MULTILINE,
)
"""On a line of its own: "Windows Version 11 対応" is no version of the manual."""

_FROM_LABEL = re.compile(
    r"(?:施行(?:年月)?日?|適用(?:開始)?日|発効日|実施日|最終改[定訂正]日?|改[定訂正](?:年月)?日?|制定(?:年月)?日?|"
    r"effective(?: date| from| as of)?|valid from|in force from|revised|last updated)[\s:は]*$"
)
_TO_LABEL = re.compile(
    r"(?:有効期限|有効期間|適用期間|使用期限|掲載期限|廃止日|失効日|"
    r"valid (?:until|through|to)|expires?(?: on)?)[\s:は]*$"
)
_STARTS = re.compile(
    r"^\s*(?:付け?で|から|より|に|をもって|を以って|を以て)?[、\s]*(?:改[定訂正](?:の上|し)?[、\s]*)?"
    r"(?:施行|実施|発効|効力を|適用(?:する|し、|を開始))"
)
_ENDS = re.compile(
    r"^\s*(?:限り(?!で)|限りで|まで(?:の間)?(?:有効|適用|とする)|"
    r"をもって(?:廃止|失効|終了)|に(?:廃止|失効)|付け?で(?:廃止|失効))"
)
_MAYBE = re.compile("こと(?:が|も)|場合|得る|とき")
_PERIOD_TO = re.compile(r"^\s*(?:から|より|〜|~|-|to|through|until)\s*$")
_OWN = (
    r"(?:本(?![社店部人])|この|当(?!該)|今回の|改[定訂正]後の)[^\s。、はがをの旧]{0,12}?"
    rf"(?:{RULE_WORDS}|文書|ガイドライン|ポリシー|手引き?|法律|[政省府]令|条例|告示|訓令|(?:価格|料金|賃金|単価|運賃)表|改[定訂正])"
)
_OWN_SUBJECT = re.compile(rf"{_OWN}(?:の(?:一部)?(?:改[定訂正]|制定))?は[、\s]*")
_CLAUSE = re.compile(
    "ただし|但し|第[0-9一二三四五六七八九十百]+[条項号章節表]|別表|別紙|の規定は|については|に関して|のうち|手当|"
    "(?:section|clause|article|appendix|annex|paragraph) [0-9a-z]"
)
_ENGLISH_SUBJECT = re.compile(
    r"\s*this (?:document|policy|manual|guide(?:line)?|procedure|rule|regulation|version|price list|notice)"
    r" (?:is |remains |will be )?"
)
_RENEWED = re.compile("自動(?:的に)?(?:更新|延長|継続)")
_NO_SUBJECT = re.compile(r"[\s・●○■◆*#(【\[|:、,0-9.附則]*")
"""What may stand before a day or its label in a sentence that names no subject, 附則 apart."""
_OWN_END = re.compile(
    rf"{_OWN}は(?P<between>[^。\n]{{0,30}}?)(?:廃止|失効)"
    r"(?:する|した|します|しました|とする|とします|された|されました|するものとする|済み?)\s*(?=[。\n)]|$)"
)
_NOT_ENDING = re.compile(
    "を(?!もって|以て|以って)(?<!これを)|場合|とき|なら|まで|こと|都合|決議|承認|必要|とも|など|限り"
)
_REPLACES = re.compile(
    r"(?:に伴い|により|をもって|と同時に|施行の(?:日|際)に?)[、\s]*(?:従前の|従来の|旧)?[「『]?"
    rf"(?P<name>(?!本|この|当)[^。、\n「」『』()]{{0,28}}?(?:{RULE_WORDS}|[^。、\n「」『』()]{{2,28}}(?=[」』])))[」』]?"
    r"(?:[(][^)]{0,40}[)])?は[、\s]*(?:これを)?廃止(?:する|した|します|しました|とする|とします)\s*(?=[。\n]|$)"
)
_ABOLISHED_MARK = re.compile(
    r"(?:^\s*|\A[^\n]{0,60}(?<![条項章節款号]))[【\[<(]\s*(?:廃止|失効|旧版|obsolete|superseded)\s*[】\]>)]",
    re.MULTILINE,
)


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


def text_facts(text: str, fiscal_month: int = FISCAL_MONTH) -> Facts:
    """What the head and the end of a document's text say; `text` is normalised."""
    parts = [text] if len(text) <= _HEAD + _TAIL else [text[:_HEAD], text[-_TAIL:]]
    starts: list[str] = []
    ends: list[str] = []
    for part in map(fold, parts):
        found_starts, found_ends = _validity(part, fiscal_month)
        starts += found_starts
        ends += found_ends
    whole = fold("\n".join(parts))
    head = fold(text[:_HEAD])
    version = _TEXT_VERSION.search(head[:300])
    abolished = _ABOLISHED_MARK.search(head[:300]) or (not ends and _abolishes_itself(whole))
    # Several ends are those of the items of a list, of which none is the document's own.
    begin, end = max(starts, default=None), ends[0] if len(set(ends)) == 1 else None
    if _RENEWED.search(whole):
        end = None
    return Facts(
        version=numbers(version) if version else (),
        valid_from=begin,
        valid_to=end if end is None or begin is None or begin <= end else None,
        standing="abolished" if abolished else "",
        replaces=tuple(dict.fromkeys(name_key(match["name"]) for match in _REPLACES.finditer(whole))),
    )


def name_facts(paths: Iterable[str], title: str = "", fiscal_month: int = FISCAL_MONTH) -> Facts:
    """What the names of a document's files and folders say, and its title."""
    found = Facts()
    for path in paths:
        place = PurePosixPath(path)
        stem = fold(place.stem)
        standing = name_standing(stem) or (
            "old" if any(OLD_FOLDER.match(fold(folder)) for folder in place.parent.parts) else ""
        )
        found = replace(
            found,
            version=found.version or name_version(stem),
            dated=found.dated or path_date(path, fiscal_month),
            standing=found.standing or standing,
        )
    if not found.standing:
        found = replace(found, standing=name_standing(fold(title)))
    return found


def joined(name: Facts, text: Facts) -> Facts:
    """Both together: a name outranks the text, but what the text abolishes is abolished."""
    standing = name.standing or text.standing
    if "abolished" in (name.standing, text.standing):
        standing = "abolished"
    return Facts(
        name.version or text.version, text.valid_from, text.valid_to, name.dated, standing, text.replaces
    )


def _abolishes_itself(text: str) -> bool:
    """Whether a sentence says flatly that the document is abolished: not that it may be, nor what it ends."""
    return any(not _NOT_ENDING.search(match["between"]) for match in _OWN_END.finditer(text))


def _validity(part: str, fiscal_month: int) -> tuple[list[str], list[str]]:
    """Days on which `part` (folded) says that its document comes into force, and ends."""
    starts: list[str] = []
    ends: list[str] = []
    previous: tuple[Moment, str] | None = None
    for moment in dates(part):
        if moment.fields[0] is None:
            continue
        first, last = period(moment, part, fiscal_month)
        before = part[max(0, moment.start - _NEAR) : moment.start]
        after = part[moment.end : moment.end + _NEAR]
        second = previous is not None and _PERIOD_TO.match(part[previous[0].end : moment.start])
        kind = ""
        if second and previous is not None and previous[1] == "period":
            ends.append(last)
        elif label := _TO_LABEL.search(before):
            if _speaks_of_itself(part, moment.start - len(label.group()), strict=True):
                period_follows = _PERIOD_TO.match(_until_date(part, moment.end))
                kind = "period" if period_follows else ""
                if period_follows:
                    starts.append(first)
                else:
                    ends.append(last)
        elif _ENDS.match(after):
            if _speaks_of_itself(part, moment.start, strict=True) and not _MAYBE.search(after):
                ends.append(last)
        elif label := _FROM_LABEL.search(before):
            if _speaks_of_itself(part, moment.start - len(label.group()), strict=False):
                starts.append(first)
                kind = "period"
        elif _STARTS.match(after) and _speaks_of_itself(part, moment.start, strict=False):
            starts.append(first)
            kind = "period"
        previous = (moment, kind)
    return starts, ends


def _until_date(part: str, at: int) -> str:
    """The text from `at` to the next date, at most a few characters."""
    following = next(iter(dates(part[at : at + 20])), None)
    return part[at : at + following.start] if following else ""


def _speaks_of_itself(part: str, at: int, *, strict: bool) -> bool:
    """Whether what stands before `at` in its sentence makes the whole document the subject, or names none.

    `strict` is for ends, which are worse to get wrong: without a subject nothing else may stand there.
    """
    first = max(0, at - _SENTENCE)
    begin = max(part.rfind("。", first, at) + 1, part.rfind(". ", first, at) + 1, first)
    sentence = part[begin:at]
    if subjects := list(_OWN_SUBJECT.finditer(sentence)):
        own = subjects[-1]
        said = re.sub("第[^。]{1,40}?を除き", "", sentence[own.end() :])
        doubt = _CLAUSE.search(said) or re.search("ただし|但し", sentence[: own.start()][-6:])
        return not doubt and not (strict and re.search("を(?!もって|以て|以って)", said))
    line = sentence[sentence.rfind("\n") + 1 :]
    if re.search(rf"{_OWN}の\s*$", line):
        return True
    if strict:
        return bool(_NO_SUBJECT.fullmatch(_without_days(line)) or _ENGLISH_SUBJECT.fullmatch(line))
    return not (_CLAUSE.search(line) or re.search(r"は|の\s*$|を", line))


def _without_days(line: str) -> str:
    """`line` without days and their labels: 制定 1968年4月1日 最終改定 2025年4月1日 is nothing else."""
    for moment in reversed(list(dates(line))):
        line = f"{line[: moment.start]}\n{line[moment.end :]}"
    return "".join(_TO_LABEL.sub("", _FROM_LABEL.sub("", piece)) for piece in line.split("\n"))
