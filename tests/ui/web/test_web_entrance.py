"""The sign-in form and the keeper of the page, over real accounts and the real service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from rights_world import PASSWORD, AccountsForTests
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from test_access import TOKEN, FakeLocal, web_of
from test_service import Through

from ingestion.access_settings import ProxySettings
from ingestion.workspace import open_workspace
from ui.api.client import ServiceClient
from ui.api.token import ServiceAddress
from ui.errors import ServiceError
from ui.web import cookies, entrance, resources

ADDRESS = ServiceAddress("127.0.0.1", 8000, TOKEN, 1, 0.0, "0")
PAGE = "http://127.0.0.1:8501"
FORM = {"name": "ann", "password": PASSWORD}


@pytest.fixture
def files(tmp_path: Path) -> Iterator[AccountsForTests]:
    with closing(AccountsForTests(open_workspace(tmp_path / "ws", {}))) as found:
        yield found


@pytest.fixture
def people(files: AccountsForTests) -> AccountsForTests:
    files.open().add_user("chief", role="admin", password=PASSWORD)
    files.open().add_user("ann", password=PASSWORD)
    return files


async def _media(_request: Any) -> PlainTextResponse:
    return PlainTextResponse("a page image")


async def _stream(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(websocket.headers.get("cookie", ""))
    await websocket.close()


class Whose:
    """The accounts of the test that runs: to build the service takes long."""

    files: AccountsForTests

    def __getattr__(self, name: str) -> Any:
        return getattr(self.files, name)


@pytest.fixture(scope="module")
def service() -> Iterator[tuple[TestClient, Whose]]:
    whose = Whose()
    with web_of(FakeLocal(), whose) as made:  # type: ignore[arg-type]
        yield made, whose


@pytest.fixture
def browser(
    files: AccountsForTests, service: tuple[TestClient, Whose], monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestClient]:
    """A browser at a page that has Streamlit's addresses."""
    web, whose = service
    whose.files = files
    monkeypatch.setattr(entrance, "proxy_settings", ProxySettings)
    entrance.vouched.cache_clear()
    client = ServiceClient(ADDRESS, transport=Through(web))
    monkeypatch.setattr(resources, "connect_with", lambda: client)
    resources.reconnect()
    page = Starlette(
        routes=[
            *entrance.routes(), Route("/media/one.png", _media), Route("/", _media),
            Route("/_stcore/upload_file/a/b", _media, methods=["PUT"]),
            WebSocketRoute("/_stcore/stream", _stream),
        ],
        middleware=[Middleware(entrance.Keeper)],
    )  # fmt: skip
    with TestClient(page, base_url=PAGE, headers={"origin": PAGE}, follow_redirects=False) as found:
        yield found
    resources.reconnect()


def test_a_form_that_fits_sets_a_cookie_that_no_script_reads(
    people: AccountsForTests, browser: TestClient
) -> None:
    form = browser.get("/sign-in", headers={"accept-language": "ja,en"})
    assert form.status_code == 200 and "サインイン" in form.text and "<script" not in form.text
    assert form.headers["content-security-policy"].startswith("default-src 'none'")
    done = browser.post("/sign-in?next=library&lang=ja", data=FORM)
    assert (done.status_code, done.headers["location"]) == (303, "./library?lang=ja")
    cookie = done.headers["set-cookie"]
    assert cookie.startswith(f"{cookies.cookie_name()}=kks_")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie and "Max-Age" not in cookie and "Domain" not in cookie
    secret = browser.cookies[cookies.cookie_name()]
    assert people.open().door.identify(secret).user.name == "ann"
    assert browser.get("/sign-in?next=chat").headers["location"] == "./chat"


def test_over_tls_the_cookie_is_sent_over_tls_only(people: AccountsForTests, browser: TestClient) -> None:
    at = {"origin": "https://konkyo.example", "host": "konkyo.example"}
    done = browser.post("/sign-in", data=FORM, headers=at)
    assert "; Secure" in done.headers["set-cookie"]


def test_a_wrong_password_is_told_and_too_many_are_refused(
    people: AccountsForTests, browser: TestClient
) -> None:
    for _ in range(10):
        wrong = browser.post("/sign-in?lang=ja", data={"name": '"><i>ann', "password": "wrong"})
        assert wrong.status_code == 401 and "set-cookie" not in wrong.headers
        assert 'value="&quot;&gt;&lt;i&gt;ann"' in wrong.text and "<i>" not in wrong.text
    for _ in range(10):
        assert browser.post("/sign-in", data=FORM | {"password": "wrong"}).status_code == 401
    refused = browser.post("/sign-in?lang=ja", data=FORM)
    assert refused.status_code == 429 and "サインインの失敗が多すぎます" in refused.text


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": ""},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_form_of_another_page_signs_nobody_in(
    people: AccountsForTests, browser: TestClient, headers: dict[str, str]
) -> None:
    done = browser.post("/sign-in", data=FORM, headers=headers)
    assert done.status_code == 403 and "set-cookie" not in done.headers


