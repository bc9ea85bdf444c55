"""Cut, scrambled and hostile files of every format end with a reason, soon, and never with a crash."""

from __future__ import annotations

import gzip
import random
import time
import zipfile
from pathlib import Path

import pytest

from ingestion.errors import ReadError
from ingestion.readers import READERS, read, supported
from ingestion.readers.refused import REFUSED

DATA = Path(__file__).parent / "data"
FILES = ["規程.doc", "規程.odt", "規程.rtf", "単価.xls", "単価.ods", "教育.odp", "教育.ppt.gz"]
SECONDS = 20
BOMB = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)


def content_of(name: str) -> tuple[bytes, str]:
    data = (DATA / name).read_bytes()
    return (gzip.decompress(data), ".ppt") if name.endswith(".gz") else (data, Path(name).suffix)


def read_or_reason(path: Path) -> str:
    """The text, or the reason why there is none; anything else is a failure of the test."""
    start = time.monotonic()
    try:
        text = read(path).text
    except ReadError as error:
        text = str(error)
    assert time.monotonic() - start < SECONDS
    assert text
    return text


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.99])
def test_cut_files(name: str, share: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")  # LibreOffice is not asked
    data, suffix = content_of(name)
    path = tmp_path / f"a{suffix}"
    path.write_bytes(data[: int(len(data) * share)])
    read_or_reason(path)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("seed", range(8))
def test_scrambled_files(name: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few bytes are changed anywhere, the head of the file left alone so that its reader is reached."""
    monkeypatch.setenv("PATH", "")
    data, suffix = content_of(name)
    scrambled = bytearray(data)
    choose = random.Random(f"{name} {seed}")
    for _ in range(40):
        scrambled[choose.randrange(16, len(data))] = choose.randrange(256)
    path = tmp_path / f"a{suffix}"
    path.write_bytes(bytes(scrambled))
    read_or_reason(path)


@pytest.mark.parametrize("suffix", sorted(set(READERS) - {".zip"}))
def test_other_content_under_every_ending(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    for number, data in enumerate(
        [b"\0" * 64, b"PK\x03\x04" + bytes(90), b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 90]
    ):
        path = tmp_path / f"{number}{suffix}"
        path.write_bytes(data)
        read_or_reason(path)


def markup(suffix: str, doctype: str) -> str:
    """A small file of the kind, with the entity `i` before its last words."""
    if suffix == ".xml":
        return f"<?xml version='1.0'?>{doctype}<x><p>前の文</p><p>&i;後の文</p></x>"
    spaces = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "text")
    )
    return (
        f"<?xml version='1.0'?>{doctype}<office:document{spaces}><office:body><office:text>"
        "<text:p>前の文</text:p><text:p>&i;後の文</text:p></office:text></office:body></office:document>"
    )


@pytest.mark.parametrize("suffix", [".xml", ".fodt"])
def test_entity_bombs_are_refused(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_text(markup(suffix, BOMB), "utf-8")
    with pytest.raises(ReadError, match="an attack"):
        read(path)


@pytest.mark.parametrize("suffix", [".xml", ".fodt"])
def test_entities_of_the_file_are_left_out_with_a_warning(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_text(markup(suffix, '<!DOCTYPE x [<!ENTITY i "隠した語">]>'), "utf-8")
    document = read(path)
    assert document.text == "前の文\n後の文\n"
    assert document.warnings == ("entities that the file defines itself were left out",)


def test_external_entities_are_not_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("秘密の文字列", "utf-8")
    path = tmp_path / "a.xml"
    path.write_text(
        f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "{secret.as_uri()}">]><x><p>本文 &f;</p></x>',
        "utf-8",
    )
    assert read(path).text == "本文\n"


def test_an_entity_bomb_in_a_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    with zipfile.ZipFile(path, "w") as target:
        target.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
            f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override '
            f'PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/><Override '
            f'PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        )
        relations = {"": ("officeDocument", "xl/workbook.xml"), "xl/": ("worksheet", "worksheets/sheet1.xml")}
        for folder, (type, to) in relations.items():
            name = f"{folder}_rels/{'workbook.xml' if folder else ''}.rels"
            target.writestr(
                name,
                f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
                f'Type="{office}/{type}" Target="{to}"/></Relationships>',
            )
        target.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="表" sheetId="1" r:id="rId1"/>'
            "</sheets></workbook>",
        )
        cell = '<row r="1"><c r="A1" t="inlineStr"><is><t>値&i;</t></is></c></row>'
        target.writestr(
            "xl/worksheets/sheet1.xml",
            f'{BOMB}<worksheet xmlns="{main}"><sheetData>{cell}</sheetData></worksheet>',
        )
    assert len(read_or_reason(path)) < 1000


def test_deep_nesting_has_a_reason(tmp_path: Path) -> None:
    depth = 50_000
    for name, text in (
        ("a.json", "[" * depth + "]" * depth),
        ("a.xml", "<a>" * depth + "文" + "</a>" * depth),
        ("a.rtf", "{\\rtf1 " + "{" * depth + "}" * depth + "}"),
    ):
        path = tmp_path / name
        path.write_text(text, "utf-8")
        with pytest.raises(ReadError, match=r"nested|depth|RecursionError"):
            read(path)


@pytest.mark.parametrize("suffix", sorted(REFUSED))
def test_formats_of_other_programs_are_listed_with_the_way_to_convert(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"content")
    assert supported(path)
    with pytest.raises(ReadError, match=r"^it is an? .*(?:Save|Export|Unpack|Ask)"):
        read(path)
