"""Drafts that say in words that the documents do not tell, whatever the checks found of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from assistant_fakes import FakeGenerator, FakeRetriever, hit

from assistant.answering import Assistant
from assistant.answers import Answer, Claim, Source, Verdict
from assistant.grounding.verdicts import Check
from assistant.refusing import declines, is_refusal
from ingestion.settings import Settings

REFUSALS = [
    "資料には記載がありません。",
    "資料に記載がありません",
    "提供された情報からは判断できません。",
    "文書の中に該当する記述は見つかりませんでした。",
    "ご質問の内容については、資料では言及されていません。",
    "The sources do not say.",
    "The documents do not mention a limit.",
    "This is not stated in the provided documents.",
]
WORDED_ALIKE = [
    "朝食は料金に含まれていません。",
    "私物のUSBメモリの使用状況は確認できません。",
    "Breakfast is not included in the price.",
    "Employees cannot be identified from the survey.",
]
PROVEN = "年次有給休暇は10日です。"


@dataclass
class FakeChecker:
    """Gives each sentence that holds a key its verdict, all others `otherwise`."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    otherwise: Verdict = Verdict.SUPPORTED

    def check(
        self, claim: str, sources: tuple[Source, ...], *, question: str = "", hints: tuple[int, ...] = ()
    ) -> Check:
        found = next((one for text, one in self.verdicts.items() if text in claim), self.otherwise)
        return Check(found, 0.9, (), ())


def asked(draft: str, checker: FakeChecker, question: str = "年次有給休暇は付きますか？") -> Answer:
    settings = Settings.model_validate({"answers": {"answerable_at": 0.0}})
    assistant = Assistant(FakeRetriever([hit()]), FakeGenerator(draft), checker, settings)
    return assistant.ask(question, language="ja")


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("draft", REFUSALS)
def test_a_draft_that_only_refuses_is_an_abstention_whatever_its_verdict(
    draft: str, verdict: Verdict
) -> None:
    found = asked(draft, FakeChecker(otherwise=verdict))
    assert found.abstained and found.claims == ()
    assert "就業規則" in found.text
    assert found.text == asked("", FakeChecker()).text  # as the product says it by itself
    assert found.draft.rstrip("。.") == draft.rstrip("。.")
    assert found.withheld == ()


@pytest.mark.parametrize("sentence", WORDED_ALIKE)
def test_a_rule_that_is_worded_alike_and_proven_is_an_answer(sentence: str) -> None:
    found = asked(sentence, FakeChecker())
    assert (found.abstained, found.text) == (False, sentence)
    assert asked(sentence, FakeChecker(otherwise=Verdict.UNCHECKED)).abstained


@pytest.mark.parametrize("refusal", REFUSALS[:4])
def test_a_refusal_within_a_proven_answer_stays_what_it_is(refusal: str) -> None:
    draft = f"{PROVEN}\n{refusal}"
    found = asked(draft, FakeChecker({PROVEN[:6]: Verdict.SUPPORTED}, Verdict.UNSUPPORTED))
    assert not found.abstained
    assert found.text == draft
    assert [claim.verdict for claim in found.claims] == [Verdict.SUPPORTED, Verdict.UNSUPPORTED]


def test_a_refusal_with_a_hint_whom_to_ask_is_an_abstention() -> None:
    draft = "資料には記載がありません。詳しくは人事部にお問い合わせください。"
    found = asked(draft, FakeChecker({"記載": Verdict.SUPPORTED}, Verdict.UNSUPPORTED))
    assert found.abstained
    assert found.text == asked("", FakeChecker()).text


def test_a_refusal_does_not_answer_how_much() -> None:
    draft = "資料には5日という記載はありません。日数は規程で定めます。"
    assert not asked(draft, FakeChecker()).abstained  # its second sentence is proven
    assert asked(draft, FakeChecker(), "年次有給休暇は何日ですか？").abstained
    told = "資料には5日という記載はありません。日数は10日です。"
    assert not asked(told, FakeChecker(), "年次有給休暇は何日ですか？").abstained


def test_an_unproved_draft_is_still_called_unproved() -> None:
    found = asked("十分な休暇が付くはずです。", FakeChecker(otherwise=Verdict.UNSUPPORTED))
    assert found.abstained
    assert found.text != asked("", FakeChecker()).text


def test_nothing_is_looked_for_to_prove_a_refusal() -> None:
    settings = Settings.model_validate({"answers": {"unsupported": "regenerate", "answerable_at": 0.0}})
    retriever, generator = FakeRetriever([hit()]), FakeGenerator("資料には記載がありません。")
    checker = FakeChecker(otherwise=Verdict.UNSUPPORTED)
    found = Assistant(retriever, generator, checker, settings).ask("有給休暇は？", language="ja")
    assert found.abstained
    assert (len(retriever.queries), len(generator.prompts)) == (1, 1)


def claim(text: str, verdict: Verdict) -> Claim:
    return Claim(0, len(text), text, verdict, 0.9)


def test_what_counts_as_a_refusal() -> None:
    for text in REFUSALS:
        assert is_refusal(claim(text, Verdict.SUPPORTED))
    for text in WORDED_ALIKE:
        assert not is_refusal(claim(text, Verdict.SUPPORTED))
        assert is_refusal(claim(text, Verdict.UNSUPPORTED))
    assert not is_refusal(claim(PROVEN, Verdict.UNSUPPORTED))
    assert not declines([])
    assert not declines([claim(PROVEN, Verdict.UNSUPPORTED)])
    refusal = claim(REFUSALS[0], Verdict.UNSUPPORTED)
    assert declines([refusal])
    assert declines([refusal, claim(PROVEN, Verdict.UNSUPPORTED)])
    assert not declines([refusal, claim(PROVEN, Verdict.UNCHECKED)])
