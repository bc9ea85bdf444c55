"""Accounts: users, nested groups, passwords, sessions, tokens, lockout. Truth is arithmetic done by hand."""

from __future__ import annotations

import hashlib
import itertools
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from assistant.accounts.accounts import Accounts
from assistant.accounts.passwords import Passwords
from assistant.accounts.roles import EVERYBODY, ROLES, Actor
from assistant.errors import AccountError, SignInError, SignInLimitError
from ingestion.access_settings import AccessSettings
from ingestion.documents import User
from ingestion.errors import WorkspaceError

PASSWORD = "correct horse 馬"
SETTINGS = AccessSettings(
    session_idle_minutes=30, session_hours=4, most_attempts=3, most_attempts_address=5, attempt_minutes=10
)

CHEAP = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "accounts.db"


@pytest.fixture
def accounts(path: Path, clock: Clock) -> Iterator[Accounts]:
    found = Accounts(path, SETTINGS, clock=clock, keeping=CHEAP)
    found.add_user("chief", role="admin", password=PASSWORD)
    yield found
    found.close()


def test_the_database_is_its_owners_only(path: Path, accounts: Accounts) -> None:
    files = [path, *path.parent.glob("accounts.db-*")]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    accounts.close()
    path.chmod(0o644)
    Accounts(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_no_secret_stands_in_the_files(path: Path, accounts: Accounts) -> None:
    session, _ = accounts.door.sign_in("chief", PASSWORD, address="a")
    token = accounts.add_token("chief", scopes=["ask"])["token"]
    accounts.close()
    written = b"".join(file.read_bytes() for file in path.parent.glob("accounts.db*"))
    for secret in (PASSWORD, session, token):
        assert secret.encode() not in written
    for secret in (session, token):
        assert hashlib.sha256(secret.encode()).hexdigest().encode() in written
    assert b"$argon2id$" in written


def test_a_file_that_is_no_database_is_told(path: Path) -> None:
    path.write_bytes(b"no database at all, but long enough to be looked at" * 20)
    with pytest.raises(WorkspaceError, match="cannot be opened as the accounts"):
        Accounts(path)


def test_the_first_user_is_an_admin(path: Path) -> None:
    accounts = Accounts(path, keeping=CHEAP)
    assert not accounts.any
    with pytest.raises(AccountError, match="first user must be an admin"):
        accounts.add_user("ann", password=PASSWORD)
    assert not accounts.any
    accounts.add_user("ann", role="admin", password=PASSWORD)
    assert accounts.any
    accounts.close()


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "../x", "a/b", "-x", "x" * 65, "local", "ＬＯＣＡＬ", "a\n"]
)
def test_names_that_no_user_has(accounts: Accounts, name: str) -> None:
    with pytest.raises(AccountError):
        accounts.add_user(name)
    assert [user.name for user in accounts.users()] == ["chief"]


def test_case_and_width_tell_no_two_users_apart(accounts: Accounts) -> None:
    accounts.add_user("Suzuki")
    with pytest.raises(AccountError, match="already"):
        accounts.add_user("ｓｕｚｕｋｉ")
    assert accounts.actor("SUZUKI").user.name == "suzuki"


def test_a_removed_users_name_is_not_given_again(accounts: Accounts) -> None:
    accounts.add_user("ann", password=PASSWORD)
    accounts.add_group("hr")
    accounts.put_into("hr", users=["ann"])
    token = accounts.add_token("ann", scopes=["search"])["token"]
    session, _ = accounts.door.sign_in("ann", PASSWORD, address="a")
    accounts.remove_user("ann")
    for secret in (token, session):
        with pytest.raises(SignInError):
            accounts.door.identify(secret)
    with pytest.raises(AccountError, match="removed user"):
        accounts.add_user("Ann")
    assert accounts.groups()[0]["users"] == []
    assert accounts.tokens() == []


def test_the_last_admin_stays(accounts: Accounts) -> None:
    accounts.add_user("ann")
    for act in (
        lambda: accounts.remove_user("chief"),
        lambda: accounts.set_role("chief", "trainer"),
        lambda: accounts.set_disabled("chief", True),
    ):
        with pytest.raises(AccountError, match="last admin"):
            act()
    accounts.set_role("ann", "admin")
    accounts.set_role("chief", "reader")
    assert {user.name: user.role for user in accounts.users()} == {"ann": "admin", "chief": "reader"}


