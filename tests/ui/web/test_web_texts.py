"""Both languages say the same things, with the same values filled in, and the page asks for none besides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from ui.texts import language_of, t, texts
from ui.web.presenting import ICONS

WEB = Path(__file__).parents[3] / "ui" / "web"


def leaves(table: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        name = f"{path}{key}"
        if isinstance(value, dict):
            yield from leaves(value, f"{name}.")
        else:
            yield name, value


def names(text: Any) -> set[str]:
    lines = text if isinstance(text, list) else [text]
    return {name for line in lines for _, name, _, _ in Formatter().parse(line) if name}


def test_both_languages_have_the_same_texts_and_values() -> None:
    ja, en = (dict(leaves(texts(language)["web"])) for language in ("ja", "en"))
    assert ja.keys() == en.keys()
    assert {key: names(value) for key, value in ja.items()} == {
        key: names(value) for key, value in en.items()
    }


def test_every_text_that_the_page_names_exists_and_every_text_is_used() -> None:
    code = "\n".join(path.read_text("utf-8") for path in WEB.rglob("*.py"))
    known = dict(leaves(texts("en")["web"]))
    code = code.replace("'", '"')
    said = set(re.findall(r'say\(\s*"([a-z_.]+)"', code)) | set(re.findall(r'"web", "([a-z_.]+)"', code))
    assert said <= known.keys()
    top = {key for key in known if "." not in key}
    assert {key for key in top if f'"{key}"' not in code and not key.startswith(("job_", "column_"))} <= {
        "scope_folder",
        "scope_documents",
        "scope_all",
    }


@pytest.mark.parametrize("verdict", ICONS)
def test_every_verdict_has_words_and_a_reason(verdict: str) -> None:
    for language in ("ja", "en"):
        assert t(language, "web", f"verdict.{verdict}") and t(language, "web", f"why.{verdict}")


@pytest.mark.parametrize(
    ("locale", "language"),
    [("ja", "ja"), ("ja-JP", "ja"), ("en-US", "en"), ("jam", "en"), (None, "en"), ("de", "en")],
)
def test_the_browser_decides_the_language(locale: str | None, language: str) -> None:
    assert language_of(locale) == language