@pytest.mark.parametrize(
    "where", ["//evil.example", "https://evil.example", "/\\evil", "a/b", "x\r\ny", "%2f%2fe"]
)
def test_nobody_is_sent_on_to_another_site(people: AccountsForTests, browser: TestClient, where: str) -> None:
    done = browser.post("/sign-in", params={"next": where}, data=FORM)
    assert done.headers["location"] == "./"


def test_a_form_may_not_be_long(people: AccountsForTests, browser: TestClient) -> None:
    assert browser.post("/sign-in", data=FORM | {"password": "x" * 10_000}).status_code == 413
    chunks = browser.post("/sign-in", content=iter([b"name=ann&password=x"]))
    assert chunks.status_code == 413
    assert browser.post("/sign-in", content=b"name=\xff").status_code in (400, 401)


def test_whoever_signs_in_ends_the_session_before(people: AccountsForTests, browser: TestClient) -> None:
    browser.post("/sign-in", data=FORM)
    first = browser.cookies[cookies.cookie_name()]
    browser.post("/sign-in", data=FORM | {"name": "chief"})
    second = browser.cookies[cookies.cookie_name()]
    door = people.open().door
    assert door.identify(second).user.name == "chief"
    with pytest.raises(Exception, match="Sign in again"):
        door.identify(first)


def test_a_cookie_of_a_session_that_is_over_is_taken_away(
    people: AccountsForTests, browser: TestClient
) -> None:
    browser.post("/sign-in", data=FORM)
    people.open().door.sign_out(browser.cookies[cookies.cookie_name()])
    form = browser.get("/sign-in?over=1")
    assert form.status_code == 200 and "Max-Age=0" in form.headers["set-cookie"]
    assert "over. Sign in again" in form.text
    assert cookies.cookie_name() not in browser.cookies


def test_images_and_uploads_are_for_those_who_are_signed_in(
    people: AccountsForTests, browser: TestClient
) -> None:
    assert browser.get("/").status_code == 200  # the program of the page itself
    assert browser.get("/media/one.png").status_code == 401
    assert browser.put("/_stcore/upload_file/a/b", content=b"x").status_code == 401
    browser.post("/sign-in", data=FORM)
    assert browser.get("/media/one.png").text == "a page image"
    assert browser.put("/_stcore/upload_file/a/b", content=b"x").status_code == 200
    people.open().set_disabled("ann", True)
    assert browser.get("/media/one.png").status_code == 401


def test_without_accounts_nothing_is_kept_and_there_is_no_form(
    files: AccountsForTests, browser: TestClient
) -> None:
    assert browser.get("/media/one.png").status_code == 200
    assert browser.get("/sign-in?next=library").headers["location"] == "./library"


class Restarted:
    """A connection to a service that has ended; the next one that is made works."""

    def __init__(self, then: Any) -> None:
        self._then = then
        self.made = 0

    def connect(self) -> Any:
        self.made += 1
        return self._then if self.made > 1 else self

    def session_of(self, _secret: str) -> Any:
        raise ServiceError("the service of this workspace ended")

    def begin_session(self, *_given: str, **_named: str) -> Any:
        raise ServiceError("the service of this workspace ended")


