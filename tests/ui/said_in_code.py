"""The English sentences in the program's own code, read from its syntax trees.

An f-string becomes a template with {} for each of its values; where a value is a choice between two
constants, there is a template for each. Left out are docstrings, patterns, SQL, what is only logged and
descriptions of settings: nobody is told those.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

_SENTENCE = re.compile(r"[a-z,:)]\s+[a-z({]|\{\} [a-z]|[a-z] \{\}")
_NO_SENTENCE = re.compile(r"\(\?|\\[bds]|</|^[\s'\"]*<|\n|\0")
_NOT_TOLD = ("execute", "text", "compile", "sub", "cast")


def blank(template: str) -> str:
    """A template with {} for each value, whatever its name or format."""
    return "".join(text + ("" if name is None else "{}") for text, name, _, _ in Formatter().parse(template))


def every_text(path: Path) -> Iterator[str]:
    """Every string of a file that could be shown, as a template."""
    tree = ast.parse(path.read_text("utf-8"))
    skipped = set(_skipped(tree))
    for node in ast.walk(tree):
        if id(node) not in skipped:
            yield from _templates(node)


def sentences(path: Path) -> Iterator[str]:
    """Those of them with words one after another."""
    return filter(_is_sentence, every_text(path))


def raised(path: Path) -> Iterator[str]:
    """The sentences of a file that are the messages of errors."""
    tree = ast.parse(path.read_text("utf-8"))
    skipped = set(_skipped(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and node.exc is not None:
            for inner in ast.walk(node.exc):
                if id(inner) not in skipped:
                    yield from filter(_is_sentence, _templates(inner))


def _is_sentence(text: str) -> bool:
    return _SENTENCE.search(text) is not None and _NO_SENTENCE.search(text) is None


def _templates(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.JoinedStr):
        for parts in itertools.product(*map(_choices, node.values)):
            yield "".join(parts)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            yield blank(node.value)
        except ValueError:  # a brace that opens nothing
            yield node.value


def _choices(part: ast.expr) -> list[str]:
    if isinstance(part, ast.Constant):
        return [str(part.value)]
    constants = _constants(part)
    return constants if len(constants) == 2 else ["{}"]


def _constants(part: ast.expr) -> list[str]:
    """The texts of a choice like {'has' if one else 'have'}; none for any other value."""
    if not (isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.IfExp)):
        return []
    both = (part.value.body, part.value.orelse)
    return [one.value for one in both if isinstance(one, ast.Constant) and isinstance(one.value, str)]


def _skipped(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for statement in body if isinstance(body, list) else []:
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                yield id(statement.value)
        if isinstance(node, ast.JoinedStr):
            for part in node.values:
                yield from map(id, ast.walk(part) if _constants(part) else [part])
        if isinstance(node, ast.Call) and _not_told(node.func):
            yield from map(id, ast.walk(node))
        if isinstance(node, ast.keyword) and node.arg == "description":
            yield id(node.value)


def _not_told(function: ast.expr) -> bool:
    name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
    owner = getattr(getattr(function, "value", None), "id", "")
    return name in _NOT_TOLD or owner == "logger"
