"""`--user NAME` of every command: who acts, where there are accounts."""

import os
from contextvars import ContextVar
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from ui.texts import t

_ACTING: ContextVar[str | None] = ContextVar("who acts", default=None)
_VARIABLE = "KONKYO_USER"


def acting_user() -> str | None:
    """The name that this command was given by --user, else by KONKYO_USER."""
    return _ACTING.get()


class WithUser(TyperGroup):
    """The root of all commands: each in a workspace gets the option --user, but those with their own."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        _give(self)

    def invoke(self, ctx: Any) -> Any:
        """Run a command; the environment counts until an option says otherwise."""
        _ACTING.set(os.environ.get(_VARIABLE) or None)
        return super().invoke(ctx)


def _give(group: Any, option: Any = None) -> None:
    option = option or _option()
    for command in group.commands.values():
        if hasattr(command, "commands"):
            _give(command, option)
            continue
        flags = {flag for parameter in command.params for flag in parameter.opts}
        if "--workspace" in flags and "--user" not in flags:
            command.params.append(option)


def _option() -> Any:
    """The option as typer makes it for a command of its own."""
    from ui.cli.shared import terminal_language

    app = typer.Typer(add_completion=False)
    text = t(terminal_language(), "accounts", "options.acting")

    @app.command()
    def sample(
        user: Annotated[
            str | None, typer.Option("--user", metavar="NAME", callback=_chosen, help=text)
        ] = None,
    ) -> None:
        """Nothing: only its option is taken."""

    option = get_command(app).params[0]
    option.expose_value = False  # commands take it from `acting_user`
    return option


def _chosen(value: str | None) -> None:
    if value is not None:
        _ACTING.set(value)
