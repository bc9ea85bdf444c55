"""The tokens of RTF, and the code pages of its fonts (Rich Text Format Specification 1.9.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})?[ ]?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z'])|([{}])|([^\\{}\r\n]+)|[\r\n\\]"
)

CODE_PAGES: Mapping[int, str] = {
    77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gb18030", 136: "cp950", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250", 255: "cp437",
}  # fmt: skip
"""Codec by the number of fcharset. 0 and 1 stand for the document's own code page."""


class Token(NamedTuple):
    """`kind` is "word", "symbol", "open", "close" or "bytes"; `number` is a word's parameter."""

    kind: str
    text: str = ""
    number: int | None = None
    data: bytes = b""


def tokens(data: bytes) -> Iterator[Token]:
    """The tokens in order; line ends mean nothing, and binary data behind the word bin is skipped."""
    at = 0
    while match := _TOKEN.search(data, at):
        at = match.end()
        word, number, code, symbol, brace, plain = match.groups()
        if word is not None:
            value = int(number) if number is not None else None
            if word == b"bin":
                at += max(value or 0, 0)
            else:
                yield Token("word", word.decode("ascii"), value)
        elif code is not None:
            yield Token("bytes", data=bytes([int(code, 16)]))
        elif symbol is not None:
            yield Token("symbol", symbol.decode("latin-1"))
        elif brace is not None:
            yield Token("open" if brace == b"{" else "close")
        elif plain is not None:
            yield Token("bytes", data=plain)


def decode_run(data: bytes, charset: int, code_page: str) -> str:
    """Bytes of one font as text.

    A font without a code page of its own has the document's; so has one that names Western letters in a
    Japanese document, when the bytes are Japanese.
    """
    if data.isascii():
        return data.decode("ascii")
    own = CODE_PAGES.get(charset)
    for name in (own, code_page) if own else (code_page, "cp1252"):
        try:
            return data.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode(own or "cp1252", "replace")
