"""Numbers that belong to one person: My Number, cards, bank accounts, licences, passports, staff numbers.

Works on folded text. What a check digit cannot prove, a label beside the number must.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingestion.screening.findings import Finding, personal

_GAP = r"[\s::は=()「」『』|・,、\[\]【】]{0,6}"
_TWELVE = re.compile(r"(?<!\d)(?<!\d[ -])\d{4}([ -]?)\d{4}\1\d{4}(?![ -]?\d)")
_CARD = re.compile(
    r"(?<!\d)(?<!\d[ -])(?:\d{4}([ -]?)\d{4}\1\d{4}\1\d{4}|3\d{3}([ -]?)\d{6}\2\d{4,5}|\d{13,19})(?![ -]?\d)"
)
_ISSUERS = re.compile(
    r"4\d{12}(?:\d{3}){0,2}$|5[1-5]\d{14}$|2(?:2[2-9]|[3-6]\d|7[01]|720)\d{12,13}$|3[47]\d{13}$"
    r"|35\d{14}$|3(?:0[0-5]|[68]\d)\d{11}$|6(?:011|5\d\d)\d{12}$|62\d{14,17}$"
)
_MY_NUMBER_LABEL = re.compile(r"マイナンバー|個人番号|my ?number|individual number", re.IGNORECASE)
_CARD_LABEL = re.compile(r"カード|クレジット|card|visa|master|jcb|amex", re.IGNORECASE)
_OTHER_LABEL = re.compile(
    r"(?:法人|注文|受注|発注|伝票|管理|製造|商品|部品|予約|受付|追跡|請求書?|契約|登録|追番|機|整理|お客様)"
    rf"(?:番号|コード|No\.?|ID){_GAP}$|(?:order|invoice|tracking|serial|part) ?(?:no\.?|number|id|#){_GAP}$",
    re.IGNORECASE,
)
_BANK_WORDS = "銀行|信用金庫|信用組合|労働金庫|農業協同組合|信金|農協"
_BANK_IN_KANA = (
    "みずほ信託|みずほ|ゆうちょ|埼玉りそな|りそな|きらぼし|きらやか|もみじ|みちのく|みなと|あおぞら|あいち|しずおか"
    "|関西みらい|auじぶん|GMOあおぞらネット"
)
_BANK = re.compile(
    rf"(?:(?:{_BANK_IN_KANA})(?:銀行)|[A-Za-z一-龥々ァ-ヶー]{{1,14}}(?:{_BANK_WORDS}))"
    r"(?: ?\(?(?:金融機関)?(?:コード)? ?\d{4}\)?)?"
    r"[ ・]?(?:[一-龥々ぁ-んァ-ヶーA-Za-z0-9]{1,14}?(?:支店|本店|営業部|出張所|支所|店)|本店)?"
    r"(?: ?\(?(?:店番号?|支店コード|店)?[:: ]?\d{3}\)?)?"
    r"[ ・:(]{0,3}(?:普通|当座|貯蓄|\(普\)|\(当\))(?:預金|口座)?[ :)]{0,3}(?:口座番号|No\.?)?[ :]{0,3}"
    r"\d{6,8}(?!\d)"
)
_BEFORE_BANK = re.compile(r"^.*(?:振込先|引落先|引落口座|口座|金融機関|取引先|指定|名義|変更前|変更後)")
_ACCOUNT = re.compile(rf"(?:口座番号|account (?:no\.?|number)){_GAP}(?P<v>\d{{6,8}})(?!\d)", re.IGNORECASE)
_POST_BANK = re.compile(r"記号[ ::]{0,3}\d{5}[ -]{0,2}(?:の)?[ ,、]{0,2}番号[ ::]{0,3}\d{6,8}(?!\d)")
_LICENSE = re.compile(rf"免許証?(?:の)?(?:番号|No\.?){_GAP}(?P<v>第? ?\d{{12}}(?: ?号)?)(?!\d)")
_LICENSE_FORM = re.compile(r"第 ?\d{12} ?号")
_PASSPORT = re.compile(
    rf"(?:旅券|パスポート|passport) ?(?:の)?(?:番号|no\.?|number)?{_GAP}"
    r"(?P<v>[A-Z]{2} ?\d{7})(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_STAFF = re.compile(
    r"(?:(?:社員|職員|従業員|スタッフ)(?:番号|ID|コード|No\.?|№)|employee ?(?:id|no\.?|number|#))"
    r"[ ::は#]{0,4}[A-Z]{0,3}-?\d{3,10}(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_LOOK_BACK = 30


def find_codes(text: str) -> Iterator[Finding]:
    """All numbers of this file's kinds in folded text."""
    yield from _my_numbers(text)
    yield from _cards(text)
    yield from _accounts(text)
    for match in _LICENSE.finditer(text):
        yield personal("LICENSE", match.start("v"), match.end("v"), 0.97)
    for match in _LICENSE_FORM.finditer(text):
        yield personal("LICENSE", match.start(), match.end(), 0.7)
    for match in _PASSPORT.finditer(text):
        yield personal("PASSPORT", match.start("v"), match.end("v"), 0.97)
    for match in _STAFF.finditer(text):
        yield personal("EMPLOYEE_ID", match.start(), match.end(), 0.95)


