"""Why a file failed, what to look at in a document, what went wrong: in the language of whoever reads it.

The packages below say these things in English, and the library keeps them as they were said. Here a sentence
is known again by its template in texts/reasons_en.toml, which gives it a code, and said with the same values
in the other language. Sentences of libraries are not known and shown as they are.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING, Any

from ui.texts import reasons, t, texts

if TYPE_CHECKING:
    from assistant.answers import Language

Json = dict[str, Any]

SENTENCE = "reason"
"""A value of this name is another sentence of ours; when it is none, the template does not fit."""
_MAY_BE_OURS = frozenset({
    "counts", "error", "first", "hint", "kind", "known", "limit", "lines", "missing", "others", "pages",
    "reasons", "rows", "state", "suffix", "third", "tried", "what",
})  # fmt: skip
"""Values that can be words of ours. All others are names, numbers and paths, which stay as they are."""
INNER = "inner."
"""The table of words that stand in the middle of a value."""
_COLON = ": "
_ANY = "(?s:.*?)"
_NARROWER = {
    "more": r"(?:, … \(\d+\))?", "number": r"[\d.,]*", "place": r"\S*", "rows": r"[\d, ]*",
    "tried": r"(?: None of the \d+ configured passwords opens it\.)?",
}  # fmt: skip
"""What a value of this name can be, where any text would fit too much."""


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence as its `code` ("pdf.locked") and its values by name."""

    code: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Template:
    """`parts` are what stands around the values; it is known by them before its pattern is needed."""

    code: str
    text: str
    parts: tuple[str, ...]
    names: tuple[str, ...]

    def values(self, sentence: str) -> dict[str, str] | None:
        """The values with which this template gives `sentence`, None when none do."""
        if not (sentence.startswith(self.parts[0]) and sentence.endswith(self.parts[-1])):
            return None
        found = _pattern(self.parts, self.names, _ANY).fullmatch(sentence)
        return None if found is None else found.groupdict()


@functools.cache
def _pattern(parts: tuple[str, ...], names: tuple[str, ...], value: str) -> re.Pattern[str]:
    groups = [
        f"(?P<{name}>{_NARROWER.get(name, value)}){re.escape(part)}"
        for name, part in zip(names, parts[1:], strict=True)
    ]
    return re.compile(re.escape(parts[0]) + "".join(groups))


@functools.lru_cache(maxsize=4096)
def recognised(sentence: str) -> Said | None:
    """The code and the values of a sentence of ours, with or without its full stop; None for any other."""
    for text in (sentence, f"{sentence}."):
        if (code := _plain().get(text)) is not None:
            return Said(code, {})
        for template in _filled():
            values = template.values(text)
            if values is not None and (SENTENCE not in values or _is_ours(values[SENTENCE])):
                return Said(template.code, values)
    return None


def code_of(sentence: str) -> str | None:
    """The code of a sentence, for programs; None when it is none of ours."""
    found = recognised(sentence)
    return None if found is None else found.code


def with_codes(report: Json) -> Json:
    """An ingest's or a sync's report whose failures and warnings tell their code beside their text."""
    failed = [{**item, "code": code_of(item["reason"])} for item in report.get("failed", ())]
    warned = [{**item, "code": code_of(item["warning"])} for item in report.get("warnings", ())]
    return {**report, **({"failed": failed} if "failed" in report else {}), **(
        {"warnings": warned} if "warnings" in report else {}
    )}  # fmt: skip


def reason_in(language: Language, sentence: str) -> str:
    """Why something failed. What is not ours is shown as it is, behind a sentence that says what to do."""
    return _translated(language, sentence) or t(language, "reasons", "unknown", text=sentence)


def warning_in(language: Language, sentence: str) -> str:
    """What to look at. What is not ours is shown as it is, behind a sentence that asks to look."""
    return _translated(language, sentence) or t(language, "reasons", "unknown_warning", text=sentence)


def error_in(language: Language, sentence: str) -> str:
    """An error's message, for where a sentence in the reader's language stands in front of it already."""
    return _translated(language, sentence) or sentence


def claim_reason_in(language: Language, reason: str) -> str:
    """Which rule a sentence of an answer failed ("number_not_found:12"); one without words as it is named."""
    rules: Mapping[str, str] = texts(language)["web"]["rules"]
    name, _, value = reason.partition(":")
    return rules[name].format(value=value) if name in rules else reason


@functools.lru_cache(maxsize=4096)
def _translated(language: Language, sentence: str) -> str | None:
    """The sentence in `language`; None when it is none of ours, nor put together from ours."""
    if language == "en":
        return sentence
    found = recognised(sentence)
    if found is None:
        return _composed(language, sentence)
    values = {name: _value(language, name, value) for name, value in found.values.items()}
    text = reasons(language)[found.code].format_map(values)
    return text.replace("。）", "）").replace("。。", "。")


def _composed(language: Language, sentence: str) -> str | None:
    """Several sentences after another, or one behind the name of what it is about."""
    parts = sentence.split("; ")
    if len(parts) > 1:
        said = [_translated(language, part) for part in parts]
        if all(said):
            return "；".join(str(part) for part in said)
    for found in re.finditer(_COLON, sentence):
        head, tail = sentence[: found.start()], _translated(language, sentence[found.end() :])
        if tail is not None:
            return f"{_translated(language, head) or head}：{tail}"
    return None


def _value(language: Language, name: str, value: str) -> str:
    if name == SENTENCE:
        return _translated(language, value) or value
    if name not in _MAY_BE_OURS:
        return value
    found = recognised(value)
    if found is not None:
        return _translated(language, value) or value
    for template in _inner():
        pattern = _pattern(template.parts, template.names, r"[^,()\s][^,()]*?")
        value = pattern.sub(functools.partial(_within, language, template.code), value)
    return value


def _within(language: Language, code: str, found: re.Match[str]) -> str:
    values = {name: _value(language, name, value) for name, value in found.groupdict().items()}
    return reasons(language)[code].format_map(values)


def _is_ours(sentence: str) -> bool:
    return recognised(sentence) is not None or _composed("ja", sentence) is not None


@functools.cache
def _templates() -> tuple[_Template, ...]:
    """All of them, those with the most words of their own first: they fit the fewest sentences."""
    made = [_template(code, text) for code, text in reasons("en").items()]
    return tuple(sorted(made, key=lambda one: -sum(map(len, one.parts))))


def _template(code: str, text: str) -> _Template:
    parts, names = [""], []
    for literal, name, _, _ in Formatter().parse(text):
        parts[-1] += literal
        if name is not None:
            names.append(name)
            parts.append("")
    return _Template(code, text, tuple(parts), tuple(names))


@functools.cache
def _plain() -> Mapping[str, str]:
    return {template.parts[0]: template.code for template in _templates() if not template.names}


@functools.cache
def _filled() -> tuple[_Template, ...]:
    return tuple(one for one in _templates() if one.names and not one.code.startswith(INNER))


@functools.cache
def _inner() -> tuple[_Template, ...]:
    return tuple(one for one in _templates() if one.code.startswith(INNER))
