"""What the names of files and folders say of versions: 第3版, v2, 2024年度, 【旧】, (案), a folder 旧版.

A word counts as a mark only where it stands apart: 【廃止】慶弔規程 is abolished, アカウント廃止手順 is not.
All names are folded.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import PurePosixPath

from ingestion.dates import dates
from ingestion.periods import FISCAL_MONTH, fiscal_year, period
from ingestion.written_forms import fold

VERSION = re.compile(
    r"第\s?([0-9]+(?:\.[0-9]+)*)\s?版|改訂\s?([0-9]+)(?![0-9年/.-])|"
    r"(?<![a-z])(?:ver(?:sion)?|rev(?:ision)?|v)[ ._-]?([0-9]+(?:\.[0-9]+)*)(?![0-9])"
)
RULE_WORDS = "規程|規則|規定|基準|要領|要綱|細則|内規|規約|約款|協定|マニュアル|手順書?|通知|通達|制度|方針"
OLD_FOLDER = re.compile(r"^(?:旧|旧版|旧規程|過去|過去版|廃止|廃止分|アーカイブ|old|archived?|obsolete)$")
YEAR_FOLDER = re.compile("(?:20[0-9]{2}|(?:令和|平成|[rh])[0-9元]{1,2})(?:年度?)?")

_NAME_DATE = re.compile(
    r"(?<![0-9])(?P<y>20[0-9]{2})(?:年度|[-_.年])?(?P<m>0[1-9]|1[0-2]|[1-9](?=月))?[-_.月]?"
    r"(?P<d>(?<=[-_.月0-9])(?:0[1-9]|[12][0-9]|3[01]|[1-9](?=日)))?(?:年度|年|日|fy)?(?![0-9])"
)
_APART = r"(?=$|[\s_\-】)\]>(【\[・]|[0-9])"
_ERA_YEAR = re.compile(
    r"(?:(?:令和|平成|昭和)(?:元|[0-9]{1,2})年?度?|(?<![a-z0-9])(?:[rhs](?:元|[0-9]{1,2})年度?|"
    r"[rh][0-9]{1,2}(?=$|[\s_\-】)\]])))(?:[0-9]{1,2}月(?:[0-9]{1,2}日)?)?(?![0-9.])"
)
_OFFICIAL = re.compile(
    rf"正式版|確定版|最終版|正本|原本|(?:正式|確定|最終){_APART}|(?<![a-z])(?:official|final|approved)(?![a-z])"
)
_DRAFT = re.compile(
    rf"[(\[【]案[)\]】]|[_ ]案(?=$|[_ (]|[0-9])|(?<=改[定訂正])案$|(?<=規程|規則|要領|基準|細則)案$|"
    rf"(?:素案|原案|下書き|ドラフト){_APART}|(?<![a-z])(?:draft|wip)(?![a-z])"
)
_OLD_WORDS = "旧|旧版|旧様式|過去版|old|obsolete|superseded|archived?"
_OLD = re.compile(
    rf"[【(\[<]\s*(?:{_OLD_WORDS})\s*[】)\]>]|(?<=[ _-])(?:{_OLD_WORDS}){_APART}|"
    rf"^(?:旧|旧版|old|obsolete)[ _-]|(?:旧版|旧様式|過去版)$|改[定訂正]前{_APART}"
)
_ABOLISHED_WORDS = "廃止(?:済み?)?|失効(?:済み?)?|abolished|withdrawn|repealed"
_ABOLISHED = re.compile(
    rf"[【(\[<]\s*(?:{_ABOLISHED_WORDS})\s*[】)\]>]|(?<=[ _-])(?:{_ABOLISHED_WORDS})(?=$|[ _-]?[0-9(])|"
    r"廃止済み?$"
)
_COPY = re.compile(r"のコピー|コピー|[-_ ]copy|[(][0-9]{1,2}[)]$")
_REVISED = re.compile("改[定訂正]版?|新版|最新版?|年度版?|[(]?新[)]")
_SEPARATORS = re.compile(r"[\s_\-.,()\[\]【】「」『』:;・~〜]+")
_JAPANESE = re.compile("[ぁ-ヿ一-鿿]")
_PRODUCT = re.compile(r"[a-z][a-z0-9]*[ ]?$")


@lru_cache(maxsize=65_536)
def name_key(name: str) -> str:
    """A name without version, date, standing and signs: 就業規則_第3版(2024) and 【旧】就業規則 are one."""
    key = fold(name)
    if match := _own_version(key):
        key = f"{key[: match.start()]} {key[match.end() :]}"
    return _bare(key)


def file_key(path: str) -> str:
    """`name_key` of a path's file, without its ending."""
    return name_key(re.sub(r"\.[^./]*$", "", path.rsplit("/", 1)[-1]))


def name_version(name: str) -> tuple[int, ...]:
    """The version that a name says, () for none."""
    match = _own_version(name)
    return numbers(match) if match else ()


def numbers(match: re.Match[str]) -> tuple[int, ...]:
    """The numbers of a match of `VERSION`."""
    written = next(group for group in match.groups() if group)
    return tuple(int(part) for part in written.split("."))


def name_standing(name: str) -> str:
    """What a name's marks say: "abolished", "old", "draft", "official", or ""."""
    for standing, pattern in (
        ("abolished", _ABOLISHED), ("old", _OLD), ("draft", _DRAFT), ("official", _OFFICIAL),
    ):  # fmt: skip
        if pattern.search(name):
            return standing
    return ""


def path_date(path: str, fiscal_month: int = FISCAL_MONTH) -> str | None:
    """The first day of the date in a file's name, else of the nearest folder that is a year."""
    place = PurePosixPath(path)
    if found := _name_date(fold(place.stem), fiscal_month):
        return found
    folders = (fold(folder) for folder in reversed(place.parent.parts))
    year = next((folder for folder in folders if YEAR_FOLDER.fullmatch(folder)), None)
    return _name_date(year, fiscal_month) if year else None


def _own_version(name: str) -> re.Match[str] | None:
    """The version of the document itself: "Windows Version 11 設定手順" speaks of another thing's."""
    for match in VERSION.finditer(name):
        before, after = name[: match.start()], name[match.end() :]
        if match.group().startswith(("第", "改")):
            return match
        if _PRODUCT.search(before) and _JAPANESE.search(name):
            continue
        if not _bare(before) or not _bare(after):
            return match
    return None


def _bare(name: str) -> str:
    for pattern in (_OFFICIAL, _OLD, _DRAFT, _ABOLISHED, _COPY, _NAME_DATE, _ERA_YEAR, _REVISED):
        name = pattern.sub(" ", name)
    return _SEPARATORS.sub("", name)


def _name_date(stem: str, fiscal_month: int) -> str | None:
    for moment in dates(stem):
        if moment.fields[0]:
            return period(moment, stem, fiscal_month)[0]
    if match := _ERA_YEAR.search(stem):
        written = match.group() if "年" in match.group() else f"{match.group().removesuffix('度')}年"
        era = next(iter(dates(written)), None)
        if era is not None and era.fields[0]:
            return period(era, written, fiscal_month)[0]
    match = _NAME_DATE.search(stem)
    if match is None:
        return None
    fiscal = "年度" in match.group() or "fy" in match.group() or re.search("fy[ _-]?$", stem[: match.start()])
    if fiscal and not match["m"]:
        return fiscal_year(int(match["y"]), fiscal_month)[0]
    return f"{match['y']}-{int(match['m'] or 1):02}-{int(match['d'] or 1):02}"
