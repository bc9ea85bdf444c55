"""The whole way with the default models: upload, ask, see the proof; several who ask at once."""

from __future__ import annotations

import io
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import numpy as np
import psutil
import pypdfium2
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from ingestion.workspace import open_workspace
from ui.api.client import ServiceClient
from ui.connecting import connect
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


def test_upload_ask_and_see_the_proof(served_workspace: Any, visitors: Any, tmp_path: Path) -> None:
    page = visitors.visit(served_workspace.address)
    page.locator("button", has_text="ライブラリを開く").click()
    page.set_input_files("[data-testid=stFileUploaderDropzoneInput]", SAMPLE)
    page.locator("button", has_text="1件を取り込む").click()
    expect(page.locator("body")).to_contain_text("取り込みが終わりました", timeout=5 * MINUTES)
    with pypdfium2.PdfDocument(SAMPLE) as document:
        pages = len(document)
    expect(page.locator("[data-testid=stMetricValue]").nth(1)).to_have_text(str(pages))

    page.click("text=チャット")
    page.fill(FIELD, QUESTION)
    page.press(FIELD, "Enter")
    page.wait_for_selector(".card", timeout=5 * MINUTES)
    page.wait_for_selector("button.copy", timeout=15 * MINUTES)
    page.wait_for_selector("[data-test-script-state=notRunning]")  # a click while it draws can be lost
    page.screenshot(path=tmp_path / "answer.png")
    page.locator(".chip").first.click()
    page.wait_for_selector("[data-testid=stDialog] img", timeout=3 * MINUTES)
    quote = page.locator("[data-testid=stDialog] .k-quote").inner_text()
    page.screenshot(path=tmp_path / "proof.png")
    assert "14文字以上" in quote
    assert 0.0005 < marked_share(page) < 0.5
    assert [
        url for url in visitors.requests if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))
    ] == []


TABS = {
    "管理者アカウントのパスワードは何文字以上ですか？": "20文字",
    "パスワードを何回間違えるとロックされますか？": "10回",
}
API = ("パスワードは何文字以上にしなければなりませんか？", "14文字")


def test_two_tabs_and_a_program_share_one_model_and_mix_nothing(
    served_workspace: Any, visitors: Any, tmp_path: Path
) -> None:
    """Follows the upload above: the same workspace."""
    operations = connect(open_workspace(served_workspace.workspace), start_service=False)
    assert isinstance(operations, ServiceClient)
    replies: list[str] = []

    def ask() -> None:
        replies.extend(e["answer"]["answer"] for e in operations.ask(API[0]) if e["event"] == "finished")

    pages = [visitors.visit(served_workspace.address) for _ in TABS]
    program = threading.Thread(target=ask)
    program.start()
    for page, question in zip(pages, TABS, strict=True):
        page.fill(FIELD, question)
        page.press(FIELD, "Enter")
    program.join(15 * 60)
    assert len(replies) == 1
    assert API[1] in replies[0]
    for page, (question, expected) in zip(pages, TABS.items(), strict=True):
        page.wait_for_selector("button.copy", timeout=15 * MINUTES)
        shown = page.locator("[data-testid=stMain]").inner_text()
        assert [other for other in (*TABS, API[0]) if other in shown] == [question]
        page.screenshot(path=tmp_path / f"{expected}.png")
        assert expected in page.locator(".answer").inner_text()
    assert len(holders_of("qwen2.5-coder-1.5b-instruct", operations.status()["pid"])) == 1
    operations.close()


def holders_of(model: str, service: int) -> list[int]:
    """Processes of this test that have the model's file in memory."""
    family = [psutil.Process(), psutil.Process(service), *psutil.Process().children(recursive=True)]
    return sorted(
        {p.pid for p in family if any(model in mapped.path for mapped in p.memory_maps() if mapped.rss)}
    )
