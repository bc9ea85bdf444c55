"""The page where there are accounts: the way to the form until the browser brings a session."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash
from test_web_page import APP, opened, visible
from web_fakes import PATIENCE, FakeOperations

from assistant.errors import SignInError
from ui.web import resources, signing_in

Json = dict[str, Any]
ANN, BOB = "kks_ann", "kks_bob"
PEOPLE = {ANN: ("ann", "Ann *A*", "reader"), BOB: ("bob", "Bob", "admin")}


class Signed(FakeOperations):
    """The connection of somebody who signed in."""

    def __init__(self, common: Common, secret: str) -> None:
        super().__init__()
        self._common, self._secret = common, secret

    def sign_out(self) -> None:
        self._common.over.add(self._secret)


class Common(FakeOperations):
    """The connection of the page itself, which may not do anything where there are accounts."""

    accounts = True

    def __init__(self) -> None:
        super().__init__()
        self.over: set[str] = set()
        self.given: list[str] = []

    def session_of(self, secret: str) -> Json:
        if not self.accounts or not secret:
            return {"accounts": self.accounts, "user": None}
        if secret in self.over or secret not in PEOPLE:
            raise SignInError("the session or token is unknown or over. Sign in again.")
        user, shown, role = PEOPLE[secret]
        return {"accounts": True, "user": user, "display_name": shown, "role": role, "groups": []}

    def as_session(self, secret: str) -> Signed:
        self.given.append(secret)
        return Signed(self, secret)

    def documents(self, **named: Any) -> list[Json]:
        if self.accounts:
            raise AssertionError("the page asks in nobody's name")
        return super().documents(**named)


class Browser:
    """What the browser brings."""

    cookie = ""


@pytest.fixture
def common(monkeypatch: pytest.MonkeyPatch) -> Common:
    made = Common()
    monkeypatch.setattr(resources, "connect_with", lambda: made)
    resources.reconnect()
    return made


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Browser:
    made = Browser()
    monkeypatch.setattr(signing_in, "secret_of_tab", lambda: made.cookie)
    return made


def to_form(page: AppTest) -> str:
    """The address that the page sends the browser to; "" when it does not."""
    assert not page.exception
    found = [one.value for one in page.get("html") if "location.replace" in one.value]  # type: ignore[attr-defined]
    assert len(found) <= 1
    return found[0] if found else ""


def test_without_a_session_there_is_only_the_way_to_the_form(common: Common, browser: Browser) -> None:
    page = opened()
    assert "sign-in?lang=en" in to_form(page) and "over" not in to_form(page)
    assert not page.chat_input and not page.button


def test_a_reload_keeps_the_session_and_signing_out_ends_it(common: Common, browser: Browser) -> None:
    browser.cookie = ANN
    for page in (opened(), opened()):
        assert page.chat_input and not to_form(page)
        assert "Ann" in visible(page)
    page.button(key="sign_out").click().run()
    assert common.over == {ANN}
    assert "sign-in?lang=en" in to_form(page) and "over" not in to_form(page) and not page.chat_input
    assert "signed_in" not in page.session_state
    assert to_form(opened()) and "over=1" in to_form(opened("ja"))


def test_a_session_that_is_over_leads_to_the_form(common: Common, browser: Browser) -> None:
    browser.cookie = ANN
    page = opened("ja")
    common.over.add(ANN)
    page.run()
    assert "over=1" in to_form(page) and "セッションが終わりました" in to_form(page) and not page.chat_input


def test_who_signs_in_next_is_shown_nothing_of_the_one_before(common: Common, browser: Browser) -> None:
    browser.cookie = ANN
    page = opened("ja")
    page.session_state["conversation"] = "anns"
    page.session_state["runs"] = {"anns": object()}
    page.session_state["passage"] = "words that Ann may read"
    page.session_state["language"] = "ja"
    browser.cookie = BOB  # the same tab, connected again after another person had signed in
    page.run()
    assert "Bob" in visible(page) and "Ann" not in visible(page)
    for key in ("runs", "passage"):
        assert key not in page.session_state or not page.session_state[key]
    assert page.session_state["signed_in"]._secret == BOB
    assert page.session_state["language"] == "ja"


def test_after_the_service_started_anew_the_session_goes_on(
    common: Common, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.cookie = ANN
    page = opened()
    newer = Common()
    monkeypatch.setattr(resources, "connect_with", lambda: newer)
    resources.reconnect()
    page.run()
    assert page.chat_input and newer.given == [ANN]


def test_nobody_is_offered_what_the_role_does_not_allow(common: Common, browser: Browser) -> None:
    browser.cookie = ANN
    page = opened()
    assert set(page.session_state["pages"]) == {"chat", "library", "dictionary"}
    browser.cookie = BOB
    page = opened()
    assert set(page.session_state["pages"]) == {
        "chat", "library", "dictionary", "verified", "quality", "training", "monitoring",
    }  # fmt: skip


def test_without_accounts_there_is_no_form(common: Common, browser: Browser) -> None:
    common.accounts = False
    for cookie in ("", "kks_of_days_gone"):
        browser.cookie = cookie
        page = opened()
        assert page.chat_input and not to_form(page)


def library(common: Common, language: str = "en") -> AppTest:
    page = AppTest.from_file(APP, default_timeout=PATIENCE)
    page.query_params["lang"] = language
    page._page_hash = calc_hash("library")
    page.run()
    assert not page.exception
    return page


def test_a_reader_sees_the_library_and_none_of_its_tools(common: Common, browser: Browser) -> None:
    browser.cookie = BOB
    keys = {button.key for button in library(common).button}
    assert any("folder_form" in str(key) for key in keys)
    browser.cookie = ANN
    page = library(common)
    assert "documents" in visible(page).lower()
    assert {button.key for button in page.button} == {"sign_out"}
