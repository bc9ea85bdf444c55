"""Questions that bring their own chunks: reading them, their library, and what counts as right."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from assistant_fakes import FakeGenerator, FakeRetriever, hit

from assistant.answers import Answer, Citation, Claim, Query, Timings, Verdict
from assistant.errors import EvaluationError
from assistant.evaluation import answer_log
from assistant.evaluation.bare import BareModel, bare_prompt, refuses, whole_source
from assistant.evaluation.datasets import Question
from assistant.evaluation.given import (
    GivenChunk,
    GivenGold,
    GivenQuestion,
    build_given,
    letters,
    read_given,
)
from assistant.evaluation.given_answers import (
    Outcome,
    evaluate_given,
    given_figures,
    judged_given,
    withheld_below,
)
from assistant.evaluation.report_comparison import compare_reports
from assistant.evaluation.reports import new_report
from assistant.grounding.verdicts import RuleChecker
from assistant.writing import Writer
from ingestion.documents import Scope
from ingestion.settings import Settings
from ingestion.vectors import Vectors
from ingestion.workspace import open_workspace

RULE, NEAR = "宿泊費の上限は、一般社員は1泊12,000円とする。", "日当は、日帰り出張には支給しない。"
TABLE = "<table><tr><th>役職</th><th>上限</th></tr><tr><td>部長</td><td>20,000円</td></tr></table>"
LISTS = {
    "id": "a", "question": "宿泊費の上限は？", "answer": "12,000円", "qa_type": ["L_one", "T_table"],
    "positive_chunk_list": [RULE], "negative_chunk_list": [{"title": "日当", "content": NEAR}, TABLE],
    "must_abstain": False, "reasoning_content": "…",
}  # fmt: skip
POSITIONS = {
    "id": "b", "question": "What is the limit?", "answers": ["12,000 yen", "12000"], "type": "plain",
    "contexts": [NEAR, RULE], "answering": [1], "answerable": True,
}  # fmt: skip
UNANSWERED = {
    "id": "c", "question": "宿泊費の上限は？", "answer": "回答不可", "positive_chunk_list": [],
    "negative_chunk_list": [NEAR, RULE], "must_abstain": True,
}  # fmt: skip


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


@dataclass
class LetterEmbedder:
    """Counts of letters, as a unit vector; counts the texts it embedded."""

    identity: str = "given-letters:1"
    dimension: int = 64
    embedded: int = 0

    def embed_query(self, text: str) -> Vectors:
        return self._vectors([text])[0]

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.embedded += len(texts)
        return self._vectors(texts)

    def _vectors(self, texts: Sequence[str]) -> Vectors:
        found = np.full((len(texts), self.dimension), 1e-6, np.float32)
        for row, text in enumerate(texts):
            for letter in text:
                found[row, ord(letter) % self.dimension] += 1
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


def silent(phase: str, done: int, total: int) -> None:
    return None


# --- the file


def test_both_forms_are_read(tmp_path: Path) -> None:
    first, second, third = read_given(write(tmp_path / "q.jsonl", LISTS, POSITIONS, UNANSWERED))
    assert (first.question.answers, first.kinds) == (("12,000円",), ("L_one", "T_table"))
    assert first.question.kind == "L_one+T_table"
    assert first.right_chunks == (GivenChunk("", RULE),)
    assert first.chunks[1] == GivenChunk("日当", NEAR)
    assert second.right_chunks == first.right_chunks and second.question.answers == ("12,000 yen", "12000")
    assert (first.answerable, second.answerable, third.answerable) == (True, True, False)
    assert third.right_chunks == () and third.kinds == ()


def test_what_is_left_out_follows_from_the_chunks(tmp_path: Path) -> None:
    lists = {name: value for name, value in LISTS.items() if name not in ("must_abstain", "id")}
    silent_one = {"question": "?", "contexts": [NEAR], "gold_answers_absent": ["12,000円"]}
    first, second = read_given(write(tmp_path / "q.jsonl", lists, silent_one))
    assert (first.answerable, first.question.id, second.answerable, second.question.id) == (
        True, "1", False, "2",
    )  # fmt: skip


def test_a_row_of_a_table_that_names_the_columns_of_both_forms_is_read(tmp_path: Path) -> None:
    lists = {**LISTS, "answers": None, "type": None, "contexts": None, "answering": None}
    positions = {**dict.fromkeys(LISTS), **POSITIONS}
    first, second = read_given(write(tmp_path / "q.jsonl", lists, positions))
    assert (first.question.answers, first.kinds) == (("12,000円",), ("L_one", "T_table"))
    assert second.right_chunks == (GivenChunk("", RULE),)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"question": " "}, "'question' is missing"),
        ({"answer": ""}, "no answer to compare with"),
        ({"positive_chunk_list": []}, "names no chunk that answers"),
        ({"must_abstain": "no"}, "must_abstain is 'no'"),
        ({"negative_chunk_list": "x"}, "must be a list, not str"),
        ({"negative_chunk_list": [{"title": "x"}]}, "a chunk must be a text"),
        ({"answer": 7}, "answers must be a string or a list"),
        ({"qa_type": [7]}, "type must be a string or a list"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    with pytest.raises(EvaluationError, match=f"row 1.*{said}"):
        read_given(write(tmp_path / "q.jsonl", {**LISTS, **change}))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{**POSITIONS, "answering": [2]}], "answering is"),
        ([{**POSITIONS, "answering": [True]}], "answering is"),
        ([{**POSITIONS, "answerable": 1}], "answerable is 1"),
        ([{"question": "x", "answer": "y"}], "brings no chunks"),
        ([LISTS, {**POSITIONS, "id": "a"}], "row 2: the id 'a' is used twice"),
        ([], "holds no questions"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, rows: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(EvaluationError, match=said):
        read_given(write(tmp_path / "q.jsonl", *rows))


# --- the library


def test_names_bring_no_numbers_and_are_counted_like_columns() -> None:
    assert [letters(n) for n in (0, 25, 26, 51, 52, 701, 702)] == ["a", "z", "aa", "az", "ba", "zz", "aaa"]


@pytest.fixture
def built(tmp_path: Path) -> Any:
    questions = read_given(write(tmp_path / "q.jsonl", LISTS, POSITIONS, UNANSWERED))
    made = build_given(open_workspace(tmp_path / "ws"), questions, LetterEmbedder(), silent)
    yield questions, made
    made.opened.close()


def test_equal_chunks_are_one_document_read_as_what_it_looks_like(built: Any, tmp_path: Path) -> None:
    (first, second, _), made = built
    kinds = sorted(row.format for row in made.opened.library.documents_list())
    assert kinds == ["html", "txt", "txt"]  # the near miss has its text with and without a title
    assert made.ids(first.right_chunks) == made.ids(second.right_chunks)
    assert made.unread == () and "日当.txt" in {path.split("/")[-1] for path in made.files.values()}


def test_no_title_loses_a_chunk(tmp_path: Path) -> None:
    titles = ["~$旅費規程", "../..", "\ud800旅費", "Thumbs.db", "規" * 200, "NUL\x00", "questions.jsonl"]
    chunks = [{"title": title, "content": f"{RULE}{n}"} for n, title in enumerate(titles)]
    (tmp_path / "q.jsonl").write_text(json.dumps({**LISTS, "positive_chunk_list": chunks}) + "\n", "utf-8")
    (asked,) = read_given(tmp_path / "q.jsonl")
    made = build_given(open_workspace(tmp_path / "ws"), [asked], LetterEmbedder(), silent)
    there = {one.id for one in made.opened.library.documents_list()}
    made.opened.close()
    assert made.ids(asked.chunks) == there and made.unread == ()


def test_a_question_is_asked_of_its_own_chunks(built: Any) -> None:
    (first, _, third), made = built
    library = made.opened.library

    def texts(scope: Scope) -> set[str]:
        assert scope.documents is not None
        found = [library.document(one) for one in scope.documents]
        return {one.document.text.strip() for one in found if one is not None}

    assert texts(made.scope(third, right_only=False)) == {RULE, NEAR}
    assert texts(made.scope(first, right_only=True)) == {RULE}
    whole = texts(made.scope(first, right_only=False))
    assert len(whole) == 3 and any("部長" in one and "<td>" not in one for one in whole)
    hits = made.opened.retriever.retrieve(Query("部長の上限", scope=made.scope(third, right_only=False)))
    assert hits and {one.document for one in hits} <= made.ids(third.chunks)


def test_a_second_run_embeds_nothing_and_mends_a_damaged_file(tmp_path: Path) -> None:
    questions = read_given(write(tmp_path / "q.jsonl", LISTS, UNANSWERED))
    place, embedder = open_workspace(tmp_path / "ws"), LetterEmbedder()
    build_given(place, questions, embedder, silent).opened.close()
    seen = embedder.embedded
    (damaged,) = [path for path in place.root.rglob("chunk-*.txt") if path.read_text("utf-8") == RULE]
    damaged.write_text(RULE[:5], "utf-8")
    again = build_given(place, list(reversed(questions)), embedder, silent)
    again.opened.close()
    assert damaged.read_text("utf-8") == RULE and seen == embedder.embedded > 0
    assert not place.library_path.exists()


# --- what is right


def answer(text: str = "上限は12,000円です。", *, abstained: bool = False, **changes: Any) -> Answer:
    cited = Citation("d1", "/docs", "a.txt", None, None, None, 0, 4, "宿泊費の", 0.9, 1)
    claims = () if abstained else (Claim(0, len(text), text, Verdict.SUPPORTED, 0.9, (cited,)),)
    found = hit(RULE)
    return Answer(
        text, abstained, claims, (found,), "fake", None, Timings(1.0, 20.0, 30.0),
        sources=(whole_source(1, "d1", GivenChunk("", RULE)),), **changes,
    )  # fmt: skip


def asked(identity: str, *, answerable: bool, kinds: tuple[str, ...] = ()) -> GivenQuestion:
    question = Question(identity, "宿泊費の上限はいくらですか？", ("", 0), "+".join(kinds), ("12,000円",))
    right = frozenset([0]) if answerable else frozenset[int]()
    return GivenQuestion(question, (GivenChunk("", RULE),), right, answerable, kinds)


GOLD = GivenGold("passage", {"d1": "a.txt"}, {"yes": frozenset(["d1"]), "no": frozenset()})
CHECKER = RuleChecker(Settings().answers)


def row(*, answerable: bool, outcome: Outcome) -> dict[str, Any]:
    return judged_given(asked("yes" if answerable else "no", answerable=answerable), outcome, GOLD, CHECKER)


def test_below_the_threshold_the_draft_is_withheld_and_kept() -> None:
    proved = answer(answerability=0.4)
    outcome = withheld_below(proved, 0.5, "ja")
    assert (outcome.score, outcome.proved, outcome.answer.abstained) == (0.4, True, True)
    assert outcome.answer.draft == proved.text and "見つかりませんでした" in outcome.answer.text
    assert withheld_below(proved, 0.4, "ja").answer is proved
    unproved = answer("裏付けられません", abstained=True, draft="99円です。", answerability=0.9)
    assert withheld_below(unproved, 0.5, "ja") == Outcome(unproved, 0.9, False)
    assert withheld_below(unproved, 0.95, "ja").answer.draft == "99円です。"


def test_right_is_answered_where_it_can_be_and_withheld_where_not() -> None:
    said, silent_one = answer(), answer("…", abstained=True)
    good = row(answerable=True, outcome=Outcome(said, 0.9, True))
    refused = row(answerable=True, outcome=Outcome(silent_one, 0.2, True))
    false = row(answerable=False, outcome=Outcome(said, 0.9, True))
    kept = row(answerable=False, outcome=Outcome(silent_one, 0.9, False))
    told = [
        (one["measures"]["right"], one["measures"]["false_answer"], one["measures"]["false_refusal"])
        for one in (good, refused, false, kept)
    ]
    assert told == [(1.0, None, 0.0), (0.0, None, 1.0), (0.0, 1.0, None), (1.0, 0.0, None)]
    assert [one["fault"] for one in (good, refused, false, kept)] == [
        None, "wrongly_refused", "wrongly_answered", None,
    ]  # fmt: skip
    assert (good["measures"]["cited_right"], good["target"], false["target"]) == (1.0, ["a.txt"], [])
    assert (false["measures"]["contains"], false["measures"]["f1"]) == (None, None)


def test_a_right_chunk_that_was_not_read_is_the_fault() -> None:
    elsewhere = replace(answer("9円です。"), sources=(whole_source(1, "d2", GivenChunk("", NEAR)),))
    assert row(answerable=True, outcome=Outcome(elsewhere, 0.9, True))["fault"] == "not_read"
    unseen = replace(elsewhere, hits=(hit(NEAR, document="d2"),))
    assert row(answerable=True, outcome=Outcome(unseen, 0.9, True))["fault"] == "not_retrieved"


def test_the_curve_is_counted_by_hand_and_agrees_with_what_was_given() -> None:
    said = [  # (answerable, score, proved)
        (True, 0.9, True), (True, 0.6, True), (True, 0.8, False), (True, 0.1, True),
        (False, 0.7, True), (False, 0.5, True), (False, 0.95, False), (False, 0.0, True),
    ]  # fmt: skip
    rows = []
    for answerable, score, proved in said:
        given = answer(answerability=score) if proved else answer("…", abstained=True, answerability=score)
        rows.append(row(answerable=answerable, outcome=withheld_below(given, 0.55, "ja")))
    told = given_figures(rows, 0.55)
    curve = {one["threshold"]: (one["false_answers"], one["false_refusals"]) for one in told["curve"]}
    # Refused at 0: what is not proved. At 0.55 also 0.1 of the one kind, 0.5 and 0 of the other.
    assert (curve[0.0], curve[0.5], curve[0.55], curve[0.65], curve[1.0]) == (
        (0.75, 0.25), (0.5, 0.5), (0.25, 0.5), (0.25, 0.75), (0.0, 1.0),
    )  # fmt: skip
    assert (told["false_answers"], told["false_refusals"]) == curve[0.55]
    # Pairs in which the answerable one scores higher: 3 + 2 + 3 + 1 of 16.
    assert (told["auroc"], told["threshold"], told["answerable"]) == (round(9 / 16, 4), 0.55, 4)
    assert (told["n"], told["right"], told["faults"]["wrongly_answered"]) == (8, 5, 1)
    assert told["faults"]["wrongly_refused"] == 2


def test_a_question_of_two_types_counts_in_both() -> None:
    first = judged_given(
        asked("yes", answerable=True, kinds=("a", "b")), Outcome(answer(), 0.9, True), GOLD, CHECKER
    )
    second = judged_given(
        asked("no", answerable=False, kinds=("b",)), Outcome(answer(), 0.9, True), GOLD, CHECKER
    )
    told = given_figures([first, second], 0.5)["by_type"]
    assert told["a"] == {"n": 1, "right": 1, "false_answers": None, "false_refusals": 0.0}
    assert told["b"] == {"n": 2, "right": 1, "false_answers": 1.0, "false_refusals": 0.0}


def test_a_run_that_was_stopped_asks_only_what_is_left(tmp_path: Path) -> None:
    questions = [asked("yes", answerable=True), asked("no", answerable=False)]
    put: list[str] = []

    def ask(one: GivenQuestion) -> Outcome:
        put.append(one.question.id)
        if len(put) == 2:
            raise KeyboardInterrupt
        return Outcome(answer(), 0.9, True)

    with (
        pytest.raises(KeyboardInterrupt),
        answer_log.opened(tmp_path, {"a": 1}) as log,
    ):
        evaluate_given(questions, ask, GOLD, CHECKER, log)
    with answer_log.opened(tmp_path, {"a": 1}) as log:
        rows = evaluate_given(questions, ask, GOLD, CHECKER, log)
    assert put == ["yes", "no", "no"] and [one["id"] for one in rows] == ["yes", "no"]


# --- the bare model


@pytest.mark.parametrize(
    "text",
    [
        "資料に記載がありません。",
        "順位は資料に記載されていません。",
        "その情報は含まれておりません。",
        "資料からは判断できません。",
        "お答えすることはできません",
        "答えられません。",
        "見つかりませんでした。",
        "申し訳ありませんが、回答できません。",
        "The sources do not say.",
        "It isn’t mentioned in the sources.",
        "I can't answer that.",
        "There is no information about it.",
        "The text does not provide the ranking.",
        "I don't know.",
        " ",
    ],
)
def test_refusals_are_known_by_their_wording(text: str) -> None:
    assert refuses(text)


@pytest.mark.parametrize(
    "text",
    [
        "上限は12,000円です。",
        "日帰り出張には支給しません。",
        "接続してはなりません。",
        "情報システム部に提出する。",
        "The limit is 12,000 yen.",
        "Visitors must not enter the plant.",
        "Notes are listed below.",
    ],
)
def test_rules_that_forbid_are_no_refusals(text: str) -> None:
    assert not refuses(text)


def test_a_bare_refusal_counts_as_one_unless_it_is_right() -> None:
    no = answer("資料に記載がありません。", answerability=None)
    assert row(answerable=False, outcome=Outcome(no))["measures"]["right"] == 1.0
    refused = row(answerable=True, outcome=Outcome(no))
    assert (refused["measures"]["false_refusal"], refused["fault"]) == (1.0, "wrongly_refused")
    hedged = row(answerable=True, outcome=Outcome(answer("上限は12,000円です。ほかは記載がありません。")))
    assert (hedged["measures"]["right"], hedged["abstained"]) == (1.0, False)
    assert (hedged["measures"]["grounded"], hedged["measures"]["cited_right"]) == (None, None)


def test_bare_figures_have_no_curve_and_compare_with_the_others() -> None:
    bare = [row(answerable=True, outcome=Outcome(answer()))]
    told = given_figures(bare, 0.5)
    assert (told["curve"], told["auroc"], told["threshold"], told["grounded"]) == ([], None, None, None)
    assert (told["false_refusals"], told["false_answers"]) == (0.0, None)
    whole = [row(answerable=True, outcome=Outcome(answer("9円です。"), 0.9, True))]
    first, second = (
        {**new_report("answers", {}, {}, rows, konkyo="0"), "id": name}
        for name, rows in (("bare", bare), ("whole", whole))
    )
    found = compare_reports(first, second)["metrics"]
    assert (found["right"]["first"], found["right"]["second"]) == (1.0, 0.0) and "grounded" not in found


def test_the_bare_model_reads_whole_chunks_best_first_until_its_context_is_full() -> None:
    generator = FakeGenerator("12,000円です。", context_tokens=900)
    finder = FakeRetriever([hit("x", document="d2"), hit("y", document="d1"), hit("z", document="d2")])
    model = BareModel(Writer(generator, CHECKER, Settings().generation), finder)
    long = "".join(f"第{n}文はとても長い。" for n in range(60))
    chunks = {"d1": GivenChunk("", long), "d2": GivenChunk("規程", RULE), "d3": GivenChunk("", NEAR)}
    found = model.ask("宿泊費の上限は？", chunks)
    (prompt,) = generator.prompts
    body = prompt[-1].content
    assert body.index(RULE) < body.index("第0文は") and "第59文は" not in body and NEAR not in body
    assert "規程" in body and prompt[0].content == bare_prompt("ja").system
    assert (found.text, found.claims, found.abstained) == ("12,000円です。", (), False)
    assert [one.hit.document for one in found.sources] == ["d2", "d1"]
    assert finder.queries[0].scope == Scope(documents=frozenset(chunks))
    assert found.timings.first_token_ms is not None


def test_a_whole_source_leaves_nothing_out() -> None:
    text = "  一つ目。\n\n\n二つ目。 Third one. \n"
    made = whole_source(1, "d", GivenChunk("", text))
    assert "".join(made.texts) == text and len(made.texts) > 1
