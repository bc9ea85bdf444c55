"""Bytes become text: Unicode, the Japanese legacy encodings, and an alarm instead of silent mojibake.

Certain signs come first (byte order marks, shift sequences, strict UTF-8). Otherwise every candidate that
decodes is scored by how plausible its text is, and charset-normalizer is asked for a second opinion when the
scores are close.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass

from charset_normalizer import from_bytes

from ingestion.errors import ReadError
from ingestion.japanese_codecs import decode_euc_jp, decode_iso2022_jp, looks_like_iso2022_jp
from ingestion.plausibility import plausibility


@dataclass(frozen=True, slots=True)
class Decoded:
    """`encoding` is the name of a Python codec. `warning` tells people when the text may be wrong."""

    text: str
    encoding: str
    confident: bool
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class _Reading:
    text: str
    encoding: str
    score: float


_SAMPLE = 60_000
"""Bytes that are enough to tell encodings apart."""
_CLEAR = 0.35
"""Lowest score of a reading that is taken without an alarm (real Japanese scores 0.7 and more)."""
_MARGIN = 0.15
"""Lead over the next reading that needs no second opinion."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARY = (
    (b"%PDF-", "a PDF file"),
    (b"PK\x03\x04", "a ZIP or Office file"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\x7fELF", "a program"),
)
_ALIASES = {
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "ms932": "cp932",
    "windows-31j": "cp932",
    "cp51932": "euc_jp",
    "eucjp": "euc_jp",
    "euc-jp": "euc_jp",
    "x-euc-jp": "euc_jp",
    "iso-2022-jp": "iso2022_jp",
    "cp50220": "iso2022_jp",
    "cp50221": "iso2022_jp",
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "unicode": "utf-16",
    "utf8": "utf-8",
}
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x19\x1c-\x1f\x7f]")


