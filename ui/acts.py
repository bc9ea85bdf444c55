"""Which operations are acts, that is: change what others are told, or show what they asked.

One decorator writes all of them into the audit log: before an act the log must be ready, after it a row is
written, and whoever acted is told that it is done when the row is there. Arguments stand in the row; those
that hold words of people stand beside it, where they can be erased.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from assistant.audit.chain import Kind
from ui.errors import EXPECTED

if TYPE_CHECKING:
    from ui.auditing import Auditor
    from ui.jobs import Work

Json = dict[str, Any]
Class = TypeVar("Class", bound=type)


@dataclass(frozen=True, slots=True)
class Act:
    """`words` are arguments that can be erased; `result` are keys of what came of it that are kept, too.

    Of the passages in `places` only where they are is kept: callers send their words along.
    """

    words: tuple[str, ...] = ()
    result: tuple[str, ...] = ()
    kind: Kind = "act"
    places: tuple[str, ...] = ()


ACTS: Mapping[str, Act] = {
    "give_feedback": Act(("comment", "corrected"), kind="feedback"),
    "take_back_feedback": Act(kind="feedback"),
    "add_verified": Act(("question", "answer", "also"), ("id",), places=("citations",)),
    "confirm_verified": Act(),
    "remove_verified": Act(),
    "publish_adapter": Act(result=("changed", "forced", "current", "trial")),
    "roll_back_adapter": Act(result=("changed", "current", "trial")),
    "remove_adapter": Act(),
    "choose_adapter": Act(),
    "rule_version": Act(),
    "put_word": Act(),
    "remove_word": Act(),
    "save_dictionary": Act(),
    "release": Act(result=("done",)),
    "withdraw_release": Act(result=("done",)),
    "remove_document": Act(result=("taught",)),
    "forget_source": Act(result=("documents",)),
    "ignore_failure": Act(),
    "upload": Act(),
    "delete_conversation": Act(),
    "review_examples": Act(("decisions",)),
    "edit_example": Act(("changes",)),
    "assign_examples": Act(),
    "remove_examples": Act(),
    "import_examples": Act(),
    "export_examples": Act(),
    "start_training": Act(result=("run",)),
    "stop_training": Act(),
    "resume_training": Act(),
    "review_question": Act(),
    "edit_question": Act(("text", "answers")),
    "remove_report": Act(),
    "audit_list": Act(("words",)),
    "audit_replay": Act(),
}
"""By the name of the operation, which is the name of the act. Long work is written down by `noted`."""


def audited(operations: Class) -> Class:
    """A class of operations that writes `ACTS` into the audit log of its `resources`."""
    for name, act in ACTS.items():
        setattr(operations, name, _logged(getattr(operations, name), name, act))
    return operations


def _logged(method: Callable[..., Any], name: str, act: Act) -> Callable[..., Any]:
    signature = inspect.signature(method)

    @functools.wraps(method)
    def done(self: Any, *arguments: Any, **named: Any) -> Any:
        given = signature.bind(self, *arguments, **named)
        given.apply_defaults()
        audit: Auditor = self.resources.audit
        audit.ready()
        said = {key: _plain(value) for key, value in list(given.arguments.items())[1:]}
        words = {key: said.pop(key) for key in act.words}
        words = {key: word for key, word in words.items() if word}
        said |= {name: [_place(one) for one in said[name]] for name in act.places}
        try:
            found = method(self, *arguments, **named)
        except EXPECTED:
            raise  # it was refused
        except Exception as error:  # a full disk or a bug: half of it may be done
            audit.act(name, {"arguments": said, "failed": type(error).__name__}, words, act.kind)
            raise
        said |= {key: found[key] for key in act.result}
        audit.act(name, {"arguments": said}, words, act.kind)
        return found

    return done


def noted(audit: Callable[[], Auditor], work: Work, kind: str, about: str, paths: Sequence[str]) -> Work:
    """Long work that writes itself into the audit log where it changed something, or failed."""

    def done(progress: Callable[[Json], None], cancelled: Callable[[], bool]) -> Json:
        audit().ready()
        facts = {"kind": kind, "about": about, "paths": list(paths)}
        try:
            report = work(progress, cancelled)
        except Exception as error:  # a full disk or a bug: until then things were changed all the same
            audit().act("job", {**facts, "failed": type(error).__name__})
            raise
        counts = _counts(report)
        if kind != "documents" or any(counts.get(key) for key in _CHANGING):
            audit().act("job", {**facts, "counts": counts})
        return report

    return done


_CHANGING = ("added", "changed", "moved", "removed", "reparsed", "failed", "done", "refused", "error")


def _counts(report: Json) -> Json:
    """How many of what: numbers and lengths of lists; of sources that were synchronised, together."""
    found: Json = {}
    for key, value in report.items():
        if key == "sources" and isinstance(value, list):
            for one in value:
                for name, number in _counts(one).items():
                    found[name] = found.get(name, 0) + number
        elif isinstance(value, list):
            found[key] = found.get(key, 0) + len(value)
        elif isinstance(value, int) or (key == "error" and value):
            found[key] = found.get(key, 0) + (1 if key == "error" else int(value))
    return found


def _place(passage: Any) -> Json:
    if not isinstance(passage, Mapping):
        return {}
    return {key: passage[key] for key in ("document", "start", "end") if key in passage}


def _plain(value: Any) -> Any:
    """An argument as JSON; of a file its length and SHA-256."""
    if isinstance(value, bytes):
        return {"bytes": len(value), "sha256": hashlib.sha256(value).hexdigest()}
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return value
