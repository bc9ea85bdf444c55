"""Writes compound files (OLE2, [MS-CFB]): enough for tests."""

from __future__ import annotations

import struct
from collections.abc import Mapping

SECTOR, MINI, CUTOFF = 512, 64, 4096
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
Tree = Mapping[str, "bytes | Tree"]


def compound(tree: Tree) -> bytes:
    """The bytes of a compound file with these streams (bytes) and storages (mappings)."""
    large, small = _Space(SECTOR), _Space(MINI)
    entries: list[list[int | str]] = [["Root Entry", 5, FREE, FREE, FREE, END, 0]]
    _add(tree, 0, entries, large, small)
    entries[0][5:] = [large.store(bytes(small.data)), len(small.data)]
    mini_table = small.table()
    mini_first = large.store(mini_table)
    listing = large.store(b"".join(_entry(*entry) for entry in entries))
    count = 1
    while (len(large.chains) + count) * 4 > count * SECTOR:
        count += 1
    places = list(range(len(large.chains), len(large.chains) + count))
    large.chains += [FAT] * count
    head = struct.pack(
        "<8s16sHHHHH6sIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6, b"",
        0, count, listing, 0, CUTOFF, mini_first, len(mini_table) // SECTOR, END, 0,
    )  # fmt: skip
    head += struct.pack("<109I", *(places + [FREE] * (109 - len(places))))
    return head + bytes(large.data) + large.table()


class _Space:
    """Sectors of one size, and which of them follow one another."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.data = bytearray()
        self.chains: list[int] = []

    def store(self, data: bytes) -> int:
        """Where `data` begins."""
        if not data:
            return END
        first = len(self.chains)
        count = -(-len(data) // self.size)
        self.data += data.ljust(count * self.size, b"\0")
        self.chains += [*range(first + 1, first + count), END]
        return first

    def table(self) -> bytes:
        """The chains, filled up to whole sectors."""
        packed = struct.pack(f"<{len(self.chains)}I", *self.chains)
        return packed.ljust(-(-len(packed) // SECTOR) * SECTOR, b"\xff")


def _add(tree: Tree, parent: int, entries: list[list[int | str]], large: _Space, small: _Space) -> None:
    before: int | None = None
    for name, content in tree.items():
        number = len(entries)
        if isinstance(content, bytes):
            # Streams below 4,096 bytes lie within a stream of their own.
            start = (large if len(content) >= CUTOFF else small).store(content)
            entries.append([name, 2, FREE, FREE, FREE, start, len(content)])
        else:
            entries.append([name, 1, FREE, FREE, FREE, END, 0])
            _add(content, number, entries, large, small)
        if before is None:
            entries[parent][4] = number
        else:
            entries[before][3] = number
        before = number


def _entry(name: int | str, kind: int | str, *rest: int | str) -> bytes:
    left, right, child, start, size = rest
    raw = str(name).encode("utf-16-le")
    return raw.ljust(64, b"\0") + struct.pack(
        "<HBB3I16sI8s8sIQ", len(raw) + 2, kind, 1, left, right, child, b"", 0, b"", b"", start, size
    )
