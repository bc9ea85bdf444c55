"""Image files as pages: each frame of a TIFF is one, stands upright, and has a size in points."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError

from ingestion.errors import ReadError

PICTURE_SUFFIXES = MappingProxyType(
    {".png": "png", ".jpg": "jpg", ".jpeg": "jpg", ".tif": "tiff", ".tiff": "tiff", ".bmp": "bmp"}
    | {".webp": "webp"}
)
"""Suffix of a file, and the name of its format."""

PICTURE_FORMATS = frozenset(PICTURE_SUFFIXES.values())
_DECODERS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP")
_LONG_SIDE_POINTS = 842.0
_BELIEVED_DPI = (100.0, 1300.0)
_MOST_FRAMES = 5000


@contextmanager
def open_picture(source: Path | BinaryIO, decoders: tuple[str, ...] = _DECODERS) -> Iterator[Image.Image]:
    """The image in a file or bytes, closed afterwards. Errors of decoding inside become reasons too.

    Raises:
        ReadError: it is no such image, is damaged, or has so many pixels that it would fill the memory.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # an error above twice its limit
            with Image.open(source, formats=decoders) as image:
                yield image
    except Image.DecompressionBombError as error:
        raise ReadError(f"the picture has too many pixels ({error}).") from error
    except UnidentifiedImageError as error:
        raise ReadError("the picture is damaged, or of another kind than its name says.") from error
    except OSError as error:
        if error.errno is not None:  # the file system's own: the file is gone, or may not be read
            raise
        raise ReadError(f"the picture is damaged: {error}.") from error
    except (SyntaxError, ValueError, EOFError) as error:  # what Pillow's decoders raise on broken data
        raise ReadError(f"the picture is damaged: {error}.") from error


def frame_count(image: Image.Image) -> int:
    """How many pages the picture has: the frames of a TIFF, 1 for any other."""
    return min(int(getattr(image, "n_frames", 1)), _MOST_FRAMES) if image.format == "TIFF" else 1


def frame(image: Image.Image, number: int) -> tuple[Image.Image, float]:
    """Frame `number` (1-based) upright in RGB on white, and how many of its pixels make a point.

    Raises:
        ReadError: there is no such frame.
    """
    if not 1 <= number <= frame_count(image):
        raise ReadError(f"there is no page {number}: the picture has {frame_count(image)} pages.")
    if frame_count(image) > 1:
        image.seek(number - 1)
    upright = ImageOps.exif_transpose(image)
    return _in_colour(upright), pixels_per_point(image)


def pixels_per_point(image: Image.Image) -> float:
    """From the resolution that the file states, if a scanner could have; otherwise an A4 page is assumed."""
    dpi = image.info.get("dpi")
    try:
        stated = float(min(dpi)) if dpi else 0.0
    except (TypeError, ValueError, ZeroDivisionError):  # fractions of a broken file
        stated = 0.0
    if _BELIEVED_DPI[0] <= stated <= _BELIEVED_DPI[1]:
        return stated / 72
    return max(max(image.size) / _LONG_SIDE_POINTS, 1.0)


def _in_colour(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        low, high = (float(value) for value in image.getextrema())  # type: ignore[arg-type]
        factor = 255 / (high - low) if high > low else 0.0
        image = image.convert("F").point(lambda value: value * factor - low * factor).convert("L")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")
