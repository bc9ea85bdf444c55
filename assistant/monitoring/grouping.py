"""Like questions together: by the words they name, and by their vectors where an embedder is at hand.

Looser than `assistant/matching.py`, which asks whether two questions have one answer: here they shall only
be about one thing that somebody could write down.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from assistant.words import Weights, content_words

Embed = Callable[[str], npt.NDArray[np.float32]]
"""A unit vector of a question."""
Matrix = npt.NDArray[np.float64]

WORDS_NEAR = 0.2
VECTORS_NEAR = 0.88
_WORDS_SHARE = 0.05
"""On 60 questions of 25 topics, two or more of 15 of them: of the pairs that were put together 98 % were of
one topic, and of the pairs of one topic 66 % were put together; by words alone 95 % and 56 %. The cosines are
those of multilingual-e5-small, whose unlike questions reach 0.90: no one pair decides, only the mean of all.
"""


def group(
    questions: Sequence[str], others: Sequence[str] = (), embed: Embed | None = None
) -> list[list[int]]:
    """Numbers of `questions` in groups, each question in one, the most central of a group first.

    Average linkage: the two groups whose questions are the most alike in the mean become one, as long as
    that mean reaches a bound; so a chain of questions that are alike only from link to link is no group.
    Likeness is the cosine of the words' weights, or with `embed` that of the vectors and a little of the
    words. `others` are questions that tell, with these, which words are rare. The largest group comes first.
    """
    if not questions:
        return []
    near, least = _word_cosines(questions, others), WORDS_NEAR
    if embed is not None and len(questions) > 1:
        vectors = np.stack([np.asarray(embed(text), dtype=np.float64) for text in questions])
        near, least = vectors @ vectors.T + _WORDS_SHARE * near, VECTORS_NEAR
    groups = [sorted(one, key=lambda at: (-near[at, one].sum(), at)) for one in _joined(near, least)]
    return sorted(groups, key=lambda one: (-len(one), min(one)))


def _word_cosines(questions: Sequence[str], others: Sequence[str]) -> Matrix:
    """Cosines of the questions' words by rarity, `(n, n)`; 0 for a question without such words."""
    told = [content_words(text) for text in questions]
    weights = Weights([*told, *(content_words(text) for text in others)])
    columns = {word: at for at, word in enumerate(dict.fromkeys(word for words in told for word in words))}
    rows = np.zeros((len(told), max(len(columns), 1)))
    for at, words in enumerate(told):
        for word in words:
            rows[at, columns[word]] = weights[word]
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    cosines: Matrix = rows @ rows.T
    return cosines


def _joined(near: Matrix, least: float) -> list[list[int]]:
    """The closest two groups become one until no mean of the pairs between two reaches `least`."""
    members = [[at] for at in range(len(near))]
    sums = near.copy()
    np.fill_diagonal(sums, -np.inf)
    sizes = np.ones(len(members))
    while True:
        means = sums / np.outer(sizes, sizes)
        one, other = divmod(int(means.argmax()), len(members))
        if means[one, other] < least:
            return [found for found in members if found]
        sums[one] += sums[other]
        sums[:, one] += sums[:, other]
        sums[other], sums[:, other], sums[one, one] = -np.inf, -np.inf, -np.inf
        sizes[one] += sizes[other]
        members[one] += members[other]
        members[other] = []
