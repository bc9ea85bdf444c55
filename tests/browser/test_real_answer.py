"""The whole way with real models: upload a PDF, wait, ask, open a citation, see the passage marked."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import numpy as np
import pypdfium2
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from ui.web.passages import MARK

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.timeout(1500)]

SAMPLE = Path(__file__).parents[2] / "samples" / "documents" / "情報セキュリティポリシー.pdf"
QUESTION = "パスワードは何文字以上にしなければなりませんか？"
FIELD = "[data-testid=stChatInputTextArea]"
MINUTES = 60_000


def marked_share(page: Page) -> float:
    """The share of the shown page image that has exactly the mark's colour."""
    source = page.locator("[data-testid=stDialog] img").get_attribute("src")
    shown = page.request.get(urljoin(page.url, str(source))).body()
    colours = np.asarray(Image.open(io.BytesIO(shown)).convert("RGB"))
    return float((colours == MARK).all(axis=2).mean())


def test_upload_ask_and_see_the_proof(served_workspace: str, visitors: Any, tmp_path: Path) -> None:
    page = visitors.visit(served_workspace)
    page.locator("button", has_text="ライブラリを開く").click()
    page.set_input_files("[data-testid=stFileUploaderDropzoneInput]", SAMPLE)
    page.locator("button", has_text="1件を取り込む").click()
    expect(page.locator("body")).to_contain_text("取り込みが終わりました", timeout=5 * MINUTES)
    pages = len(pypdfium2.PdfDocument(SAMPLE))
    expect(page.locator("[data-testid=stMetricValue]").nth(1)).to_have_text(str(pages))

    page.click("text=チャット")
    page.fill(FIELD, QUESTION)
    page.press(FIELD, "Enter")
    page.wait_for_selector(".card", timeout=MINUTES)
    page.wait_for_selector("button.copy", timeout=15 * MINUTES)
    chips = page.locator(".chip")
    opener = chips.first if chips.count() else page.locator(".card").first
    page.screenshot(path=tmp_path / "answer.png")
    opener.click()
    page.wait_for_selector("[data-testid=stDialog] img", timeout=MINUTES)
    quote = page.locator("[data-testid=stDialog] .k-quote").inner_text()
    page.screenshot(path=tmp_path / "proof.png")
    assert "文字以上" in quote
    assert 0.0005 < marked_share(page) < 0.5
    assert [
        url for url in visitors.requests if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))
    ] == []
