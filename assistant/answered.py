"""Whether what was proven answers the question: a true sentence may tell nothing of what was asked."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.asked import of_another_year, tells
from assistant.offered import repeats


def answers(question: str, proven: Sequence[str]) -> bool:
    """Whether the sentences `proven` answer `question`, as far as rules see.

    They do not when there is none, when they only say the question again, and to how much or how many also
    when they tell no number of the kind, or one of another fiscal year.
    """
    if not proven or repeats(question, "\n".join(proven)):
        return False
    return tells(question, proven) and not of_another_year(question, proven)
