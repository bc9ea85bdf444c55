"""The verifier around its model: what it reads, how rules outrank it, what it does to their verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pytest
from assistant_fakes import hit

from assistant.answers import Source, Verdict
from assistant.grounding.entailed import EntailmentChecker
from assistant.grounding.entailment import EncoderVerifier, Judgement, Label, Pair
from assistant.grounding.entailment_rules import failed_rule, shares
from assistant.grounding.verdicts import Check, RuleChecker
from assistant.pairs.tokens import TokenPair
from ingestion.documents import Span
from ingestion.settings import AnswerSettings

SOFTMAX_3_0_0 = (0.9094, 0.0453, 0.0453)
"""e^3 / (e^3 + 2) and 1 / (e^3 + 2), computed by hand."""


@dataclass
class LetterTokens:
    """One token a character; keeps the texts that it was given."""

    max_tokens: int = 60
    seen: list[tuple[str, str]] = field(default_factory=list)

    def encode(self, pairs: Sequence[tuple[str, str]]) -> list[TokenPair]:
        self.seen += pairs
        return [TokenPair(list(range(len(a) + len(b))), len(a)) for a, b in pairs]

    def count(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]


@dataclass
class SureEncoder:
    """Always the same raw scores."""

    row: tuple[float, float, float] = (3.0, 0.0, 0.0)

    def logits(self, pairs: Sequence[TokenPair]) -> npt.NDArray[np.float32]:
        return np.array([self.row] * len(pairs), np.float32)


def verifier(
    tokens: LetterTokens | None = None,
    row: tuple[float, float, float] = (3.0, 0.0, 0.0),
    temperature: float = 1.0,
) -> EncoderVerifier:
    return EncoderVerifier(
        SureEncoder(row), tokens or LetterTokens(), name="fake", temperature=temperature, supported_at=0.5
    )


def test_probabilities_are_the_softmax_of_the_scores() -> None:
    (found,) = verifier().verify([Pair(("猫が寝ている。",), "猫が眠る。")])
    assert found.scores == pytest.approx(SOFTMAX_3_0_0, abs=1e-4)
    assert found.verdict == "supported"


def test_temperature_draws_them_together() -> None:
    (found,) = verifier(temperature=3.0).verify([Pair(("猫が寝ている。",), "猫が眠る。")])
    assert found.scores == pytest.approx((0.5761, 0.2119, 0.2119), abs=1e-4)  # e / (e + 2)


@pytest.mark.parametrize(
    ("row", "verdict"),
    [((0.0, 3.0, 0.0), "contradicted"), ((0.0, 0.0, 3.0), "neither"), ((0.2, 0.1, 0.0), "contradicted")],
)
def test_below_the_threshold_the_greater_of_the_others_is_said(
    row: tuple[float, float, float], verdict: Label
) -> None:
    (found,) = verifier(row=row).verify([Pair(("猫が寝ている。",), "犬が走る。")])
    assert found.verdict == verdict


def test_a_number_that_differs_outranks_a_sure_model() -> None:
    (found,) = verifier().verify([Pair(("宿泊費の上限は12,000円とする。",), "宿泊費の上限は15,000円です。")])
    assert found.verdict == "contradicted"
    assert found.rule.startswith("number_not_found:15,000")
    assert found.supported < 0.05
    assert sum(found.scores) == pytest.approx(1.0)


def test_long_evidence_is_read_by_its_nearest_sentences_in_order() -> None:
    tokens = LetterTokens(max_tokens=60)
    filler = "天気の話が長々と続く。" * 5
    evidence = (filler + "宿泊費は部長が承認する。" + filler, "申請は宿泊の三日前に出す。")
    (found,) = verifier(tokens).verify([Pair(evidence, "宿泊費は部長が承認します。")])
    read, claim = tokens.seen[-1]
    assert "宿泊費は部長が承認する。" in read and len(read) + len(claim) + 4 <= 60
    assert evidence[found.index][found.span.start : found.span.end] == "宿泊費は部長が承認する。"


def test_no_evidence_is_no_error() -> None:
    (found,) = verifier(row=(0.0, 0.0, 3.0)).verify([Pair(("",), "猫がいる。")])
    assert (found.verdict, found.span, found.index) == ("neither", Span(0, 0), 0)
    assert verifier().verify([]) == []


TRUE = [
    ("締切は2024年4月1日です。", "締切は令和6年4月1日とする。"),
    ("上限は1万2千円です。", "上限は12,000円とする。"),
    ("2人が参加した。", "男性と女性が参加した。"),
    ("完工を見なかった。", "着手しただけで、完工を見なかった。"),
    ("参加者は３人です。", "参加者は三人である。"),
]
FALSE = [
    ("締切は2024年4月2日です。", "締切は令和6年4月1日とする。"),
    ("約200世帯の隊員を追って西端まで来た。", "約200人の隊員を追って西端まで来た。"),
    ("この都市は八年戦争で痛めつけられた。", "この都市は七年戦争で痛めつけられた。"),
    ("MD-92は初飛行に成功した。", "MD-90は初飛行に成功した。"),
    ("1940年から1940年にかけて出演した。", "1939年から1940年にかけて出演した。"),
    ("この申請には部長の承認が必要ではない。", "この申請には部長の承認が必要である。"),
]


@pytest.mark.parametrize(("claim", "evidence"), TRUE)
def test_rules_hold_for_other_ways_to_say_the_same(claim: str, evidence: str) -> None:
    assert failed_rule(claim, [evidence], evidence) is None


@pytest.mark.parametrize(("claim", "evidence"), FALSE)
def test_rules_fail_for_one_thing_changed(claim: str, evidence: str) -> None:
    found = failed_rule(claim, [evidence], evidence)
    assert found is not None and found.contradicts


def test_shares_weigh_rare_pairs_more() -> None:
    common, rare = shares("会社の有給休暇", ["会社の花壇", "有給休暇"])
    assert 0 < common < rare < 1


@dataclass
class SaidVerifier:
    """Gives one judgement and remembers the pairs."""

    scores: tuple[float, float, float]
    name: str = "said"
    asked: list[Pair] = field(default_factory=list)

    def verify(self, pairs: Sequence[Pair]) -> list[Judgement]:
        self.asked += pairs
        return [Judgement("neither", self.scores, Span(0, len(pairs[0].evidence[0])), 0)]


def source(text: str) -> Source:
    return Source(1, hit(text), (Span(0, len(text)),), (text,))


@dataclass
class SaidChecker:
    """Gives one check, as the rules would."""

    found: Check

    def check(
        self, claim: str, sources: Sequence[Source], *, question: str = "", hints: Sequence[int] = ()
    ) -> Check:
        return self.found


CLAIM = "経費の申請は所属部門の責任者が承認します。"
TEXT = "経費の申請は部門長の決裁による。"


def checked(verdict: Verdict, scores: tuple[float, float, float], reasons: tuple[str, ...] = ()) -> Check:
    rules = SaidChecker(Check(verdict, 0.5, (), reasons))
    return EntailmentChecker(rules, lambda: SaidVerifier(scores)).check(CLAIM, [source(TEXT)])


def test_words_that_are_there_without_the_statement_are_doubted() -> None:
    assert checked(Verdict.SUPPORTED, (0.05, 0.05, 0.9)).verdict is Verdict.PARTLY
    assert checked(Verdict.PARTLY, (0.05, 0.05, 0.9)).verdict is Verdict.UNSUPPORTED
    assert checked(Verdict.SUPPORTED, (0.02, 0.95, 0.03)).verdict is Verdict.CONTRADICTED


def test_other_words_with_the_same_statement_are_lifted() -> None:
    assert checked(Verdict.PARTLY, (0.97, 0.01, 0.02)).verdict is Verdict.SUPPORTED
    found = checked(Verdict.UNSUPPORTED, (0.97, 0.01, 0.02))
    assert found.verdict is Verdict.PARTLY
    assert [(one.start, one.end, one.quote) for one in found.citations] == [(0, len(TEXT), TEXT)]


def test_unsure_scores_change_nothing() -> None:
    for verdict in (Verdict.SUPPORTED, Verdict.PARTLY, Verdict.UNSUPPORTED):
        assert checked(verdict, (0.5, 0.2, 0.3)).verdict is verdict


def test_a_failed_rule_is_never_overruled_and_the_model_not_loaded() -> None:
    rules = SaidChecker(Check(Verdict.CONTRADICTED, 0.9, (), ("negation",)))

    def load() -> SaidVerifier:
        raise AssertionError("the verifier was loaded")

    found = EntailmentChecker(rules, load).check(CLAIM, [source(TEXT)])
    assert found == rules.found
    lost = SaidChecker(Check(Verdict.UNSUPPORTED, 0.4, (), ("number_not_found:5日",)))
    assert EntailmentChecker(lost, load).check(CLAIM, [source(TEXT)]) == lost.found


def test_claims_of_few_words_and_of_other_languages_are_left_to_the_rules() -> None:
    rules = RuleChecker(AnswerSettings())

    def load() -> SaidVerifier:
        raise AssertionError("the verifier was loaded")

    checker = EntailmentChecker(rules, load)
    assert checker.check(
        "10日です。", [source("年次有給休暇は10日とする。")], question="有給休暇は何日？"
    ) == rules.check("10日です。", [source("年次有給休暇は10日とする。")], question="有給休暇は何日？")
    english = "Expenses are approved by the head of the department."
    assert checker.check(english, [source(TEXT)]) == rules.check(english, [source(TEXT)])


def test_the_verifier_reads_the_texts_of_the_sources() -> None:
    said = SaidVerifier((0.5, 0.2, 0.3))
    rules = SaidChecker(Check(Verdict.PARTLY, 0.5))
    EntailmentChecker(rules, lambda: said).check(CLAIM, [source(TEXT)])
    assert said.asked == [Pair((TEXT,), CLAIM)]


def test_the_verifier_is_loaded_once_and_before_the_first_claim_when_it_is_asked_to_be() -> None:
    loads: list[str] = []

    def load() -> SaidVerifier:
        loads.append("verifier")
        return SaidVerifier((0.5, 0.2, 0.3))

    checker = EntailmentChecker(SaidChecker(Check(Verdict.PARTLY, 0.5)), load)
    assert loads == []
    checker.prepare()
    assert loads == ["verifier"]
    checker.check(CLAIM, [source(TEXT)])
    assert loads == ["verifier"]
