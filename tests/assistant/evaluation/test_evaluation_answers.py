from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from assistant_fakes import RULES, hit, source

from assistant.answers import Answer, Citation, Claim, Source, Timings, Verdict
from assistant.errors import EvaluationError
from assistant.evaluation import answer_log
from assistant.evaluation.answers import FAULTS, evaluate_answers, fault_of, figures, judged
from assistant.evaluation.datasets import Question
from assistant.evaluation.gold import Gold
from assistant.evaluation.other_numbers import other_number
from assistant.evaluation.sampling import stratified
from assistant.evaluation.scoring import (
    claim_recall,
    claim_verdicts,
    number_recall,
    score_answer,
    silence,
    token_f1,
)
from assistant.grounding.verdicts import Check, RuleChecker
from ingestion.settings import Settings

QUESTION = Question("1", "宿泊費の上限はいくらですか？", ("rules.pdf", 3), "table", ("12,000円",))
GOLD = Gold("pdf", {"d1": "rules.pdf", "d2": "other.pdf"})


@dataclass
class PlantedChecker:
    """Verdicts by claim."""

    verdicts: Mapping[str, Verdict]

    def check(
        self, claim: str, sources: Sequence[Source], *, question: str = "", hints: Sequence[int] = ()
    ) -> Check:
        return Check(self.verdicts[claim], 1.0)


def sentences(text: str) -> list[str]:
    return [f"{part}。" for part in text.split("。") if part]


def rules() -> RuleChecker:
    return RuleChecker(Settings().answers)


def answer(text: str = "12,000円です。", *, abstained: bool = False, page: int = 3, **changes: Any) -> Answer:
    cited = Citation("d1", "/docs", "rules.pdf", page, None, None, 0, 4, "会社は、", 0.9, 1)
    claims = () if abstained else (Claim(0, len(text), text, Verdict.SUPPORTED, 0.9, (cited,)),)
    found = (hit(page=3),)
    return Answer(
        text, abstained, claims, found, "fake", None, Timings(1.0, 20.0, 30.0),
        sources=(replace(source(), hit=found[0]),), **changes,
    )  # fmt: skip


# --- the sample


def typed(**sizes: int) -> list[Question]:
    return [
        Question(f"{kind}{i}", f"{kind}{i}?", ("a", 1), kind)
        for kind, size in sizes.items()
        for i in range(size)
    ]


def test_every_type_has_the_share_that_the_largest_quotients_give_it() -> None:
    sizes = {"paragraph": 80, "table": 49, "figure": 44}
    drawn = stratified(typed(**sizes), 60, 0)
    quotients = sorted(
        ((size / (2 * i + 1), kind) for kind, size in sizes.items() for i in range(size)), reverse=True
    )
    expected = [kind for _, kind in quotients[:60]]
    counted = {kind: sum(one.kind == kind for one in drawn) for kind in sizes}
    assert counted == {kind: expected.count(kind) for kind in sizes}
    assert len({one.id for one in drawn}) == 60


def test_a_smaller_sample_begins_a_larger_one_and_seeds_differ() -> None:
    questions = typed(a=30, b=7, c=2)
    assert stratified(questions, 30, 5)[:12] == stratified(questions, 12, 5)
    assert stratified(list(reversed(questions)), 12, 5) == stratified(questions, 12, 5)
    assert stratified(questions, 12, 6) != stratified(questions, 12, 5)
    assert sorted(one.id for one in stratified(questions, None, 1)) == sorted(one.id for one in questions)
    assert len(stratified(questions, 99, 1)) == 39


# --- scores


def test_token_f1_worked_out_by_hand() -> None:
    # red green blue against green blue blue: two in common of three each
    assert token_f1("red green blue", "green blue blue") == pytest.approx(2 / 3)
    assert token_f1("パスワード 変更", "ﾊﾟｽﾜｰﾄﾞを変更") == 1.0
    assert token_f1("。", "上限") == token_f1("上限", "") == 0.0


@pytest.mark.parametrize(
    ("said", "expected"),
    [("１万２千円と15000円です", 1.0), ("12,000円です", 0.5), ("13,000円です", 0.0), ("2021年です", 0.0)],
)
def test_numbers_count_in_any_spelling_but_not_those_of_the_question(said: str, expected: float) -> None:
    reference = "2021年の規程では一般社員は12,000円、管理職は15,000円です。"
    assert number_recall("2021年の規程の上限はいくらですか", said, reference) == expected
    assert number_recall("何色ですか", said, "赤です。") is None


