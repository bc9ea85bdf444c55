"""Phone numbers, e-mail addresses, postal codes. Which phone numbers exist is known by phonenumbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

import phonenumbers

from ingestion.screening.findings import Finding, personal

_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9_%+][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24}(?![A-Za-z0-9])"
)
_PHONE = re.compile(
    r"(?<![0-9A-Za-z])(?<![0-9][-.])(?:"
    r"\+\d{1,3}[ -]?(?:\(0?\d{1,4}\)[ -]?)?\d{1,4}(?:[ -]?\d{2,4}){1,4}"
    r"|\(0\d{1,4}\) ?\d{1,4}[- ]\d{3,4}"
    r"|0\d{1,4}\(\d{1,4}\)\d{3,4}"
    r"|0\d{1,4}([- ])\d{1,4}\1\d{3,4}"
    r"|0\d{9,10}"
    r")(?![0-9A-Za-z])(?!-\d)"
)
_PHONE_LABEL = re.compile(
    r"(?:電話|TEL|Tel|tel|携帯|連絡先|FAX|Fax|ファックス|内線|Phone|phone|直通|折り返し|問合せ先?|問い合わせ先?)"
    r"[^\n]{0,12}$"
)
_OTHER_LABEL = re.compile(r"(?:番号|コード|品番|型番|型式|No\.?|ID)[ ::は]{0,3}$", re.IGNORECASE)
_CALLED = re.compile(r"(?:電話|携帯|FAX|連絡先?|直通)番号[ ::は]{0,3}$", re.IGNORECASE)
_POSTAL = re.compile(r"〒 ?\d{3}-?\d{4}(?!\d)")
_BARE_POSTAL = re.compile(r"(?<![\d-])\d{3}-\d{4}(?![\d-])")
_POSTAL_BEFORE = re.compile(r"(?:郵便番号|住所|所在地|〒)[ ::は]{0,3}$")
_POSTAL_AFTER = re.compile(
    r"[ \n]{0,2}(?:北海道|東京都|(?:京都|大阪)府|[一-龥]{2,3}県|[一-龥]{1,6}[市区郡])(?=[一-龥ぁ-んァ-ヶ])"
)


def find_contacts(text: str) -> Iterator[Finding]:
    """Phone numbers, e-mail addresses and postal codes in folded text."""
    for match in _EMAIL.finditer(text):
        yield personal("EMAIL", match.start(), match.end(), 0.98)
    for match in _PHONE.finditer(text):
        if confidence := _phone_confidence(text, match):
            yield personal("PHONE", match.start(), match.end(), confidence)
    for match in _POSTAL.finditer(text):
        yield personal("POSTAL", match.start(), match.end(), 0.97)
    for match in _BARE_POSTAL.finditer(text):
        before, after = text[max(0, match.start() - 8) : match.start()], text[match.end() : match.end() + 16]
        if _POSTAL_BEFORE.search(before) or _POSTAL_AFTER.match(after):
            yield personal("POSTAL", match.start(), match.end(), 0.85)


def _phone_confidence(text: str, match: re.Match[str]) -> float:
    try:
        number = phonenumbers.parse(match.group(), "JP")
    except phonenumbers.NumberParseException:
        return 0.0
    before = text[max(0, match.start() - 24) : match.start()]
    labelled = _PHONE_LABEL.search(before) is not None
    if _OTHER_LABEL.search(before) and not _CALLED.search(before):
        return 0.0  # 型番 0120-12-3456 and 注文番号 0312345678
    written = not match.group().isdigit()
    if phonenumbers.is_valid_number(number):
        mobile = phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE
        return 0.97 if labelled or written else 0.9 if mobile else 0.6
    if not phonenumbers.is_possible_number(number):
        return 0.0
    return 0.8 if labelled else 0.65 if written else 0.0
