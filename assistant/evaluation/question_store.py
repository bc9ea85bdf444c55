"""Questions made from the company's own library: drafts until somebody accepts or rejects them.

A JSON Lines file in the workspace, `evaluations/questions.jsonl`, that is swapped in whole at each change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from filelock import FileLock, Timeout

from assistant.errors import EvaluationError
from assistant.evaluation.datasets import read_jsonl
from ingestion.durable import replace_file

Status = Literal["draft", "accepted", "rejected"]
STATUSES: tuple[Status, ...] = get_args(Status)

_LOCK_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class MadeQuestion:
    """A question about `quote`, which stood at [start:end) of the document; any of `answers` is right.

    `made_by` says how it was made. Times are ISO 8601 in UTC.
    """

    id: str
    question: str
    answers: tuple[str, ...]
    document: str
    start: int
    end: int
    quote: str
    made_by: str
    created_at: str
    status: Status = "draft"
    reviewed_at: str | None = None
    reviewed_by: str = ""

    def as_row(self) -> dict[str, Any]:
        """A row of the `qa.jsonl` of a data set over the own library."""
        return {
            "id": self.id, "question": self.question, "answers": list(self.answers),
            "document": self.document, "start": self.start, "end": self.end, "quote": self.quote,
        }  # fmt: skip


def draft(question: str, answer: str, document: str, start: int, quote: str, *, made_by: str) -> MadeQuestion:
    """A draft of now. Its id comes from what it was made of: made twice it is one."""
    key = hashlib.sha256(f"{document}\0{quote}\0{question}".encode()).hexdigest()[:12]
    return MadeQuestion(
        f"q{key}", question, (answer,), document, start, start + len(quote), quote, made_by, _now()
    )


class QuestionStore:
    """The made questions of one workspace. Safe with threads and processes."""

    def __init__(self, evaluations: Path) -> None:
        """`evaluations` is the folder of that name in the workspace; it need not be there."""
        self.path = evaluations / "questions.jsonl"

    def all(self, status: str | None = None) -> list[MadeQuestion]:
        """Drafts first, then the others, each in the order in which they were made.

        Raises:
            EvaluationError: the file was damaged.
        """
        found = [one for one in self._read() if status is None or one.status == status]
        return sorted(found, key=lambda one: one.status != "draft")

    def add(self, drafts: Iterable[MadeQuestion]) -> int:
        """Keep those that are new, also to what was rejected: how many these were."""
        with self._changing() as kept:
            known = {one.id for one in kept} | {one.question for one in kept}
            new = [one for one in drafts if one.id not in known and one.question not in known]
            kept.extend(new)
            return len(new)

    def review(self, question_id: str, status: Status, *, by: str = "") -> MadeQuestion:
        """Accept or reject it, or make it a draft again.

        Raises:
            EvaluationError: there is none with this id.
        """
        reviewed = None if status == "draft" else _now()
        return self._change(question_id, status=status, reviewed_at=reviewed, reviewed_by=by)

    def edit(
        self,
        question_id: str,
        *,
        text: str | None = None,
        answers: Sequence[str] | None = None,
        by: str = "",
    ) -> MadeQuestion:
        """Word it, or what answers it, otherwise. Its status stays.

        Raises:
            EvaluationError: there is none with this id; nothing would be left; or another one asks the same.
        """
        changes: dict[str, Any] = {"reviewed_at": _now(), "reviewed_by": by}
        if text is not None:
            changes["question"] = text.strip()
            if not changes["question"]:
                raise EvaluationError("a question needs a text.")
        if answers is not None:
            changes["answers"] = tuple(one.strip() for one in answers if one.strip())
            if not changes["answers"]:
                raise EvaluationError("a question needs an answer to compare with.")
        return self._change(question_id, **changes)

    def _change(self, question_id: str, **changes: Any) -> MadeQuestion:
        with self._changing() as kept:
            text = changes.get("question")
            if any(one.question == text and one.id != question_id for one in kept):
                raise EvaluationError(f"{text!r} is asked by another question already.")
            for number, one in enumerate(kept):
                if one.id == question_id:
                    kept[number] = replace(one, **changes)
                    return kept[number]
            raise EvaluationError(
                f"no question {question_id!r}. See the ids with: konkyo eval questions list"
            )

    @contextmanager
    def _changing(self) -> Iterator[list[MadeQuestion]]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path.with_suffix(".lock"))
        try:
            lock.acquire(timeout=_LOCK_SECONDS)
        except Timeout as error:
            raise EvaluationError(f"another program is changing {self.path}. Try again.") from error
        try:
            kept = self._read()
            yield kept
            work = self.path.with_suffix(".new")
            lines = (json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in kept)
            work.write_text("".join(lines), "utf-8", "backslashreplace")
            replace_file(work, self.path)
        finally:
            lock.release()

    def _read(self) -> list[MadeQuestion]:
        if not self.path.exists():
            return []
        try:
            return [
                MadeQuestion(**{**row, "answers": tuple(row["answers"])}) for row in read_jsonl(self.path)
            ]
        except (KeyError, TypeError) as error:
            raise EvaluationError(f"{self.path} does not hold made questions: {error}") from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
