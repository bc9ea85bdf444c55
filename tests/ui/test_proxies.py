"""Headers of reverse proxies: believed of the settings' addresses, of nobody else; over the real service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError
from rights_world import CHEAP, PASSWORD, AccountsForTests
from test_access import HOST, TOKEN, FakeLocal, bearer

from assistant.accounts.accounts import Accounts
from assistant.accounts.vouching import Vouched
from assistant.errors import SignInError
from ingestion.access_settings import AccessSettings, ProxySettings
from ingestion.workspace import Workspace, open_workspace
from ui.api.acting import Gate, of_request
from ui.api.guard import Guard, allowed_hosts
from ui.api.proxies import Proxies
from ui.api.service import create_app

Json = dict[str, Any]
SETTINGS = ProxySettings(
    trusted=("10.0.0.0/24", "fd00::5"), user_header="x-forwarded-user", name_header="x-forwarded-name",
    groups_header="x-forwarded-groups", roles={"editor": ("Editors",), "admin": ("IT",)},
    groups={"Personal": "hr", "Lager Nord": "store"},
)  # fmt: skip
PROXY, STRANGER = "10.0.0.7", "10.0.1.7"


def scope(peer: str | None, *headers: tuple[str, str]) -> Json:
    return {
        "client": None if peer is None else (peer, 40000),
        "headers": [(key.encode(), value.encode()) for key, value in headers],
    }


@pytest.mark.parametrize("peer", [PROXY, "10.0.0.0", "10.0.0.255", "fd00::5", "::ffff:10.0.0.7"])
def test_a_proxy_says_who_comes(peer: str) -> None:
    found = Proxies(SETTINGS).person(
        scope(
            peer, ("x-forwarded-user", "佐藤"), ("x-forwarded-name", "佐藤 花子"),
            ("x-forwarded-groups", "Personal, Lager Nord,,"),
        )
    )  # fmt: skip
    assert found == Vouched("佐藤", "proxy", "佐藤 花子", frozenset({"Personal", "Lager Nord"}))


@pytest.mark.parametrize(
    "peer", [STRANGER, "10.0.1.0", "9.255.255.255", "127.0.0.1", "::1", "fd00::6", "testclient", "", None]
)
def test_nobody_else_says_anything(peer: str | None) -> None:
    spoofed = scope(peer, ("x-forwarded-user", "chief"), ("x-forwarded-for", "1.2.3.4"))
    proxies = Proxies(SETTINGS)
    assert proxies.person(spoofed) is None
    assert proxies.address(spoofed) == ("unknown" if peer is None else peer)


def test_without_settings_no_header_counts() -> None:
    asked = scope(PROXY, ("x-forwarded-user", "chief"), ("", "chief"), ("x-forwarded-for", "1.2.3.4"))
    assert Proxies(ProxySettings()).person(asked) is None
    assert Proxies(ProxySettings()).address(asked) == PROXY
    tls_only = Proxies(ProxySettings(trusted=(PROXY,)))
    assert tls_only.person(asked) is None
    assert tls_only.address(asked) == "1.2.3.4"


def test_a_header_that_was_passed_on_beside_the_proxys_own_lets_nobody_in() -> None:
    twice = scope(PROXY, ("x-forwarded-user", "chief"), ("x-forwarded-user", "ann"))
    with pytest.raises(SignInError, match="came twice"):
        Proxies(SETTINGS).person(twice)
    groups = scope(
        PROXY, ("x-forwarded-user", "ann"), ("x-forwarded-groups", "IT"), ("x-forwarded-groups", "Personal")
    )
    with pytest.raises(SignInError, match="came twice"):
        Proxies(SETTINGS).person(groups)
    with pytest.raises(SignInError, match="too long"):
        Proxies(SETTINGS).person(scope(PROXY, ("x-forwarded-user", "x" * 5000)))


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        (["203.0.113.9"], "203.0.113.9"),
        (["6.6.6.6, 203.0.113.9"], "203.0.113.9"),  # what stands before it came from the person
        (["203.0.113.9, 10.0.0.8"], "203.0.113.9"),  # two proxies in a row
        (["6.6.6.6", "203.0.113.9"], "203.0.113.9"),
        (["[2001:db8::1]:443"], "2001:db8::1"),
        (["203.0.113.9:5000"], "203.0.113.9"),
        (["unknown"], PROXY),
        (["203.0.113.9, nonsense"], PROXY),
        (["10.0.0.9"], "10.0.0.9"),
        ([""], PROXY),
        ([], PROXY),
    ],
)
def test_the_address_is_the_nearest_that_is_no_proxy(headers: Sequence[str], told: str) -> None:
    asked = scope(PROXY, *(("x-forwarded-for", value) for value in headers))
    assert Proxies(SETTINGS).address(asked) == told


@pytest.mark.parametrize(
    "values",
    [
        {"trusted": ["0.0.0.0/0"], "user_header": "x-user"},
        {"trusted": ["::/0"]},
        {"trusted": ["10.0.0.1/24"]},
        {"trusted": ["proxy.example"]},
        {"user_header": "x-user"},
        {"trusted": ["10.0.0.1"], "groups_header": "x-groups"},
        {"trusted": ["10.0.0.1"], "user_header": "X User"},
        {"trusted": ["10.0.0.1"], "user_header": "x-user", "sign_out": "javascript:alert(1)"},
        {"role": "owner"},
    ],
)
def test_settings_that_would_let_in_too_many_are_refused(values: Json) -> None:
    with pytest.raises(ValidationError):
        ProxySettings.model_validate(values)


# --- accounts


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[Accounts]:
    settings = AccessSettings(proxy=SETTINGS)
    found = Accounts(tmp_path / "accounts.db", settings, keeping=CHEAP)
    found.add_user("chief", role="admin", password=PASSWORD)
    yield found
    found.close()


def who(user: str, *groups: str, name: str = "") -> Vouched:
    return Vouched(user, "proxy", name, frozenset(groups))


def test_role_and_groups_are_those_of_now(accounts: Accounts) -> None:
    actor = accounts.door.act_for(who("Ann", "personal", "Editors", name="Ann B"))
    assert (actor.user.name, actor.role) == ("ann", "editor")
    assert actor.user.groups == {"hr", "everybody"}
    accounts.add_group("own")
    accounts.put_into("own", users=["ann"])
    actor = accounts.door.act_for(who("ann", "Lager Nord"))
    assert actor.role == "reader" and actor.user.groups == {"store", "own", "everybody"}
    (row,) = [user for user in accounts.users() if user.name == "ann"]
    assert (row.display_name, row.way, row.password) == ("Ann B", "proxy", "")
    assert accounts.door.act_for(who("ann", "IT")).user.groups is None
    secret, told = accounts.door.vouched(who("ann"))
    assert (told["user"], told["role"], told["way"]) == ("ann", "reader", "proxy")
    assert accounts.door.identify(secret).user.groups == {"own", "everybody"}


def test_nobody_comes_into_an_account_that_was_made_here(accounts: Accounts) -> None:
    for name in ("chief", "Chief", "ＣＨＩＥＦ"):
        with pytest.raises(SignInError, match="not let in this way"):
            accounts.door.act_for(who(name, "IT"))
    accounts.add_user("bob", password=PASSWORD)
    with pytest.raises(SignInError, match="not let in this way"):
        accounts.door.vouched(who("bob"))


def test_who_was_disabled_or_removed_here_stays_out(accounts: Accounts) -> None:
    accounts.door.act_for(who("ann"))
    accounts.set_disabled("ann", True)
    with pytest.raises(SignInError, match="not let in this way"):
        accounts.door.act_for(who("ann"))
    accounts.set_disabled("ann", False)
    accounts.door.act_for(who("ann"))
    accounts.remove_user("ann")
    with pytest.raises(SignInError, match="was a removed user's"):
        accounts.door.act_for(who("ann"))


@pytest.mark.parametrize("name", ["a b", "ann,chief", "../x", "local", "x" * 65, "ann\x00"])
def test_what_no_name_can_be_lets_nobody_in(accounts: Accounts, name: str) -> None:
    with pytest.raises(SignInError):
        accounts.door.act_for(who(name))
    assert [user.name for user in accounts.users()] == ["chief"]


def test_without_a_role_nobody_comes_in(tmp_path: Path) -> None:
    settings = AccessSettings(proxy=SETTINGS.model_copy(update={"role": ""}))
    with closing(Accounts(tmp_path / "a.db", settings, keeping=CHEAP)) as accounts:
        accounts.add_user("chief", role="admin", password=PASSWORD)
        with pytest.raises(SignInError, match="nobody has given 'ann' a role"):
            accounts.door.act_for(who("ann", "Personal"))
        assert [user.name for user in accounts.users()] == ["chief"]
        assert accounts.door.act_for(who("ann", "Editors")).role == "editor"
        with pytest.raises(SignInError):
            accounts.door.act_for(who("ann"))


def test_no_password_opens_what_a_proxy_vouches_for(accounts: Accounts) -> None:
    accounts.door.act_for(who("ann"))
    for password in ("", PASSWORD):
        with pytest.raises(SignInError):
            accounts.door.sign_in("ann", password, address="a")
    with pytest.raises(Exception, match="is not kept here"):
        accounts.set_password("ann", PASSWORD)


def test_settings_without_roles_leave_the_role_to_an_admin_here(tmp_path: Path) -> None:
    settings = AccessSettings(proxy=ProxySettings(trusted=("10.0.0.7",), user_header="x-user"))
    with closing(Accounts(tmp_path / "a.db", settings, keeping=CHEAP)) as accounts:
        accounts.add_user("chief", role="admin", password=PASSWORD)
        assert accounts.door.act_for(who("ann")).role == "reader"
        accounts.set_role("ann", "trainer")
        assert accounts.door.act_for(who("ann")).role == "trainer"


# --- over the service


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("proxied") / "ws"
    found = open_workspace(root, {})
    found.settings_path.write_text(
        "[access]\nmost_attempts_address = 5\n"
        '[access.proxy]\ntrusted = ["10.0.0.0/24"]\nuser_header = "x-forwarded-user"\n'
        'groups_header = "x-forwarded-groups"\nroles = {admin = ["IT"]}\n',
        "utf-8",
    )
    return open_workspace(root, {})


@pytest.fixture(scope="module")
def guard(workspace: Workspace) -> Iterator[Guard]:
    with closing(AccountsForTests(workspace)) as files:
        files.open().add_user("chief", role="admin", password=PASSWORD)
        proxies = Proxies(workspace.settings().access.proxy)
        app = create_app(
            of_request(), workspace="/ws", shut_down=lambda: None, accounts=files, proxies=proxies
        )
        operations: Any = FakeLocal()
        yield Guard(
            app, token=TOKEN, hosts=allowed_hosts("127.0.0.1"), gate=Gate(operations, files), proxies=proxies
        )


def at(guard: Guard, peer: str) -> TestClient:
    return TestClient(guard, base_url=HOST, client=(peer, 40000))


def test_the_service_believes_the_proxy_and_nobody_else(guard: Guard) -> None:
    ann = {"x-forwarded-user": "ann"}
    assert at(guard, PROXY).get("/documents", headers=ann).status_code == 200
    refused = at(guard, PROXY).get("/monitoring", headers=ann)
    assert refused.status_code == 403 and "role admin" in refused.json()["error"]["message"]
    it = {**ann, "x-forwarded-groups": "it"}
    assert at(guard, PROXY).get("/monitoring", headers=it).status_code == 200
    for headers in (ann, it, {"x-forwarded-user": "chief"}, {"x-konkyo-user": "chief"}):
        assert at(guard, STRANGER).get("/documents", headers=headers).status_code == 401
    forged = {**it, "x-forwarded-for": PROXY, "forwarded": f"for={PROXY}", "x-real-ip": PROXY}
    assert at(guard, STRANGER).get("/documents", headers=forged).status_code == 401
    assert at(guard, PROXY).get("/documents").status_code == 401


def test_a_wrong_secret_is_not_made_good_by_a_proxy(guard: Guard) -> None:
    headers = bearer("kks_wrong", **{"x-forwarded-user": "ann"})
    assert at(guard, PROXY).get("/documents", headers=headers).status_code == 401


@pytest.mark.parametrize(
    "more", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}]
)
def test_a_page_of_another_place_cannot_use_the_proxys_word(guard: Guard, more: dict[str, str]) -> None:
    headers = {"x-forwarded-user": "ann", **more}
    assert at(guard, PROXY).get("/documents", headers=headers).status_code == 401


def test_only_this_machine_may_begin_vouched_sessions(guard: Guard) -> None:
    body = {"user": "ann"}
    for headers in ({}, {"x-forwarded-user": "ann", "x-forwarded-groups": "IT"}):
        answer = at(guard, PROXY).post("/session/proxy", json=body, headers=headers)
        assert answer.status_code in (401, 403)
    done = at(guard, "127.0.0.1").post("/session/proxy", json=body, headers=bearer(TOKEN))
    assert done.status_code == 200 and done.json()["way"] == "proxy"


def test_attempts_count_for_the_person_and_not_for_the_proxy(guard: Guard) -> None:

    def attempt(peer: str, told: str, name: str) -> int:
        body = {"name": name, "password": "wrong"}
        return at(guard, peer).post("/session", json=body, headers={"x-forwarded-for": told}).status_code

    assert {attempt(PROXY, "203.0.113.9", f"nobody{number}") for number in range(5)} == {401}
    assert attempt(PROXY, "203.0.113.9", "somebody") == 429
    assert attempt(PROXY, "1.1.1.1, 203.0.113.9", "somebody") == 429  # written by the person, in front
    assert attempt(PROXY, "203.0.113.10", "somebody") == 401
    assert {attempt(STRANGER, f"203.0.114.{number}", f"other{number}") for number in range(5)} == {401}
    assert attempt(STRANGER, "203.0.114.99", "somebody") == 429
