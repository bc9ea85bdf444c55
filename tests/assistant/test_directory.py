"""Sign-in by a directory, against a real slapd: passwords, groups in groups, TLS, and what must not work."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import trustme
from argon2 import PasswordHasher
from directory_server import (
    BASE,
    MISSING,
    PASSWORD,
    SERVICE,
    SERVICE_PASSWORD,
    SLAPD,
    DirectoryServer,
    Recorder,
    dn_of,
    group,
    group_dn,
    person,
)
from pydantic import ValidationError

from assistant.accounts.accounts import Accounts
from assistant.accounts.directory import Directory, normal
from assistant.accounts.passwords import Passwords
from assistant.errors import AccountError, DirectoryError, SignInError, SignInLimitError
from ingestion.access_settings import AccessSettings, LdapSettings

pytestmark = [pytest.mark.network, pytest.mark.skipif(not SLAPD.exists(), reason=MISSING)]
CHEAP = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
ENVIRONMENT = {"LDAP_PASSWORD": SERVICE_PASSWORD}
ODD = "A\\, B (x)*"

LDIF = "".join(
    [
        person("ann", displayName="Ann *A*"),
        person("bob", userAccountControl="514"),
        person("cam", userAccountControl="512"),
        person("a+b", rdn="a\\+b"),
        person("twin"),
        person("twin", where="others"),
        person("outsider"),
        person("two", rdn="two names", cn="two names"),
        group("kernel", dn_of("ann")),
        group("dev", group_dn("kernel"), dn_of("cam")),
        group("staff", group_dn("dev")),
        group("circle", group_dn("staff"), group_dn("ring")),
        group("ring", group_dn("circle")),
        group(ODD, group_dn("staff"), rdn="A\\, B (x)*"),
        group("unique", dn_of("ann"), kind="groupOfUniqueNames", attribute="uniqueMember"),
        group("unix", "ann", kind="posixGroup", attribute="memberUid"),
        group("elsewhere", dn_of("outsider")),
    ]
)
NESTED = {"kernel", "dev", "staff", "circle", "ring"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DirectoryServer]:
    made = DirectoryServer(tmp_path_factory.mktemp("slapd"), LDIF)
    yield made
    made.stop()


def settings(server: DirectoryServer, **more: Any) -> LdapSettings:
    values = {
        "url": server.url, "ca_file": str(server.ca_file), "base": BASE, "bind_dn": SERVICE,
        "password_env": "LDAP_PASSWORD", "groups_base": f"ou=groups,{BASE}", "timeout_seconds": 20,
    }  # fmt: skip
    return LdapSettings.model_validate({**values, **more})


def by_template(server: DirectoryServer, **more: Any) -> LdapSettings:
    given = {"bind_dn": "", "password_env": "", "user_dn": f"uid={{user}},ou=people,{BASE}", **more}
    return settings(server, **given)


def directory(found: LdapSettings) -> Directory:
    return Directory(found, ENVIRONMENT)


def names(*groups: str) -> set[str]:
    return {normal(group_dn(name)) for name in groups}


# --- passwords


@pytest.mark.parametrize("way", [settings, by_template])
def test_who_has_the_password_is_let_in_and_nobody_else(server: DirectoryServer, way: Any) -> None:
    asked = directory(way(server))
    found = asked.person("ANN", PASSWORD)
    assert found is not None and (found.user, found.way, found.display_name) == ("ann", "ldap", "Ann *A*")
    for name, password in [
        ("ann", "wrong"), ("ann", PASSWORD + " "), ("nobody", PASSWORD), ("service", SERVICE_PASSWORD)
    ]:  # fmt: skip
        assert asked.person(name, password) is None, name


@pytest.mark.parametrize("way", [settings, by_template])
@pytest.mark.parametrize("password", ["", "\x00", "\x00" + PASSWORD, PASSWORD + "\x00"])
def test_without_a_password_nobody_is_let_in(server: DirectoryServer, way: Any, password: str) -> None:
    """This slapd takes a name without a password for an anonymous bind, and says that it succeeded."""
    assert directory(way(server)).person("ann", password) is None


@pytest.mark.parametrize("name", ["*", "a*", "ann)(uid=*", "ann,ou=people", "ann\\2a", "(ann", "ann\x00", ""])
def test_what_would_change_a_filter_or_a_name_is_no_name(server: DirectoryServer, name: str) -> None:
    before = server.logged().count("SRCH")
    for found in (settings(server), by_template(server)):
        with pytest.raises(AccountError):
            directory(found).person(name, PASSWORD)
    assert server.logged().count("SRCH") == before


@pytest.mark.parametrize("way", [settings, by_template])
def test_a_sign_that_means_something_in_a_dn_is_only_a_sign(server: DirectoryServer, way: Any) -> None:
    found = directory(way(server)).person("a+b", PASSWORD)
    assert found is not None and found.user == "a+b"


@pytest.mark.parametrize("way", [settings, by_template])
def test_an_account_that_is_shut_lets_nobody_in(server: DirectoryServer, way: Any) -> None:
    """slapd itself does not know Active Directory's flag and takes the password."""
    assert directory(way(server)).person("bob", PASSWORD) is None
    assert directory(way(server)).person("cam", PASSWORD) is not None


