"""Files of examples in the forms in which people keep them, read into ours.

Forms: our own JSON Lines ("konkyo"), Alpaca, ShareGPT, messages of chat services, pairs of a chosen and a
rejected reply ("preference"), and tables with columns for question and answer ("table", CSV or Excel). The
form is told by the fields of each row. A row that cannot be read is reported with its field, and the others
are taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePath
from typing import Any, Literal

from assistant.answers import Message
from assistant.words import detect_language
from ingestion.written_forms import fold
from training.errors import ExampleError
from training.examples import Example, example_from, form_of
from training.examples import Form as ChatForm
from training.tuning.examples import EvidenceText, TuningExample
from training.tuning.row_files import is_table, rows_of

Form = Literal["konkyo", "alpaca", "sharegpt", "messages", "preference", "table"]

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "question": ("question", "質問", "問い", "設問", "instruction", "prompt"),
    "answer": ("answer", "回答", "答え", "output", "response", "completion", "chosen", "良い回答"),
    "rejected": ("rejected", "悪い回答"),
    "evidence": ("evidence", "context", "input", "根拠", "資料"),
    "heading": ("heading", "source", "出典", "資料名"),
    "accepted": ("accepted", "正解"),
    "answerable": ("answerable", "回答可否"),
    "type": ("type", "種類"),
    "document": ("document", "文書"),
    "licence": ("licence", "license", "ライセンス"),
}
"""Fields of an example and the names of the columns that hold them; those with the reply come first."""
_TRUE = frozenset("true yes 1 はい 可 ○ 〇".split(" "))  # noqa: SIM905
_FALSE = frozenset("false no 0 いいえ 不可 ×".split(" "))  # noqa: SIM905
_TEXTS = ("kind", "answer", "question", "rejected", "language", "group", "type", "origin", "split", "licence")
_LISTS = ("evidence", "accepted", "documents", "messages")


@dataclass(frozen=True, slots=True)
class Failure:
    """A row that could not be read: its number, the field at fault ("" for the row) and the reason."""

    row: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a file holds. `form` is that of most rows."""

    form: Form
    examples: tuple[tuple[int, TuningExample], ...]
    failed: tuple[Failure, ...]


def parse(name: str, data: bytes, *, licence: str = "") -> Parsed:
    """Read a file of examples; `name` tells its kind by its ending.

    Raises:
        ExampleError: the file as a whole cannot be read, or no row is in a known form.
    """
    origin = f"import:{PurePath(name).name}"
    rows = list(rows_of(name, data, _names_both))
    forms = Counter(form for _, row in rows if isinstance(row, dict) and (form := _form(name, row)))
    if not forms:
        raise ExampleError(_unknown(name, [row for _, row in rows if isinstance(row, dict)]))
    usual = forms.most_common(1)[0][0]
    if usual == "table":
        _require_columns(name, [row for _, row in rows if isinstance(row, dict)])
    examples: list[tuple[int, TuningExample]] = []
    failed: list[Failure] = []
    for number, row in rows:
        try:
            if isinstance(row, ExampleError):
                raise row
            made = _READERS[_form(name, row) or usual](row)
            examples.append((number, replace(made, origin=origin, licence=made.licence or licence)))
        except ExampleError as error:
            failed.append(Failure(number, error.field, str(error)))
    return Parsed(usual, tuple(examples), tuple(failed))


def _form(name: str, row: Mapping[str, Any]) -> Form | None:
    if is_table(name):
        return "table"
    if "kind" in row and not {"instruction", "conversations"} & row.keys():
        return "konkyo"
    if "chosen" in row or "rejected" in row:
        return "preference"
    try:
        return form_of(row)
    except ExampleError:
        return None


