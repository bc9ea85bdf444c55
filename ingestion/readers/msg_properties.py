"""Outlook messages as storages of properties ([MS-OXMSG] 2.4), and their packed RTF ([MS-OXRTFCP])."""

from __future__ import annotations

import datetime
import struct
from dataclasses import dataclass

from ingestion.decoding import decode
from ingestion.errors import ReadError
from ingestion.readers.ole import Streams

_UNICODE, _BYTES, _BINARY = "001F", "001E", "0102"
_CODE_PAGE, _INTERNET_CODE_PAGE = 0x3FFD, 0x3FDE
_HEADS = {"": 32, "message": 24, "other": 8}
_FIRST_YEAR = datetime.datetime(1601, 1, 1, tzinfo=datetime.UTC)
_MOST_RTF = 200_000_000
_DICTIONARY = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}"
    b"{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor "
    b"MS Sans SerifSymbolArialTimes New RomanCourier"
    b"{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
"""What the packer's window holds before the first byte (2.1.3.1.1)."""


@dataclass(frozen=True, slots=True)
class Storage:
    """The properties below one storage: the message itself (""), an attachment, a message within it."""

    streams: Streams
    name: str = ""

    def text(self, tag: int) -> str:
        """A property of text, "" when it is missing."""
        if (data := self._stream(tag, _UNICODE)) is not None:
            return data.decode("utf-16-le", "replace").rstrip("\0")
        if (data := self._stream(tag, _BYTES)) is not None:
            return self._decoded(data.rstrip(b"\0"))
        return ""

    def binary(self, tag: int) -> bytes:
        """A property of bytes, b"" when it is missing."""
        return self._stream(tag, _BINARY) or b""

    def number(self, tag: int) -> int | None:
        """A property that is a whole number."""
        value = self._fixed(tag)
        return struct.unpack("<i", value[:4])[0] if value is not None else None

    def time(self, tag: int) -> datetime.datetime | None:
        """A property that is a moment, in the local time of this machine's clock as UTC."""
        value = self._fixed(tag)
        if value is None:
            return None
        (ticks,) = struct.unpack("<Q", value)  # of 100 nanoseconds
        try:
            return _FIRST_YEAR + datetime.timedelta(microseconds=ticks // 10)
        except OverflowError:
            return None

    def below(self, prefix: str) -> list[Storage]:
        """The storages directly below whose names begin so, in order."""
        found = sorted(name for name in self.streams.children(self.name) if name.startswith(prefix))
        return [Storage(self.streams, self._path(name)) for name in found]

    def within(self, name: str) -> Storage | None:
        """One storage directly below."""
        return Storage(self.streams, self._path(name)) if name in self.streams.children(self.name) else None

    def _path(self, name: str) -> str:
        return f"{self.name}/{name}" if self.name else name

    def _stream(self, tag: int, kind: str) -> bytes | None:
        return self.streams.read(self._path(f"__substg1.0_{tag:04X}{kind}"))

    def _fixed(self, tag: int) -> bytes | None:
        """The eight bytes of a property of fixed size."""
        data = self.streams.read(self._path("__properties_version1.0")) or b""
        last = self.name.rpartition("/")[2]
        head = _HEADS["" if not last else "message" if last.startswith("__substg1.0_3701") else "other"]
        for at in range(head, len(data) - 15, 16):
            (found,) = struct.unpack_from("<I", data, at)
            if found >> 16 == tag:
                return data[at + 8 : at + 16]
        return None

    def _decoded(self, data: bytes) -> str:
        page = self.number(_CODE_PAGE) or self.number(_INTERNET_CODE_PAGE)
        try:
            return decode(data, declared=f"cp{page}" if page else None).text if data else ""
        except ReadError:
            return data.decode("cp1252", "replace")


def unpacked_rtf(data: bytes) -> bytes:
    """RTF as it is in a message's property, unpacked (2.1.3).

    Raises:
        ReadError: the data is damaged.
    """
    if len(data) < 16:
        return b""
    _, size, kind, _ = struct.unpack_from("<4I", data)
    if kind == 0x414C454D:  # "MELA": not packed
        return data[16 : 16 + size]
    if kind != 0x75465A4C or size > _MOST_RTF:
        raise ReadError("the message is damaged: its text is packed in an unknown way.")
    window = bytearray(_DICTIONARY + bytes(4096 - len(_DICTIONARY)))
    place, out, at = len(_DICTIONARY), bytearray(), 16
    while at < len(data):
        flags = data[at]
        at += 1
        for bit in range(8):
            if at >= len(data) or len(out) >= size:
                return bytes(out[:size])
            if not flags >> bit & 1:
                piece = data[at : at + 1]
                at += 1
            else:
                if at + 2 > len(data):
                    return bytes(out[:size])
                reference = int.from_bytes(data[at : at + 2], "big")
                at += 2
                start, length = reference >> 4, (reference & 15) + 2
                if start == place:
                    return bytes(out[:size])
                piece = _copied(window, start, length, place)
            for byte in piece:
                window[place] = byte
                place = (place + 1) % 4096
            out += piece
    return bytes(out[:size])


def _copied(window: bytearray, start: int, length: int, place: int) -> bytes:
    """`length` bytes from `start`; they may run into those that are just being written at `place`."""
    distance = (place - start) % 4096
    return bytes(window[(start + index % distance) % 4096] for index in range(length))
