"""Postal addresses of Japan, as far as a house number makes them somebody's.

Sudachi says where the name of a place begins, which no pattern can: 自宅横浜市緑区 begins at 横浜.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ingestion.screening.findings import Finding, personal
from ingestion.tokenizing import Word

_PREFECTURES = (
    "北海道|東京都|京都府|大阪府|(?:青森|岩手|宮城|秋田|山形|福島|茨城|栃木|群馬|埼玉|千葉|神奈川|新潟|富山|石川|福井|山梨|長野|岐阜|静岡|愛知|三重"
    "|滋賀|兵庫|奈良|和歌山|鳥取|島根|岡山|広島|山口|徳島|香川|愛媛|高知|福岡|佐賀|長崎|熊本|大分|宮崎|鹿児島|沖縄)県"
)
_PREFECTURE = re.compile(_PREFECTURES)
_N = "[0-9一二三四五六七八九十]{1,5}"
_NUMBER = (
    rf"(?:[0-9]{{1,5}}|[一二三四五六七八九十]{{1,3}}(?=丁目))"
    rf"(?:(?:丁目|番地|番町?)(?: ?の? ?{_N})?|号(?:の?[0-9]{{1,4}})?|[-の]{_N}){{1,6}}(?:号室?|番地|番)?"
)
_CITY = "[一-龥ぁ-んァ-ヶヵー々]{1,7}?[市区町村郡]"
_ADDRESS = re.compile(
    rf"(?P<pref>{_PREFECTURES})? ?(?P<city>(?:{_CITY}){{0,3}}) ?"
    rf"(?:(?!県|につ|によ|にあ|では|から)[一-龥ぁ-んァ-ヶヵー々]){{0,14}}? ?(?P<number>{_NUMBER})"
)
_NO_HOUSE = re.compile("[0-9一二三四五六七八九十]+(?:号|番)?$")
_BLOCK = re.compile("[0-9一二三四五六七八九十]+丁目$")
_BUILDING = re.compile(
    r"(?: (?:[A-Za-z0-9一-龥々ァ-ヶー・][A-Za-z0-9一-龥々ァ-ヶー・ぁ-ん]{0,18} ?){1,2}?"
    r"|[A-Za-z一-龥々・]{0,8}[ァ-ヶー]{2,14}[A-Za-z一-龥々ァ-ヶー・]{0,12} ?)"
    r"(?:(?:[0-9]{1,4}|[A-Z]-?[0-9]{1,3})(?:号室?|F|階)?(?![0-9\-年月日人円時名件個回%])"
    r"|(?:ビル(?:ディング)?|マンション|アパート|ハイツ|コーポ|ハウス|タワー|会館|荘|寮|棟)"
    r"(?: ?[0-9]{1,4}(?:号室?|F|階)?)?)"
)
_NOT_A_BUILDING = re.compile(r"電話|TEL|FAX|携帯|氏名|担当|生年|連絡|メール|代表|内線|様|〒", re.IGNORECASE)
_LIKELY = re.compile(r"[都道府県市区町村郡].{0,30}[0-9一二三四五六七八九十](?:丁目|番|号|-|の[0-9])")
_LONGEST = 60


def could_hold_address(line: str) -> bool:
    """Whether it is worth looking at the words of a folded line."""
    return _LIKELY.search(line) is not None


def find_addresses(line: str, words: Sequence[Word]) -> Iterator[Finding]:
    """Addresses in a folded line, whose `words` are given; places are those of the line."""
    starts = {match.start() for match in _PREFECTURE.finditer(line)}
    before_is_place = False
    for word in words:
        place = "地名" in word.kind
        if place and not before_is_place:
            starts.add(word.start)
        before_is_place = place
    done = 0
    for start in sorted(starts):
        if start >= done and (found := _address_at(line, start)) is not None:
            yield found
            done = found.end


def _address_at(line: str, start: int) -> Finding | None:
    match = _ADDRESS.match(line, start, start + _LONGEST)
    if match is None or not (match["pref"] or match["city"]):
        return None
    if not match["city"] and _NO_HOUSE.fullmatch(match["number"]):
        return None
    end = match.end()
    building = _BUILDING.match(line, end, end + _LONGEST)
    if building is not None and not _NOT_A_BUILDING.search(building.group()):
        end = building.end()
    if _BLOCK.match(line[match.start("number") : end]):
        return personal("ADDRESS", start, end, 0.55)  # a quarter, not somebody's house
    return personal("ADDRESS", start, end, 0.95 if match["pref"] and match["city"] else 0.85)