def decode(data: bytes, *, declared: str | None = None) -> Decoded:
    """The text of `data`. `declared` is what the file says of itself; it is believed only if it fits.

    Raises:
        ReadError: the bytes are no text.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decode_marked(data, encoding)
    for magic, kind in _BINARY:
        if data.startswith(magic):
            raise ReadError(f"this is {kind}, not text. Give it the right extension or leave it out.")
    if declared is not None and (decoded := _decode_declared(data, declared)):
        return decoded
    return _detect(data)


def _decode_marked(data: bytes, encoding: str) -> Decoded:
    try:
        return Decoded(data.decode(encoding).removeprefix("\ufeff"), encoding, confident=True)
    except UnicodeDecodeError:
        text = data.decode(encoding, errors="replace").removeprefix("\ufeff")
        return Decoded(text, encoding, confident=False, warning=_damage(text, encoding))


def _decode_declared(data: bytes, declared: str) -> Decoded | None:
    """The text as `declared`, unless it is impossible or another reading is clearly better."""
    name = declared.strip().strip("\"'").lower()
    name = _ALIASES.get(name, name)
    try:
        codecs.lookup(name)
        text = _strictly(data, name)
    except (LookupError, UnicodeError):
        return None
    if not isinstance(text, str) or "\0" in text:
        return None
    if text.isascii() and not looks_like_iso2022_jp(data):
        return Decoded(text, name, confident=True)
    score = plausibility(text[:_SAMPLE])
    best = _detect(data)
    if best.encoding == name or not best.confident or score >= plausibility(best.text[:_SAMPLE]) - _MARGIN:
        return Decoded(text, name, confident=True, warning=_double_encoded(text))
    return None


def _detect(data: bytes) -> Decoded:
    if looks_like_iso2022_jp(data) and (reading := _read(data, "iso2022_jp")):
        return Decoded(reading.text, reading.encoding, confident=True)
    if data.isascii() and b"\0" not in data:
        if kana := _kana_in_utf16(data):
            return kana
        if len(_CONTROLS.findall(data)) * 20 > len(data):
            raise ReadError("most of its bytes are control characters: this is binary data, not text.")
        return Decoded(data.decode("ascii"), "utf-8", confident=True)
    utf8 = _read(data, "utf-8")
    if utf8 and "\0" not in utf8.text and not _half_width_kana_in_disguise(data):
        return Decoded(utf8.text, "utf-8", confident=True, warning=_double_encoded(utf8.text))
    return _choose(data, [utf8] if utf8 and "\0" not in utf8.text else [])


def _choose(data: bytes, readings: list[_Reading]) -> Decoded:
    names = ["utf-16-le", "utf-16-be"] if len(data) % 2 == 0 else []
    if b"\0" not in data:
        names += ["cp932", "euc_jp"]
        if _letters_only_beside_letters(data):
            names.append("cp1252")
    readings += [reading for name in names if (reading := _read(data, name))]
    readings.sort(key=lambda reading: -reading.score)
    if not readings:
        return _decode_damaged(data)
    best = readings[0]
    lead = best.score - readings[1].score if len(readings) > 1 else 1.0
    if best.score >= _CLEAR and lead >= _MARGIN:
        return Decoded(best.text, best.encoding, confident=True)
    if b"\0" in data and best.score < 0:
        return _decode_damaged(data)
    return _second_opinion(data, readings)


def _second_opinion(data: bytes, readings: list[_Reading]) -> Decoded:
    best = readings[0]
    guess = from_bytes(data[:_SAMPLE]).best()
    name = _ALIASES.get(guess.encoding.replace("_", "-"), guess.encoding) if guess else None
    for reading in readings:
        if (
            reading.encoding.replace("-", "_") == (name or "").replace("-", "_")
            and best.score - reading.score < 0.1
        ):
            best = reading
            break
    else:
        other = _read(data, name) if name and best.score < 0 else None
        if other and other.score > best.score:
            best = other
        elif best.score < -0.3:
            return _decode_damaged(data)
    agreed = best.encoding == name and best.score >= _CLEAR
    warning = None if agreed else f"the encoding is not certain; it was read as {best.encoding}"
    return Decoded(best.text, best.encoding, confident=agreed, warning=warning)


def _decode_damaged(data: bytes) -> Decoded:
    """The best reading that loses the fewest bytes; binary data loses too many."""
    if b"\0" in data or len(_CONTROLS.findall(data)) * 20 > len(data):
        raise ReadError("it holds binary data, not text. Give it the right extension or leave it out.")
    best: tuple[int, float, str, str] | None = None
    for name in ("utf-8", "cp932", "euc_jp", "cp1252"):
        text = data.decode(name, errors="replace")
        key = (text.count("\ufffd"), -plausibility(text[:_SAMPLE]), name, text)
        best = key if best is None or key < best else best
    assert best is not None
    lost, badness, name, text = best
    if lost * 10 > len(text) or badness > 1:
        raise ReadError("it is in no encoding that is known here, or it is not text.")
    return Decoded(text, name, confident=False, warning=_damage(text, name))


def _read(data: bytes, name: str) -> _Reading | None:
    try:
        text = _strictly(data, name)
    except (UnicodeError, LookupError):
        return None
    middle = max(0, len(text) // 2 - _SAMPLE // 4)
    sample = text if len(text) <= _SAMPLE else text[: _SAMPLE // 2] + text[middle : middle + _SAMPLE // 2]
    if name.startswith("utf-16"):
        return _Reading(text, name, _utf16_score(sample))
    return _Reading(text, name, plausibility(sample))


def _strictly(data: bytes, name: str) -> str:
    own: dict[str, Callable[[bytes], str]] = {"iso2022_jp": decode_iso2022_jp, "euc_jp": decode_euc_jp}
    return own[name](data) if name in own else data.decode(name)


def _utf16_score(text: str) -> float:
    """Text in UTF-16 has letters or Japanese in it; other bytes read so give signs from everywhere."""
    if not text or len(re.findall("[\x00-\x08\x0e-\x1f\x7f-\x9f]", text)) * 20 > len(text):
        return -3.0
    latin = len(re.findall("[\t\n\r\x20-\x7e]", text))
    return (plausibility(text) * (len(text) - latin) + 0.9 * latin) / len(text)


def _kana_in_utf16(data: bytes) -> Decoded | None:
    """Hiragana in UTF-16 can consist of ASCII bytes alone; full stops and commas are then control bytes."""
    if len(data) % 2 or not _CONTROLS.search(data):
        return None
    for name in ("utf-16-le", "utf-16-be"):
        text = data.decode(name, errors="replace")
        if len(re.findall("[\u3000-\u3096\n]", text)) * 2 > len(text):
            return Decoded(text, name, confident=True)
    return None


def _half_width_kana_in_disguise(data: bytes) -> bool:
    """Runs of half-width kana in CP932 can be valid UTF-8, as Latin letters in runs that no language has."""
    runs = re.findall(rb"[\x80-\xff]+", data)
    if not all(re.fullmatch(rb"(?:[\xc2-\xdf][\xa1-\xbf])+", run) for run in runs):
        return False
    leads = {run[i] for run in runs for i in range(0, len(run), 2)}
    beside = len(re.findall(rb"[A-Za-z][\x80-\xff]|[\x80-\xff][A-Za-z]", data))
    return (
        max(map(len, runs)) >= 4 and len(leads) >= 2 and beside == 0 and not leads <= {0xCE, 0xCF, 0xD0, 0xD1}
    )


def _letters_only_beside_letters(data: bytes) -> bool:
    """Whether bytes over 0x7f stand in single words of Latin letters, or are quotes and dashes."""
    runs = re.findall(rb"[\x80-\xff]+", data)
    return sum(len(run) <= 2 for run in runs) * 10 >= len(runs) * 9


def _double_encoded(text: str) -> str | None:
    """An alarm for text that was already mojibake when it was saved."""
    sample = text[:_SAMPLE]
    marks = len(re.findall("[縺繧譁荳蜿驕]|ã[\u0080-\u00ff‚„…†‡‰‹‘’“”•–—˜™›]|ï¼|â€", sample))
    if marks * 12 > len(re.findall(r"[^\x00-\x7f]", sample)) > 0:
        return "the text looks garbled: it was saved in a wrong encoding before. Ask for a good copy."
    return None


def _damage(text: str, encoding: str) -> str:
    return f"{text.count(chr(0xFFFD))} characters could not be decoded as {encoding}"
