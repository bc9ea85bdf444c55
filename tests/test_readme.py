"""What the documents say is so: both languages are equal; commands, paths and settings exist."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from typer.main import get_command

from ingestion.settings import Settings, SourceSettings
from ui.cli.main import app
from ui.texts import texts

ROOT = Path(__file__).parents[1]
PAIRS = [
    ("README.md", "README.ja.md"),
    ("docs/en/user.md", "docs/ja/user.md"),
    ("docs/en/admin.md", "docs/ja/admin.md"),
    ("docs/en/tuning.md", "docs/ja/tuning.md"),
    ("docs/en/developer.md", "docs/ja/developer.md"),
]
PAGES = [*(name for pair in PAIRS for name in pair), "ARCHITECTURE.md", "CHANGELOG.md", "NOTES.md"]
COMMAND = re.compile(r"(?<![\w./-])(?:\.venv/bin/)?konkyo ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)?)")


def text_of(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def blocks(name: str) -> list[str]:
    return re.findall(r"^```\w*\n(.*?)^```$", text_of(name), re.DOTALL | re.MULTILINE)


def prose(name: str) -> str:
    return re.sub(r"^```\w*\n.*?^```$", "", text_of(name), flags=re.DOTALL | re.MULTILINE)


def levels(name: str) -> list[int]:
    return [len(marks) for marks in re.findall(r"^(#+) ", prose(name), re.MULTILINE)]


def code(name: str) -> set[str]:
    """Code within lines, questions in Japanese and other words with letters outside ASCII left out."""
    return {part for part in re.findall(r"`([^`\n]+)`", prose(name)) if part.isascii()}


def shape(name: str) -> list[str]:
    """The signs that begin headings, rows of tables, items of lists, pictures and blocks, in order."""
    return re.findall(r"^(#|\||- |!|```)", text_of(name), re.MULTILINE)


def anchor(heading: str) -> str:
    """The name that a heading gets on the web: lower case, no signs, dashes for spaces."""
    kept = "".join(sign for sign in heading.lower() if sign in " -_" or unicodedata.category(sign)[0] in "LN")
    return kept.replace(" ", "-")


@pytest.mark.parametrize(("english", "japanese"), PAIRS)
def test_both_languages_have_the_same_structure(english: str, japanese: str) -> None:
    assert levels(english) == levels(japanese)
    assert shape(english) == shape(japanese)
    assert code(english) == code(japanese)


@pytest.mark.parametrize(("english", "japanese"), PAIRS)
def test_both_languages_give_the_same_commands(english: str, japanese: str) -> None:
    def flat(name: str) -> list[str]:
        """Without the questions, which are translated."""
        return [re.sub(r'"[^"]*"', '""', block) for block in blocks(name)]

    assert flat(english) == flat(japanese)


def commands(name: str) -> Iterator[str]:
    text = "\n".join(blocks(name)) + "\n" + "\n".join(re.findall(r"`([^`\n]+)`", prose(name)))
    yield from (match[1] for match in COMMAND.finditer(text))


def subcommands(command: Any) -> dict[str, Any]:
    """Of a group of commands; none of a command."""
    return getattr(command, "commands", {})


@pytest.mark.parametrize("name", PAGES)
def test_every_command_exists(name: str) -> None:
    root = get_command(app)
    for command in commands(name):
        first, *rest = command.split()
        assert first in subcommands(root), command
        group = subcommands(root)[first]
        if subcommands(group) and rest:
            assert rest[0] in subcommands(group), command


@pytest.mark.parametrize("name", PAGES)
def test_every_option_exists(name: str) -> None:
    """An option of a block's command line, checked against the command that the line calls."""
    root = get_command(app)
    for line in "\n".join(blocks(name)).splitlines():
        words = [word.removeprefix(".venv/bin/") for word in shlex.split(line)]
        if "konkyo" not in words:
            continue
        command, rest = root, words[words.index("konkyo") + 1 :]
        while subcommands(command) and rest:
            command = subcommands(command)[rest.pop(0)]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in rest if word.startswith("--")} <= known, line


