"""Files inside files, against the zipfile module and against archives made to do harm."""

from __future__ import annotations

import hashlib
import io
import stat
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
import pyzipper
from pypdf import PdfWriter

from ingestion.containers import ContainerError, Member, UnpackLimits, member_names, take, unpack
from ingestion.errors import ReadError
from ingestion.readers import read
from ingestion.reading import DEFAULT_OPTIONS, ReadOptions

LIMITS = UnpackLimits(members=100, size=1_000_000, ignore=("~$*", "Thumbs.db", ".*"))


def zip_of(path: Path, files: dict[str, bytes], encoding: str = "") -> Path:
    """An archive; with `encoding`, names as bytes without the UTF-8 mark, as Japanese Windows writes them."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            if encoding:
                # The writer marks names that are not ASCII as UTF-8, so a stand-in is replaced afterwards.
                archive.writestr("x" * len(name.encode(encoding)), data)
            else:
                archive.writestr(name, data)
    if encoding:
        raw = path.read_bytes()
        for name in files:
            written = name.encode(encoding)
            raw = raw.replace(b"x" * len(written), written)
        path.write_bytes(raw)
    return path


def unpacked(path: Path, folder: Path, **options: object) -> dict[str, bytes | str]:
    """Bytes or reason by name; checks what is said of the bytes."""
    limits = options.pop("limits", LIMITS)
    given = ReadOptions(**options) if options else DEFAULT_OPTIONS  # type: ignore[arg-type]
    assert isinstance(limits, UnpackLimits)
    found: dict[str, bytes | str] = {}
    for member in unpack(path, folder, limits, given):
        if not member.ignored:
            found[member.name] = contents(member)
    return found


def contents(member: Member) -> bytes | str:
    if member.file is None:
        assert member.reason
        return member.reason
    data = member.file.read_bytes()
    assert (member.id, member.size) == (hashlib.sha256(data).hexdigest()[:16], len(data))
    return data


@pytest.mark.parametrize("encoding", ["", "cp932", "euc_jp", "utf-8"])
def test_members_are_what_zipfile_reads(tmp_path: Path, encoding: str) -> None:
    files = {
        "表計算ソフト/予定表.txt": b"a" * 3000,
        "規程/第一章能力.csv": b"\x00\xff" * 50,
        "読む.md": b"",
    }
    path = zip_of(tmp_path / "a.zip", files, encoding)
    assert unpacked(path, tmp_path / "out") == files
    document = read(path)
    assert (document.format, document.members) == ("zip", tuple(files))
    assert document.text == "".join(f"{name}\n" for name in files)
    if not encoding:
        with zipfile.ZipFile(path) as archive:
            assert {name: archive.read(name) for name in archive.namelist()} == files


def test_the_unicode_name_that_some_programs_add_wins_when_it_belongs_to_the_name(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for written, crc in (("one", zlib.crc32(b"one")), ("two", 1)):
            info = zipfile.ZipInfo(written)
            field = struct.pack("<BL", 1, crc) + "名前.txt".encode()
            info.extra = struct.pack("<HH", 0x7075, len(field)) + field
            archive.writestr(info, b"1")
    assert list(unpacked(path, tmp_path / "out")) == ["名前.txt", "two"]


def test_names_that_lead_out_and_links_are_refused_and_written_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    link = zipfile.ZipInfo("link.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("../evil.txt", "/etc/evil.txt", "C:\\evil.txt", "a\\..\\..\\evil.txt", "fine\\b.txt"):
            archive.writestr(name, b"x")
        archive.writestr(link, b"/etc/passwd")
    found = unpacked(path, tmp_path / "in" / "out")
    assert found.pop("fine/b.txt") == b"x"
    assert "is a link" in str(found.pop("link.txt"))
    assert len(found) == 4 and all("leads out of the archive" in str(reason) for reason in found.values())
    assert not [name for name in found if ".." in name.split("/") or name.startswith("/")]
    assert [file.name for file in (tmp_path / "in").rglob("*") if file.is_file()] == ["4.txt"]
    assert not list(tmp_path.rglob("evil*"))


def test_a_bomb_is_stopped_at_the_limit_and_what_fits_is_taken(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", {"a.txt": b"a", "bomb.txt": bytes(50_000_000), "b.txt": b"b"})
    assert path.stat().st_size < 100_000
    found = unpacked(path, tmp_path / "out")
    assert (found["a.txt"], found["b.txt"]) == (b"a", b"b")
    assert "unpacks to more than" in str(found["bomb.txt"])
    assert sum(file.stat().st_size for file in (tmp_path / "out").iterdir()) == 2


def test_members_together_stay_within_the_limit(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", {f"{n}.txt": bytes(300_000) for n in range(10)})
    found = unpacked(path, tmp_path / "out")
    assert [isinstance(data, bytes) for data in found.values()] == [True] * 3 + [False] * 7


def test_a_bomb_of_overlapping_parts_is_refused(tmp_path: Path) -> None:
    raw = zip_of(tmp_path / "one.zip", {"a.txt": bytes(100_000)}).read_bytes()
    directory = raw.index(b"PK\x01\x02")
    end = raw.index(b"PK\x05\x06")
    entry = raw[directory:end]
    tail = bytearray(raw[end:])
    struct.pack_into("<HHL", tail, 8, 50, 50, 50 * len(entry))
    path = tmp_path / "bomb.zip"
    path.write_bytes(raw[:directory] + entry * 50 + bytes(tail))
    with pytest.raises(ReadError, match="overlap"):
        read(path)
    with pytest.raises(ReadError, match="overlap"):
        unpack(path, tmp_path / "out", LIMITS, DEFAULT_OPTIONS)


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", {f"{n}.txt": b"x" for n in range(101)})
    with pytest.raises(ContainerError, match="more than 100 files"):
        unpack(path, tmp_path / "out", LIMITS, DEFAULT_OPTIONS)


def test_a_damaged_member_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", b"planted-planted")
        archive.writestr("b.txt", b"whole")
    path.write_bytes(path.read_bytes().replace(b"planted-planted", b"planted-PLANTED"))
    found = unpacked(path, tmp_path / "out")
    assert found["b.txt"] == b"whole"
    assert "damaged inside the archive" in str(found["a.txt"])


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 no directory", bytes(2000)])
def test_what_is_no_archive_is_said_to_be_none(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    with pytest.raises(ReadError, match=r"damaged or no zip file|empty"):
        read(path)


@pytest.mark.parametrize("cut", range(1, 10))
def test_an_archive_cut_short_or_garbled_never_raises_anything_else(tmp_path: Path, cut: int) -> None:
    raw = bytearray(zip_of(tmp_path / "a.zip", {"a.txt": b"a" * 500, "b/c.txt": b"c" * 500}).read_bytes())
    for at in range(cut, len(raw), 17):
        raw[at] ^= 0xA5
    path = tmp_path / "b.zip"
    path.write_bytes(bytes(raw))
    try:
        members = unpack(path, tmp_path / "out", LIMITS, DEFAULT_OPTIONS)
    except ReadError:
        return
    assert all((member.file is None) == bool(member.reason) for member in members)


def test_ignored_members_are_left_out(tmp_path: Path) -> None:
    names = ["a.txt", "~$a.docx", "sub/Thumbs.db", "__MACOSX/._a.txt", ".git/config"]
    path = zip_of(tmp_path / "a.zip", dict.fromkeys(names, b"x"))
    assert list(unpacked(path, tmp_path / "out")) == ["a.txt"]
    members = unpack(path, tmp_path / "again", LIMITS, DEFAULT_OPTIONS)
    assert [(member.name, member.file) for member in members if member.ignored] == [
        (name, None) for name in names[1:]
    ]


@pytest.mark.parametrize("method", [pyzipper.WZ_AES, None])
def test_locked_members_open_with_a_password_of_the_settings(tmp_path: Path, method: str | None) -> None:
    path = tmp_path / "a.zip"
    if method:
        with pyzipper.AESZipFile(path, "w", encryption=method) as archive:
            archive.setpassword("秘密".encode())
            archive.writestr("b.txt", b"secret" * 100)
    else:
        path.write_bytes(zip_crypto("b.txt", b"secret" * 100, "秘密".encode()))
    assert "Add its password" in str(unpacked(path, tmp_path / "none")["b.txt"])
    assert "Add its password" in str(unpacked(path, tmp_path / "wrong", passwords=("x", "y"))["b.txt"])
    found = unpacked(path, tmp_path / "right", passwords=("x", "秘密"))
    assert found == {"b.txt": b"secret" * 100}


def zip_crypto(name: str, data: bytes, password: bytes) -> bytes:
    """A stored member in the old encryption, which zipfile reads but does not write (APPNOTE 6.1)."""
    keys = [0x12345678, 0x23456789, 0x34567890]

    def crc(value: int, byte: int) -> int:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xEDB88320 if value & 1 else 0)
        return value

    def update(byte: int) -> None:
        keys[0] = crc(keys[0], byte)
        keys[1] = ((keys[1] + (keys[0] & 255)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = crc(keys[2], keys[1] >> 24)

    for byte in password:
        update(byte)
    checksum = zlib.crc32(data)
    written = bytearray()
    for byte in bytes(11) + bytes([checksum >> 24]) + data:
        key = keys[2] | 2
        written.append(byte ^ (key * (key ^ 1) >> 8 & 255))
        update(byte)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, bytes(written))
    raw = bytearray(buffer.getvalue())
    for mark, flags, sums in ((b"PK\x03\x04", 6, 14), (b"PK\x01\x02", 8, 16)):
        at = raw.index(mark)
        raw[at + flags] |= 1
        struct.pack_into("<LLL", raw, at + sums, checksum, len(written), len(data))
    return bytes(raw)


def test_one_member_is_taken_out_through_others(tmp_path: Path) -> None:
    inner = zip_of(tmp_path / "inner.zip", {"x/c.txt": b"deep"})
    path = zip_of(tmp_path / "a.zip", {"b/inner.zip": inner.read_bytes(), "b/inner.txt": b"beside"})
    for name, data in (("b/inner.zip/x/c.txt", b"deep"), ("b/inner.txt", b"beside")):
        out = take(path, name, tmp_path / name.replace("/", "_"), LIMITS, DEFAULT_OPTIONS)
        assert (out.read_bytes(), out.suffix) == (data, ".txt")
    with pytest.raises(ReadError, match="no longer"):
        take(path, "b/inner.zip/x", tmp_path / "none", LIMITS, DEFAULT_OPTIONS)


def test_files_attached_to_a_pdf(tmp_path: Path) -> None:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.add_attachment("見積/書.txt", b"planted")
    for password in ("", "pw"):
        if password:
            writer.encrypt(password)
        path = tmp_path / f"a{password}.pdf"
        writer.write(path)
        found = unpacked(path, tmp_path / f"out{password}", passwords=(password,))
        assert found == {"見積／書.txt": b"planted"}


def test_names_are_safe_distinct_and_no_folder_of_another() -> None:
    names = ["a.txt", "a.txt", "./a.txt", "b", "b/c.txt", "d/e", "d", "", "x\0y\n.md", "が.txt"]
    assert member_names(names) == [
        "a.txt", "a (2).txt", "a (3).txt", "b", "b (2)/c.txt", "d/e", "d (2)", "unnamed", "x\ufffdy\ufffd.md",
        "が.txt",
    ]  # fmt: skip
