"""Whether the evidence answers the question: the rules and the reranker together, as one probability.

The rules (`assistant/answerability.py`) compare words, the reranker has read the passages. Where no passage
was read the rules stand alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from assistant.answerability import answerability
from assistant.answers import Hit, Source

# Logistic weights over the log odds of the reranker's best "answers it" and of the rules.
_MODEL, _RULES, _BIAS = 0.9, 0.5, 0.0
_NEVER = 1e-4


def answerable(question: str, sources: Sequence[Source], hits: Sequence[Hit]) -> float:
    """How well `sources`, taken from `hits`, seem to answer `question`, in [0, 1]; 0 without sources."""
    shown = {source.hit.chunk_id for source in sources}
    return together(answerability(question, sources), [hit.answers for hit in hits if hit.chunk_id in shown])


def together(rules: float, read: Sequence[float | None]) -> float:
    """The rules' score and what the reranker says of each passage, as one probability in [0, 1].

    A passage that was not read (None) says nothing; without any that was, the rules' score is returned.
    """
    said = [one for one in read if one is not None]
    if not said or rules <= 0:
        return rules
    total = _MODEL * log_odds(max(said)) + _RULES * log_odds(rules) + _BIAS
    return 1.0 / (1.0 + math.exp(-total))


def log_odds(chance: float) -> float:
    """The natural logarithm of the odds, kept finite."""
    kept = min(max(chance, _NEVER), 1 - _NEVER)
    return math.log(kept / (1 - kept))
