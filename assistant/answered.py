"""Whether what was proven answers the question: a true sentence may tell nothing of what was asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from assistant.asked import of_another_year, tells
from assistant.offered import repeats

Want = Literal["", "not_proven", "repeats_question", "tells_no_number", "another_year"]
"""What an answer is wanting in, "" for nothing."""


def want_of(question: str, proven: Sequence[str]) -> Want:
    """Why the sentences `proven` do not answer `question`, as far as rules see.

    There is none, they only say the question again, or to how much or how many they tell no number of the
    kind, or one of another fiscal year.
    """
    if not proven:
        return "not_proven"
    if repeats(question, "\n".join(proven)):
        return "repeats_question"
    if not tells(question, proven):
        return "tells_no_number"
    return "another_year" if of_another_year(question, proven) else ""
