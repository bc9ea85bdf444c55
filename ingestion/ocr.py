"""Lines of text in a picture, by RapidOCR on onnxruntime. Its weights lie in its wheel; no socket is opened.

Lines are found on a reduced picture, which is faster and no worse, and read at full size. Pages that lie on
their side or upside down are turned first. What the lines mean together (order, paragraphs) is the matter of
readers/recognised_text.py.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from ingestion.vertical_lines import laid_flat

Points = tuple[tuple[float, float], ...]
Region = tuple[int, int, int, int]
Turn = Image.Transpose | None

LEAST_CONFIDENCE = 0.5
"""Lines below are mostly marks in photographs and stamps that were taken for text: they are left out."""

_SEARCH_SIDE = 1280
_FINE_SEARCH_SIDE = 2560
_LEAST_LETTER = 8  # pixels; nothing smaller can be read
_BANDED = 160  # pixels; smaller pictures are no pages
_SHORTEST_SIDE = 48
_LONGEST_RATIO = 8
_FINE_LINE = 11.0
_FEW_LINES = 6
_MARGIN = 0.04
_LEAST_CONTRAST = 12
_SAMPLE = 6
_READABLE = 0.75
_DOUBTFUL = 0.92
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class PictureLine:
    """A line of text in a picture.

    `corners` are in pixels from the top left: upper left, upper right, lower right and lower left corner of
    the line as one reads it. `confidence` is in [0, 1]. `vertical` lines run downwards.
    """

    text: str
    corners: Points
    confidence: float
    vertical: bool


def read_picture(image: Image.Image, *, threads: int = 0) -> list[PictureLine]:
    """The lines of `all_lines` that are text by their confidence."""
    return [line for line in all_lines(image, threads=threads) if line.confidence >= LEAST_CONFIDENCE]


def all_lines(image: Image.Image, *, threads: int = 0) -> list[PictureLine]:
    """What looks like lines of text in `image`, in no order; `threads` 0 is as many as there are cores."""
    if min(image.size) < _LEAST_LETTER or _is_plain(image):
        return []
    image = image.convert("RGB")
    with _lock:
        engine = _engine(threads)
        lines, turn = _read_upright(engine, image)
        if turn is not None:
            turned, _ = _read_upright(engine, image.transpose(turn), may_turn=False)
            lines = [_turned_back(line, turn, image.size) for line in turned]
    return [line for line in lines if line.text.strip()]


def _is_plain(image: Image.Image) -> bool:
    """Whether there is nothing on it: an empty page costs as much to look at as a full one."""
    low, high = image.convert("L").getextrema()
    return isinstance(low, int) and isinstance(high, int) and high - low < _LEAST_CONTRAST


def _read_upright(
    engine: Any, image: Image.Image, *, may_turn: bool = True
) -> tuple[list[PictureLine], Turn]:
    """The lines, or no lines and how the picture must be turned before they can be read."""
    corners = _find_lines(engine, image)
    if not corners:
        return [], None
    crops = [_cut(image, points) for points in corners]
    tall = [crop.height > 1.5 * crop.width for crop in crops]
    if may_turn:
        turn = _needed_turn(engine, crops, tall)
        if turn is not None:
            return [], turn
    texts = _read_lines(engine, crops, tall)
    return [
        PictureLine(text, points, score, up and len(text) > 1)
        for (text, score), points, up in zip(texts, corners, tall, strict=True)
    ], None


def _find_lines(engine: Any, image: Image.Image) -> list[Points]:
    """The corners of each line.

    The detector overlooks small lines on a page that is otherwise empty, so margins are left out, and a page
    with few lines is looked at band by band as well.
    """
    whole = _inked(image, (0, 0, *image.size))
    if whole is None:
        return []
    found = _search(engine, image, whole, _SEARCH_SIDE)
    if len(found) <= _FEW_LINES and min(image.size) >= _BANDED:
        step = image.height // 4
        for top in range(0, image.height, step):
            band = _inked(image, (0, top, image.width, min(image.height, top + step + step // 3)))
            more = _search(engine, image, band, _SEARCH_SIDE) if band else []
            found += [points for points in more if not any(_covers(other, points) for other in found)]
    heights = [min(_length(p[0], p[1]), _length(p[0], p[3])) for p in found]
    longest = max(whole[2] - whole[0], whole[3] - whole[1])
    if found and longest > _SEARCH_SIDE and float(np.median(heights)) * _SEARCH_SIDE / longest < _FINE_LINE:
        return _search(engine, image, whole, _FINE_SEARCH_SIDE)
    return found


def _inked(image: Image.Image, region: Region) -> Region | None:
    """The part of `region` that something stands on, with a margin; None when there is nothing."""
    factor = max(1, max(image.size) // 800)
    grey = np.asarray(image.crop(region).convert("L").reduce(factor)).astype(np.int16)
    ink = np.abs(grey - int(np.median(grey))) > _LEAST_CONTRAST
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(rows):
        return None
    margin = _MARGIN * max(image.size)
    left, top = region[0] + columns[0] * factor - margin, region[1] + rows[0] * factor - margin
    right, bottom = region[0] + columns[-1] * factor + margin, region[1] + rows[-1] * factor + margin
    low = (max(region[0], int(left)), max(region[1], int(top)))
    return (*low, min(region[2], int(right)), min(region[3], int(bottom)))


def _covers(points: Points, other: Points) -> bool:
    """Whether the middle of `other` lies within the bounds of `points`."""
    x, y = sum(p[0] for p in other) / 4, sum(p[1] for p in other) / 4
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return min(xs) <= x <= max(xs) and min(ys) <= y <= max(ys)


def _search(engine: Any, image: Image.Image, region: Region, side: int) -> list[Points]:
    part = image.crop(region)
    factor = min(1.0, side / max(part.size))
    if factor < 1:
        size = (max(1, round(part.width * factor)), max(1, round(part.height * factor)))
        part = part.resize(size, Image.Resampling.LANCZOS)
    boxes = engine(_pixels(_no_strip(part)), use_det=True, use_cls=False, use_rec=False).boxes
    if boxes is None:
        return []
    return [
        tuple((region[0] + float(x) / factor, region[1] + float(y) / factor) for x, y in b) for b in boxes
    ]


def _no_strip(image: Image.Image) -> Image.Image:
    """The picture with its first colour below or beside it where it is a thin strip or tiny.

    The detector enlarges the shorter side to some 700 pixels: a strip would grow beyond all measure.
    """
    shorter = max(_SHORTEST_SIDE, max(image.size) // _LONGEST_RATIO)
    if min(image.size) >= shorter:
        return image
    colour = image.getpixel((0, 0))
    whole = Image.new(image.mode, (max(image.width, shorter), max(image.height, shorter)), colour)
    whole.paste(image, (0, 0))
    return whole


def _length(a: tuple[float, float], b: tuple[float, float]) -> float:
    return float(np.hypot(a[0] - b[0], a[1] - b[1]))


def _pixels(image: Image.Image) -> npt.NDArray[np.uint8]:
    """Blue, green, red: what OpenCV is used to."""
    return np.ascontiguousarray(np.asarray(image)[:, :, ::-1])


def _cut(image: Image.Image, points: Points) -> Image.Image:
    """The line straightened, with `points[0]` in its upper left corner."""
    first, second, third, fourth = points
    width = max(_length(first, second), _length(fourth, third))
    height = max(_length(first, fourth), _length(second, third))
    size = (max(2, round(width)), max(2, round(height)))
    quad = (*first, *fourth, *third, *second)
    return image.transform(size, Image.Transform.QUAD, quad, Image.Resampling.BICUBIC)


def _needed_turn(engine: Any, crops: Sequence[Image.Image], tall: Sequence[bool]) -> Turn:
    """How the picture must be turned, judged by its longest lines."""
    lines = [crop for crop, up in zip(crops, tall, strict=True) if not up and crop.width > 3 * crop.height]
    columns = [crop for crop, up in zip(crops, tall, strict=True) if up and crop.height > 3 * crop.width]
    if sum(crop.width for crop in lines) >= sum(crop.height for crop in columns):
        lines = sorted(lines, key=lambda crop: -crop.width)[:_SAMPLE]
        if _says_upside_down(engine, lines) and _confidence(engine, lines) < _confidence(
            engine, [crop.transpose(Image.Transpose.ROTATE_180) for crop in lines]
        ):
            return Image.Transpose.ROTATE_180
        return None
    columns = sorted(columns, key=lambda crop: -crop.height)[:_SAMPLE]
    flat = _confidence(engine, [laid_flat(crop) for crop in columns])
    down = _confidence(engine, [crop.transpose(Image.Transpose.ROTATE_90) for crop in columns])
    up = _confidence(engine, [crop.transpose(Image.Transpose.ROTATE_270) for crop in columns])
    # Measured medians: vertical writing 0.99, 0.99, 0.65; lines that run upwards 0.97, 0.53, 1.00; lines that
    # run downwards 0.35, 1.00, 0.55. The recogniser reads single characters that lie on their side, too.
    if up > max(down, _READABLE):
        return Image.Transpose.ROTATE_270
    return Image.Transpose.ROTATE_90 if flat < _READABLE < down else None


def _says_upside_down(engine: Any, crops: Sequence[Image.Image]) -> bool:
    if len(crops) < 2:
        return False
    labels = [label for label, _ in engine._load_cls_model()([_pixels(crop) for crop in crops]).cls_res]
    return sum("180" in label for label in labels) * 4 >= 3 * len(labels)


def _confidence(engine: Any, crops: Sequence[Image.Image]) -> float:
    return float(np.median([score if len(text) > 2 else 0.0 for text, score in _read_crops(engine, crops)]))


def _read_lines(engine: Any, crops: Sequence[Image.Image], tall: Sequence[bool]) -> list[tuple[str, float]]:
    """The text of each line and its confidence; columns (`tall`) are laid flat before.

    Latin words lie on their side in a column: one that is read badly is also tried turned as a whole.
    """
    flat = [laid_flat(crop) if up else crop for crop, up in zip(crops, tall, strict=True)]
    texts = _read_crops(engine, flat)
    doubtful = [i for i, (_, score) in enumerate(texts) if tall[i] and score < _DOUBTFUL]
    if doubtful:
        turned = [crops[i].transpose(Image.Transpose.ROTATE_90) for i in doubtful]
        for i, again in zip(doubtful, _read_crops(engine, turned), strict=True):
            texts[i] = max(texts[i], again, key=lambda each: each[1])
    return texts


def _read_crops(engine: Any, crops: Sequence[Image.Image]) -> list[tuple[str, float]]:
    from rapidocr.ch_ppocr_rec import TextRecInput

    if not crops:
        return []
    read = engine._load_rec_model()(TextRecInput(img=[_pixels(crop) for crop in crops]))
    return [(str(text), float(score)) for text, score in zip(read.txts, read.scores, strict=True)]


def _turned_back(line: PictureLine, turn: Turn, size: tuple[int, int]) -> PictureLine:
    """The line on the picture of `size` as it was before `turn`."""
    width, height = size

    def back(x: float, y: float) -> tuple[float, float]:
        match turn:
            case Image.Transpose.ROTATE_90:
                return width - y, x
            case Image.Transpose.ROTATE_270:
                return y, height - x
            case _:
                return width - x, height - y

    return PictureLine(line.text, tuple(back(x, y) for x, y in line.corners), line.confidence, line.vertical)


@lru_cache(maxsize=1)
def _engine(threads: int) -> Any:
    import rapidocr  # takes a second: only for those who read pictures

    models = Path(rapidocr.__file__).parent / "models"
    return rapidocr.RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.use_preprocess_img": False,
            # By their names: what is missing must be an error, RapidOCR would try to download it.
            "Det.model_path": str(models / "PP-OCRv6_det_small.onnx"),
            "Cls.model_path": str(models / "ch_ppocr_mobile_v2.0_cls_mobile.onnx"),
            "Rec.model_path": str(models / "PP-OCRv6_rec_small.onnx"),
            "EngineConfig.onnxruntime.intra_op_num_threads": threads or -1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
