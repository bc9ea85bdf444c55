"""Files that Office files embed, from their packages to the library."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest
from compound_writer import Tree, compound
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from library_fakes import World
from pptx.enum.shapes import PROG_ID
from pptx.util import Cm

from ingestion.containers import UnpackLimits, unpack
from ingestion.readers import read
from ingestion.reading import ReadOptions
from ingestion.settings import IngestionSettings, Settings

COMPOBJ = "\x01CompObj"


def word(text: str) -> bytes:
    document = docx.Document()
    document.add_paragraph(text)
    return saved(document)


def saved(document: object) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)  # type: ignore[attr-defined]
    return buffer.getvalue()


def native(label: str, source: str, content: bytes, *, kind: int = 3, wide: str | None = None) -> Tree:
    """An OLE 1 package as Windows' packager writes it."""
    temporary = b"C:\\Temp\\x\0"
    body = struct.pack("<H", 2) + label.encode("cp932") + b"\0" + source.encode("cp932") + b"\0"
    body += struct.pack("<HHL", 0, kind, len(temporary)) + temporary
    body += struct.pack("<L", len(content)) + content
    if wide is not None:
        for name in ("C:\\Temp\\x", wide, f"C:\\{wide}"):
            raw = name.encode("utf-16-le")
            body += struct.pack("<L", len(raw) // 2) + raw
    return {"\x01Ole10Native": struct.pack("<L", len(body)) + body}


def word_around(*objects: tuple[str, bytes], text: str = "添付を参照。") -> bytes:
    """A Word file with embedded parts of these names."""
    document = docx.Document()
    document.add_paragraph(text)
    for name, data in objects:
        place = PackURI(f"/word/embeddings/{name}")
        part = Part(place, "application/octet-stream", data, document.part.package)
        kind = RELATIONSHIP_TYPE.OLE_OBJECT if name.endswith(".bin") else RELATIONSHIP_TYPE.PACKAGE
        document.part.relate_to(part, kind)
    return saved(document)


def taken(path: Path, tmp_path: Path) -> dict[str, bytes | None]:
    """What is taken out of a file, by name; None where a reason stands instead."""
    members = unpack(path, tmp_path / "out", UnpackLimits(100, 10**8), ReadOptions())
    assert [member.name for member in members] == list(read(path).members)
    return {member.name: member.file.read_bytes() if member.file else None for member in members}


def test_word_files_give_all_kinds_of_objects_back(tmp_path: Path) -> None:
    inner, old = word("中の文書。"), compound({"WordDocument": bytes(5000)})
    pdf = b"%PDF-1.4 of some kind"
    path = tmp_path / "a.docx"
    path.write_bytes(
        word_around(
            ("Microsoft_Word_Document.docx", inner),
            ("oleObject1.bin", compound(native("見積書.txt", "C:\\書類\\見積書.txt", "金額".encode()))),
            ("oleObject2.bin", compound({"CONTENTS": pdf})),
            ("oleObject3.bin", compound({"Package": inner})),
            ("oleObject4.bin", old),
            ("oleObject5.bin", compound({"Equation Native": bytes(100)})),
            ("oleObject6.bin", compound({"Workbook": bytes(5000), COMPOBJ: b"..MSGraph.Chart.8\0"})),
        )
    )
    assert taken(path, tmp_path) == {
        "Microsoft_Word_Document.docx": inner, "見積書.txt": "金額".encode(), "oleObject2.pdf": pdf,
        "oleObject3.docx": inner, "oleObject4.doc": old,
    }  # fmt: skip
    document = read(path)
    assert "Embedded files: Microsoft_Word_Document.docx, 見積書.txt, oleObject2.pdf" in document.text
    assert document.warnings == ("embedded objects were not read: oleObject5.bin, oleObject6.bin",)


def test_the_name_of_a_package_is_the_best_of_those_that_it_gives(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    objects = [
        native("Bericht", "C:\\tmp\\a.txt", b"1"),
        native("??.txt", "C:\\??.txt", b"2", wide="見積😀.txt"),
        native("..\\..\\b.txt", "C:\\b.txt", b"3"),
        native("b.txt", "C:\\b.txt", b"4"),
        native("", "", b"5"),
    ]
    packed = [(f"oleObject{number}.bin", compound(tree)) for number, tree in enumerate(objects)]
    path.write_bytes(word_around(*packed))
    found = taken(path, tmp_path)
    assert list(found) == ["a.txt", "見積😀.txt", "b.txt", "b (2).txt", "unnamed"]
    assert list(found.values()) == [b"1", b"2", b"3", b"4", b"5"]


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        b"\xff" * 40,
        native("a.txt", "a.txt", b"12345")["\x01Ole10Native"][:-3],  # type: ignore[index]
        native("a.txt", "a.txt", b"12345", kind=1)["\x01Ole10Native"],
    ],
)
def test_links_and_broken_packages_hold_no_file(stream: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(word_around(("oleObject1.bin", compound({"\x01Ole10Native": stream}))))
    assert taken(path, tmp_path) == {}
    assert read(path).warnings == ("embedded objects were not read: oleObject1.bin",)


def test_a_damaged_object_is_listed_with_its_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(word_around(("oleObject1.bin", compound({"WordDocument": bytes(9000)})[:520])))
    (member,) = unpack(path, tmp_path / "out", UnpackLimits(100, 10**8), ReadOptions())
    assert member.name == "oleObject1.bin" and "damaged" in str(member.reason)
    assert read(path).members == ("oleObject1.bin",)


def test_slides_name_the_files_that_they_show(tmp_path: Path) -> None:
    """The objects are written by python-pptx."""
    book = openpyxl.Workbook()
    book.active["A1"] = "会費"
    show = pptx.Presentation()
    for _ in range(2):
        show.slides.add_slide(show.slide_layouts[6])
    show.slides[1].shapes.add_ole_object(io.BytesIO(saved(book)), PROG_ID.XLSX, Cm(1), Cm(1))
    path = tmp_path / "a.pptx"
    path.write_bytes(saved(show))
    document = read(path)
    (name,) = document.members
    assert name.endswith(".xlsx")
    assert document.text[document.pages[1].start : document.pages[1].end] == f"Embedded files: {name}\n"
    assert taken(path, tmp_path) == {name: saved_part(path, f"ppt/embeddings/{name}")}


def saved_part(path: Path, name: str) -> bytes:
    with zipfile.ZipFile(path) as package:
        return package.read(name)


def test_sheets_name_the_files_that_they_show(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "会費"
    book.create_sheet("第二")["A1"] = "値"
    path = tmp_path / "a.xlsx"
    path.write_bytes(saved(book))
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    with zipfile.ZipFile(path, "a") as package:
        package.writestr("xl/embeddings/Doc1.docx", word("中"))
        package.writestr(
            "xl/worksheets/_rels/sheet2.xml.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{kind}/package" Target="../embeddings/Doc1.docx"/>'
            f'<Relationship Id="r2" Type="{kind}/oleObject" Target="file:///c:/x.doc" TargetMode="External"/>'
            f'<Relationship Id="r3" Type="{kind}/package" Target="../../../../etc/passwd"/>'
            "</Relationships>",
        )
    document = read(path)
    assert document.members == ("Doc1.docx",)
    second = document.pages[1]
    assert "Embedded files: Doc1.docx" in document.text[second.start : second.end]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    assert world.indexes.check()["problems"] == []
    world.close()


def test_embedded_files_are_documents_with_their_parent_named(world: World) -> None:
    package = compound(native("合言葉.txt", "C:\\合言葉.txt", "合言葉は木星である。".encode()))
    middle = word_around(("oleObject1.bin", package), text="中の文書。")
    # The ending lies, as people rename files.
    (world.docs / "a.doc").write_bytes(word_around(("Doc1.docx", middle)))
    (world.docs / "only.docx").write_bytes(word_around(("Doc1.docx", word("別の文書。")), text=""))
    report = world.ingest(parse=None)
    assert (report.added, report.members, report.failed) == (5, 3, [])
    parents = {p.path: p.parent for d in world.library.documents_list() for p in d.locations}
    assert parents == {
        "a.doc": None, "a.doc/Doc1.docx": "a.doc", "a.doc/Doc1.docx/合言葉.txt": "a.doc/Doc1.docx",
        "only.docx": None, "only.docx/Doc1.docx": "only.docx",
    }  # fmt: skip
    assert world.found("合言葉は木星", 1) == ["a.doc/Doc1.docx/合言葉.txt"]
    assert world.ingest(parse=None).unchanged == 5


def test_embedded_files_have_the_limits_of_archives(world: World) -> None:
    deep = word("最も深い。")
    for _ in range(5):
        deep = word_around(("Doc1.docx", deep))
    (world.docs / "deep.docx").write_bytes(deep)
    large = compound(native("large.txt", "large.txt", bytes(3 << 20)))
    (world.docs / "large.docx").write_bytes(word_around(("oleObject1.bin", large)))
    report = world.ingest(parse=None, settings=Settings(ingestion=IngestionSettings(members_mb=1)))
    reasons = {path: reason for _, path, reason in report.failed}
    assert sorted(reasons) == ["deep.docx/Doc1.docx/Doc1.docx/Doc1.docx/Doc1.docx", "large.docx/large.txt"]
    assert "more than 3 files" in reasons["deep.docx/Doc1.docx/Doc1.docx/Doc1.docx/Doc1.docx"]
    assert "more than 1 MB" in reasons["large.docx/large.txt"]