def my_number_is_valid(digits: str) -> bool:
    """The check digit of 12 digits (ministerial ordinance on My Number, 2014, article 5).

    With P(n) the n-th digit from the right after the check digit, and Q(n) = n + 1 for n up to 6, else n - 5:
    11 - (sum of P(n) Q(n) mod 11), and 0 where that is 10 or 11.
    """
    if not re.fullmatch(r"\d{12}", digits, re.ASCII):
        return False
    weights = [n + 1 if n <= 6 else n - 5 for n in range(1, 12)]
    rest = sum(int(digit) * weight for digit, weight in zip(digits[10::-1], weights, strict=True)) % 11
    return int(digits[11]) == (0 if rest <= 1 else 11 - rest)


def luhn_is_valid(digits: str) -> bool:
    """The check digit of ISO/IEC 7812-1: every second digit from the right doubled, sum divisible by 10."""
    values = [int(digit) for digit in reversed(digits)]
    doubled = [value * 2 - 9 * (value > 4) for value in values[1::2]]
    return (sum(values[::2]) + sum(doubled)) % 10 == 0


def _my_numbers(text: str) -> Iterator[Finding]:
    for match in _TWELVE.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        if not my_number_is_valid(digits):
            continue
        before = text[max(0, match.start() - _LOOK_BACK) : match.start()]
        if _MY_NUMBER_LABEL.search(before):
            yield personal("MYNUMBER", match.start(), match.end(), 0.99)
        elif match[1] and not _OTHER_LABEL.search(before):
            # One in eleven numbers has a right check digit by chance; bare twelve digits prove too little.
            yield personal("MYNUMBER", match.start(), match.end(), 0.6)


def _cards(text: str) -> Iterator[Finding]:
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        if not (_ISSUERS.match(digits) and luhn_is_valid(digits)):
            continue
        before = text[max(0, match.start() - _LOOK_BACK) : match.start()]
        if _CARD_LABEL.search(before):
            yield personal("CARD", match.start(), match.end(), 0.99)
        elif not _OTHER_LABEL.search(before):
            yield personal(
                "CARD", match.start(), match.end(), 0.9 if len(digits) < len(match.group()) else 0.7
            )


def _accounts(text: str) -> Iterator[Finding]:
    for match in _BANK.finditer(text):
        start = match.start()
        if prefix := _BEFORE_BANK.match(text[start : start + 14].split("銀行")[0]):
            start += prefix.end()
        yield personal("BANK", start, match.end(), 0.96)
    for match in _ACCOUNT.finditer(text):
        yield personal("BANK", match.start("v"), match.end("v"), 0.85)
    for match in _POST_BANK.finditer(text):
        yield personal("BANK", match.start(), match.end(), 0.9)
