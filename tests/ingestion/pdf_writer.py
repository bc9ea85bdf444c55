"""Writes small PDF files with text at known places, so that tests know the truth about boxes."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class TextAt:
    """`text` begins at (`x`, `y`) in user space; its characters are Japanese and `size` points wide each.

    `vertical` text runs downwards: `x` is the middle of its line, `y` its top. `turn` turns text by quarters,
    counter-clockwise, around its beginning. `paint` are operators for this text alone ("1 g": white).
    """

    x: float
    y: float
    text: str
    size: float = 12.0
    vertical: bool = False
    turn: int = 0
    paint: str = ""


@dataclass
class PageSpec:
    texts: list[TextAt] = field(default_factory=list)
    media: tuple[float, float, float, float] = (0, 0, 595, 842)
    crop: tuple[float, float, float, float] | None = None
    rotation: int = 0
    rules: list[tuple[float, float, float, float]] = field(default_factory=list)
    """Lines from (x0, y0) to (x1, y1) in user space."""


_TURNS = ("1 0 0 1", "0 1 -1 0", "-1 0 0 -1", "0 -1 1 0")


def grid_rules(xs: list[float], ys: list[float]) -> list[tuple[float, float, float, float]]:
    """The lines of a table whose columns and rows are parted at `xs` and `ys`."""
    across = [(xs[0], y, xs[-1], y) for y in ys]
    return across + [(x, ys[0], x, ys[-1]) for x in xs]


def write_pdf(
    pages: list[PageSpec], *, outline: list[tuple[str, int]] | None = None, labels: str = ""
) -> bytes:
    """`outline` holds (title, page index); `labels` is the inside of the label tree's Nums array."""
    objects: list[bytes] = [b"", b""]  # catalog and pages come last, when all numbers are known
    objects.append(
        b"<</Type/Font/Subtype/Type0/BaseFont/HeiseiMin-W3/Encoding/UniJIS-UTF16-H/DescendantFonts[4 0 R]>>"
    )
    objects.append(
        b"<</Type/Font/Subtype/CIDFontType0/BaseFont/HeiseiMin-W3/DW 1000/FontDescriptor 5 0 R"
        b"/CIDSystemInfo<</Registry(Adobe)/Ordering(Japan1)/Supplement 2>>>>"
    )
    objects.append(
        b"<</Type/FontDescriptor/FontName/HeiseiMin-W3/Flags 4/FontBBox[0 -120 1000 880]/ItalicAngle 0"
        b"/Ascent 880/Descent -120/CapHeight 700/StemV 80>>"
    )
    objects.append(
        b"<</Type/Font/Subtype/Type0/BaseFont/HeiseiMin-W3/Encoding/UniJIS-UTF16-V/DescendantFonts[4 0 R]>>"
    )
    kids = []
    for page in pages:
        content = "".join(
            f"q {t.paint} BT /{'F2' if t.vertical else 'F1'} {t.size} Tf {_TURNS[t.turn]} {t.x} {t.y} Tm "
            f"<{t.text.encode('utf-16-be').hex()}> Tj ET Q\n"
            for t in page.texts
        ).encode()
        content += "".join(f"{x0} {y0} m {x1} {y1} l S\n" for x0, y0, x1, y1 in page.rules).encode()
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(content), content))
        crop = f"/CropBox[{' '.join(map(str, page.crop))}]" if page.crop else ""
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[{' '.join(map(str, page.media))}]{crop}"
            f"/Rotate {page.rotation}/Resources<</Font<</F1 3 0 R/F2 6 0 R>>>>"
            f"/Contents {len(objects)} 0 R>>".encode()
        )
        kids.append(len(objects))
    extra = f"/PageLabels<</Nums[{labels}]>>" if labels else ""
    if outline:
        root = len(objects) + 1
        extra += f"/Outlines {root} 0 R"
        items = [root + 1 + i for i in range(len(outline))]
        objects.append(f"<</First {items[0]} 0 R/Last {items[-1]} 0 R/Count {len(items)}>>".encode())
        for i, (title, page_index) in enumerate(outline):
            following = f"/Next {items[i + 1]} 0 R" if i + 1 < len(items) else ""
            name = (b"\xfe\xff" + title.encode("utf-16-be")).hex()
            objects.append(
                f"<</Title<{name}>/Parent {root} 0 R/Dest[{kids[page_index]} 0 R/Fit]{following}>>".encode()
            )
    objects[0] = f"<</Type/Catalog/Pages 2 0 R{extra}>>".encode()
    objects[1] = f"<</Type/Pages/Count {len(kids)}/Kids[{' '.join(f'{k} 0 R' for k in kids)}]>>".encode()
    return assembled(objects)


def assembled(objects: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
