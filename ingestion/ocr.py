"""Lines of text in a picture, by RapidOCR on onnxruntime. Its weights lie in its wheel; no socket is opened.

What the lines mean together (order, paragraphs) is the matter of readers/recognised_text.py.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Points = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]

LEAST_CONFIDENCE = 0.5
"""Lines below are mostly marks in photographs and stamps that were taken for text: they are left out."""

_LONGEST_SIDE = 2600
_LEAST_CONTRAST = 12
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class PictureLine:
    """A line of text in a picture.

    `corners` are in pixels from the top left: upper left, upper right, lower right and lower left corner of
    the line as it stands on the picture. `confidence` is in [0, 1]. `vertical` lines run downwards.
    """

    text: str
    corners: Points
    confidence: float
    vertical: bool


def read_picture(image: Image.Image, *, threads: int = 0) -> list[PictureLine]:
    """The lines of text in `image`, in no particular order; `threads` 0 is as many as there are cores."""
    if _is_plain(image):
        return []
    pixels = np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])
    with _lock:
        found = _engine(threads)(pixels)
    if found.boxes is None or found.txts is None:
        return []
    lines = (
        _line(text, box, score)
        for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
    )
    return [line for line in lines if line.text.strip() and line.confidence >= LEAST_CONFIDENCE]


def _is_plain(image: Image.Image) -> bool:
    """Whether there is nothing on it: an empty page costs as much to look at as a full one."""
    low, high = image.convert("L").getextrema()
    return isinstance(low, int) and isinstance(high, int) and high - low < _LEAST_CONTRAST


def _line(text: str, box: npt.NDArray[np.float32], score: float) -> PictureLine:
    first, second, third, fourth = ((float(x), float(y)) for x, y in box)
    width = np.hypot(second[0] - first[0], second[1] - first[1])
    height = np.hypot(fourth[0] - first[0], fourth[1] - first[1])
    upright = bool(height > 1.5 * width) and len(text) > 1
    return PictureLine(text, (first, second, third, fourth), float(score), upright)


@lru_cache(maxsize=1)
def _engine(threads: int) -> Any:
    from rapidocr import RapidOCR  # takes a second: only for those who read pictures

    return RapidOCR(
        params={
            "Global.text_score": LEAST_CONFIDENCE,
            "Global.max_side_len": _LONGEST_SIDE,
            "Global.log_level": "error",
            "EngineConfig.onnxruntime.intra_op_num_threads": threads or -1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
