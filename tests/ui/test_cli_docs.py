"""docs/cli.md names every command and option of the program, and the JSON keys that it prints."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from ui.cli.main import app

DOC = (Path(__file__).parents[2] / "docs" / "cli.md").read_text("utf-8")
API = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")
FREE = {"by_format", "properties", "derived_by", "by_type", "ci", "comparisons"}
"""Keys whose value has keys of its own making."""


def commands(group: Any, prefix: str = "konkyo") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


def sections() -> dict[str, tuple[str, str]]:
    """Heading without its arguments → (arguments, text)."""
    found = {}
    for block in re.split(r"^## ", DOC, flags=re.MULTILINE)[1:]:
        heading, _, text = block.partition("\n")
        words = heading.split()
        arguments = [word for word in words if word.rstrip(".").isupper()]
        found[" ".join(word for word in words if word not in arguments)] = (" ".join(arguments), text)
    return found


def options_of(text: str) -> set[str]:
    table = "\n".join(
        line.split("|")[1] for line in text.replace(r"\|", "/").splitlines() if line.startswith("|")
    )
    return set(re.findall(r"--[a-z][a-z-]*", table))


COMMANDS = dict(commands(typer.main.get_command(app)))
SECTIONS = sections()


def test_every_command_has_its_section_and_no_other_is_there() -> None:
    assert set(SECTIONS) - {"konkyo"} == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_options_are_those_of_the_program(name: str) -> None:
    real = {
        flag
        for parameter in COMMANDS[name].params
        for flag in parameter.opts
        if parameter.param_type_name == "option"
    } - {"--help"}
    assert options_of(SECTIONS[name][1]) == real


@pytest.mark.parametrize("name", COMMANDS)
def test_arguments_are_those_of_the_program(name: str) -> None:
    real = [parameter for parameter in COMMANDS[name].params if parameter.param_type_name == "argument"]
    assert len(SECTIONS[name][0].split()) == len(real)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_a_workspace(name: str) -> None:
    assert "--workspace" in {flag for parameter in COMMANDS[name].params for flag in parameter.opts}


def documented(name: str) -> Any:
    """The example of the JSON value that `name` ("documents list") prints."""
    found = re.search(rf"```json {name}\n(.*?)```", DOC, flags=re.DOTALL)
    assert found is not None, f"docs/cli.md has no example for {name}"
    return json.loads(found[1])


def keys(value: Any, at: str = "") -> set[str]:
    """Every key in `value` with its place; lists count as their elements."""
    if isinstance(value, list):
        return {key for item in value for key in keys(item, f"{at}[]")}
    if not isinstance(value, dict):
        return set()
    inner = {key for name, item in value.items() if name not in FREE for key in keys(item, f"{at}.{name}")}
    return {f"{at}.{name}" for name in value} | inner


def test_every_address_of_the_service_is_documented() -> None:
    from interface_fakes import FakeOperations

    from ui.api.service import create_app

    schema = create_app(FakeOperations(), workspace="/ws", shut_down=lambda: None).openapi()
    for path in schema["paths"]:
        plain = (
            re.sub(r"\{(?:document|conversation|verified|report|question|example|run)\}", "ID", path)
            .replace("{page}", "N")
            .replace("{figure}", "N")
        )
        plain = plain.replace("{adapter}", "NAME")
        plain = plain.replace("/documents/ID/pages/N/image", "…/image")
        assert plain in API, path
