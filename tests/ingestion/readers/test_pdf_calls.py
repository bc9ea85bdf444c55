"""What is asked of pdfium by address must equal what its generated bindings say."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
import pytest

from ingestion.readers import pdf_calls as calls
from ingestion.readers.pdf_objects import read_objects

SAMPLES = Path(__file__).parents[3] / "samples" / "documents"


@pytest.fixture(params=["SB-2025-07_Service_Bulletin.pdf", "経費精算規程.pdf"])
def page(request: pytest.FixtureRequest) -> Iterator[Any]:
    document = pypdfium2.PdfDocument(SAMPLES / request.param)
    page = document[0]
    yield page
    page.close()
    document.close()


@pytest.fixture
def text_page(page: Any) -> Iterator[Any]:
    text_page = page.get_textpage()
    yield text_page
    text_page.close()


def test_characters_are_those_of_the_bindings(text_page: Any) -> None:
    count = text_page.count_chars()
    boxes = calls.loose_boxes(text_page, count)
    left, top, right, bottom = boxes.T.tolist()
    expected = [text_page.get_charbox(index, loose=True) for index in range(count)]
    assert list(zip(left, bottom, right, top, strict=True)) == expected
    every = range(count)
    codes = [pdfium.FPDFText_GetUnicode(text_page.raw, index) for index in every]
    assert calls.code_points(text_page, count) == codes
    angles = [pdfium.FPDFText_GetCharAngle(text_page.raw, index) for index in every]
    assert calls.angles_at(text_page, every) == angles


def test_colours_and_modes_are_those_of_the_bindings(text_page: Any) -> None:
    every = range(text_page.count_chars())
    colors, known = calls.fill_colors_at(text_page, every)
    for index in every:
        parts = [ctypes.c_uint() for _ in range(4)]
        assert bool(pdfium.FPDFText_GetFillColor(text_page.raw, index, *parts)) == known[index]
        assert [part.value for part in parts] == colors[index].tolist()
    drawn = [pdfium.FPDFText_GetTextObject(text_page.raw, index) for index in every]
    found = calls.text_objects_at(text_page, every)
    assert found == [ctypes.cast(item, ctypes.c_void_p).value or 0 for item in drawn]
    modes = [pdfium.FPDFTextObj_GetTextRenderMode(item) for item in drawn]
    assert calls.render_modes(found) == modes


def test_objects_are_those_of_the_bindings(page: Any) -> None:
    objects = read_objects(page)
    expected = list(page.get_objects(max_depth=1))
    assert objects.whole
    assert objects.kinds == [item.type for item in expected]
    boxes, known = calls.bounds_of(objects.handles)
    assert known.all()
    assert [tuple(box) for box in boxes.tolist()] == [item.get_bounds() for item in expected]
    matrices = [item.get_matrix().get() for item in expected]
    assert np.allclose(calls.matrices_of(objects.handles), matrices)


def test_segments_are_those_of_the_bindings(page: Any) -> None:
    paths = [item.raw for item in page.get_objects(max_depth=1) if item.type == pdfium.FPDF_PAGEOBJ_PATH]
    handles = list(read_objects(page).of_kind(calls.PATH))
    assert paths
    counts = [pdfium.FPDFPath_CountSegments(path) for path in paths]
    assert calls.segment_counts(handles) == counts
    segments = [
        pdfium.FPDFPath_GetPathSegment(path, index)
        for path, count in zip(paths, counts, strict=True)
        for index in range(count)
    ]
    own = calls.segments_of(handles, counts)
    kinds, closes = calls.segment_kinds(own)
    assert kinds.tolist() == [pdfium.FPDFPathSegment_GetType(segment) for segment in segments]
    assert closes.tolist() == [bool(pdfium.FPDFPathSegment_GetClose(segment)) for segment in segments]
    points, known = calls.points_of(own)
    x, y = ctypes.c_float(), ctypes.c_float()
    for place, segment in enumerate(segments):
        assert bool(pdfium.FPDFPathSegment_GetPoint(segment, x, y)) == known[place]
        assert [x.value, y.value] == points[place].tolist()
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    stroked = [bool(pdfium.FPDFPath_GetDrawMode(path, fill, stroke)) and bool(stroke.value) for path in paths]
    assert calls.are_stroked(handles).tolist() == stroked


def test_nothing_is_asked_for_nothing(page: Any) -> None:
    assert calls.bounds_of([])[0].shape == (0, 4)
    assert calls.matrices_of([]).shape == (0, 6)
    assert calls.points_of([])[0].shape == (0, 2)
    assert calls.are_stroked([]).tolist() == []
