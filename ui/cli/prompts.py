"""`konkyo prompts`: what the model is told, for each task and language, and the workspace's own copies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer

from assistant.task_prompts import LANGUAGES, TASKS, Task, TaskPrompts, default_text, file_name, read_prompt
from ui.cli.acting import acting_user
from ui.cli.shared import JsonOption, WorkspaceOption, console, open_here, own_name, print_json
from ui.cli.tasks import say
from ui.errors import UsageError

app = typer.Typer(
    help=say("help.prompts"), no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    rich_markup_mode=None,
)  # fmt: skip
TaskArgument = Annotated[Task, typer.Argument(metavar="TASK", help=say("options.task"))]
LanguageOption = Annotated[
    Literal["ja", "en"], typer.Option("--language", help=say("options.prompt_language"))
]


@app.command("list", help=say("help.prompts_list"))
def list_prompts(json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """Each task and language, and whether the workspace has its own prompt for it."""
    prompts = TaskPrompts(open_here(workspace).prompts)
    rows = [
        {"task": task, "language": language, "own": prompts.is_own(task, language),
         "path": str(prompts.own_file(task, language))}
        for task in TASKS for language in LANGUAGES
    ]  # fmt: skip
    if json:
        print_json(rows)
        return
    for row in rows:
        state = say("say.own", path=row["path"]) if row["own"] else say("say.default")
        console().print(f"{row['task']:<10} {row['language']}  {state}")


@app.command("show", help=say("help.prompts_show"))
def show(
    task: TaskArgument, language: LanguageOption = "ja", json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:  # fmt: skip
    """The prompt in force."""
    prompt = TaskPrompts(open_here(workspace).prompts).get(task, language)
    if json:
        print_json(prompt.model_dump(mode="json"))
        return
    console().print(prompt.system)
    for example in prompt.examples:
        console().print(f"\n{example.sources}\n{example.question}\n→ {example.reply}")
    console().print(f"\n{prompt.request}")


@app.command("edit-copy", help=say("help.prompts_edit_copy"))
def edit_copy(
    task: TaskArgument, language: LanguageOption = "ja", json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:  # fmt: skip
    """Lay a copy of the default into the workspace; one that is there stays as it is."""
    prompts = TaskPrompts(open_here(workspace).prompts)
    path = prompts.own_file(task, language)
    assert path is not None  # the folder was given
    there = path.exists()
    if not there:
        with _noted(workspace, "prompt_copied", task, language):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(default_text(task, language), "utf-8")
    if json:
        print_json({"done": not there, "path": str(path)})
        return
    console().print(say("say.copy_there" if there else "say.copied", path=path))


@app.command("check", help=say("help.prompts_check"))
def check(json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """What is wrong with the workspace's prompts; exit code 1 when something is."""
    from assistant.errors import PromptFileError

    prompts = TaskPrompts(open_here(workspace).prompts)
    problems = [f"{path}: {say('say.strange_file')}" for path in prompts.strange_files()]
    own = [(task, language) for task in TASKS for language in LANGUAGES if prompts.is_own(task, language)]
    for task, language in own:
        path = prompts.own_file(task, language)
        try:
            if path is not None:
                read_prompt(path, task)
        except PromptFileError as error:
            problems.append(str(error))
    if json:
        print_json({"ok": not problems, "own": len(own), "problems": problems})
    else:
        for problem in problems:
            console().print(problem, style="red")
        if not problems:
            console().print(say("say.prompts_ok", number=len(own)))
    if problems:
        raise typer.Exit(1)


@app.command("reset", help=say("help.prompts_reset"))
def reset(
    task: TaskArgument, language: LanguageOption = "ja", json: JsonOption = False,
    workspace: WorkspaceOption = None,
) -> None:  # fmt: skip
    """Take the workspace's copy away; it is kept beside, under another name."""
    prompts = TaskPrompts(open_here(workspace).prompts)
    path = prompts.own_file(task, language)
    if path is None or not path.is_file():
        raise UsageError(f"the workspace has no {file_name(task, language)}. See: konkyo prompts list")
    kept = path.with_suffix(".toml.old")
    with _noted(workspace, "prompt_reset", task, language):
        path.replace(kept)
    if json:
        print_json({"done": True, "kept": str(kept)})
        return
    console().print(say("say.reset", path=kept))


@contextmanager
def _noted(workspace: Path | None, act: str, task: Task, language: str) -> Iterator[None]:
    """Write a change of a prompt into the audit log; without the log nothing is changed."""
    from assistant.audit.log import AuditLog
    from ingestion.documents import LOCAL_USER

    with closing(AuditLog(open_here(workspace).audit)) as log:
        log.ready()
        yield
        arguments = {"task": task, "language": language, "by": own_name()}
        log.append(acting_user() or LOCAL_USER.name, "act", {"act": act, "arguments": arguments})
