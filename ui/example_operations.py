"""The operations on examples for tuning: build, import, review, export. Part of `ui.operations`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

Json = dict[str, Any]


class ExampleOperations(Protocol):
    """Candidates of examples, what reviewers make of them, and what documents taught.

    An example as JSON: `{id, version, status: "new"|"accepted"|"edited"|"rejected", problem, assignee, note,
    split, kind, type, language, answerable, origin, licence, question, answer, rejected, accepted, evidence:
    [{heading, text, document, start, end, page}], messages: [{role, content}], documents: [{document, title,
    shown_as, present}], original: {question, answer, rejected, accepted, messages}|None, present, set_aside,
    created_at, created_by, changed_at, changed_by}`.

    `problem` is "" or why a program set it aside or marked it: "duplicate:ID", "conflict:ID" (the same
    question, another answer), "leak:EVALUATION", "personal:N" (N places masked), "unknown_source:DOCUMENT".
    `set_aside` is "" or why it cannot be learnt from now: "source_removed:DOCUMENT", "source_changed:…",
    "source_quarantined:…"; then `present` is False and its words are left out. `original` is what it was
    before somebody edited it.
    """

    def examples(
        self,
        *,
        status: str | None = None,
        origin: str | None = None,
        split: str | None = None,
        kind: str | None = None,
        type: str | None = None,
        document: str | None = None,
        assignee: str | None = None,
        problem: str | None = None,
        search: str = "",
        offset: int = 0,
        limit: int = 50,
    ) -> Json:
        """`{total, offset, examples}`, oldest first; `problem` is a code without its value.

        Raises:
            UsageError: a filter has a value that there is not.
        """
        ...

    def example(self, example: str) -> Json:
        """One of them.

        Raises:
            RecordNotFoundError: there is none with this id.
        """
        ...

    def example_counts(self) -> Json:
        """How many there are by what they are; the last two are about accepted and edited examples.

        `{total, status: {new: n, …}, split, kind, type, origin, assignee, usable: {train, validation, test},
        set_aside: {code: n}}`
        """
        ...

    def review_examples(self, decisions: Sequence[Json], *, by: str = "") -> Json:
        """Carry out all of `decisions` or none: `{done: True, ids}`.

        A decision is `{id, act: "accept"|"reject"|"reopen", version, note, changes}`; `changes` (of question,
        answer, rejected, accepted, answerable, type, language, messages) make an accepted one edited. With
        `version`, what somebody else changed since is not overwritten.

        Raises:
            RecordNotFoundError: there is no such example.
            ExampleConflictError: somebody changed one meanwhile.
            ExampleError: one cannot be accepted, or its words cannot be used.
        """
        ...

    def edit_example(self, example: str, changes: Json, *, version: int | None = None, by: str = "") -> Json:
        """Accept it in other words, see `review_examples`: as `example`."""
        ...

    def assign_examples(self, ids: Sequence[str], assignee: str, *, by: str = "") -> Json:
        """Ask somebody ("" nobody) to look at them: `{done: True, ids}`.

        Raises:
            RecordNotFoundError: there is no such example; nothing was changed.
        """
        ...

    def remove_examples(self, ids: Sequence[str]) -> Json:
        """Forget them for good: `{done: True, removed: n}`."""
        ...

    def build_examples(
        self,
        *,
        source: str = "library",
        limit: int = 200,
        unanswerable: float = 0.25,
        seed: int = 0,
        evaluations: Sequence[str] = (),
        by: str = "",
    ) -> Iterator[Json]:
        """Make candidates of the "library" or of "feedback" and follow it; closing the iterator stops it.

        Events as in `Operations.ingest`, phase "examples"; the report is `{source, drafts, added, known,
        duplicates, leaks, planted, personal, dropped: {reason: n}, by_type: {type: n}, stopped, seconds}`.
        What was made stays, and another run goes on where this one was. `evaluations` are absolute paths of
        questions that must not be learnt, beside those of the workspace.
        """
        ...

    def start_build_examples(
        self,
        *,
        source: str = "library",
        limit: int = 200,
        unanswerable: float = 0.25,
        seed: int = 0,
        evaluations: Sequence[str] = (),
        by: str = "",
    ) -> Json:
        """The same in the background, as `Operations.job`; `Operations.cancel_ingest` stops it.

        Raises:
            JobRunningError: something else is running.
        """
        ...

    def import_examples(
        self,
        name: str,
        data: bytes,
        *,
        licence: str = "",
        find_evidence: bool = False,
        evaluations: Sequence[str] = (),
        by: str = "",
    ) -> Json:
        """Take in a file of examples, all of its good rows at once.

        `{file, form, rows, added, known, duplicates, leaks, personal, with_evidence, failed: [{row, field,
        reason, code}]}`. `find_evidence` gives questions without sources those that search finds.

        Raises:
            ExampleError: the file as a whole cannot be read.
        """
        ...

    def export_examples(self, *, form: str = "konkyo", split: str | None = None) -> Json:
        """`{form, rows, left_out}`: what may be learnt from now, of one split or of all.

        `form` is "konkyo", "alpaca", "sharegpt" or "messages".
        """
        ...

    def taught(self, document: str) -> Json:
        """What a document taught, also one that was removed.

        `{document, title: str|None, present, examples: [{id, status, kind, split, origin, question}],
        adapters: [{name, created_at, method, published}]}`
        """
        ...
