"""The command `konkyo`. Heavy parts are imported by the commands that need them."""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer

from ui.cli import (
    accounts,
    audit,
    backup,
    bench,
    dictionary,
    documents,
    eval,
    feedback,
    index,
    library,
    models,
    monitor,
    prompts,
    reranking,
    rights,
    screening,
    service,
    sync,
    tasks,
    tools,
    train,
    verified,
    verifying,
)
from ui.cli.acting import WithUser
from ui.cli.shared import new_app, note, say, translated
from ui.errors import EXPECTED, UsageError, error_json

app = new_app("help.app", WithUser)
app.command("ingest", help=say("help.ingest"))(library.ingest)
app.command("sync", help=say("help.sync"))(sync.sync)
app.command("search", help=say("help.search"))(library.search)
app.command("ask", help=say("help.ask"))(library.ask)
app.command("chat", help=say("help.chat"))(library.chat)
for _name in tasks.NAMES:
    app.command(_name, help=tasks.say(f"help.{_name}"))(getattr(tasks, _name))
app.add_typer(prompts.app, name="prompts")
app.add_typer(documents.app, name="documents")
app.add_typer(verified.app, name="verified")
app.add_typer(feedback.app, name="feedback")
app.add_typer(index.app, name="index")
app.add_typer(dictionary.app, name="dictionary")
app.add_typer(screening.app, name="screening")
app.add_typer(models.app, name="models")
app.command("rerank", help=reranking.words("help"))(reranking.rerank)
app.command("verify", help=verifying.words("help"))(verifying.verify)
app.add_typer(train.app, name="train")
app.command("monitor", help=monitor.words("help"))(monitor.monitor)
app.add_typer(audit.app, name="audit")
app.add_typer(accounts.users, name="users")
app.add_typer(accounts.groups, name="groups")
app.add_typer(accounts.tokens, name="tokens")
app.add_typer(rights.app, name="rights")
app.add_typer(eval.app, name="eval")
app.add_typer(bench.app, name="bench")
app.command("doctor", help=say("help.doctor"))(service.doctor)
app.command("backup", help=backup.words("backup"))(backup.backup)
app.command("restore", help=backup.words("restore"))(backup.restore)
app.command("serve", help=say("help.serve"))(service.serve)
app.command("ui", help=say("help.ui"))(service.ui)
app.command("stop", help=say("help.stop"))(service.stop)
app.command("mcp", help=say("help.mcp"))(tools.mcp)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(version("konkyo"))
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help=say("options.version"))
    ] = False,
) -> None:
    """Set nothing up: each command opens what it needs."""


def main() -> None:
    """Run the command; expected errors become one line on stderr and exit code 1, 2 or 3."""
    # Warnings are for the service's log; a terminal is told what it can act upon.
    logging.basicConfig(level=logging.ERROR, format="%(name)s: %(message)s")
    try:
        app()
    except EXPECTED as error:
        refused = error_json(error)["refused"]
        message = " ".join(translated(str(error)).split())
        note(say("say.refused" if refused else "say.error", message=message))
        sys.exit(3 if refused else 2 if isinstance(error, UsageError) else 1)


if __name__ == "__main__":
    main()