def test_two_people_of_one_name_are_nobody(server: DirectoryServer) -> None:
    assert directory(settings(server)).person("twin", PASSWORD) is None
    below = settings(server, base=f"ou=people,{BASE}")
    assert directory(below).person("twin", PASSWORD) is not None


def test_a_name_that_the_directory_spells_otherwise_is_nobodys(server: DirectoryServer) -> None:
    """Found by `cn`, which has two values here; and one that no account could have."""
    spelt = settings(server, user_attribute="cn")
    assert directory(spelt).person("two", PASSWORD) is not None
    server.change(f"dn: uid=two names,ou=people,{BASE}\nchangetype: modify\ndelete: cn\ncn: two\n")
    assert directory(spelt).person("two", PASSWORD) is None
    with pytest.raises(AccountError):
        directory(spelt).person("two names", PASSWORD)


def test_only_whom_the_filter_takes_is_found(server: DirectoryServer) -> None:
    only = settings(server, user_filter="(&(objectClass=person)(!(displayName=Ann*)))")
    assert directory(only).person("outsider", PASSWORD) is not None
    assert directory(only).person("ann", PASSWORD) is None


def test_a_person_outside_the_base_is_not_let_in_by_a_template(server: DirectoryServer) -> None:
    assert directory(by_template(server, base=f"ou=others,{BASE}")).person("ann", PASSWORD) is None


# --- groups


def test_groups_in_groups_are_found_by_their_members(server: DirectoryServer) -> None:
    for way in (settings, by_template):
        found = directory(way(server)).person("ann", PASSWORD)
        assert found is not None
        assert found.groups == names(*NESTED, "unique", "unix") | {normal(f"cn={ODD},ou=groups,{BASE}")}
    other = directory(settings(server)).person("outsider", PASSWORD)
    assert other is not None and other.groups == names("elsewhere")


def test_groups_in_groups_are_found_by_what_entries_say(server: DirectoryServer) -> None:
    found = directory(settings(server, groups_by="memberof")).person("ann", PASSWORD)
    assert found is not None
    assert found.groups == names(*NESTED) | {normal(f"cn={ODD},ou=groups,{BASE}")}
    elsewhere = settings(server, groups_by="memberof", groups_base=f"ou=others,{BASE}")
    found = directory(elsewhere).person("ann", PASSWORD)
    assert found is not None and found.groups == frozenset()


def test_active_directory_is_asked_for_the_whole_chain(server: DirectoryServer) -> None:
    """slapd does not know that rule and finds nothing; what is asked is held against RFC 4511, 4.5.1.7.7."""
    recorder = Recorder(server.port)
    url = f"ldap://127.0.0.1:{recorder.port}"
    try:
        by_self = by_template(server, url=url, tls="off", groups_by="ad")
        found = directory(by_self).person("ann", PASSWORD)
        assert found is not None and found.groups == frozenset()
    finally:
        recorder.stop()
    rule, attribute, value = b"1.2.840.113556.1.4.1941", b"member", dn_of("ann").encode()
    asked = b"".join(
        bytes([tag, len(part)]) + part for tag, part in ((0x81, rule), (0x82, attribute), (0x83, value))
    )
    assert asked in recorder.said


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("CN=HR, OU=Groups,DC=x", "cn=hr,ou=groups,dc=X", True),
        ("cn=A\\, B,dc=x", "cn=A\\2C B,dc=x", True),
        ("cn=A,cn=B,dc=x", "cn=A\\,cn\\=B,dc=x", False),
        ("cn=hr,dc=x", "cn=hr,dc=y", False),
    ],
)
def test_names_of_groups_are_compared_as_directories_do(first: str, second: str, same: bool) -> None:
    assert (normal(first) == normal(second)) is same


