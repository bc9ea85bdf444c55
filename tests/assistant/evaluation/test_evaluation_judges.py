"""What a verifier is measured against: thresholds fitted on the other half, scores as they are told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from assistant.answers import Message
from assistant.errors import PromptTooLongError
from assistant.evaluation.grounding import PairRow, figures
from assistant.evaluation.judges import Likeness, RulesAlone, YesOrNo, judged_by
from assistant.grounding.entailment import Label, Pair
from ingestion.embedding import Vectors


class Told:
    """Scores as written in the claims."""

    name = "told"

    def scores(self, pairs: Sequence[Pair]) -> list[float]:
        return [float(pair.claim) for pair in pairs]


def rows(*told: tuple[float, Label]) -> list[PairRow]:
    return [PairRow(str(i), Pair(("x",), str(score)), label) for i, (score, label) in enumerate(told)]


def test_a_threshold_is_fitted_on_the_other_half() -> None:
    """Of rows that are supported in turn, from 0.6 on, only those beyond the other half's edge fail."""
    labels: list[Label] = ["supported", "neither"]
    told = [(0.6 + i / 1000, labels[0]) if i % 2 == 0 else (0.4 - i / 1000, labels[1]) for i in range(200)]
    found, seconds = judged_by(rows(*told), Told())
    assert [one.supported for one in found] == [score for score, _ in told]
    wrong = [i for i, one in enumerate(found) if one.verdict != told[i][1]]
    # Each half asks for its own lowest supported score, so the other's supported rows below that are missed.
    assert 0 < len(wrong) <= 8 and all(told[i][1] == "supported" for i in wrong)
    assert {i for i, (score, _) in enumerate(told) if score == 0.6} <= set(wrong)
    value = figures(rows(*told), "told", found, seconds)
    assert (value["n"], value["auroc"]) == (200, 1.0)
    assert value["balanced_accuracy"] == pytest.approx(1 - len(wrong) / 200, abs=1e-4)


def test_scores_that_say_nothing_are_no_better_than_chance() -> None:
    random = np.random.default_rng(0)
    labels: list[Label] = ["supported", "neither"]
    made = rows(*((float(random.random()), labels[i // 2 % 2]) for i in range(400)))
    told = figures(made, "told", *judged_by(made, Told()))
    assert 0.4 < told["balanced_accuracy"] < 0.6 and 0.4 < told["auroc"] < 0.6


def test_rules_alone_let_through_what_no_rule_forbids() -> None:
    pairs = [
        Pair(("宿泊費の上限は1泊12,000円とする。",), "宿泊費の上限は1泊12,000円である。"),
        Pair(("宿泊費の上限は1泊12,000円とする。",), "宿泊費の上限は1泊15,000円である。"),
        Pair(("宿泊費の上限は1泊12,000円とする。",), "交通費は実費とする。"),
    ]
    assert RulesAlone().scores(pairs) == [1.0, 0.0, 1.0]


class Axes:
    """Each first letter is an axis."""

    identity = "axes"
    dimension = 3

    def embed_query(self, text: str) -> Vectors:
        return self.embed_passages([text])[0]

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return np.eye(3, dtype=np.float32)[["abc".index(text[0]) for text in texts]]


def test_likeness_is_that_of_the_nearest_sentence() -> None:
    judge = Likeness(Axes())
    pairs = [Pair(("b one.\na two.", "c three."), "a"), Pair(("b one.",), "a"), Pair((), "c")]
    assert judge.scores(pairs) == [1.0, 0.0, 0.0]
    assert judge.name == "similarity (axes)"


class Chooses:
    name = "fake"

    def __init__(self) -> None:
        self.asked: list[tuple[list[str], tuple[str, ...]]] = []

    def chances(self, messages: Sequence[Message], replies: Sequence[str]) -> list[float]:
        self.asked.append(([message.content for message in messages], tuple(replies)))
        return [0.7, 0.3]


@pytest.mark.parametrize(
    ("claim", "replies"),
    [("上限は1泊である。", ("はい", "いいえ")), ("The limit is one night.", ("Yes", "No"))],
)
def test_the_model_is_asked_in_the_language_of_the_claim(claim: str, replies: tuple[str, ...]) -> None:
    model = Chooses()
    assert YesOrNo(model).scores([Pair(("EVIDENCE", "MORE"), claim)]) == [0.7]
    ((texts, offered),) = model.asked
    assert offered == replies
    assert "EVIDENCE\nMORE" in texts[1] and claim in texts[1]


def test_what_the_model_cannot_read_is_not_proven_by_it() -> None:
    class Short(Chooses):
        def chances(self, messages: Sequence[Message], replies: Sequence[str]) -> list[float]:
            if "LONG" in messages[1].content:
                raise PromptTooLongError("5,000 tokens do not fit in 4,096.")
            return super().chances(messages, replies)

    pairs = [Pair(("LONG",), "一つ。"), Pair(("SHORT",), "一つ。")]
    assert YesOrNo(Short()).scores(pairs) == [0.0, 0.7]
