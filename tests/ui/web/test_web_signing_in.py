"""The page where there are accounts: a form until somebody signs in, then their own connection."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from test_web_page import opened, visible
from web_fakes import FakeOperations

from assistant.errors import SignInError, SignInLimitError
from ui.web import resources

Json = dict[str, Any]


class Signed(FakeOperations):
    """The connection of somebody who signed in."""

    over = False
    left = False

    def session(self) -> Json:
        if self.over:
            raise SignInError("the session or token is unknown or over. Sign in again.")
        return {"accounts": True, "user": "ann", "display_name": "Ann *A*", "role": "reader", "groups": []}

    def sign_out(self) -> None:
        self.left = True


class Common(FakeOperations):
    """The connection of the page itself, which may not do anything where there are accounts."""

    accounts = True

    def __init__(self) -> None:
        super().__init__()
        self.given: list[tuple[str, str, str | None]] = []
        self.anns = Signed()
        self.limited = False

    def session(self) -> Json:
        return {"accounts": self.accounts, "user": None}

    def sign_in(self, name: str, password: str, *, address: str | None = None) -> Signed:
        self.given.append((name, password, address))
        if self.limited:
            raise SignInLimitError("too many attempts to sign in failed. Try again in 15 minutes.")
        if password != "right":
            raise SignInError("the name or the password is wrong.")
        return self.anns

    def documents(self, **named: Any) -> list[Json]:
        if self.accounts:
            raise AssertionError("the page asks in nobody's name")
        return super().documents(**named)


@pytest.fixture
def common(monkeypatch: pytest.MonkeyPatch) -> Common:
    made = Common()
    monkeypatch.setattr(resources, "connect_with", lambda: made)
    resources.reconnect()
    return made


def sign_in(page: AppTest, password: str) -> None:
    page.text_input[0].set_value("ann")
    page.text_input[1].set_value(password)
    page.button[0].click().run()
    assert not page.exception


def test_a_person_signs_in_and_out(common: Common) -> None:
    page = opened()
    assert "Sign in" in visible(page) and not page.chat_input
    sign_in(page, "wrong")
    assert "name or the password" in visible(page) and not page.chat_input
    sign_in(page, "right")
    assert page.chat_input
    assert "Ann" in visible(page)
    assert page.session_state["signed_in"] is common.anns
    page.button(key="sign_out").click().run()
    assert common.anns.left and "signed_in" not in page.session_state
    assert not page.chat_input
    assert [given[:2] for given in common.given] == [("ann", "wrong"), ("ann", "right")]


def test_a_session_that_is_over_leads_back_to_the_form(common: Common) -> None:
    page = opened("ja")
    common.limited = True
    sign_in(page, "right")
    assert "サインインの失敗が多すぎます" in visible(page)
    common.limited = False
    sign_in(page, "right")
    assert page.chat_input
    common.anns.over = True
    page.run()
    assert "もう一度サインイン" in visible(page) and not page.chat_input


def test_who_signs_in_next_is_shown_nothing_of_the_one_before(common: Common) -> None:
    page = opened("ja")
    sign_in(page, "right")
    page.session_state["conversation"] = "anns"
    page.session_state["runs"] = {"anns": object()}
    page.session_state["passage"] = "words that Ann may read"
    page.session_state["language"] = "ja"
    common.anns.over = True
    page.run()
    assert not page.chat_input and not page.exception
    for key in ("conversation", "runs", "passage", "signed_in"):
        assert key not in page.session_state
    assert page.session_state["language"] == "ja"


def test_without_accounts_there_is_no_form(common: Common) -> None:
    common.accounts = False
    page = opened()
    assert page.chat_input and "Sign in" not in visible(page)
