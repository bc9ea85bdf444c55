"""What every command shares: options, the workspace, one JSON value on stdout, everything else on stderr."""

from __future__ import annotations

import getpass
import json
import os
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from ui.cli.acting import acting_user
from ui.cli.controls import shown
from ui.reasons import error_in
from ui.texts import language_of, t

if TYPE_CHECKING:
    from rich.console import Console

    from assistant.answers import Language
    from ingestion.workspace import Workspace
    from ui.operations import Operations


def say(key: str, **values: object) -> str:
    """A text of the [cli] table in the language of the terminal."""
    return t(terminal_language(), "cli", key, **values)


def translated(sentence: str) -> str:
    """What a package says in English, in the language of the terminal, where it is known."""
    return error_in(terminal_language(), sentence)


def own_name() -> str:
    """Who works here by the operating system; "" for the user of a container, who may have no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def terminal_language() -> Language:
    """The language that the terminal's locale asks for."""
    return language_of(_locale())


def _locale() -> str:
    found = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return found.replace("_", "-")


WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        envvar="KONKYO_WORKSPACE",
        show_envvar=False,
        file_okay=False,
        help=say("options.workspace"),
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help=say("options.json"))]


def new_app(help_key: str, cls: type[TyperGroup] = TyperGroup) -> typer.Typer:
    """A group of commands without completion and without decorated tracebacks."""
    return typer.Typer(
        cls=cls,
        help=say(help_key),
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )


def open_here(workspace: Path | None) -> Workspace:
    """The workspace of this command: the option, KONKYO_WORKSPACE, or the user's data folder."""
    from ingestion.workspace import open_workspace

    return open_workspace(workspace)


def connect_here(workspace: Path | None) -> Operations:
    """The running service of the workspace, or the work done in this process."""
    from ui.connecting import connect

    return connect(open_here(workspace), start_service=False, user=acting_user())


def print_json(value: Any) -> None:
    """One JSON value on stdout, in UTF-8 whatever the terminal's locale."""
    text = json.dumps(value, ensure_ascii=False, indent=2) + "\n"
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
    sys.stdout.buffer.flush()


def print_json_line(value: Any) -> None:
    """One JSON value on one line of stdout, at once."""
    sys.stdout.flush()
    sys.stdout.buffer.write(
        (json.dumps(value, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")
    )
    sys.stdout.buffer.flush()


def note(text: str) -> None:
    """A line for people, on stderr."""
    print(shown(text), file=sys.stderr, flush=True)


@cache
def console() -> Console:
    """Where texts for people go: stdout, without colours when it is not a terminal."""
    from ui.cli.terminal import SafeConsole

    return SafeConsole(highlight=False, markup=False, soft_wrap=True)


def progress_console() -> Console:
    """Where progress bars go: stderr."""
    from ui.cli.terminal import SafeConsole

    return SafeConsole(stderr=True, highlight=False)