def test_claims_that_are_proven_count_one_and_half_proven_ones_half() -> None:
    planted = PlantedChecker(
        {"甲である。": Verdict.SUPPORTED, "乙である。": Verdict.PARTLY, "丙である。": Verdict.CONTRADICTED}
    )
    verdicts = claim_verdicts("q", "…", "甲である。乙である。丙である。", planted)
    assert verdicts == list(planted.verdicts.values())
    assert claim_recall(verdicts) == 0.5


@pytest.mark.parametrize(
    ("said", "right"),
    [
        ("上限は12,000円です。", True),
        ("一般社員は1泊1万2千円が上限です。", True),
        ("一般社員は1泊15,000円が上限です。", False),
        ("上限があります。", False),
    ],
)
def test_what_is_right_says_the_number_of_the_reference(said: str, right: bool) -> None:
    references = ["12,000円", "一般社員は1泊12,000円が上限です。"]
    assert score_answer("宿泊費の上限は？", said, references, rules()).right is right


LONG = (
    "出張の宿泊費には、役職に応じた上限が定められています。一般社員は1泊12,000円です。管理職は1泊15,000円です。"
    "2025年4月1日以降の出張に適用します。申請は、出張の5営業日前までに上長に対して行います。"
)


@pytest.mark.parametrize(
    ("old", "new", "other"),
    [
        ("12,000円", "18,000円", "18,000円"),
        ("15,000円", "１万４千円", "1万4千円"),
        ("5営業日", "7営業日", "7営業日"),
        ("2025年4月1日", "2025年5月1日", "2025年5月1日"),
        ("12,000円", "1万2千円", ""),
        ("2025年", "令和7年", ""),
        ("一般社員は1泊12,000円です。", "", ""),
        (
            "一般社員は1泊12,000円です。",
            "海外では1泊30,000円です。",
            "",
        ),  # told besides, another one left out
        ("2025年4月1日以降の出張に適用します。", "2024年3月1日に改められました。", ""),
    ],
)
def test_one_changed_number_among_several_makes_an_answer_wrong(old: str, new: str, other: str) -> None:
    said = LONG.replace(old, new)
    assert said != LONG
    assert other_number("宿泊費の上限は？", said, LONG) == other
    proven = PlantedChecker(dict.fromkeys(sentences(LONG), Verdict.SUPPORTED))
    assert score_answer("宿泊費の上限は？", said, [LONG], proven).right is not bool(other)


def test_a_number_of_another_reference_or_of_the_question_is_no_wrong_one() -> None:
    said, other = "一般社員は1泊12,000円です。", "一般社員は1泊9,000円です。"
    assert other_number("上限は？", said, other) == "12,000円"
    assert other_number("上限は？", said, other, [other, "12,000円"]) == ""
    assert other_number("12,000円が上限ですか？", said, other) == ""
    assert other_number("上限は？", f"{said}{other}", other) == ""
    assert other_number("何を記録しますか？", "1. 内部監査\n② 作業\n", "① 作業\n2. 内部監査\n") == ""


def test_a_series_may_be_told_from_another_year_on() -> None:
    reference = "2021年度は売上高が5.0%増加した。2022年度は売上高が6.1%増加した。"
    said = "2022年度は売上高が6.1%増加した。2023年度は売上高が7.2%増加した。"
    assert other_number("売上高は？", said, reference) == ""
    assert other_number("売上高は？", reference.replace("6.1", "6.7"), reference) == "6.7%"


def test_half_of_a_single_sentence_is_not_an_answer() -> None:
    reference = "宿泊費の上限は役職によって異なります。"
    said = score_answer("宿泊費の上限は？", "宿泊費には上限があります。", [reference], rules())
    assert (said.right, said.claims, said.proven) == (False, 0.5, 0)


def test_any_of_several_references_makes_it_right_and_silence_says_no_number() -> None:
    found = score_answer("誰ですか", "コーリーです。", ["E・J・コーリー", "コーリー"], rules())
    assert (found.right, found.contains) == (True, 1.0)
    assert silence("いくら？", ["12円"]).numbers == 0.0 and silence("誰？", ["コーリー"]).numbers is None
    with pytest.raises(ValueError, match="no reference"):
        score_answer("q", "a", [], rules())


def test_a_contradicted_reference_is_not_right_however_many_words_agree() -> None:
    reference = "私物のUSBメモリは接続してよい。"
    planted = PlantedChecker({reference: Verdict.CONTRADICTED})
    assert not score_answer("q", "私物のUSBメモリは接続してはならない。", [reference], planted).right


