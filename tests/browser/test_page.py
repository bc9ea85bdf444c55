"""The page in a real browser."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import docx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

FIELD = "[data-testid=stChatInputTextArea]"
SCRIPT = "<script>document.title='owned'</script>"


def ask(page: Page, question: str) -> None:
    page.wait_for_selector(f"{FIELD}:enabled")
    page.fill(FIELD, question)
    page.press(FIELD, "Enter")


def at_rest(page: Page) -> None:
    """Wait until the page's program has run: what is chosen while it draws again can be lost."""
    page.wait_for_selector("[data-test-script-state=notRunning]")


def answered(page: Page, count: int = 1) -> None:
    page.wait_for_function("n => document.querySelectorAll('.stChatMessage').length >= 2 * n", arg=count)
    expect(page.locator("button.copy")).to_have_count(count)
    page.wait_for_selector(f"{FIELD}:enabled")
    at_rest(page)


def settle(page: Page) -> None:
    page.wait_for_timeout(600)


def test_sources_come_first_then_words_then_verdicts(slow_page: str, visitors: Any) -> None:
    page = visitors.visit(slow_page)
    ask(page, "有給休暇は何日ですか？")
    page.wait_for_selector(".card")
    assert page.locator(".claim").count() == 0
    answered(page)
    claims = [claim.inner_text() for claim in page.locator(".claim").all()]
    assert [re.sub(r"\s+", "", claim) for claim in claims] == [
        "年次有給休暇は入社6か月後に10日与えられます。1✓根拠あり",
        "申請は3日前までに行います。1◐一部に根拠",
        "半日単位でも取得できます。?根拠なし",
    ]


def test_a_chip_opens_the_page_with_the_passage_marked(fake_page: str, visitors: Any) -> None:
    page = visitors.visit(fake_page)
    ask(page, "有給休暇は何日ですか？")
    answered(page)
    page.locator(".chip").first.click()
    image = page.locator("[data-testid=stDialog] img")
    image.wait_for()
    address = image.get_attribute("src")
    shown = page.request.get(urljoin(page.url, str(address))).body()
    colours = np.asarray(Image.open(io.BytesIO(shown)).convert("RGB"))
    assert ((colours == (255, 226, 110)).all(axis=2)).sum() > 2000
    expect(page.locator(".k-quote")).to_have_text("年次有給休暇は入社6か月後に10日与える。")
    expect(page.locator("[data-testid=stDialog] code")).to_have_text("\\\\server\\share\\規程\\就業規則.pdf")
    with page.expect_download() as download:
        page.click("text=原本をダウンロード")
    assert download.value.suggested_filename == "就業規則.pdf"
    page.locator("[data-testid=stDialog] button", has_text="前のページ").click()
    expect(page.locator("[data-testid=stDialog]")).to_contain_text("1 / 2 ページ")
    # The button is disabled now and has lost the focus, so a key would reach nothing in the dialog.
    page.locator("[data-testid=stDialog] button[aria-label=Close]").click()
    expect(page.locator("[data-testid=stDialog]")).to_have_count(0)
    settle(page)
    expect(page.locator("[data-testid=stDialog]")).to_have_count(0)


def test_a_chip_opens_its_passage_also_while_the_page_is_drawn_anew(busy_page: str, visitors: Any) -> None:
    page = visitors.visit(busy_page)
    ask(page, "有給休暇は何日ですか？")
    expect(page.locator("button.copy")).to_have_count(1)
    page.wait_for_timeout(800)  # the answer is whole and is being drawn as a stored one, for three seconds
    page.locator(".chip").first.click()
    expect(page.locator("[data-testid=stDialog] .k-quote")).to_have_text(
        "年次有給休暇は入社6か月後に10日与える。"
    )


def test_cells_and_slides_are_marked(fake_page: str, visitors: Any) -> None:
    page = visitors.visit(fake_page)
    ask(page, "AB-1234Xの単価は？")
    answered(page)
    page.locator(".chip").first.click()
    expect(page.locator("tr.marked")).to_have_text(re.compile("2AB-1234X圧力センサー12,000円"))
    page.keyboard.press("Escape")
    ask(page, "非常口は？")
    answered(page, 2)
    page.locator(".chip").last.click()
    expect(page.locator(".k-text mark")).to_have_text("非常口は各階に2か所ある。")


def test_stop_ends_the_answer_and_a_citation_can_be_read_meanwhile(held_page: str, visitors: Any) -> None:
    page = visitors.visit(held_page)
    ask(page, "有給休暇は何日ですか？")
    page.locator(".chip").first.click()
    page.wait_for_selector("[data-testid=stDialog] img")
    page.keyboard.press("Escape")
    expect(page.locator("[data-testid=stDialog]")).to_have_count(0)
    page.locator("button", has_text="停止").click()
    page.wait_for_selector(".note.stopped")
    before = page.locator(".answer").inner_text()
    page.wait_for_selector(f"{FIELD}:enabled")
    assert "半日単位でも取得できます。" not in page.locator(".answer").inner_text()
    assert before.startswith("年次有給休暇は")


