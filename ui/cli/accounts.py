"""`konkyo users`, `groups` and `tokens`: who may work here. For whoever has a shell on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ui.cli.acting import acting_user
from ui.cli.shared import (
    JsonOption,
    WorkspaceOption,
    console,
    note,
    open_here,
    own_name,
    print_json,
    terminal_language,
)
from ui.errors import UsageError
from ui.texts import t

if TYPE_CHECKING:
    from assistant.accounts.accounts import Accounts

Json = dict[str, Any]
_VARIABLE = "KONKYO_PASSWORD"


def words(key: str, **values: object) -> str:
    """A text of the [accounts] table in the language of the terminal."""
    return t(terminal_language(), "accounts", key, **values)


def _app(key: str) -> typer.Typer:
    return typer.Typer(
        help=words(key), no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )  # fmt: skip


users, groups, tokens = _app("help.users"), _app("help.groups"), _app("help.tokens")
Role = Literal["reader", "editor", "trainer", "admin"]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", show_default=False, help=words("options.name"))]
RoleArgument = Annotated[Role, typer.Argument(metavar="ROLE", show_default=False, help=words("options.role"))]
DisplayOption = Annotated[str, typer.Option("--display-name", metavar="TEXT", help=words("options.display"))]
PasswordOption = Annotated[
    str | None, typer.Option("--password-file", metavar="FILE", help=words("options.password_file"))
]
UsersOption = Annotated[
    list[str] | None, typer.Option("--member", metavar="NAME", help=words("options.member"))
]
GroupsOption = Annotated[
    list[str] | None, typer.Option("--member-group", metavar="NAME", help=words("options.member_group"))
]
ScopeOption = Annotated[list[str], typer.Option("--scope", metavar="SCOPE", help=words("options.scope"))]


@contextmanager
def _changing(workspace: Path | None, act: str, **arguments: object) -> Iterator[Accounts]:
    """The accounts; what is done to them stands in the audit log, and without the log nothing is done."""
    from contextlib import closing

    from assistant.audit.log import AuditLog
    from ingestion.documents import LOCAL_USER
    from ui.account_files import AccountFiles

    here = open_here(workspace)
    with closing(AuditLog(here.audit)) as log, closing(AccountFiles(here)) as files:
        log.ready()
        yield files.open()
        said = {"act": act, "arguments": {**arguments, "shell": own_name()}}
        log.append(acting_user() or LOCAL_USER.name, "act", said)


@contextmanager
def opened(workspace: Path | None) -> Iterator[Accounts | None]:
    """The accounts to be read, None in single-user mode; none are made."""
    from contextlib import closing

    from ui.account_files import AccountFiles

    with closing(AccountFiles(open_here(workspace))) as files:
        yield files.current()


def _told(json: bool, value: Json, key: str, **values: object) -> None:
    if json:
        print_json({"done": True, **value})
    else:
        console().print(words(key, **values))


@users.command("add", help=words("help.users_add"))
def add_user(
    name: NameArgument,
    admin: Annotated[bool, typer.Option("--admin", help=words("options.admin"))] = False,
    role: Annotated[Role, typer.Option("--role", help=words("options.role"))] = "reader",
    display_name: DisplayOption = "",
    password_file: PasswordOption = None,
    no_password: Annotated[bool, typer.Option("--no-password", help=words("options.no_password"))] = False,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Make a user; the first one is the admin, and ends single-user mode."""
    chosen = "admin" if admin else role
    password = None if no_password else _password(password_file)
    with _changing(workspace, "add_user", user=name, role=chosen) as accounts:
        made = accounts.add_user(name, role=chosen, password=password, display_name=display_name)
        first = len(accounts.users()) == 1
    _told(json, {"name": made.name, "role": made.role}, "say.user_added", name=made.name, role=made.role)
    if first:
        note(words("say.first_user", name=made.name))