# --- faults


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (replace(answer(), hits=(hit(page=4),)), "not_retrieved"),
        (replace(answer(), hits=(hit(page=3, document="d2"),)), "not_retrieved"),
        (replace(answer(), sources=(replace(source(), hit=hit(page=4)),)), "not_read"),
        (replace(answer(abstained=True), sources=()), "not_read"),
        (answer(), "wrongly_generated"),
        (answer(abstained=True), "wrongly_refused"),
    ],
)
def test_a_miss_has_the_first_fault_that_explains_it(given: Answer, fault: str) -> None:
    assert fault_of(QUESTION, given, GOLD) == fault


def test_the_row_of_a_right_answer_and_of_a_withheld_one() -> None:
    right = judged(QUESTION, answer(), GOLD, rules())
    assert (right["fault"], right["verdicts"], right["cited"]) == (None, ["supported"], ["rules.pdf:3"])
    assert right["measures"] == {
        "right": 1.0, "contains": 1.0, "f1": pytest.approx(right["measures"]["f1"]), "numbers": 1.0,
        "claims": 1.0, "grounded": 1.0, "supported": 1.0, "abstained": 0.0, "cited_right": 1.0,
        "first_token_ms": 20.0, "total_ms": 30.0,
    }  # fmt: skip
    elsewhere = judged(QUESTION, answer(page=4), GOLD, rules())
    assert elsewhere["measures"]["cited_right"] == 0.0
    withheld = judged(QUESTION, answer("12,000円はありません", abstained=True), GOLD, rules())["measures"]
    assert (withheld["right"], withheld["numbers"], withheld["grounded"], withheld["supported"]) == (
        0.0, 0.0, None, None,
    )  # fmt: skip


def test_in_the_library_layout_the_passage_itself_must_be_there() -> None:
    asked = Question("1", "q", ("d1", 10), "", ("a",), end=30, quote="x" * 20)
    gold = Gold("library", {"d1": "d1"})
    assert gold.retrieved(asked, [hit("x" * 25, start=0)]) and not gold.retrieved(asked, [hit("x" * 10)])
    assert gold.read(asked, [source("x" * 5, start=25)]) and not gold.read(asked, [source("x" * 5, start=30)])


# --- a run, its figures and its log


def questions(count: int) -> list[Question]:
    return [replace(QUESTION, id=str(i), text=f"質問{i}") for i in range(count)]


def test_figures_count_what_the_rows_say_and_faults_add_up(tmp_path: Path) -> None:
    given = [
        answer(), answer("9円です。"), answer(abstained=True), replace(answer("9円"), hits=()),
        replace(answer("12,000円"), claims=()),
    ]  # fmt: skip
    with answer_log.opened(tmp_path, {}) as log:
        rows = evaluate_answers(questions(5), lambda one: given[int(one.id)], GOLD, rules(), log)
    found = figures(rows)
    assert found == {
        "n": 5, "right": 2, "grounded": 3, "abstained": 1, "cited_right": 3,
        "faults": {"not_retrieved": 1, "not_read": 0, "wrongly_generated": 1, "wrongly_refused": 1},
        "first_token_ms": 20.0, "total_ms": 30.0,
    }  # fmt: skip
    assert sum(found["faults"].values()) == found["n"] - found["right"]
    assert tuple(found["faults"]) == FAULTS
    assert figures([])["total_ms"] is None


def test_a_run_that_was_killed_goes_on_where_it_stopped(tmp_path: Path) -> None:
    asked: list[str] = []

    def ask(one: Question) -> Answer:
        if one.id == "2" and asked[-1:] == ["1"] and len(asked) == 2:
            raise KeyboardInterrupt
        asked.append(one.id)
        return answer()

    with pytest.raises(KeyboardInterrupt), answer_log.opened(tmp_path, {"model": "a"}) as log:
        evaluate_answers(questions(4), ask, GOLD, rules(), log)
    with log.path.open("ab") as stream:
        stream.write(b'{"id": "2", "question')
    asked.append("killed")
    with answer_log.opened(tmp_path, {"model": "a"}) as log:
        first = evaluate_answers(questions(4), ask, GOLD, rules(), log)
    assert asked == ["0", "1", "killed", "2", "3"]
    assert log.path.read_bytes().count(b"\n") == 4
    with answer_log.opened(tmp_path, {"model": "a"}) as log:
        assert evaluate_answers(questions(4), ask, GOLD, rules(), log) == first
    assert len(asked) == 5
    other = replace(QUESTION, id="0", text="別の質問")
    with answer_log.opened(tmp_path, {"model": "a"}) as log:
        assert evaluate_answers([other], ask, GOLD, rules(), log)[0]["question"] == "別の質問"
    with answer_log.opened(tmp_path, {"model": "b"}) as log:
        assert log.rows == {}
    with answer_log.opened(tmp_path, {"model": "a"}, again=True) as log:
        assert log.rows == {}