# --- the wire


def test_tls_from_the_first_byte(server: DirectoryServer) -> None:
    asked = directory(settings(server, url=server.tls_url))
    assert asked.person("ann", PASSWORD) is not None
    assert asked.examine()
    assert not directory(by_template(server)).examine()


@pytest.mark.parametrize("over", ["url", "tls_url"])
def test_another_certificate_is_not_believed(server: DirectoryServer, tmp_path: Path, over: str) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    binds = server.logged().count("BIND dn=")
    for ca_file in (str(other), ""):  # another authority; the system's own
        asked = directory(settings(server, url=getattr(server, over), ca_file=ca_file))
        with pytest.raises(DirectoryError, match="cannot be asked"):
            asked.person("ann", PASSWORD)
    # Right authority, but for another name: 127.0.0.2 reaches nothing else than this machine.
    another = getattr(server, over).replace("127.0.0.1", "localhost.localdomain")
    with pytest.raises(DirectoryError):
        directory(settings(server, url=another)).person("ann", PASSWORD)
    assert server.logged().count("BIND dn=") == binds


def test_no_password_is_sent_where_there_is_no_tls(tmp_path: Path) -> None:
    server = DirectoryServer(tmp_path, "", with_tls=False)
    try:
        binds = server.logged().count("BIND dn=")
        with pytest.raises(DirectoryError):
            directory(settings(server)).person("ann", PASSWORD)
        assert server.logged().count("BIND dn=") == binds
        assert directory(settings(server, tls="off")).person("ann", PASSWORD) is None
    finally:
        server.stop()


def test_a_referral_gets_no_password(server: DirectoryServer) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.5)
        port = listener.getsockname()[1]
        server._add(
            f"\ndn: cn=away,ou=people,{BASE}\nobjectClass: referral\nobjectClass: extensibleObject\n"
            "cn: away\n"
            f"ref: ldap://127.0.0.1:{port}/ou=people,{BASE}\n"
        )
        assert directory(settings(server)).person("ann", PASSWORD) is not None
        assert directory(settings(server)).person("nobody", PASSWORD) is None
        with pytest.raises(TimeoutError):
            listener.accept()


def test_a_directory_that_does_not_answer_costs_no_more_than_its_time() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        for url, tls in ((f"ldap://127.0.0.1:{listener.getsockname()[1]}", "starttls"), ("ldaps", "")):
            silent = LdapSettings.model_validate(
                {"url": url if tls else f"ldaps://127.0.0.1:{listener.getsockname()[1]}", "base": BASE,
                 "user_dn": "{user}@x", "timeout_seconds": 1}
            )  # fmt: skip
            began = time.monotonic()
            with pytest.raises(DirectoryError, match="cannot be asked"):
                directory(silent).person("ann", PASSWORD)
            assert time.monotonic() - began < 15