def test_a_service_that_started_anew_is_found(
    people: AccountsForTests, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    working = resources.shared()
    for ask in (
        lambda: browser.post("/sign-in", data=FORM),
        lambda: browser.get("/media/one.png"),
        lambda: browser.get("/sign-in"),
    ):
        gone = Restarted(working)
        monkeypatch.setattr(resources, "connect_with", gone.connect)
        resources.reconnect()
        assert ask().status_code in (200, 303)
        assert gone.made == 2


def test_while_the_service_is_away_the_cookie_stays(
    people: AccountsForTests, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.post("/sign-in", data=FORM)
    gone = Restarted(None)
    monkeypatch.setattr(resources, "connect_with", lambda: gone)
    resources.reconnect()
    form = browser.get("/sign-in")
    assert form.status_code == 503 and "set-cookie" not in form.headers
    assert browser.get("/media/one.png").status_code == 401
    assert browser.post("/sign-in", data=FORM).status_code == 503


def test_odd_cookies_of_others_do_not_hide_ours() -> None:
    header = f'a={{"b": [1, 2]}}; c="; {cookies.cookie_name()}=kks_Aa-_0; d=\x01'
    assert cookies.secret_in(header) == "kks_Aa-_0"


def connects(browser: TestClient, **headers: str) -> bool:
    try:
        with browser.websocket_connect(
            f"{PAGE.replace('http', 'ws')}/_stcore/stream", headers=headers
        ) as stream:
            stream.receive_text()
    except WebSocketDisconnect:
        return False
    return True


def test_only_our_own_page_connects(people: AccountsForTests, browser: TestClient) -> None:
    assert connects(browser)
    assert not connects(browser, origin="http://127.0.0.1:9999")
    assert not connects(browser, origin="https://evil.example")
    assert connects(browser, origin="http://konkyo.example", host="konkyo.example")


def test_without_accounts_a_name_that_points_here_opens_nothing(
    files: AccountsForTests, browser: TestClient
) -> None:
    assert connects(browser)
    assert connects(browser, origin="http://localhost:8501", host="localhost:8501")
    assert not connects(browser, origin="http://evil.example:8501", host="evil.example:8501")


@pytest.mark.parametrize(
    "header",
    ["", "other=1", f"{cookies.cookie_name()}=a b", f"{cookies.cookie_name()}=" + "x" * 300, "a=\x00;;;"],
)
def test_what_cannot_be_a_secret_is_none(header: str) -> None:
    assert cookies.secret_in(header) == ""


# --- behind a proxy


PROXIED = ProxySettings(
    trusted=("10.0.0.7",), user_header="x-forwarded-user", role="", roles={"reader": ("staff",)},
    groups_header="x-forwarded-groups",
)  # fmt: skip
STAFF = {"x-forwarded-user": "eve", "x-forwarded-groups": "staff"}


@pytest.fixture
def proxied(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """The same page; `believed` makes connections come from the proxy's address."""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "")
    monkeypatch.setattr(entrance, "proxy_settings", lambda: PROXIED)
    entrance.vouched.cache_clear()
    yield browser
    entrance.vouched.cache_clear()


def cookie_seen(browser: TestClient, peer: str, headers: dict[str, str]) -> str:
    """The secret that the page's program is given."""
    client = TestClient(browser.app, base_url=PAGE, client=(peer, 4000))
    with client.websocket_connect(f"{PAGE.replace('http', 'ws')}/_stcore/stream", headers=headers) as stream:
        return cookies.secret_in(stream.receive_text())


def test_who_comes_through_the_proxy_is_signed_in(
    people: AccountsForTests, proxied: TestClient, files: AccountsForTests
) -> None:
    files._accounts = None
    files.proxy = PROXIED
    secret = cookie_seen(proxied, "10.0.0.7", STAFF | {"cookie": f"{cookies.cookie_name()}=kks_other"})
    assert files.open().door.identify(secret).user.name == "eve"
    assert cookie_seen(proxied, "10.0.0.7", STAFF) == secret  # another tab
    assert cookie_seen(proxied, "10.0.0.8", STAFF) == ""
    assert cookie_seen(proxied, "127.0.0.1", STAFF | {"x-forwarded-for": "10.0.0.7"}) == ""
    through = TestClient(proxied.app, base_url=PAGE, client=("10.0.0.7", 4000), headers=STAFF)
    assert through.get("/media/one.png").status_code == 200
    assert through.get("/sign-in", follow_redirects=False).status_code == 303
    stranger = TestClient(proxied.app, base_url=PAGE, client=("10.0.0.8", 4000), headers=STAFF)
    assert stranger.get("/media/one.png").status_code == 401
    files.open().door.sign_out(secret)
    assert cookie_seen(proxied, "10.0.0.7", STAFF) not in ("", secret)


def test_whom_the_proxy_names_and_nobody_lets_in_reads_why(
    people: AccountsForTests, proxied: TestClient, files: AccountsForTests
) -> None:
    files._accounts = None
    files.proxy = PROXIED
    for headers in (STAFF | {"x-forwarded-groups": "guests"}, STAFF | {"x-forwarded-user": "chief"}):
        assert cookie_seen(proxied, "10.0.0.7", headers) == ""
        through = TestClient(proxied.app, base_url=PAGE, client=("10.0.0.7", 4000), headers=headers)
        assert through.get("/sign-in").status_code == 403


def test_a_page_that_was_started_without_care_believes_no_proxy(
    people: AccountsForTests, proxied: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORWARDED_ALLOW_IPS")
    entrance.vouched.cache_clear()
    assert cookie_seen(proxied, "10.0.0.7", STAFF) == ""
