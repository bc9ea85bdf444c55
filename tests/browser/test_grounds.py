"""A planted model says one thing that no document holds: the page shows which, and proves the others."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from test_page import FIELD, answered, ask

pytestmark = pytest.mark.browser

QUESTION = "経費の精算はいつまでに申請しますか？"
RIGHT = "経費は毎月末日で締め切り、翌月の第5営業日までに申請します。"
WRONG = "申請には社長の署名と印鑑証明書が要ります。"
PAID = "承認された経費は、申請の翌月25日に給与とともに支払われます。"


@pytest.fixture(scope="module")
def planted(serve: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = str(tmp_path_factory.mktemp("planted") / "w")
    program = Path(__file__).parent / "planted_app.py"
    subprocess.run(
        [sys.executable, str(program), "--prepare"], env={**os.environ, "PLANTED_FOLDER": folder}, check=True
    )
    return serve(program, PLANTED_FOLDER=folder)


def close(page: Page) -> None:
    page.locator("[data-testid=stDialog] button[aria-label=Close]").click()
    expect(page.locator("[data-testid=stDialog]")).to_have_count(0)


@pytest.mark.parametrize(
    ("locale", "names"),
    [
        ("ja-JP", {"ground": "根拠あり", "none": "根拠なし", "bar": ["✓根拠あり 2", "?根拠なし 1"]}),
        ("en-US", {"ground": "Supported", "none": "No ground", "bar": []}),
    ],
)
def test_the_wrong_sentence_is_shown_as_unsupported_and_the_right_ones_with_their_quotes(
    planted: str, visitors: Any, tmp_path: Path, locale: str, names: dict[str, Any]
) -> None:
    page = visitors.visit(planted, locale=locale)
    ask(page, QUESTION)
    answered(page)
    claims = page.locator(".claim")
    verdicts = [claim.get_attribute("class") for claim in claims.all()]
    assert verdicts == ["claim supported", "claim unsupported", "claim supported"]
    words = [claim.locator(".words").inner_text() for claim in claims.all()]
    assert words == [RIGHT, WRONG, PAID]
    icons = [claim.locator(".verdict .icon").inner_text() for claim in claims.all()]
    assert icons == ["✓", "?", "✓"]  # not by colour alone
    counts = [re.sub("\n", "", count.inner_text()) for count in page.locator(".count").all()]
    if names["bar"]:
        assert counts == names["bar"]
    assert len(counts) == 2
    page.screenshot(path=tmp_path / f"answer-{locale}.png", full_page=True)

    claims.nth(0).locator(".verdict").click()
    dialog = page.locator("[data-testid=stDialog]")
    expect(dialog.locator(".k-claim")).to_have_text(RIGHT)
    expect(dialog.locator(".k-quote")).to_contain_text("第5営業日までに申請しなければならない")
    expect(dialog.locator(".k-claim .number_same")).to_have_text("5営業日")
    dialog.locator("img").first.wait_for()
    page.wait_for_timeout(500)
    page.screenshot(path=tmp_path / f"proof-{locale}.png")
    close(page)

    claims.nth(1).locator(".verdict").click()
    expect(dialog.locator(".k-claim")).to_have_text(WRONG)
    expect(dialog.locator(".k-quote")).to_have_count(0)
    page.screenshot(path=tmp_path / f"unsupported-{locale}.png")
    close(page)

    claims.nth(2).locator(".verdict").click()
    expect(dialog.locator(".k-quote")).to_contain_text("翌月25日に給与とともに支払う")
    close(page)

    # Another document gives another day for the same: both are named.
    differ = page.locator(".differ")
    expect(differ).to_have_count(1)
    assert "5営業日" in differ.inner_text() and "3営業日" in differ.inner_text()


def test_a_number_that_differs_is_marked_beside_the_quote(
    planted: str, visitors: Any, tmp_path: Path
) -> None:
    page = visitors.visit(planted)
    ask(page, "領収書の原本は誰が保管しますか？")
    answered(page)
    wrong = page.locator(".claim.contradicted")
    expect(wrong).to_have_count(1)
    wrong.locator(".verdict").click()
    dialog = page.locator("[data-testid=stDialog]")
    expect(dialog.locator(".k-claim .number_differs")).to_have_text("5回")
    expect(dialog.locator(".k-quote .number_differs")).to_have_text("3回")
    dialog.locator("img").first.wait_for()
    page.screenshot(path=tmp_path / "differs.png")


def test_a_confirmed_answer_comes_first_and_the_ordinary_one_can_be_asked_for(
    planted: str, visitors: Any, tmp_path: Path
) -> None:
    page = visitors.visit(planted)
    ask(page, QUESTION)
    answered(page)
    page.locator("button", has_text="この回答を確認済みにする").click()
    page.get_by_label("確認者").fill("佐藤")
    page.locator("[data-testid=stFormSubmitButton] button", has_text="確認済みにする").click()
    expect(page.locator("body")).to_contain_text("確認済みにしました")
    page.screenshot(path=tmp_path / "confirmed.png", full_page=True)
    page.locator("button", has_text="新しい会話").click()
    page.wait_for_selector(f"{FIELD}:enabled")
    ask(page, "経費の精算は、いつまでに申請しますか")
    answered(page)
    expect(page.locator(".verified")).to_contain_text("佐藤")
    page.screenshot(path=tmp_path / "verified.png", full_page=True)
    page.locator("button", has_text="通常の回答を作る").click()
    answered(page, 2)
    expect(page.locator(".verified")).to_have_count(1)
    page.click("text=確認済みの回答")
    page.wait_for_selector("[data-testid=stDataFrame]")
    page.wait_for_timeout(600)
    page.screenshot(path=tmp_path / "list.png")


def test_who_to_ask_is_named_when_the_documents_do_not_say(
    planted: str, visitors: Any, tmp_path: Path
) -> None:
    page = visitors.visit(planted)
    ask(page, "育児休業は何日取れますか？")
    page.wait_for_selector(".note.abstained")
    expect(page.locator(".person")).to_contain_text("経理部 山本（内線 204）")
    page.screenshot(path=tmp_path / "whom.png", full_page=True)