@pytest.mark.parametrize("name", PAGES)
def test_every_make_target_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z]+)", text_of(name), re.MULTILINE))
    assert named <= targets


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", prose(name)):
        if re.match(r"https?:", target):
            continue
        place, _, fragment = target.partition("#")
        path = (ROOT / name).parent / place
        assert path.exists(), target
        if fragment:
            headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
            assert fragment in {anchor(heading) for heading in headings}, target


def test_every_path_in_the_architecture_exists() -> None:
    places = re.findall(r"`((?:ingestion|assistant|training|ui|tests)/[\w./]*)`", text_of("ARCHITECTURE.md"))
    assert places
    assert [place for place in places if not (ROOT / place).exists()] == []


def test_the_readme_gets_to_the_point() -> None:
    for name in PAIRS[0]:
        start = "\n".join(text_of(name).splitlines()[:60])
        assert "docs/images/chat.png" in start
        assert "make run" in start
        assert "konkyo ask" in start
        assert "12,000円" in start


def test_the_first_answer_is_one_of_the_samples() -> None:
    rows = [json.loads(line) for line in text_of("samples/questions.jsonl").splitlines()]
    first = next(row for row in rows if row["question"] in text_of("README.md") and row["answerable"])
    assert first["answers"][0] in text_of("README.md")
    assert first["document"] in text_of("README.md")
    assert f"QUESTION ?= {first['question']}" in text_of("Makefile")
    assert any(row["question"] in text_of("README.md") for row in rows if not row["answerable"])


def settings_table(name: str) -> dict[str, str]:
    rows = re.findall(r"^\| `([a-z_]+\.[\w.]+)` \| `(.+?)` \|", text_of(name), re.MULTILINE)
    assert len(rows) == len(dict(rows))
    return dict(rows)


def _flat(place: str, model: BaseModel) -> dict[str, Any]:
    """The values of a table and of the tables in it."""
    found: dict[str, Any] = {}
    for key in type(model).model_fields:
        value = getattr(model, key)
        if isinstance(value, BaseModel):
            found |= _flat(f"{place}.{key}", value)
        else:
            found[f"{place}.{key}"] = value
    return found


def defaults() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for section, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found |= _flat(section, field.default)
    for key, field in SourceSettings.model_fields.items():
        found[f"sources.NAME.{key}"] = field.default
    return found


@pytest.mark.parametrize("name", PAIRS[2])
def test_every_setting_is_explained_with_its_default(name: str) -> None:
    """The defaults are TOML, so that they can be copied."""
    told = {key: tomllib.loads(f"value = {value}")["value"] for key, value in settings_table(name).items()}
    expected = {key: list(value) if isinstance(value, tuple) else value for key, value in defaults().items()}
    assert told == expected


@pytest.mark.parametrize(("language", "name"), [("en", "docs/en/user.md"), ("ja", "docs/ja/user.md")])
def test_the_guide_uses_the_words_of_the_page(language: Any, name: str) -> None:
    words = texts(language)["web"]
    marks = re.findall(r"^\| ([^|-]+?) \|", text_of(name), re.MULTILINE)[1:]
    assert marks == list(words["verdict"].values())
    for key in ("scope", "new_chat", "copy", "export", "open_original"):
        assert words[key] in text_of(name), key


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    pinned = [re.fullmatch(r"([\w-]+)(?:\[\w+\])?==[\w.]+", line) for line in project["dependencies"]]
    told = re.findall(r"^\| ([a-z0-9-]+) \| .+ \| .+ \|$", text_of("ARCHITECTURE.md"), re.MULTILINE)
    assert told == sorted(match[1] for match in pinned if match)
    assert None not in pinned
    for line in project["optional-dependencies"]["dev"]:
        assert re.search(rf"\b{line.split('==')[0]} \(", text_of("ARCHITECTURE.md")), line


def test_the_changelog_tells_of_this_version() -> None:
    version = tomllib.loads(text_of("pyproject.toml"))["project"]["version"]
    assert f"## {version}" in text_of("CHANGELOG.md")


def test_no_page_names_a_path_of_a_developers_machine() -> None:
    for name in PAGES:
        assert not re.search(r"(?<![\w.~-])/(?:home|root|Users|work)/", text_of(name)), name