@pytest.mark.parametrize(
    "password", ["", "short", "x" * 9, "aaaaaaaaaaaa", "ababababab", "x" * 1025, "Long.Name.1"]
)
def test_passwords_that_are_refused(accounts: Accounts, password: str) -> None:
    with pytest.raises(AccountError):
        accounts.add_user("long.name.1", password=password)
    assert len(accounts.users()) == 1


def test_signing_in_and_out(accounts: Accounts) -> None:
    secret, told = accounts.door.sign_in("Chief", PASSWORD, address="10.0.0.1")
    assert told == {
        "user": "chief", "display_name": "chief", "role": "admin", "groups": [EVERYBODY],
        "expires_at": "2026-04-01T09:30:00.000+00:00", "way": "here",
    }  # fmt: skip
    assert accounts.door.identify(secret) == Actor(User("chief", None), "admin", None)
    accounts.door.sign_out(secret)
    with pytest.raises(SignInError):
        accounts.door.identify(secret)


def test_a_password_in_the_other_form_of_unicode_fits(accounts: Accounts) -> None:
    accounts.add_user("ann", password="パスワードはガギグゲ")  # composed; below each voiced sign stands alone
    accounts.door.sign_in("ann", "ハ\u309aスワート\u3099はカ\u3099キ\u3099ク\u3099ケ\u3099", address="a")


def test_an_idle_session_ends_and_a_used_one_ends_too(accounts: Accounts, clock: Clock) -> None:
    secret, _ = accounts.door.sign_in("chief", PASSWORD, address="a")
    for _ in range(9):  # 9 * 26 minutes are less than four hours
        clock.pass_(minutes=26)
        accounts.door.identify(secret)
    clock.pass_(minutes=7)  # the absolute end is 240 minutes after its beginning
    with pytest.raises(SignInError):
        accounts.door.identify(secret)
    secret, _ = accounts.door.sign_in("chief", PASSWORD, address="a")
    clock.pass_(minutes=31)
    with pytest.raises(SignInError):
        accounts.door.identify(secret)


def test_a_clock_that_was_set_back_opens_no_session(accounts: Accounts, clock: Clock) -> None:
    secret, _ = accounts.door.sign_in("chief", PASSWORD, address="a")
    clock.pass_(days=-1)
    with pytest.raises(SignInError):
        accounts.door.identify(secret)


def test_whatever_takes_a_right_away_ends_sessions(accounts: Accounts) -> None:
    accounts.add_user("ann", password=PASSWORD)
    secret, _ = accounts.door.sign_in("ann", PASSWORD, address="a")
    accounts.set_password("ann", PASSWORD + "!")
    with pytest.raises(SignInError):
        accounts.door.identify(secret)
    secret, _ = accounts.door.sign_in("ann", PASSWORD + "!", address="a")
    token = accounts.add_token("ann", scopes=["ask"])["token"]
    accounts.set_disabled("ann", True)
    for given in (secret, token):
        with pytest.raises(SignInError):
            accounts.door.identify(given)
    with pytest.raises(SignInError, match="wrong"):
        accounts.door.sign_in("ann", PASSWORD + "!", address="a")
    accounts.set_disabled("ann", False)
    with pytest.raises(SignInError):
        accounts.door.identify(secret)
    assert accounts.door.identify(token).user.name == "ann"  # a token is taken away by removing it


def test_the_hash_is_argon2id_as_strong_as_rfc_9106_wants(path: Path) -> None:
    kept = Passwords().hashed(PASSWORD, user="ann")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    weak = CHEAP.hashed(PASSWORD, user="ann")
    assert Passwords().outdated(weak)
    accounts = Accounts(path, keeping=CHEAP)
    accounts.add_user("chief", role="admin", password=PASSWORD)
    accounts.close()
    again = Accounts(path)
    again.door.sign_in("chief", PASSWORD, address="a")
    assert again.users()[0].password.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    again.close()