def test_kept_answers_are_scored_by_the_rules_of_today_without_being_asked_again(tmp_path: Path) -> None:
    given = [answer(), answer("9円です。"), answer(abstained=True), replace(answer("9円"), hits=())]
    with answer_log.opened(tmp_path, {}) as log:
        expected = evaluate_answers(questions(4), lambda one: given[int(one.id)], GOLD, rules(), log)
    older = [json.loads(line) for line in log.path.read_text("utf-8").splitlines()]
    for row in older:  # as if everything that was said had counted as right, and nothing else
        row["scoring"] -= 1
        row["fault"] = row["fault"] if row["abstained"] else None
        row["measures"]["right"] = float(not row["abstained"])
    log.path.write_text("".join(f"{json.dumps(row)}\n" for row in older), "utf-8")

    def never(one: Question) -> Answer:
        raise AssertionError(one.id)

    with answer_log.opened(tmp_path, {}) as log:
        assert evaluate_answers(questions(4), never, GOLD, rules(), log) == expected


def test_a_damaged_line_costs_its_question_only(tmp_path: Path) -> None:
    asked: list[str] = []

    def ask(one: Question) -> Answer:
        asked.append(one.id)
        return answer()

    with answer_log.opened(tmp_path, {}) as log:
        rows = evaluate_answers(questions(3), ask, GOLD, rules(), log)
    lines = log.path.read_bytes().splitlines(keepends=True)
    log.path.write_bytes(
        b"".join([lines[0], b"\0" * 40 + b'": 1}\n', b"[]\n", b'{"id": [1]}\n', b"\xff\n", lines[2]])
    )
    with answer_log.opened(tmp_path, {}) as log:
        assert evaluate_answers(questions(3), ask, GOLD, rules(), log) == rows
    assert asked == ["0", "1", "2", "1"]


def test_two_runs_of_one_configuration_do_not_write_one_file(tmp_path: Path) -> None:
    with (
        answer_log.opened(tmp_path, {}),
        pytest.raises(EvaluationError, match="another run"),
        answer_log.opened(tmp_path, {}),
    ):
        pass


def test_a_question_without_a_reference_is_named_before_anything_is_asked(tmp_path: Path) -> None:
    def ask(one: Question) -> Answer:
        raise AssertionError(one)

    asked = [*questions(2), replace(QUESTION, id="x", answers=())]
    with answer_log.opened(tmp_path, {}) as log, pytest.raises(EvaluationError, match="question x"):
        evaluate_answers(asked, ask, GOLD, rules(), log)


def test_the_answer_tells_what_was_read(tmp_path: Path) -> None:
    from test_answering import assistant

    answering, _ = assistant("一般社員は1泊12,000円です。")
    read = answering.ask("宿泊費の上限はいくらですか？").sources
    assert any("12,000円" in text for one in read for text in one.texts)
    assert all(RULES[span.start : span.end] == text for one in read
               for span, text in zip(one.spans, one.texts, strict=True))  # fmt: skip
    withheld, generator = assistant("…")
    unread = withheld.ask("育児休業は何日取れますか？")
    assert unread.abstained and unread.sources and generator.prompts == []


@pytest.mark.parametrize(
    ("said", "reference", "right"),
    [
        ("ユビデカレノンの最大配合量は0.03グラムです。", "0.03gです。", True),
        ("ユビデカレノンの最大配合量は0.3グラムです。", "0.03gです。", False),
        ("最大配合量は0.03グラムか0.5グラムです。", "0.03gです。", False),
        ("最大配合量は100g中0.03gです。", "0.03gです。", True),
        ("令和5年4月1日から、毎月2回です。", "2023年4月1日です。", True),
        ("It is 3 kilograms.", "3kg", True),
        ("3 kgです。", "缶は3kgです。", False),  # the words of the reference are more than its number
        ("あります。", "あります。", True),
    ],
)
def test_a_reference_of_numbers_alone_is_told_by_these_and_no_others(
    said: str, reference: str, right: bool
) -> None:
    question = "100g中の最大配合量は何グラムですか？"
    blind = PlantedChecker({reference: Verdict.UNSUPPORTED})
    assert score_answer(question, said, [reference], blind).right is right