@users.command("list", help=words("help.users_list"))
def list_users(json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """All users by name."""
    found: list[Json] = []
    with opened(workspace) as accounts:
        if accounts is not None:
            found = [{**row.as_json(), "groups": sorted(accounts.ways(row.name))} for row in accounts.users()]
    if json:
        print_json(found)
        return
    for one in found:
        state = f" ({words('say.disabled')})" if one["disabled"] else ""
        console().print(f"{one['name']} {one['role']}{state}: {', '.join(one['groups'])}")
    if not found:
        console().print(words("say.single_user"))


@users.command("remove", help=words("help.users_remove"))
def remove_user(name: NameArgument, json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """Take a user out."""
    with _changing(workspace, "remove_user", user=name) as accounts:
        accounts.remove_user(name)
    _told(json, {"name": name}, "say.removed", name=name)


@users.command("set-password", help=words("help.users_set_password"))
def set_password(
    name: NameArgument,
    password_file: PasswordOption = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Give a user another password."""
    password = _password(password_file)
    with _changing(workspace, "set_password", user=name) as accounts:
        accounts.set_password(name, password)
    _told(json, {"name": name}, "say.password_set", name=name)


@users.command("set-role", help=words("help.users_set_role"))
def set_role(
    name: NameArgument, role: RoleArgument, json: JsonOption = False, workspace: WorkspaceOption = None
) -> None:
    """Give a user another role."""
    with _changing(workspace, "set_role", user=name, role=role) as accounts:
        accounts.set_role(name, role)
    _told(json, {"name": name, "role": role}, "say.role_set", name=name, role=role)


@users.command("enable", help=words("help.users_enable"))
def enable(name: NameArgument, json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """Let a user in again."""
    with _changing(workspace, "enable_user", user=name) as accounts:
        accounts.set_disabled(name, False)
    _told(json, {"name": name}, "say.enabled", name=name)


@users.command("disable", help=words("help.users_disable"))
def disable(name: NameArgument, json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """Let a user not in any more, by password or token."""
    with _changing(workspace, "disable_user", user=name) as accounts:
        accounts.set_disabled(name, True)
    _told(json, {"name": name}, "say.no_longer_in", name=name)


@groups.command("add", help=words("help.groups_add"))
def add_group(
    name: NameArgument,
    member: UsersOption = None,
    member_group: GroupsOption = None,
    display_name: DisplayOption = "",
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Make a group where there is none, and put users and groups into it."""
    inside, inner = member or [], member_group or []
    with _changing(workspace, "add_group", group=name, users=inside, groups=inner) as accounts:
        if not (inside or inner) or not any(one["name"] == name for one in accounts.groups()):
            accounts.add_group(name, display_name=display_name)
        accounts.put_into(name, users=inside, groups=inner)
    _told(json, {"name": name}, "say.group_added", name=name)


@groups.command("list", help=words("help.groups_list"))
def list_groups(json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """All groups by name, with what is right in each."""
    with opened(workspace) as accounts:
        found = [] if accounts is None else accounts.groups()
    if json:
        print_json(found)
        return
    for one in found:
        inside = [*one["users"], *(f"{group}/" for group in one["groups"])]
        console().print(f"{one['name']}: {', '.join(inside)}")
    if not found:
        console().print(words("say.no_groups"))


@groups.command("remove", help=words("help.groups_remove"))
def remove_group(
    name: NameArgument,
    member: UsersOption = None,
    member_group: GroupsOption = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Take users and groups out of a group, or without any the group itself."""
    inside, inner = member or [], member_group or []
    with _changing(workspace, "remove_group", group=name, users=inside, groups=inner) as accounts:
        if inside or inner:
            accounts.take_out(name, users=inside, groups=inner)
        else:
            accounts.remove_group(name)
    _told(json, {"name": name}, "say.removed", name=name)


@tokens.command("add", help=words("help.tokens_add"))
def add_token(
    name: NameArgument,
    scope: ScopeOption,
    label: Annotated[str, typer.Option("--label", metavar="TEXT", help=words("options.label"))] = "",
    days: Annotated[int, typer.Option("--days", min=0, help=words("options.days"))] = 90,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Make an API token for a user; it is shown once."""
    expires = timedelta(days=days) if days else None
    with _changing(workspace, "add_token", user=name, scopes=scope, label=label, days=days) as accounts:
        made = accounts.add_token(name, label=label, scopes=scope, expires=expires)
    if json:
        print_json(made)
        return
    print(made["token"])
    note(words("say.token_once", id=made["id"]))


@tokens.command("list", help=words("help.tokens_list"))
def list_tokens(json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """All tokens, the oldest first; never what opens something."""
    with opened(workspace) as accounts:
        found = [] if accounts is None else accounts.tokens()
    if json:
        print_json(found)
        return
    for one in found:
        until = one["expires_at"][:10] if one["expires_at"] else "-"
        console().print(f"{one['id']} {one['user']} {','.join(one['scopes'])} {until} {one['label']}")
    if not found:
        console().print(words("say.no_tokens"))


@tokens.command("remove", help=words("help.tokens_remove"))
def remove_token(
    token: Annotated[str, typer.Argument(metavar="ID", show_default=False, help=words("options.token"))],
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Take a token out: it opens nothing from now on."""
    with _changing(workspace, "remove_token", token=token) as accounts:
        made = accounts.remove_token(token)
    _told(json, {"id": made["id"], "user": made["user"]}, "say.removed", name=token)


def _password(file: str | None, ask: Callable[[], bool] = sys.stdin.isatty) -> str:
    """From the file ("-" is stdin), the environment or the terminal; others could see an argument.

    Raises:
        UsageError: there is none, or the file cannot be read.
    """
    if file is not None:
        try:
            text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"the password cannot be read from {file!r}: {error}.") from error
        return text.splitlines()[0] if text else ""
    if given := os.environ.get(_VARIABLE):
        return given
    if not ask():
        raise UsageError(f"no password was given: use --password-file FILE or {_VARIABLE}.")
    return str(typer.prompt(words("say.password"), hide_input=True, confirmation_prompt=True, err=True))
