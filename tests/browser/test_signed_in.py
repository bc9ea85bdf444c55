"""Signing in in a real browser, over the real page, service and accounts of a workspace without models."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from conftest import PATIENCE, ROOT, Visitors, free_port
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.network, pytest.mark.timeout(1800)]
PASSWORD = "correct horse 馬"


@dataclass(frozen=True, slots=True)
class Kept:
    """A page that asks people to sign in."""

    address: str
    workspace: Path

    def konkyo(self, *arguments: str) -> None:
        environment = {**os.environ, "KONKYO_WORKSPACE": str(self.workspace), "KONKYO_PASSWORD": PASSWORD}
        subprocess.run(
            [sys.executable, "-m", "ui.cli.main", *arguments], cwd=ROOT, env=environment, check=True,
            capture_output=True,
        )  # fmt: skip


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    root = tmp_path_factory.mktemp("kept") / "workspace"
    port = free_port()
    made = Kept(f"http://127.0.0.1:{port}", root)
    made.konkyo("users", "add", "chief", "--admin")
    made.konkyo("users", "add", "ann", "--role", "reader")
    log = (root.parent / "page.log").open("wb")
    page = subprocess.Popen(
        [sys.executable, "-m", "ui.cli.main", "ui", "--no-browser", "--port", str(port)],
        cwd=ROOT, env={**os.environ, "KONKYO_WORKSPACE": str(root)}, stdout=subprocess.PIPE, stderr=log,
    )  # fmt: skip
    assert page.stdout is not None
    try:
        line = page.stdout.readline().decode()
        assert line.startswith("READY "), (root.parent / "page.log").read_text()
        yield made
    finally:
        children = psutil.Process(page.pid).children()
        page.terminate()
        page.wait(120)
        page.stdout.close()
        log.close()
        made.konkyo("stop")
        assert psutil.wait_procs(children, 120)[1] == []


def enter(page: Page, name: str, password: str) -> None:
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", password)
    page.click("button")


def signed_in(page: Page, shown: str) -> None:
    expect(page.get_by_test_id("stSidebar").get_by_text(shown, exact=True)).to_be_visible()


def test_a_session_outlives_a_reload_and_ends_when_its_person_leaves(kept: Kept, visitors: Visitors) -> None:
    page = visitors.visit(kept.address, locale="en-US", ready="input[name=name]")
    assert "/sign-in" in page.url
    enter(page, "ann", "wrong password")
    expect(page.get_by_role("alert")).to_contain_text("name or the password is wrong")
    enter(page, "ann", PASSWORD)
    signed_in(page, "ann")
    assert "/sign-in" not in page.url

    (cookie,) = (
        one for one in page.context.cookies() if re.fullmatch("konkyo_[0-9a-f]{8}", str(one["name"]))
    )
    assert cookie["httpOnly"] and cookie["sameSite"] == "Strict" and cookie["expires"] == -1
    seen = page.evaluate(
        "() => [document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage)]"
    )
    assert not [place for place in [*seen, *visitors.requests, page.content()] if cookie["value"] in place]

    page.reload()
    signed_in(page, "ann")
    page.goto(f"{kept.address}/library")
    signed_in(page, "ann")
    sidebar = page.get_by_test_id("stSidebar")
    expect(sidebar.get_by_role("link")).to_have_count(3)  # questions, library, dictionary
    expect(page.get_by_test_id("stFileUploader")).to_have_count(0)

    other = page.context.new_page()
    other.set_default_timeout(PATIENCE)
    other.goto(kept.address)
    signed_in(other, "ann")
    sidebar.get_by_role("button", name="Sign out").click()
    page.wait_for_selector("input[name=name]")
    page.goto(kept.address)
    page.wait_for_selector("input[name=name]")
    other.get_by_text("日本語").click()  # whatever is done in another tab
    other.wait_for_selector("input[name=name]")

    page.context.add_cookies([cookie])  # type: ignore[list-item]  # as somebody would who had copied it
    page.goto(kept.address)
    page.wait_for_selector("input[name=name]")


def test_who_signs_in_next_in_the_same_browser_is_somebody_else(kept: Kept, visitors: Visitors) -> None:
    page = visitors.visit(f"{kept.address}/library", locale="ja-JP", ready="input[name=name]")
    enter(page, "ann", PASSWORD)
    signed_in(page, "ann")
    assert page.url.partition("?")[0].endswith("/library")
    page.get_by_test_id("stSidebar").get_by_role("button", name="サインアウト").click()
    page.wait_for_selector("input[name=name]")
    enter(page, "chief", PASSWORD)
    signed_in(page, "chief")
    expect(page.get_by_test_id("stSidebar").get_by_role("link")).to_have_count(7)
