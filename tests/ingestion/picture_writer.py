"""Pictures of Japanese text, with a font of the system; the truth is what the test wrote."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from functools import cache

import pytest
from PIL import Image, ImageDraw, ImageFont

SIZE = (1240, 1754)
"""A4 at 150 dots per inch."""


@cache
def japanese_font(size: int) -> ImageFont.FreeTypeFont:
    """A Japanese font of this machine; skips the test where there is none."""
    found = shutil.which("fc-match")
    name = ""
    if found:
        command = [found, "-f", "%{file}|%{lang}", ":lang=ja"]
        name, _, languages = subprocess.run(command, capture_output=True, text=True).stdout.partition("|")
        name = name if "ja" in languages.split("|") else ""
    if not name:
        pytest.skip("no Japanese font is installed (fc-match :lang=ja)")
    return ImageFont.truetype(name, size)


def page_picture(
    lines: Sequence[str], *, size: int = 28, at: tuple[int, int] = (120, 140), ink: int = 0, paper: int = 255
) -> Image.Image:
    """The lines from top to bottom."""
    image = Image.new("RGB", SIZE, (paper,) * 3)
    draw = ImageDraw.Draw(image)
    for index, line in enumerate(lines):
        draw.text((at[0], at[1] + index * 2 * size), line, font=japanese_font(size), fill=(ink,) * 3)
    return image


_TURNED = "ー「」（）〜"


def column_picture(columns: Sequence[str], *, size: int = 32) -> Image.Image:
    """The columns from right to left, set as vertical writing is: marks turned, commas at the upper right."""
    image = Image.new("RGB", SIZE, "white")
    font = japanese_font(size)
    for number, column in enumerate(columns):
        x = SIZE[0] - 160 - number * 2 * size
        for index, character in enumerate(column):
            cell = Image.new("RGB", (size, size), "white")
            shift = (size * 0.6, -size * 0.6) if character in "、。" else (0.0, 0.0)
            ImageDraw.Draw(cell).text((shift[0], shift[1] - 0.18 * size), character, font=font, fill="black")
            if character in _TURNED:
                cell = cell.transpose(Image.Transpose.ROTATE_270)
            image.paste(cell, (x, 140 + index * size))
    return image
