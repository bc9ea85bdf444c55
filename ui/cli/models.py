"""`konkyo models`: list, pull, import, check, recommend. Works on files only, so it needs no service."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli import showing
from ui.cli.shared import (
    JsonOption,
    WorkspaceOption,
    console,
    new_app,
    note,
    open_here,
    print_json,
    progress_console,
    say,
    translated,
)

if TYPE_CHECKING:
    from ingestion.model_store import ModelInfo, ModelStore

app = new_app("help.models")


@app.command("list", help=say("help.models_list"))
def list_models(json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """The catalogue and what is here."""
    models = [model.as_json() for model in _store(workspace).list()]
    if json:
        print_json(models)
        return
    for model in models:
        here = say("say.model_present" if model["present"] else "say.model_absent")
        default = f" ({say('say.model_default')})" if model["default"] else ""
        sizes = f"{showing.size(model['bytes']):>8} {showing.size(model['memory_bytes']):>8}"
        console().print(
            f"{model['name']:<34} {model['role']:<9} {sizes}  {model['licence']:<12} {here}{default}"
        )


@app.command("pull", help=say("help.models_pull"))
def pull(
    name: Annotated[str | None, typer.Argument(help=say("options.model_name"))] = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Fetch a model of the catalogue; without a name, the configured ones."""
    here = open_here(workspace)
    if name is None:
        settings = here.settings()
        chat = [] if settings.server.base_url else [settings.models.chat]
        models = [_pull(_store(workspace), wanted) for wanted in (settings.models.embedder, *chat)]
        if json:
            print_json([model.as_json() for model in models])
            return
    else:
        models = [_pull(_store(workspace), name)]
    for model in models:
        _tell(model, "say.pulled", json=json)


@app.command("import", help=say("help.models_import"))
def import_model(
    path: Annotated[Path, typer.Argument(help=say("options.model_path"))],
    name: Annotated[str | None, typer.Option(help=say("options.import_name"))] = None,
    json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Take in a model file or folder."""
    _tell(_store(workspace).import_(path, name), "say.imported", json=json)


@app.command("check", help=say("help.models_check"))
def check(json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """Compare the models that are here with their checksums."""
    checks = [item.as_json() for item in _store(workspace).check()]
    if json:
        print_json(checks)
        return
    for item in checks:
        known = {**item, "detail": translated(item["detail"])}
        text = say("say.model_intact" if item["ok"] else "say.model_broken", **known)
        console().print(text, style="" if item["ok"] else "red")


@app.command("recommend", help=say("help.models_recommend"))
def recommend(json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """Which models fit this machine."""
    found = _store(workspace).recommend().as_json()
    if json:
        print_json(found)
        return
    for role in ("chat", "embedder"):
        console().print(f"{role}: {found[role]['name']} ({translated(found[role]['reason'])})")


def _store(workspace: Path | None) -> ModelStore:
    from ingestion.model_store import ModelStore

    return ModelStore(open_here(workspace).models)


def _pull(store: ModelStore, name: str) -> ModelInfo:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.progress import TransferSpeedColumn as Speed

    from ingestion.progress import PullProgress

    screen = progress_console()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        Speed(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task(name, total=None)

        def show(state: PullProgress) -> None:
            description = f"{name}: {say(f'say.pull_phase.{state.phase}')}"
            bar.update(task, completed=state.done, total=state.total or None, description=description)

        return store.pull(name, show)


def _tell(model: ModelInfo, key: str, *, json: bool) -> None:
    if json:
        print_json(model.as_json())
    else:
        note(say(key, name=model.name, path=model.path))
