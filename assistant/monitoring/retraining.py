"""Whether enough was said of answers since the last published adapter to train another one.

A corrected answer teaches what should have been said; two answers to one question, one with a thumb up and
one with a thumb down, teach which is better. Thumbs alone teach nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from assistant.adapters import AdapterFolder
from assistant.errors import AdapterError
from assistant.matching import squeezed
from assistant.monitoring.asked_rows import Said

Json = dict[str, Any]

COMMANDS = ("konkyo train data build", "konkyo train data review", "konkyo train run cpu")
"""What to run, in order: build candidates, have a person look at each, train."""


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


def retraining(said: Iterable[Said], last: tuple[str, datetime] | None, needed: int) -> Json:
    """`{suggested, since, adapter, corrected, pairs, found, needed, commands}`.

    `said` is what came since `last`. `corrected` counts better answers, `pairs` questions of which one answer
    pleased and another did not; `found` is their sum, and from `needed` on training is suggested.
    """
    corrected = 0
    rated: defaultdict[str, dict[str, set[str]]] = defaultdict(lambda: {"up": set(), "down": set()})
    for one in said:
        corrected += bool(one.corrected.strip())
        if not one.abstained and one.answer.strip():
            rated[squeezed(one.question)][one.rating].add(one.answer.strip())
    pairs = sum(_differ(found["up"], found["down"]) for question, found in rated.items() if question)
    found = corrected + pairs
    return {
        "suggested": found >= needed, "adapter": last[0] if last else None,
        "since": last[1].isoformat(timespec="milliseconds") if last else None,
        "corrected": corrected, "pairs": pairs, "found": found, "needed": needed, "commands": list(COMMANDS),
    }  # fmt: skip


def _differ(up: set[str], down: set[str]) -> bool:
    """Whether some text of one is no text of the other: the same answer, liked and not, tells nothing."""
    return any(one != other for one in up for other in down)


def _utc(at: str) -> datetime:
    found = datetime.fromisoformat(at)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