def test_too_many_attempts_for_a_user_refuse_a_right_one(accounts: Accounts, clock: Clock) -> None:
    for number in range(3):
        with pytest.raises(SignInError, match="wrong"):
            accounts.door.sign_in("chief", "wrong", address=f"10.0.0.{number}")
    with pytest.raises(SignInLimitError, match="10 minutes"):
        accounts.door.sign_in("chief", PASSWORD, address="10.0.0.9")
    clock.pass_(minutes=10, seconds=1)
    accounts.door.sign_in("chief", PASSWORD, address="10.0.0.9")


def test_too_many_attempts_from_an_address_refuse_it(accounts: Accounts) -> None:
    for number in range(5):
        with pytest.raises(SignInError, match="wrong"):
            accounts.door.sign_in(f"nobody{number}", PASSWORD, address="10.0.0.1")
    with pytest.raises(SignInLimitError):
        accounts.door.sign_in("chief", PASSWORD, address="10.0.0.1")
    accounts.door.sign_in("chief", PASSWORD, address="10.0.0.2")


def test_a_right_attempt_forgets_the_wrong_ones(accounts: Accounts) -> None:
    for _ in range(3):
        for _ in range(2):
            with pytest.raises(SignInError, match="wrong"):
                accounts.door.sign_in("chief", "wrong", address="10.0.0.1")
        accounts.door.sign_in("chief", PASSWORD, address="10.0.0.1")


def test_attempts_at_once_do_not_slip_through(accounts: Accounts) -> None:
    outcomes: list[str] = []

    def attempt() -> None:
        try:
            accounts.door.sign_in("chief", "wrong", address="10.0.0.1")
        except SignInError as error:
            outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=attempt) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["SignInError"] * 3 + ["SignInLimitError"] * 5


@pytest.mark.parametrize("name", ["nobody", "../x", "", "local", "without"])
def test_an_attempt_tells_nothing_of_whom_there_is(accounts: Accounts, name: str) -> None:
    accounts.add_user("without")  # has no password
    for password in ("", "nobody", PASSWORD):
        with pytest.raises(SignInError) as told:
            accounts.door.sign_in(name, password, address=password)
        assert str(told.value) == "the name or the password is wrong."


def test_a_token_is_its_users_within_its_scopes_until_it_expires(accounts: Accounts, clock: Clock) -> None:
    accounts.add_user("ann", role="editor")
    made = accounts.add_token("ann", label="nightly", scopes=["edit", "search"], expires=timedelta(days=2))
    assert made["scopes"] == ["search", "edit"]
    assert made["expires_at"] == "2026-04-03T09:00:00.000+00:00"
    assert "token" not in accounts.tokens()[0]
    actor = accounts.door.identify(made["token"])
    assert (actor.user.name, actor.role, actor.scopes) == ("ann", "editor", {"search", "edit"})
    assert actor.may("editor", "edit")
    assert not actor.may("reader", "ask")
    assert not actor.may("trainer", "edit")
    clock.pass_(days=2)
    with pytest.raises(SignInError):
        accounts.door.identify(made["token"])


def test_a_removed_token_opens_nothing(accounts: Accounts) -> None:
    made = accounts.add_token("chief", scopes=["search"])
    accounts.remove_token(made["id"])
    with pytest.raises(SignInError):
        accounts.door.identify(made["token"])
    with pytest.raises(AccountError, match="no token"):
        accounts.remove_token(made["id"])


@pytest.mark.parametrize("secret", ["", "kkt_", "kks_", "x", "kkt_" + "a" * 43, "\udcff", "' OR 1=1 --"])
def test_other_secrets_open_nothing(accounts: Accounts, secret: str) -> None:
    accounts.add_token("chief", scopes=["search"])
    with pytest.raises(SignInError):
        accounts.door.identify(secret)


@pytest.mark.parametrize("scopes", [[], ["everything"], ["ask", ""]])
def test_scopes_that_are_none(accounts: Accounts, scopes: list[str]) -> None:
    with pytest.raises(AccountError, match="scope"):
        accounts.add_token("chief", scopes=scopes)


def test_each_role_may_what_those_before_it_may(accounts: Accounts) -> None:
    for mine, needed in itertools.product(range(len(ROLES)), repeat=2):
        actor = Actor(User("a", None), ROLES[mine])
        assert actor.may(ROLES[needed], "ask") is (mine >= needed)


