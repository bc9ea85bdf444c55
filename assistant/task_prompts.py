"""The prompts of each task and language: those that come with the program, or the workspace's own copies.

A file is `<task>.<language>.toml`. A copy in the workspace's folder `prompts` takes the place of the
default as a whole, from the next question on.
"""

from __future__ import annotations

import difflib
import string
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from assistant.answers import Language
from assistant.errors import PromptFileError

Task = Literal["answer", "summarise", "compare", "translate", "draft", "extract"]
TASKS: tuple[Task, ...] = get_args(Task)
LANGUAGES: tuple[Language, ...] = get_args(Language)

_FIELDS = ("question", "language", "columns", "first", "second")
_NEEDED: dict[str, tuple[str, ...]] = {
    "answer": ("question",), "draft": ("question",), "translate": ("question",),
    "extract": ("question", "columns"),
}  # fmt: skip


class Example(BaseModel):
    """A question with its sources and the wished reply; shown to the model before the real one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: str = ""
    question: str = Field(min_length=1)
    reply: str = Field(min_length=1)


class TaskPrompt(BaseModel):
    """What the model is told for one task in one language. None: what `[generation]` says.

    `request` is the last line of the prompt, below the sources; `request_whole` that of a summary of
    summaries. Both may name {question}, {language} and {columns}.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: str = Field(min_length=1)
    instructions: str = Field(min_length=1)
    style: str = ""
    request: str = Field(min_length=1)
    request_whole: str = ""
    temperature: float | None = Field(None, ge=0, le=2)
    max_tokens: int | None = Field(None, ge=16)
    examples: tuple[Example, ...] = ()

    @field_validator("role", "instructions", "style", "request", "request_whole")
    @classmethod
    def _known_fields(cls, text: str, info: ValidationInfo) -> str:
        try:
            named = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
        except ValueError as error:
            raise ValueError(f"a brace is not closed ({error}); write {{{{ and }}}} for braces.") from error
        if unknown := sorted(named - set(_FIELDS)):
            raise ValueError(f"unknown field {{{unknown[0]}}}; known are {', '.join(_FIELDS)}.")
        needed = _NEEDED.get((info.context or {}).get("task", ""), ()) if info.field_name == "request" else ()
        if missing := [name for name in needed if name not in named]:
            raise ValueError(f"{{{missing[0]}}} is missing, so the model would not see it.")
        return text

    @property
    def system(self) -> str:
        """Role, instructions and style, as the model reads them first; its fields are not filled in."""
        return "\n".join(part for part in (self.role, self.instructions, self.style) if part.strip())


class TaskPrompts:
    """The prompts in force. Without `folder` those that come with the program."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self._read: dict[tuple[Task, Language], tuple[int, TaskPrompt]] = {}

    def get(self, task: Task, language: Language) -> TaskPrompt:
        """The prompt of `task`; a copy in the workspace is read again when it has changed.

        Raises:
            PromptFileError: the copy cannot be used; the message names file and key.
        """
        own = self.own_file(task, language)
        changed = own.stat().st_mtime_ns if own is not None and own.is_file() else 0
        kept = self._read.get((task, language))
        if kept is None or kept[0] != changed:
            prompt = read_prompt(own, task) if own is not None and changed else default_prompt(task, language)
            kept = self._read[task, language] = (changed, prompt)
        return kept[1]

    def own_file(self, task: Task, language: Language) -> Path | None:
        """Where the workspace's copy is, or would be."""
        return None if self.folder is None else self.folder / file_name(task, language)

    def is_own(self, task: Task, language: Language) -> bool:
        """Whether the workspace has a copy."""
        own = self.own_file(task, language)
        return own is not None and own.is_file()

    def strange_files(self) -> list[Path]:
        """TOML files in the folder that belong to no task, as a wrong name does."""
        known = {file_name(task, language) for task in TASKS for language in LANGUAGES}
        found = sorted(self.folder.glob("*.toml")) if self.folder is not None else []
        return [path for path in found if path.name not in known]


def file_name(task: Task, language: Language) -> str:
    """`answer.ja.toml`."""
    return f"{task}.{language}.toml"


def default_text(task: Task, language: Language) -> str:
    """The file that comes with the program."""
    return (files("assistant") / "prompts" / "tasks" / file_name(task, language)).read_text("utf-8")


def default_prompt(task: Task, language: Language) -> TaskPrompt:
    """The prompt that comes with the program."""
    return parse_prompt(default_text(task, language), task, file_name(task, language))


def read_prompt(path: Path, task: Task) -> TaskPrompt:
    """The prompt in `path`.

    Raises:
        PromptFileError: as `parse_prompt`, or the file cannot be read.
    """
    try:
        return parse_prompt(path.read_text("utf-8-sig"), task, str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise PromptFileError(f"{path} cannot be read as UTF-8: {error}.") from error


def parse_prompt(text: str, task: Task, name: str) -> TaskPrompt:
    """The prompt of a file's text.

    Raises:
        PromptFileError: it is not TOML, or a key or value is not valid; `name` and the key are named.
    """
    try:
        return TaskPrompt.model_validate(tomllib.loads(text), context={"task": task})
    except tomllib.TOMLDecodeError as error:
        raise PromptFileError(f"{name} is not valid TOML: {error}. Mend the line it names.") from error
    except ValidationError as error:
        first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        raise PromptFileError(f"{name}: {_explained(dict(first))}") from error


def _explained(error: dict[str, Any]) -> str:
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, TaskPrompt.model_fields, n=1, cutoff=0.4)
        return f"unknown key {key}." + (f" Did you mean {near[0]}?" if near else "")
    if error["type"] == "missing":
        return f"the key {key} is missing."
    return f"{key}: {str(error['msg']).removeprefix('Value error, ').removesuffix('.')}."
