"""What reviewers decide: accepted, edited, rejected, or back to the new ones; all of a list or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from assistant.errors import RecordNotFoundError
from assistant.example_rows import Change, ExampleFilter, ExampleRow, ExampleRows, Status
from ingestion.screening.policy import Policy
from training.errors import ExampleError
from training.tuning.examples import TuningExample
from training.tuning.importing import check_own
from training.tuning.intake import LEAK, PERSONAL, reworded
from training.tuning.leaks import EvaluationSet, Leaks, asked_texts
from training.tuning.row_files import object_of
from training.tuning.sources import QUARANTINED, REMOVED, Sources

Act = Literal["accept", "reject", "reopen"]
ACTS: tuple[Act, ...] = get_args(Act)
EDITABLE = ("question", "answer", "rejected", "accepted", "answerable", "type", "language", "messages")


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become of one example. Accepted with `changes` it is edited; `version` None takes any.

    `line` is where a file says it, for messages; 0 elsewhere.
    """

    id: str
    act: Act
    changes: Mapping[str, Any] = field(default_factory=dict)
    note: str | None = None
    version: int | None = None
    line: int = 0


def read_decisions(text: str, act: Act) -> list[Decision]:
    """Decisions of a file: an id a line, or a JSON object with `id` and what is to be changed.

    A whole example, as it is exported and listed, counts as its id with those fields that may be changed.

    Raises:
        ExampleError: a line is neither; the message names it.
    """
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        try:
            value = object_of(line) if line.startswith("{") else {"id": line}
            found.append(decision_of({"act": act, **_of_example(value, act)}, line=number))
        except ExampleError as error:
            raise ExampleError(f"line {number}: {error}", field=error.field) from error
    return found


def _of_example(value: Mapping[str, Any], act: Act) -> Mapping[str, Any]:
    """What a line decides: of a whole example, known by its kind, only what a reviewer may say."""
    if "kind" not in value:
        return value
    told = ("id", "version", "note", *(EDITABLE if act == "accept" else ()))
    return {name: value[name] for name in told if name in value}


def decision_of(value: Mapping[str, Any], *, line: int = 0) -> Decision:
    """A decision from `{id, act, version, note, changes, line}`, where changes may also stand beside these.

    Raises:
        ExampleError: a key is unknown, missing or of another type.
    """
    id, act = value.get("id"), value.get("act")
    if not isinstance(id, str) or not id:
        raise ExampleError("the id is missing", field="id")
    if act not in ACTS:
        raise ExampleError(f"{act!r} is nothing to do with an example: {', '.join(ACTS)}", field="act")
    changes = value.get("changes") or {}
    if not isinstance(changes, Mapping):
        raise ExampleError("changes must be an object", field="changes")
    changes = {**changes, **{name: value[name] for name in EDITABLE if name in value}}
    known = {"id", "act", "version", "note", "changes", "line", *EDITABLE}
    if unknown := sorted((set(value) - known) | (set(changes) - set(EDITABLE))):
        raise ExampleError(
            f"{unknown[0]!r} cannot be changed; what can: {', '.join(EDITABLE)}", field=unknown[0]
        )
    version, note = value.get("version"), value.get("note")
    line = said if isinstance(said := value.get("line"), int) else line
    if version is not None and not isinstance(version, int):
        raise ExampleError("the version must be a number", field="version")
    if changes and act != "accept":
        raise ExampleError("only what is accepted can be changed", field="act")
    return Decision(id, act, changes, None if note is None else str(note), version, line)


def decide(
    rows: ExampleRows,
    decisions: Sequence[Decision],
    *,
    leaks: Leaks,
    policy: Policy,
    sources: Sources,
    by: str,
) -> dict[str, Status]:
    """Carry out all decisions, or none of them: what became of each example.

    Raises:
        ExampleError: one cannot be carried out; the message names line and example.
        RecordNotFoundError: there is no such example.
        ExampleConflictError: somebody changed one since the version that a decision names.
    """
    ids = [one.id for one in decisions]
    known = _known(rows, ids)
    times = Counter(known[id].id for id in ids if id in known)
    if doubled := next((one for one, number in times.items() if number > 1), None):
        raise ExampleError(f"example {doubled} stands in the list twice. Nothing was changed.")
    changes = []
    for one in decisions:
        row = known.get(one.id)
        if row is None:
            raise RecordNotFoundError(f"there is no example {one.id!r}. See: konkyo train data list")
        try:
            changes.append(_change(one, row, leaks, policy, sources))
        except ExampleError as error:
            told = f"example {one.id}: {str(error).rstrip('.')}. Nothing was changed."
            raise ExampleError(f"line {one.line}: {told}" if one.line else told, field=error.field) from error
    rows.change(changes, by=by)
    return {change.id: change.status for change in changes if change.status is not None}


def _known(rows: ExampleRows, ids: Sequence[str]) -> dict[str, ExampleRow]:
    """The rows by the ids that are asked for: their own, or those of the words that somebody gave them.

    An export names an example by its words.
    """
    found = {row.id: row for row in rows.rows(ExampleFilter(ids=tuple(ids)))}
    if any(id not in found for id in ids):
        for row in rows.rows(ExampleFilter(status="edited")):
            found.setdefault(str(row.payload.get("id", row.id)), row)
    return found


def edited(row: ExampleRow, changes: Mapping[str, Any]) -> TuningExample:
    """The example of a row with other words.

    Raises:
        ExampleError: what is changed has another type, or nothing is left to learn.
    """
    value = {**row.payload, **changes}
    check_own(value)
    return TuningExample.from_json(value)


def _not_usable(problem: str) -> ExampleError:
    code, _, document = problem.partition(":")
    if code == REMOVED:
        return ExampleError(f"the document {document} is not in the library any more", field="documents")
    if code == QUARANTINED:
        return ExampleError(f"this place of the document {document} is in quarantine", field="documents")
    return ExampleError(f"the document {document} does not say this any more", field="documents")


def _change(one: Decision, row: ExampleRow, leaks: Leaks, policy: Policy, sources: Sources) -> Change:
    # Another reviewer's change between the look above and the writing must be seen there.
    version = row.version if one.version is None else one.version
    if one.act != "accept":
        status: Status = "rejected" if one.act == "reject" else "new"
        return Change(row.id, version, status, note=one.note)
    if problem := sources.problem(row.places):
        raise _not_usable(problem)
    changes = {name: value for name, value in one.changes.items() if row.payload.get(name) != value}
    example = edited(row, changes) if changes else TuningExample.from_json(row.payload)
    _require_no_leak(row, example, leaks)
    if not changes:
        return Change(row.id, version, "accepted" if row.original is None else "edited", note=one.note)
    masked, personal = reworded(example, leaks, policy)
    problem = f"{PERSONAL}:{personal}" if personal else ""
    return Change(row.id, version, "edited", problem, note=one.note, payload=masked.as_json())


def _require_no_leak(row: ExampleRow, example: TuningExample, leaks: Leaks) -> None:
    """Refuse what an evaluation asks, also one that was named only when the example came in."""
    code, _, name = row.problem.partition(":")
    leak = leaks.find(example)
    if leak is None and code == LEAK:
        before = tuple(asked_texts(TuningExample.from_json(row.payload)))
        leak = Leaks([EvaluationSet(name, before)]).find(example)
    if leak is not None:
        raise ExampleError(f"it asks what the evaluation {leak} asks", field="question")
