"""Whether enough was said of answers since the last published adapter to train another one.

What counts is what a person has reviewed; what waits for review is told, so that somebody looks at it.
A corrected answer teaches what should have been said; two answers to one question, one with a thumb up and
one with a thumb down, teach which is better. Thumbs alone teach nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal

from assistant.adapters import AdapterFolder
from assistant.errors import AdapterError
from assistant.matching import squeezed
from assistant.monitoring.asked_rows import Said

Json = dict[str, Any]

State = Literal["train", "review", "wait"]
COMMANDS: dict[State, tuple[str, ...]] = {
    "train": (
        "konkyo train run cpu", "konkyo train export ADAPTER", "konkyo train parity ADAPTER",
        "konkyo train evaluate ADAPTER", "konkyo train publish ADAPTER",
    ),
    "review": ("konkyo train data build --from feedback", "konkyo train data review"),
    "wait": (),
}  # fmt: skip
"""What to run, in order."""


def last_published(adapters: AdapterFolder) -> tuple[str, datetime] | None:
    """The adapter that was published last and when it was made; None where none ever was.

    What was said after it was made it cannot have learnt, even where it was published later. An adapter whose
    folder has gone counts from when it was published.

    Raises:
        AdapterError: the record of publications cannot be read.
    """
    rows = [row for row in adapters.publication().history if row["act"] == "publish" and row["adapter"]]
    if not rows:
        return None
    name = str(rows[-1]["adapter"])
    try:
        made = adapters.read(name).created_at
    except AdapterError:
        made = str(rows[-1]["at"])
    return name, _utc(made)


def retraining(said: Iterable[Said], reviewed: int, last: tuple[str, datetime] | None, needed: int) -> Json:
    """`{state, suggested, since, adapter, reviewed, corrected, pairs, found, needed, commands}`.

    `said` is what came since `last`, `reviewed` how many examples of feedback were accepted since.
    `corrected` counts better answers, `pairs` questions of which one answer pleased and another did not;
    `found` is their sum. From `needed` on the state is "train" for `reviewed`, else "review" for `found`,
    else it is "wait". Training is suggested in the first only.
    """
    corrected = 0
    rated: defaultdict[str, dict[str, set[str]]] = defaultdict(lambda: {"up": set(), "down": set()})
    for one in said:
        corrected += bool(one.corrected.strip())
        if not one.abstained and one.answer.strip():
            rated[squeezed(one.question)][one.rating].add(one.answer.strip())
    pairs = sum(_differ(found["up"], found["down"]) for question, found in rated.items() if question)
    found = corrected + pairs
    state: State = "train" if reviewed >= needed else "review" if found >= needed else "wait"
    return {
        "state": state, "suggested": state == "train", "adapter": last[0] if last else None,
        "since": last[1].isoformat(timespec="milliseconds") if last else None,
        "reviewed": reviewed, "corrected": corrected, "pairs": pairs, "found": found, "needed": needed,
        "commands": list(COMMANDS[state]),
    }  # fmt: skip


def _differ(up: set[str], down: set[str]) -> bool:
    """Whether some text of one is no text of the other: the same answer, liked and not, tells nothing."""
    return any(one != other for one in up for other in down)


def _utc(at: str) -> datetime:
    found = datetime.fromisoformat(at)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
