"""What questions are about, by the top folder of the documents that answer them, now and before.

A question counts once, by the document it cites most (or by the closest one when it got no answer), where
that document lies today: so a folder that was renamed is no other topic.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from assistant.monitoring.asked_rows import Asked
from ingestion.documents import Location

Json = dict[str, Any]
Kind = Literal["folder", "other", "gone", "nothing"]
Topic = tuple[Kind, str, str]
"""Kind, source and folder; the last two are "" but for folders. "gone": the document was removed since."""

GONE: Topic = ("gone", "", "")
NOTHING: Topic = ("nothing", "", "")  # no document was even close
OTHER: Topic = ("other", "", "")

DRAWS = 9_999
_TOPICS = 12  # with a name of their own: more, of a question or two each, only make noise
_DOCUMENTS = 10
_SIGNIFICANT = 0.05


def topics(now: Sequence[Asked], before: Sequence[Asked], places: Mapping[str, Location], least: int) -> Json:
    """`{state, psi, p, folders, documents}`; `places` says where each document lies today.

    `state` is "changed" when the chance `p` of such a difference between like periods is below 0.05, "same"
    or "too_few"; `psi` and `p` are None then. `folders` are `{kind, source, folder, count, share,
    before_count, before_share}`, the most asked first, `documents` `{document, count, before_count}`: the
    questions that cite it.
    """
    one, other = (Counter(topic_of(asked, places) for asked in period) for period in (now, before))
    names = _named(one, other)
    counts = [[_count(period, name, names) for name in names] for period in (one, other)]
    told: Json = {"state": "too_few", "psi": None, "p": None}
    if min(sum(row) for row in counts) >= max(least, 1):
        p = chance_of_difference(*counts)
        told = {
            "state": "changed" if p < _SIGNIFICANT else "same",
            "psi": round(stability_index(*counts), 4), "p": round(p, 4),
        }  # fmt: skip
    folders = [
        {
            "kind": kind, "source": source, "folder": folder, "count": number,
            "share": _share(number, counts[0]), "before_count": earlier,
            "before_share": _share(earlier, counts[1]),
        }
        for (kind, source, folder), number, earlier in zip(names, *counts, strict=True)
    ]  # fmt: skip
    return {**told, "folders": folders, "documents": _documents(now, before, places)}


def topic_of(asked: Asked, places: Mapping[str, Location]) -> Topic:
    """The topic of one question."""
    if not asked.documents:
        return NOTHING
    place = places.get(asked.documents[0])
    if place is None:
        return GONE
    folder, _, rest = (place.parent or place.path).partition("/")
    return ("folder", place.source, folder if rest else "")


def stability_index(now: Sequence[int], before: Sequence[int]) -> float:
    """Population stability index of two distributions over the same topics (Siddiqi, 2006); 0 when equal.

    Σ (a − b) ln(a / b) over their shares. Half a question is added to each topic, because one that was not
    asked about in a period would make it infinite. By custom below 0.1 is stable and above 0.25 a shift, but
    of few questions it is large by chance: `chance_of_difference` says how large that chance is.
    """
    a, b = ((np.asarray(row, dtype=np.float64) + 0.5) for row in (now, before))
    a, b = a / a.sum(), b / b.sum()
    return float(((a - b) * np.log(a / b)).sum())


def chance_of_difference(now: Sequence[int], before: Sequence[int], *, seed: int = 0) -> float:
    """The p of Pearson's chi-square for both periods having one distribution, by permutation.

    Questions are dealt to the periods anew `DRAWS` times; p is the share of deals with at least this
    chi-square, the real one counted among them (Phipson & Smyth, 2010). So topics may be rare.

    Raises:
        ValueError: a period has no questions.
    """
    table = np.asarray([now, before], dtype=np.int64)
    table = table[:, table.sum(axis=0) > 0]
    if not table.sum(axis=1).all():
        raise ValueError(f"periods of {table.sum(axis=1).tolist()} questions cannot be compared")
    totals, size = table.sum(axis=0), int(table[0].sum())
    drawn = np.random.default_rng(seed).multivariate_hypergeometric(totals, size, size=DRAWS)
    expected = totals * size / totals.sum()
    # Given both margins, chi-square grows with this sum: the other period's part is the same up to a factor.
    found, real = _distance(drawn, expected), _distance(table[:1], expected)[0]
    return float((1 + (found >= real - 1e-9).sum()) / (1 + DRAWS))


def _distance(rows: npt.NDArray[np.int64], expected: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    found: npt.NDArray[np.float64] = ((rows - expected) ** 2 / expected).sum(axis=1)
    return found


def _named(one: Counter[Topic], other: Counter[Topic]) -> list[Topic]:
    """Topics with a row of their own, the most asked of both periods first; "other" last where needed."""
    both = one + other
    ordered = sorted(both, key=lambda topic: (-one[topic], -other[topic], topic))
    if len(ordered) <= _TOPICS:
        return ordered
    most = {topic for topic, _ in both.most_common(_TOPICS - 1)}
    return [topic for topic in ordered if topic in most] + [OTHER]


def _count(period: Counter[Topic], name: Topic, names: Sequence[Topic]) -> int:
    if name != OTHER:
        return period[name]
    return sum(number for topic, number in period.items() if topic not in names)


def _share(number: int, row: Sequence[int]) -> float | None:
    total = sum(row)
    return number / total if total else None


def _documents(now: Iterable[Asked], before: Iterable[Asked], places: Mapping[str, Location]) -> list[Json]:
    one, other = (
        Counter(
            document
            for asked in period
            if asked.outcome != "abstained"
            for document in asked.documents
            if document in places
        )
        for period in (now, before)
    )
    return [
        {"document": document, "count": number, "before_count": other[document]}
        for document, number in one.most_common(_DOCUMENTS)
    ]