def _unknown(name: str, rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return f"{name} holds no example."
    keys = ", ".join(map(str, rows[0])) or "none"
    return (
        f"{name} is in no known form: its first row has {keys}. An example has 'kind' (our own), "
        "'instruction' (Alpaca), 'conversations' (ShareGPT), 'messages', or 'chosen' and 'rejected'."
    )


def check_own(row: Mapping[str, Any]) -> None:
    """Refuse a row of our own form whose fields have other types; the error names the field."""
    for field in _TEXTS:
        if not isinstance(row.get(field, ""), str):
            raise ExampleError(f"the field {field!r} must be text", field=field)
    for field in _LISTS:
        if not isinstance(row.get(field, []), list):
            raise ExampleError(f"the field {field!r} must be a list", field=field)
    for field in ("accepted", "documents"):
        if not all(isinstance(one, str) for one in row.get(field, [])):
            raise ExampleError(f"the field {field!r} must be a list of texts", field=field)
    if not isinstance(row.get("answerable", True), bool):
        raise ExampleError("the field 'answerable' must be true or false", field="answerable")
    if row.get("language", "ja") not in ("ja", "en"):
        raise ExampleError(f"language is {row['language']!r}, not ja or en", field="language")
    _check_parts(row)


def _from_own(row: Mapping[str, Any]) -> TuningExample:
    check_own(row)
    return TuningExample.from_json({"answer": "", **row})


def _check_parts(row: Mapping[str, Any]) -> None:
    """That messages and sources have the fields and types that they need."""
    for place, one in enumerate(row.get("messages", [])):
        field = f"messages[{place}]"
        if not isinstance(one, dict) or one.get("role") not in ("system", "user", "assistant"):
            raise ExampleError(f"{field} needs the role system, user or assistant", field=f"{field}.role")
        if set(one) != {"role", "content"} or not isinstance(one["content"], str):
            raise ExampleError(f"{field} needs content, a text", field=f"{field}.content")
    for place, one in enumerate(row.get("evidence", [])):
        field = f"evidence[{place}]"
        if not isinstance(one, dict) or not all(isinstance(one.get(key), str) for key in ("heading", "text")):
            raise ExampleError(f"{field} needs heading and text", field=field)
        if unknown := sorted(one.keys() - EvidenceText.__dataclass_fields__.keys()):
            raise ExampleError(f"unknown field {unknown[0]!r}", field=f"{field}.{unknown[0]}")
        numbers = (one.get("start", 0), one.get("end", 0), one.get("page") or 0)
        if not all(isinstance(number, int) for number in numbers):
            raise ExampleError(f"{field} needs whole numbers for start, end and page", field=field)
        if not isinstance(one.get("document", ""), str):
            raise ExampleError(f"{field} needs the id of its document as text", field=f"{field}.document")
    if row.get("kind") == "chat" and row.get("messages"):
        try:
            Example(tuple(Message(**one) for one in row["messages"]))
        except ExampleError as error:
            raise ExampleError(str(error), field="messages") from error


def _from_chat(form: ChatForm, row: Mapping[str, Any]) -> TuningExample:
    chat = example_from(row, form).messages
    language = detect_language("\n".join(one.content for one in chat))
    return TuningExample("chat", "", messages=chat, language=language, licence=_licence(row))


def _licence(row: Mapping[str, Any]) -> str:
    licence = row.get("licence") or row.get("license")
    return licence if isinstance(licence, str) else ""


def _from_preference(row: Mapping[str, Any]) -> TuningExample:
    """`prompt` as text or as messages; both replies as text or as messages that end with the reply."""
    chosen, before = _reply(row, "chosen")
    rejected, _ = _reply(row, "rejected")
    field = next((name for name in ("prompt", "question", "instruction") if name in row), "prompt")
    prompt = row.get(field)
    if prompt is None and before:
        prompt = before
    turns = [Message("user", prompt)] if isinstance(prompt, str) else _messages(prompt, field)
    if not turns or turns[-1].role != "user":
        raise ExampleError(f"the field {field!r} must end with a message of the user", field=field)
    if not turns[-1].content.strip():
        raise ExampleError(f"the field {field!r} is blank", field=field)
    return TuningExample(
        "preference", chosen, turns[-1].content, rejected, detect_language(turns[-1].content),
        messages=tuple(turns) if len(turns) > 1 else (), licence=_licence(row),
    )  # fmt: skip


def _reply(row: Mapping[str, Any], field: str) -> tuple[str, list[Any]]:
    """A reply, and the messages before it where it is a list of messages."""
    value = row.get(field)
    if isinstance(value, str):
        if not value.strip():
            raise ExampleError(f"the field {field!r} is blank", field=field)
        return value, []
    turns = _messages(value, field)
    if not turns or turns[-1].role != "assistant" or not turns[-1].content.strip():
        raise ExampleError(f"the field {field!r} must end with a message of the assistant", field=field)
    return turns[-1].content, list(value[:-1]) if isinstance(value, list) else []


def _messages(value: Any, field: str) -> list[Message]:
    if not isinstance(value, list):
        kind = type(value).__name__
        raise ExampleError(f"the field {field!r} must be text or a list of messages, not {kind}", field=field)
    turns = []
    for place, one in enumerate(value):
        role = one.get("role") if isinstance(one, dict) else None
        at = f"{field}[{place}]"
        if role not in ("system", "user", "assistant"):
            raise ExampleError(f"{at} needs the role system, user or assistant", field=f"{at}.role")
        if not isinstance(one.get("content"), str):
            raise ExampleError(f"{at} needs content, a text", field=f"{at}.content")
        turns.append(Message(role, one["content"]))
    return turns


def _columns(row: Mapping[str, Any]) -> dict[str, str]:
    """The column of each field that a table has."""
    names = {fold(str(column)): str(column) for column in row}
    return {
        field: names[name]
        for field, known in COLUMNS.items()
        for name in reversed(known) if name in names
    }  # fmt: skip


def _names_both(cells: Sequence[str]) -> bool:
    """Whether cells name a column for the question and one for the answer."""
    return {"question", "answer"} <= _columns(dict.fromkeys(cells)).keys()


def _require_columns(name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    columns = _columns(rows[0])
    for field in ("question", "answer"):
        if field not in columns:
            raise ExampleError(
                f"{name} has no column for the {field}: it has {', '.join(map(str, rows[0]))}. "
                f"Name one of them {' or '.join(COLUMNS[field][:3])}.",
                field=field,
            )


def _from_table(row: Mapping[str, Any]) -> TuningExample:
    columns = _columns(row)
    told = {field: str(row.get(column) or "").strip() for field, column in columns.items()}
    for field in ("question", "answer"):
        if not told.get(field):
            raise ExampleError(
                f"the column {columns.get(field, field)!r} is blank", field=columns.get(field, field)
            )
    source = told.get("evidence", "")
    document = told.get("document", "")
    try:
        return TuningExample(
            "preference" if told.get("rejected") else "answer", told["answer"], told["question"],
            told.get("rejected", ""), detect_language(told["question"]),
            _flag(told.get("answerable", ""), columns.get("answerable", "")),
            (EvidenceText(told.get("heading", ""), source, document),) if source else (),
            tuple(one.strip() for one in told.get("accepted", "").split("|") if one.strip()),
            (document,) if document else (), type=told.get("type", ""), licence=told.get("licence", ""),
        )  # fmt: skip
    except ExampleError as error:
        raise ExampleError(str(error), field=columns.get(error.field, error.field)) from error


def _flag(said: str, column: str) -> bool:
    plain = fold(said)
    if plain in _FALSE:
        return False
    if plain and plain not in _TRUE:
        raise ExampleError(f"{said!r} is neither yes nor no", field=column)
    return True


_READERS: Mapping[Form, Callable[[Mapping[str, Any]], TuningExample]] = {
    "konkyo": _from_own, "alpaca": partial(_from_chat, "alpaca"),
    "sharegpt": partial(_from_chat, "sharegpt"), "messages": partial(_from_chat, "messages"),
    "preference": _from_preference, "table": _from_table,
}  # fmt: skip
