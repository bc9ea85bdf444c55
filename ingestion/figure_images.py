"""Pictures taken out of Office packages, drawn anew as PNG. Called in a child process (page_images.py)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from ingestion.errors import ReadError
from ingestion.pictures import frame, open_picture
from ingestion.readers.office import package
from ingestion.reading import ReadOptions
from ingestion.zip_errors import ZIP_ERRORS

FIGURE_SUFFIXES = frozenset(
    (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".bmp", ".gif", ".webp")
)
"""Suffixes of the pictures in a package that can be shown."""

_MOST_BYTES = 64 << 20
_MOST_PIXELS = 60_000_000
_LONGEST_SIDE = 1600
_DECODERS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP")


def figure_image(path: Path, name: str, passwords: Sequence[str] = ()) -> bytes:
    """The picture in part `name` of a Word or PowerPoint file, as PNG of at most 1,600 pixels a side.

    Only its pixels are kept: what else the part holds (places, names, other data) does not get out.

    Raises:
        ReadError: the file cannot be opened, has no such part, or that is no picture, damaged or too large.
    """
    with open_picture(io.BytesIO(_part(path, name, passwords)), _DECODERS) as image:
        if image.width * image.height > _MOST_PIXELS:
            raise ReadError(f"the picture has too many pixels ({image.width} x {image.height}).")
        picture, _ = frame(image, 1)
        picture.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        Image.frombytes("RGB", picture.size, picture.tobytes()).save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()


def crop(png: bytes, box: tuple[float, float, float, float], width: float) -> bytes:
    """What lies in `box` (points) of the picture of a page that is `width` points wide, as PNG.

    Raises:
        ReadError: nothing of the page lies in it.
    """
    with Image.open(io.BytesIO(png), formats=("PNG",)) as opened:
        scale = opened.width / width
        left, top = max(0, int(box[0] * scale)), max(0, int(box[1] * scale))
        right, bottom = min(opened.width, round(box[2] * scale)), min(opened.height, round(box[3] * scale))
        if right <= left or bottom <= top:
            raise ReadError("the figure lies outside of its page.")
        buffer = io.BytesIO()
        opened.convert("RGB").crop((left, top, right, bottom)).save(buffer, "PNG")
    return buffer.getvalue()


def _part(path: Path, name: str, passwords: Sequence[str]) -> bytes:
    if Path(name).suffix.lower() not in FIGURE_SUFFIXES:
        raise ReadError(f"{name} is no picture that can be shown.")
    try:
        with package(path, "Office", ReadOptions(tuple(passwords))) as file, zipfile.ZipFile(file) as content:
            info = content.getinfo(name)
            if info.file_size > _MOST_BYTES:
                raise ReadError(f"the picture is too large ({info.file_size / 1e6:.0f} MB).")
            with content.open(info) as part:
                data = part.read(_MOST_BYTES + 1)
    except KeyError as error:
        raise ReadError(f"the file has no part {name}: it has changed. Ingest it again.") from error
    except (*ZIP_ERRORS, ValueError, RuntimeError) as error:
        raise ReadError(f"the file is damaged: {error}.") from error
    if len(data) > _MOST_BYTES:
        raise ReadError("the picture is too large.")
    return data
