"""The panel beside the chat for a passage of a Word file with figures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from test_web_page import opened, visible
from web_fakes import FakeOperations
from web_library import make_document

from ingestion.described import MARK_EN
from ingestion.errors import ReadError
from ui.web import resources
from ui.web.turns import passage_of

SAID = f"{MARK_EN}A pump.\n{MARK_EN}An arrow points left."
TEXT = f"The pump is shown below.\nFigure 1 Pump\n{SAID}\nEnd."


class WithFigures(FakeOperations):
    """Has a Word file with two figures, the second of which cannot be shown."""

    def __init__(self) -> None:
        super().__init__()
        document = make_document("word", "Pump", "pump.docx", [TEXT])
        text = document["text"]
        caption, said = text.index("Figure 1"), text.index(SAID)
        box = {"page": 1, "x0": 0.0, "y0": 0.0, "x1": 0.0, "y1": 0.0}
        first = {"start": caption, "end": caption + 13, "name": "word/media/image1.png"}
        second = {"start": len(text), "end": len(text), "name": "word/media/image2.png"}
        described = {"described_start": said, "described_end": said + len(SAID)}
        nothing = {"described_start": 0, "described_end": 0}
        document["figures"] = [{**box, **first, **described}, {**box, **second, **nothing}]
        document["tables"] = []
        self.stored.append(document)

    def figure_image(self, document: str, figure: int) -> bytes:
        if figure == 1:
            raise ReadError("the picture is damaged.")
        return super().figure_image(document, figure)


@pytest.fixture
def operations(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOperations]:
    made = WithFigures()
    monkeypatch.setattr(resources, "connect_with", lambda: made)
    resources.reconnect()
    yield made
    resources.reconnect()


def panel(operations: FakeOperations, quote: str) -> AppTest:
    text = operations.document("word")["text"]
    start = text.index(quote)
    cited: dict[str, Any] = {
        "document": "word", "start": start, "end": start + len(quote), "quote": quote, "title": "Pump",
        "path": "pump.docx", "format": "docx", "page": None, "page_label": None, "locator": None,
        "shown_as": "pump.docx",
    }  # fmt: skip
    page = opened()
    page.session_state["passage"] = passage_of(cited)
    page.run()
    assert not page.exception
    return page


def test_a_figure_stands_beside_the_passage_with_its_caption_and_description(
    operations: FakeOperations,
) -> None:
    page = panel(operations, "The pump is shown below.")
    shown = visible(page).replace("\\", "")
    assert "Description by AI: A pump. An arrow points left." in shown
    assert "the picture is damaged." in shown
    assert "a description that a model made" not in shown
    assert [box.label for box in page.expander] == ["Figures beside this passage (2)"]


def test_a_quote_of_a_description_carries_a_warning(operations: FakeOperations) -> None:
    shown = visible(panel(operations, f"{MARK_EN}A pump."))
    assert "a description that a model made of a figure" in shown