def test_enter_during_conversion_never_sends(fake_page: str, visitors: Any) -> None:
    page = visitors.visit(fake_page, locale="ja-JP")
    field = page.locator(FIELD)
    field.click()
    keys = page.context.new_cdp_session(page)
    composing = {"type": "rawKeyDown", "key": "Process", "code": "Enter", "windowsVirtualKeyCode": 229}
    for text in ("きゅうか", "休暇"):
        keys.send(
            "Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)}
        )
        keys.send("Input.dispatchKeyEvent", composing)
        # Some systems report the key that ends a conversion as Enter, not as Process.
        keys.send(
            "Input.dispatchKeyEvent",
            {"type": "rawKeyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13},
        )
        keys.send("Input.dispatchKeyEvent", {"type": "keyUp", "key": "Enter", "code": "Enter"})
    keys.send("Input.insertText", {"text": "休暇"})
    settle(page)
    assert page.locator(".stChatMessage").count() == 0
    assert field.input_value() == "休暇"
    field.press("Enter")
    answered(page)
    expect(page.locator("[data-testid=stChatMessage] [data-testid=stText]").first).to_have_text("休暇")


def test_copy_holds_the_citations_and_word_can_read_the_export(
    fake_page: str, visitors: Any, tmp_path: Path
) -> None:
    page = visitors.visit(fake_page)
    ask(page, "有給休暇は何日ですか？")
    answered(page)
    page.locator("button.copy").click()
    expect(page.locator("button.copy")).to_have_text("コピーしました")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "与えられます。 [1]" in copied and "[1] 就業規則, 2ページ" in copied
    with page.expect_download() as download:
        page.click("text=Word に書き出す")
    download.value.save_as(tmp_path / "answer.docx")
    lines = [paragraph.text for paragraph in docx.Document(str(tmp_path / "answer.docx")).paragraphs]
    assert "年次有給休暇は入社6か月後に10日与える。" in lines


def test_the_browser_and_the_switch_choose_the_language(fake_page: str, visitors: Any) -> None:
    page = visitors.visit(fake_page, locale="en-US")
    expect(page.locator(FIELD)).to_have_attribute("placeholder", "Ask about your documents")
    page.click("text=日本語")
    expect(page.locator(FIELD)).to_have_attribute("placeholder", "文書について質問する")
    page.reload()
    expect(page.locator(FIELD)).to_have_attribute("placeholder", "文書について質問する")


def test_two_tabs_at_once_queue_and_do_not_mix(slow_page: str, visitors: Any) -> None:
    one, two = visitors.visit(slow_page), visitors.visit(slow_page)
    ask(one, "有給休暇は何日ですか？")
    ask(two, "AB-1234Xの単価は？")
    two.wait_for_selector(".note.queued")
    answered(one)
    answered(two)
    assert "10日与えられます" in one.locator(".answer").inner_text()
    assert two.locator(".answer").inner_text().startswith("AB-1234Xの単価は12,000円です。")


def test_an_upload_becomes_a_document_and_can_be_deleted(serve: Callable[..., str], visitors: Any) -> None:
    empty = serve(Path(__file__).parent / "fake_app.py", FAKE_DELAY="0.1", FAKE_EMPTY="1")
    page = visitors.visit(empty)
    page.locator("button", has_text="ライブラリを開く").click()
    expect(page.locator("body")).to_contain_text("まだ文書はありません")
    files = [
        {"name": "食堂.txt", "mimeType": "text/plain", "buffer": "社員食堂は12時に開く。".encode()},
        {"name": "broken.pdf", "mimeType": "application/pdf", "buffer": b"%PDF"},
    ]
    page.set_input_files("[data-testid=stFileUploaderDropzoneInput]", files)
    page.locator("button", has_text="2件を取り込む").click()
    expect(page.locator("body")).to_contain_text("取り込みが終わりました")
    expect(page.locator("body")).to_contain_text("読めないファイル（1）")
    expect(page.locator("[data-testid=stMetricValue]").first).to_have_text("1")
    page.locator("[data-testid=stDataFrame]").first.click(position={"x": 18, "y": 52})
    page.locator("button", has_text="内容を見る").click()
    expect(page.locator(".k-chunk")).to_have_text(re.compile("社員食堂は12時に開く。"))
    page.keyboard.press("Escape")
    page.locator("button", has_text="ライブラリから削除").click()
    page.locator("[data-testid=stDialog] button", has_text="削除する").click()
    expect(page.locator("[data-testid=stMetricValue]").first).to_have_text("0")  # the failure is still listed


def test_markup_in_documents_and_answers_stays_text(fake_page: str, visitors: Any) -> None:
    page = visitors.visit(fake_page)
    ask(page, f"script? {SCRIPT}")
    answered(page)
    assert SCRIPT in page.locator(".answer").inner_text()
    page.locator(".chip").first.click()
    expect(page.locator(".k-text mark")).to_contain_text(SCRIPT)
    settle(page)
    assert page.title() != "owned"


def test_no_request_leaves_this_machine(fake_page: str, visitors: Any) -> None:
    page = visitors.visit(fake_page)
    ask(page, "有給休暇は何日ですか？")
    answered(page)
    page.locator(".chip").first.click()
    page.wait_for_selector("[data-testid=stDialog] img")
    page.keyboard.press("Escape")
    page.click("text=ライブラリ")
    page.wait_for_selector("[data-testid=stDataFrame]")
    settle(page)
    assert [
        url for url in visitors.requests if not re.match(r"(http://127\.0\.0\.1:|data:|blob:)", url)
    ] == []
