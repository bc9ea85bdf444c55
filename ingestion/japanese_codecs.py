"""Japanese byte encodings as Windows wrote them: vendor rows (①, ㈱, 髙) and half-width kana included.

Python's `iso2022_jp` and `euc_jp` know only the plain standards. Here the two-byte rows are moved to their
CP932 places and decoded there, where the vendor characters are known.
"""

from __future__ import annotations

import re
from itertools import pairwise

_ESCAPE = re.compile(rb"\x1b(\$[@B]|\$\([@BD]|\([BJI]|&@)")
_SETS = {
    b"$@": "kanji",
    b"$B": "kanji",
    b"$(@": "kanji",
    b"$(B": "kanji",
    b"$(D": "supplement",
    b"(I": "kana",
}

_STANDARD_SIGNS = str.maketrans("～－∥￠￡￢", "〜−‖¢£¬")
"""What CP932 alone reads otherwise than every other table."""


def looks_like_iso2022_jp(data: bytes) -> bool:
    """Whether `data` holds a shift to Japanese characters and no byte over 0x7f."""
    return data.isascii() and re.search(rb"\x1b(\$|\(I)", data) is not None


def decode_iso2022_jp(data: bytes) -> str:
    """ISO-2022-JP with its extensions CP50220 and CP50221.

    Raises:
        UnicodeDecodeError: a two-byte row does not exist, or a shift is unknown.
    """
    marks = list(_ESCAPE.finditer(data))
    bounds = [0, *(mark.end() for mark in marks)]
    ends = [*(mark.start() for mark in marks), len(data)]
    sets = ["ascii", *(_SETS.get(mark.group(1), "ascii") for mark in marks)]
    return "".join(_decode_set(data[a:b], name) for a, b, name in zip(bounds, ends, sets, strict=True))


def _decode_set(part: bytes, name: str) -> str:
    if name == "kana":
        return bytes(b | 0x80 if 0x21 <= b <= 0x5F else b for b in part).decode("cp932")
    if name == "ascii":
        return _decode_ascii(part)
    pieces = re.split(rb"([\x00-\x20]+)", part)  # a line may end inside the two-byte set
    return "".join(
        piece.decode("ascii")
        if piece[:1] <= b"\x20"
        else _decode_pairs(piece, supplement=name == "supplement")
        for piece in pieces
        if piece
    )


def _decode_ascii(part: bytes) -> str:
    if b"\x1b" in part:
        at = part.index(b"\x1b")
        raise UnicodeDecodeError("iso2022_jp", part, at, at + 1, "unknown shift")
    if b"\x0e" not in part:
        return part.decode("ascii")
    pieces = re.split(rb"([\x0e\x0f])", part)
    text = pieces[0].decode("ascii")
    for shift, piece in list(pairwise(pieces))[1::2]:
        text += _decode_set(piece, "kana" if shift == b"\x0e" else "ascii").replace("\x0f", "")
    return text


def _decode_pairs(pairs: bytes, *, supplement: bool) -> str:
    if len(pairs) % 2:
        raise UnicodeDecodeError("iso2022_jp", pairs, len(pairs) - 1, len(pairs), "half a character")
    if supplement:
        rows = zip(pairs[::2], pairs[1::2], strict=True)
        return b"".join(bytes((0x8F, a | 0x80, b | 0x80)) for a, b in rows).decode("euc_jp")
    moved = b"".join(_to_shift_jis(a, b) for a, b in zip(pairs[::2], pairs[1::2], strict=True))
    return moved.decode("cp932").translate(_STANDARD_SIGNS)


def _to_shift_jis(first: int, second: int) -> bytes:
    """The Shift_JIS place of row `first` - 0x20, cell `second` - 0x20."""
    lead = (first + 1) // 2 + (0x70 if first < 0x5F else 0xB0)
    trail = second + (0x1F + (second >= 0x60) if first % 2 else 0x7E)
    return bytes((lead, trail))


_EUC_TOKEN = re.compile(
    rb"([\x00-\x8d\x90-\xa0]+)|((?:\x8e[\xa1-\xdf])+)|((?:\x8f[\xa1-\xfe]{2})+)|((?:[\xa1-\xfe]{2})+)"
)


def decode_euc_jp(data: bytes) -> str:
    """EUC-JP with the vendor rows of CP51932 / eucJP-ms.

    Raises:
        UnicodeDecodeError: the bytes are not EUC-JP.
    """
    try:
        text = data.decode("euc_jp")
    except UnicodeDecodeError:
        return _decode_euc_with_vendor_rows(data)
    return text


def _decode_euc_with_vendor_rows(data: bytes) -> str:
    text: list[str] = []
    at = 0
    while at < len(data):
        token = _EUC_TOKEN.match(data, at)
        if token is None:
            raise UnicodeDecodeError("euc_jp", data, at, at + 1, "not EUC-JP")
        plain, kana, supplement, pairs = token.groups()
        if pairs:
            text.append(_decode_pairs(bytes(b & 0x7F for b in pairs), supplement=False))
        elif kana:
            text.append(kana.replace(b"\x8e", b"").decode("cp932"))
        elif supplement:
            text.append(supplement.decode("euc_jp"))
        else:
            text.append(plain.decode("ascii"))
        at = token.end()
    return "".join(text)
