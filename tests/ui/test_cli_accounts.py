"""`konkyo users|groups|tokens|rights` and `--user`: over a real workspace, in this process."""

from __future__ import annotations

import json
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from test_cli_docs import documented, keys
from typer.testing import CliRunner

from assistant.audit.log import AuditLog
from assistant.errors import AccessRefusedError, AccountError
from ingestion.backups.layout import Parts, kept_files
from ingestion.workspace import open_workspace
from ui.cli.main import app
from ui.doctor import _failed_files, _indexes
from ui.errors import NotFoundError, UsageError

Json = dict[str, Any]
SECRET = "correct horse battery"


class Terminal:
    """Runs commands in one workspace."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.runner = CliRunner()

    def __call__(self, *words: str, env: Json | None = None, stdin: str | None = None) -> Any:
        clean = {"KONKYO_USER": None, "KONKYO_PASSWORD": None, "LANG": "C", "LC_ALL": None, **(env or {})}
        done = self.runner.invoke(app, [*words, "--workspace", str(self.root)], env=clean, input=stdin)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    def json(self, *words: str, **more: Any) -> Any:
        return json.loads(self(*words, "--json", **more).stdout)

    def acts(self) -> list[tuple[str, Json]]:
        """Rows of the audit log: user and facts."""
        with closing(AuditLog(self.root / "audit")) as log:
            return [(row.user, row.facts) for row, _ in log.entries()]


@pytest.fixture
def konkyo(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path / "ws")


@pytest.fixture
def people(konkyo: Terminal) -> Terminal:
    konkyo("users", "add", "chief", "--admin", "--no-password")
    konkyo("users", "add", "ann", "--no-password")
    return konkyo


def test_nothing_is_made_by_looking(konkyo: Terminal) -> None:
    for command in (("users", "list"), ("groups", "list"), ("tokens", "list")):
        assert konkyo.json(*command) == []
    assert not (konkyo.root / "accounts.db").exists()


def test_a_password_comes_from_a_file_stdin_or_the_environment(konkyo: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\nand more\n", "utf-8")
    konkyo("users", "add", "one", "--admin", "--password-file", str(file))
    konkyo("users", "add", "two", "--password-file", "-", stdin=f"{SECRET}\n")
    konkyo("users", "add", "three", env={"KONKYO_PASSWORD": SECRET})
    from assistant.accounts.accounts import Accounts

    with closing(Accounts(konkyo.root / "accounts.db")) as accounts:
        for name in ("one", "two", "three"):
            accounts.door.sign_in(name, SECRET, address="a")
    for words in (("users", "add", "x"), ("users", "add", "x", "--password-file", str(tmp_path / "none"))):
        with pytest.raises(UsageError, match="password"):
            konkyo(*words)
    assert len(konkyo.json("users", "list")) == 3


def test_no_command_takes_a_password_as_an_argument() -> None:
    from test_cli_docs import COMMANDS

    flags = {flag for command in COMMANDS.values() for one in command.params for flag in one.opts}
    assert {flag for flag in flags if "password" in flag} == {"--password-file", "--no-password"}


def test_json_has_the_documented_keys(people: Terminal) -> None:
    people("groups", "add", "hr", "--member", "ann")
    made = people.json("tokens", "add", "ann", "--scope", "search", "--label", "nightly")
    assert keys(made) == keys(documented("tokens add"))
    assert keys(people.json("tokens", "list")) == {f"[]{key}" for key in keys(made) - {".token"}}
    assert keys(people.json("users", "list")) == keys(documented("users list"))
    assert keys(people.json("groups", "list")) == keys(documented("groups list"))
    added = people.json("users", "add", "bob", "--no-password")
    assert keys(added) == keys(documented("users add"))


def test_what_is_changed_stands_in_the_audit_log_without_secrets(people: Terminal) -> None:
    people("users", "set-password", "ann", env={"KONKYO_PASSWORD": SECRET, "KONKYO_USER": "chief"})
    token = people.json("tokens", "add", "ann", "--scope", "ask")
    people("tokens", "remove", token["id"])
    people("users", "set-role", "ann", "editor")
    people("groups", "add", "hr", "--member", "ann")
    people("users", "disable", "ann")
    people("users", "enable", "ann")
    people("groups", "remove", "hr", "--member", "ann")
    people("users", "remove", "ann")
    rows = people.acts()
    assert [facts["act"] for _, facts in rows] == [
        "add_user", "add_user", "set_password", "add_token", "remove_token", "set_role", "add_group",
        "disable_user", "enable_user", "remove_group", "remove_user",
    ]  # fmt: skip
    assert SECRET not in str(rows)
    assert token["token"] not in str(rows)
    assert [user for user, facts in rows if facts["act"] == "set_password"] == ["chief"]


def test_a_failed_change_leaves_no_row(people: Terminal) -> None:
    with pytest.raises(AccountError, match="already"):
        people("users", "add", "ann", "--no-password")
    with pytest.raises(AccountError, match="last admin"):
        people("users", "disable", "chief")
    assert [facts["act"] for _, facts in people.acts()] == ["add_user", "add_user"]


def test_who_acts_decides_what_may_be_done(people: Terminal, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    with pytest.raises(AccountError, match="--user NAME"):
        people("documents", "list")
    for words in (("ingest", str(docs)), ("audit", "verify"), ("index", "check")):
        with pytest.raises(AccessRefusedError, match="role admin"):
            people(*words, env={"KONKYO_USER": "ann"})
    with pytest.raises(AccountError, match="no user"):
        people("documents", "list", "--user", "nobody")
    people("users", "disable", "ann")
    with pytest.raises(AccountError, match="disabled"):
        people("documents", "list", "--user", "ann")
    assert people.json("documents", "list", "--user", "chief") == []


def test_a_name_where_there_are_no_accounts_is_an_error(konkyo: Terminal) -> None:
    with pytest.raises(AccountError, match="no accounts here"):
        konkyo("documents", "list", "--user", "ann")
    assert konkyo.json("documents", "list") == []


def test_the_name_of_one_command_does_not_stay_for_the_next(people: Terminal) -> None:
    people("documents", "list", "--user", "chief")
    with pytest.raises(AccountError, match="--user NAME"):
        people("documents", "list")
    with pytest.raises(AccountError, match="--user NAME"):
        people("audit", "list")


@pytest.mark.parametrize("command", ["serve", "ui"])
def test_others_reach_nothing_without_accounts(konkyo: Terminal, command: str) -> None:
    with pytest.raises(AccessRefusedError, match="konkyo users add"):
        konkyo(command, "--host", "0.0.0.0")


def test_rights_are_explained(people: Terminal) -> None:
    from library_fakes import World

    from ingestion.library_writing import LibraryWriter
    from ingestion.location_rows import FileState

    world = World(people.root)
    world.write("a.txt", "規程の本文である。")
    world.write("b.txt", "別の本文である。")
    world.ingest()
    LibraryWriter(world.library).grant([FileState(str(world.docs), "a.txt", 0, 0)], frozenset({"staff"}))
    ids = {one.locations[0].path: one.id for one in world.library.documents_list()}
    world.close()
    people("groups", "add", "hr", "--member", "ann")
    people("groups", "add", "staff", "--member-group", "hr")
    found = people.json("rights", "explain", "--user", "ann", "--document", ids["a.txt"])
    assert found["may_read"] is True
    assert found["because"] == "a.txt may be read by staff, and ann is in it (ann → hr → staff)."
    assert keys(found) == keys(documented("rights explain"))
    other = people.json("rights", "explain", "--user", "ann", "--document", ids["b.txt"])
    assert (other["may_read"], "nobody has said" in other["because"]) == (False, True)
    listed = people.json("rights", "list", "--user", "ann")
    assert [one["id"] for one in listed["documents"]] == [ids["a.txt"]]
    assert keys(listed) == keys(documented("rights list"))
    admin = people.json("rights", "list", "--user", "chief")
    assert {one["id"] for one in admin["documents"]} == set(ids.values())
    people("groups", "remove", "staff", "--member-group", "hr")
    gone = people.json("rights", "explain", "--user", "ann", "--document", ids["a.txt"])
    assert (gone["may_read"], gone["because"]) == (False, "it is for staff, and ann is in none of them.")
    said = people(
        "rights", "explain", "--user", "ann", "--document", ids["a.txt"], env={"LANG": "ja_JP.UTF-8"}
    )
    assert "読めません" in said.stdout and "staffのための文書" in said.stdout
    assert "a.txt：staff" in said.stdout
    with pytest.raises(NotFoundError):
        people("rights", "explain", "--user", "ann", "--document", "x")


def test_where_a_right_comes_from_is_told(people: Terminal) -> None:
    from library_fakes import World

    from ingestion.settings import Settings

    world = World(people.root)
    world.write("hr/a.txt", "規程の本文である。")
    world.write("rights.csv", "path,groups\n\nhr,hr staff\n")
    named: Json = {"sources": {str(world.docs): {"rights": "file"}}}
    world.ingest(settings=Settings.model_validate(named))
    (id,) = (one.id for one in world.library.documents_list() if one.locations[0].path == "hr/a.txt")
    world.close()
    (people.root / "konkyo.toml").write_text(f'[sources."{world.docs}"]\nrights = "file"\n', "utf-8")
    words = ("rights", "explain", "--user", "ann", "--document", id)
    (place,) = people.json(*words)["locations"]
    told = {"rights": "file", "line": 3, "steps": [], "problem": None, "changed": False}
    assert (place["groups"], place["from"]) == (["hr", "staff"], told)
    assert "hr/a.txt: hr, staff (rights.csv, line 3)" in people(*words).stdout
    (world.docs / "rights.csv").write_text("path,groups\nhr,\n", "utf-8")
    (place,) = people.json(*words)["locations"]
    assert place["from"] == {**told, "line": 2, "changed": True}
    (world.docs / "rights.csv").write_text("path\n", "utf-8")
    (place,) = people.json(*words)["locations"]
    assert (place["from"]["line"], "line 1" in place["from"]["problem"]) == (None, True)


def test_doctor_needs_no_name(people: Terminal) -> None:
    workspace = open_workspace(people.root, {})
    assert _indexes(workspace).ok
    assert _failed_files(workspace).detail == "0"


def test_accounts_are_in_a_backup(people: Terminal) -> None:
    workspace = open_workspace(people.root, {})
    assert workspace.accounts_path in set(kept_files(workspace, Parts()))
    assert stat.S_IMODE(workspace.accounts_path.stat().st_mode) == 0o600