def test_inner_groups_are_in_the_outer_ones(accounts: Accounts) -> None:
    for name in ("all", "tokyo", "sales", "other"):
        accounts.add_group(name)
    accounts.add_user("ann")
    accounts.put_into("all", groups=["tokyo"])
    accounts.put_into("tokyo", groups=["sales"])
    accounts.put_into("sales", users=["ann"])
    assert accounts.actor("ann").user.groups == {"all", "tokyo", "sales", EVERYBODY}
    assert accounts.ways("ann")["all"] == ("sales", "tokyo", "all")
    accounts.take_out("all", groups=["tokyo"])
    assert accounts.actor("ann").user.groups == {"tokyo", "sales", EVERYBODY}
    accounts.remove_group("sales")
    assert accounts.actor("ann").user.groups == {EVERYBODY}


def test_no_group_comes_to_lie_inside_itself(accounts: Accounts) -> None:
    names = ["a", "b", "c", "d"]
    for name in names:
        accounts.add_group(name)
    for outer, inner in itertools.pairwise(names):
        accounts.put_into(outer, groups=[inner])
    before = accounts.groups()
    for inner, outer in itertools.combinations_with_replacement(names, 2):
        with pytest.raises(AccountError, match="inside itself"):
            accounts.put_into(outer, groups=[inner])
    assert accounts.groups() == before
    accounts.put_into("a", groups=["d"])  # a second way is no circle


def test_a_change_of_a_group_is_whole_or_none(accounts: Accounts) -> None:
    accounts.add_group("hr")
    accounts.add_user("ann")
    with pytest.raises(AccountError, match="no user"):
        accounts.put_into("hr", users=["ann", "bob"])
    assert accounts.groups()[0]["users"] == []
    with pytest.raises(AccountError, match="there already"):
        accounts.add_group(EVERYBODY)


def test_what_carries_no_groups_is_read_as_the_setting_says(tmp_path: Path) -> None:
    for ungrouped, may in (("nobody", False), ("everybody", True)):
        accounts = Accounts(tmp_path / f"{ungrouped}.db", AccessSettings(ungrouped=ungrouped))  # type: ignore[arg-type]
        accounts.add_user("chief", role="admin")
        accounts.add_user("ann")
        assert accounts.actor("ann").user.may_read(frozenset()) is may
        assert accounts.actor("ann").user.may_read(frozenset({EVERYBODY}))
        assert not accounts.actor("ann").user.may_read(frozenset({"hr"}))
        assert accounts.actor("chief").user.may_read(frozenset())
        accounts.close()


def test_a_newer_database_is_refused(path: Path, accounts: Accounts) -> None:
    accounts.close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(WorkspaceError, match="newer Konkyo"):
        Accounts(path)


class Interrupted(Passwords):
    """Something happens while a password is compared, which takes long enough for it."""

    meanwhile: Callable[[], None] = staticmethod(lambda: None)

    def fits(self, password: str, kept: str | None) -> bool:
        found = super().fits(password, kept)
        self.meanwhile()
        return found


def test_a_password_that_is_changed_while_it_is_compared_opens_nothing(path: Path) -> None:
    keeping = Interrupted(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    accounts = Accounts(path, SETTINGS, keeping=keeping)
    accounts.add_user("chief", role="admin", password=PASSWORD)
    accounts.add_user("ann", password=PASSWORD)
    for meanwhile in (
        lambda: accounts.set_password("ann", "quite another one"),
        lambda: accounts.set_disabled("ann", True),
        lambda: accounts.remove_user("ann"),
    ):
        keeping.meanwhile = meanwhile
        with pytest.raises(SignInError, match="name or the password"):
            accounts.door.sign_in("ann", PASSWORD, address="here")
        keeping.meanwhile = lambda: None
        if "ann" in {one.name for one in accounts.users()}:
            accounts.set_disabled("ann", False)
            accounts.set_password("ann", PASSWORD)
    with closing(sqlite3.connect(path)) as found:
        assert found.execute("SELECT count(*) FROM sessions").fetchone() == (0,)
    accounts.close()
