"""Pages whose text layer says something else than their picture: they are read from the picture."""

from __future__ import annotations

import io
import unicodedata
from pathlib import Path

import pytest
from pdf_writer import assembled
from picture_writer import page_picture

from ingestion.documents import Document
from ingestion.readers import read
from ingestion.reading import OcrMode, ReadOptions

LINES = ["第12条 従業員は、年次有給休暇を取得する", "ときは、あらかじめ所属長に届け出る。"]
MOJIBAKE = "この規程は、日当を定める。".encode().decode("latin-1")


def stream(data: bytes, head: str = "") -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (head.encode(), len(data), data)


def to_unicode(text: str) -> bytes:
    """A map that names the glyphs 1, 2, 3, … with the characters of `text`."""
    rows = "".join(f"<{at:04x}> <{ord(char):04x}>\n" for at, char in enumerate(text, start=1))
    return stream(
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /M def /CMapType 2 def\n"
        b"1 begincodespacerange <0000> <ffff> endcodespacerange\n"
        + f"{len(text)} beginbfchar\n{rows}endbfchar endcmap end end".encode()
    )


def cid_font(named_by: str | None) -> list[bytes]:
    """The objects from number 4 on: a CID font that nobody can draw, with a map of characters or without."""
    names = "/ToUnicode 7 0 R" if named_by else ""
    return [
        f"<</Type/Font/Subtype/Type0/BaseFont/AAAAAA+Gothic/Encoding/Identity-H{names}"
        "/DescendantFonts[5 0 R]>>".encode(),
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/AAAAAA+Gothic/DW 1000/FontDescriptor 6 0 R"
        b"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>",
        b"<</Type/FontDescriptor/FontName/AAAAAA+Gothic/Flags 4/FontBBox[0 -120 1000 880]/ItalicAngle 0"
        b"/Ascent 880/Descent -120/CapHeight 700/StemV 80>>",
        to_unicode(named_by) if named_by else b"null",
    ]


def nameless_font() -> list[bytes]:
    """A font whose glyphs have neither characters nor known names."""
    return [
        b"<</Type/Font/Subtype/Type3/FontBBox[0 0 750 750]/FontMatrix[.001 0 0 .001 0 0]"
        b"/CharProcs<</g901 5 0 R>>/Encoding<</Type/Encoding/Differences[1/g901]>>"
        b"/FirstChar 1/LastChar 1/Widths[1000]/Resources<<>>>>",
        stream(b"1000 0 0 0 750 750 d1"),
        b"null",
        b"null",
    ]


def page(path: Path, font: list[bytes], codes: bytes) -> Path:
    """A page with the picture of LINES, and `codes` in a font behind it."""
    picture = page_picture(LINES).convert("L")
    packed = io.BytesIO()
    picture.save(packed, "JPEG", quality=95)
    width, height = 595.0, 595.0 * picture.height / picture.width
    content = f"q {width} 0 0 {height} 0 0 cm /Im1 Do Q BT 3 Tr /F1 9 Tf 40 {height - 80} Td ".encode()
    content += b"<" + codes.hex().encode() + b"> Tj ET"
    path.write_bytes(
        assembled(
            [
                b"<</Type/Catalog/Pages 2 0 R>>",
                b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
                f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {width} {height}]/Contents 8 0 R"
                "/Resources<</Font<</F1 4 0 R>>/XObject<</Im1 9 0 R>>>>>>".encode(),
                *font,
                stream(content),
                stream(
                    packed.getvalue(),
                    f"/Type/XObject/Subtype/Image/Width {picture.width}/Height {picture.height}"
                    "/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/DCTDecode",
                ),
            ]
        )
    )
    return path


def cids(count: int, first: int = 1) -> bytes:
    return b"".join((first + at).to_bytes(2, "big") for at in range(count))


def by_mode(path: Path, mode: OcrMode) -> Document:
    return read(path, ReadOptions(ocr=mode))


def flat(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def is_of_the_picture(document: Document) -> bool:
    assert not [warning for warning in document.warnings if "garbled" in warning or "no text" in warning]
    assert len(document.recognised) == len(LINES)
    for line, drawn in zip(document.recognised, LINES, strict=True):
        assert flat(document.text[line.start : line.end]) in flat(drawn) and line.confidence > 0.85
    return flat(document.text) == flat("".join(LINES))


def test_a_font_without_a_map_of_characters(tmp_path: Path) -> None:
    """Glyph numbers stand where characters should: ƀƁƂ, and so on."""
    path = page(tmp_path / "a.pdf", cid_font(None), cids(60, 0x180))
    assert is_of_the_picture(by_mode(path, "auto"))


@pytest.mark.parametrize(
    "named", [MOJIBAKE, "".join(map(chr, range(0xE000, 0xE040))), "ϦϦʔεϊʔτϦϦʔεϊʔτϦϦʔεϊʔτϦϦʔεϊʔτ"]
)
def test_a_font_that_names_its_characters_wrongly(named: str, tmp_path: Path) -> None:
    path = page(tmp_path / "a.pdf", cid_font(named), cids(len(named)))
    assert is_of_the_picture(by_mode(path, "auto"))
    unread = by_mode(path, "off")
    assert any("looks garbled" in warning for warning in unread.warnings) and unread.recognised == ()


def test_a_font_whose_glyphs_have_no_names(tmp_path: Path) -> None:
    path = page(tmp_path / "a.pdf", nameless_font(), b"\1" * 60)
    assert is_of_the_picture(by_mode(path, "auto"))


def test_a_right_text_layer_is_not_read_from_the_picture(tmp_path: Path) -> None:
    said = flat("".join(LINES)).replace("、", "")
    path = page(tmp_path / "a.pdf", cid_font(said), cids(len(said)))
    document = by_mode(path, "auto")
    assert flat(document.text) == said and document.recognised == ()