def test_the_service_account_has_its_password_from_outside(server: DirectoryServer, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(SERVICE_PASSWORD + "\n", "utf-8")
    from_file = settings(server, password_env="", password_file=str(file))
    file.chmod(0o644)
    with pytest.raises(DirectoryError, match="chmod 600"):
        directory(from_file).person("ann", PASSWORD)
    file.chmod(0o600)
    assert directory(from_file).person("ann", PASSWORD) is not None
    with pytest.raises(DirectoryError, match="LDAP_PASSWORD"):
        Directory(settings(server), {}).person("ann", PASSWORD)
    with pytest.raises(DirectoryError, match="does not let the service account in"):
        Directory(settings(server), {"LDAP_PASSWORD": "wrong"}).examine()


@pytest.mark.parametrize(
    "values",
    [
        {"url": "http://dc"},
        {"url": "ldap://dc", "base": BASE},
        {"url": "ldap://dc", "base": BASE, "bind_dn": SERVICE},
        {"url": "ldap://dc", "base": BASE, "bind_dn": SERVICE, "password_env": "P", "user_dn": "{user}@x"},
        {"url": "ldap://dc", "base": BASE, "user_dn": "ann"},
        {"url": "ldap://dc", "user_dn": "{user}@x"},
        {"url": "ldap://dc", "base": BASE, "user_dn": "{user}@x", "tls": "off"},
        {"url": "ldap://dc", "base": BASE, "user_dn": "{user}@x", "roles": {"admin": ["IT"]}},
        {"url": "ldap://dc", "base": BASE, "user_dn": "{user}@x", "user_attribute": "uid=*)(x"},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        LdapSettings.model_validate(values)


# --- accounts


@pytest.fixture
def accounts(server: DirectoryServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Accounts]:
    monkeypatch.setenv("LDAP_PASSWORD", SERVICE_PASSWORD)
    ldap = settings(
        server,
        roles={"editor": ["CN=Staff, OU=Groups, DC=konkyo, DC=test"]},
        groups={group_dn("dev"): "dev", group_dn("elsewhere"): "away"},
    )
    made = Accounts(tmp_path / "accounts.db", AccessSettings(ldap=ldap, most_attempts=3), keeping=CHEAP)
    with closing(made):
        made.add_user("chief", role="admin", password=PASSWORD)
        yield made


def test_role_and_groups_follow_the_directory(accounts: Accounts, server: DirectoryServer) -> None:
    secret, told = accounts.door.sign_in("Cam", PASSWORD, address="a")
    assert (told["user"], told["role"], told["way"]) == ("cam", "editor", "ldap")
    assert accounts.door.identify(secret).user.groups == {"dev", "everybody"}
    server.change(f"dn: {group_dn('dev')}\nchangetype: modify\ndelete: member\nmember: {dn_of('cam')}\n")
    _, told = accounts.door.sign_in("cam", PASSWORD, address="a")
    assert (told["role"], told["groups"]) == ("reader", ["everybody"])
    server.change(f"dn: {group_dn('dev')}\nchangetype: modify\nadd: member\nmember: {dn_of('cam')}\n")


def test_an_account_of_here_is_not_the_directorys(accounts: Accounts) -> None:
    accounts.add_user("ann", role="admin", password="another one 鹿")
    with pytest.raises(SignInError):
        accounts.door.sign_in("ann", PASSWORD, address="a")
    assert accounts.door.sign_in("ann", "another one 鹿", address="a")[1]["way"] == "here"


def test_who_is_disabled_or_removed_here_stays_out(accounts: Accounts) -> None:
    accounts.door.sign_in("ann", PASSWORD, address="a")
    accounts.set_disabled("ann", True)
    with pytest.raises(SignInError, match="name or the password"):
        accounts.door.sign_in("ann", PASSWORD, address="a")
    accounts.set_disabled("ann", False)
    accounts.remove_user("ann")
    with pytest.raises(SignInError):
        accounts.door.sign_in("ann", PASSWORD, address="a")
    assert [user.name for user in accounts.users()] == ["chief"]


def test_attempts_are_limited_before_the_directory_is_asked(
    accounts: Accounts, server: DirectoryServer
) -> None:
    for _ in range(3):
        with pytest.raises(SignInError, match="wrong"):
            accounts.door.sign_in("ann", "wrong", address="a")
    binds = server.logged().count("BIND dn=")
    with pytest.raises(SignInLimitError):
        accounts.door.sign_in("ann", PASSWORD, address="b")
    assert server.logged().count("BIND dn=") == binds


def test_while_the_directory_is_away_accounts_of_here_go_on(server: DirectoryServer, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        away = settings(server, url=f"ldap://127.0.0.1:{probe.getsockname()[1]}")
    access = AccessSettings(ldap=away, most_attempts=3)
    with closing(Accounts(tmp_path / "accounts.db", access, keeping=CHEAP)) as accounts:
        accounts.add_user("chief", role="admin", password=PASSWORD)
        for _ in range(5):  # such attempts do not count
            with pytest.raises(DirectoryError, match="cannot be asked"):
                accounts.door.sign_in("ann", PASSWORD, address="a")
        assert accounts.door.sign_in("chief", PASSWORD, address="a")[1]["user"] == "chief"


def test_many_sign_in_at_once(accounts: Accounts) -> None:
    told: list[str] = []

    def enter(name: str) -> None:
        told.append(accounts.door.sign_in(name, PASSWORD, address="a")[1]["user"])

    threads = [threading.Thread(target=enter, args=(name,)) for name in ("ann", "cam", "outsider", "ann")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sorted(told) == ["ann", "ann", "cam", "outsider"]
