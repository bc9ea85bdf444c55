from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.errors import EvaluationError
from assistant.evaluation.abstention import AbstentionRow
from assistant.evaluation.abstention import report_rows as abstention_rows
from assistant.evaluation.bootstrap import Interval
from assistant.evaluation.curves import curves_of, recall_by_k, shares_within
from assistant.evaluation.datasets import Question, load_dataset
from assistant.evaluation.grounding import PairRow, balanced_accuracy
from assistant.evaluation.grounding import report_rows as grounding_rows
from assistant.evaluation.own_library import place_of
from assistant.evaluation.question_store import QuestionStore, draft
from assistant.evaluation.report_comparison import FEWEST, compare_reports, judged
from assistant.evaluation.reports import ReportStore, metrics_of, new_report
from assistant.evaluation.retrieval import Candidates, Readings, evaluated
from assistant.grounding.entailment import Judgement, Pair
from ingestion.documents import Span

NOW = datetime(2026, 11, 22, 8, 55, 12, 345, tzinfo=UTC)
DATA = {"data": {"name": "set", "layout": "pdf", "digest": "0"}, "models": {}, "options": {}, "settings": {}}


def rows(*values: float | None, name: str = "right") -> list[dict[str, Any]]:
    return [
        {"id": str(i), "question": f"q{i}", "type": "", "measures": {name: value}}
        for i, value in enumerate(values)
    ]


def report(*values: float | None, name: str = "right", kind: Any = "answers") -> dict[str, Any]:
    made = new_report(kind, DATA, {"n": len(values)}, rows(*values, name=name), konkyo="1", now=NOW)
    return {**made, "id": f"{kind}-{name}"}


# --- the store


def test_reports_get_ids_of_their_time_and_come_newest_first(tmp_path: Path) -> None:
    store = ReportStore(tmp_path)
    assert store.all() == []
    first, second = store.save(report(1.0)), store.save(report(0.0))
    assert (first["id"], second["id"]) == ("20261122T085512Z-answers", "20261122T085512Z-answers-2")
    later = store.save({**report(1.0, kind="samples"), "created": "2026-11-23T00:00:00+00:00"})
    assert [one["id"] for one in store.all()] == [later["id"], second["id"], first["id"]]
    assert [one["id"] for one in store.all("samples")] == [later["id"]]
    assert "rows" not in store.all()[0] and store.read(first["id"]) == first
    assert first["created"] == "2026-11-22T08:55:12+00:00"
    store.remove(second["id"])
    assert [one["id"] for one in store.all("answers")] == [first["id"]]
    assert [path.name for path in tmp_path.rglob("*.new")] == []


@pytest.mark.parametrize("name", ["nothing", "../reports/x", "", "a/b", "x.json"])
def test_what_is_no_id_is_no_report(tmp_path: Path, name: str) -> None:
    (tmp_path / "x.json").write_text("{}", "utf-8")
    for call in (ReportStore(tmp_path).read, ReportStore(tmp_path).remove):
        with pytest.raises(EvaluationError, match="no report"):
            call(name)


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "cannot be read"), ("[]", "is no report"), ('{"id": "x"}', "is no report"), (None, "shape 99")],
)
def test_a_damaged_or_newer_file_is_named_and_left_out_of_the_list(
    tmp_path: Path, text: str | None, message: str
) -> None:
    store = ReportStore(tmp_path)
    store.folder.mkdir()
    newer = json.dumps({**report(1.0), "version": 99})
    (store.folder / "bad.json").write_text(text or newer, "utf-8")
    with pytest.raises(EvaluationError, match=message):
        store.read("bad")
    assert store.all() == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("version", "1"), ("kind", "magic"), ("kind", ["answers"]), ("created", None), ("created", 5),
        ("created", "yesterday"), ("n", "1"),
        ("configuration", None), ("configuration", {"data": {}, "models": {}}), ("figures", []),
        ("metrics", {"right": {"mean": None}}), ("rows", None), ("rows", [{"id": "1", "question": "q"}]),
    ],
)  # fmt: skip
def test_a_report_that_somebody_spoilt_takes_no_other_with_it(tmp_path: Path, key: str, value: Any) -> None:
    store = ReportStore(tmp_path)
    good = store.save(report(1.0, None))
    (store.folder / "bad.json").write_text(json.dumps({**good, "id": "bad", key: value}), "utf-8")
    with pytest.raises(EvaluationError, match="is no report"):
        store.read("bad")
    assert [one["id"] for one in store.all()] == [good["id"]]


def test_a_copy_of_a_report_is_another_report(tmp_path: Path) -> None:
    store = ReportStore(tmp_path)
    made = store.save(report(1.0))
    text = (store.folder / f"{made['id']}.json").read_text("utf-8")
    for name in ("copy", f"{made['id']} (1)"):  # the second is no id, so nothing could open or remove it
        (store.folder / f"{name}.json").write_text(text, "utf-8")
    assert {one["id"] for one in store.all()} == {made["id"], "copy"}
    store.remove("copy")
    assert [one["id"] for one in store.all()] == [made["id"]] == [store.read(made["id"])["id"]]


def test_means_leave_out_rows_that_a_measure_does_not_apply_to() -> None:
    found = metrics_of([*rows(1.0, None, 0.0), *rows(30.0, name="total_ms")])
    assert (found["right"]["mean"], found["right"]["n"], found["right"]["higher_is_better"]) == (0.5, 2, True)
    assert (found["total_ms"]["n"], found["total_ms"]["higher_is_better"]) == (1, False)
    assert metrics_of(rows(None, None)) == {}


# --- rows of the other kinds


def test_kept_and_caught_of_rows_average_to_the_balanced_accuracy() -> None:
    labels = ["supported", "supported", "supported", "neither", "contradicted"]
    verdicts = ["supported", "neither", "supported", "neither", "supported"]
    pairs = [PairRow(str(i), Pair(("e",), f"c{i}"), label) for i, label in enumerate(labels)]  # type: ignore[arg-type]
    found = [Judgement(one, (0.1, 0.2, 0.7), Span(0, 1), 0) for one in verdicts]  # type: ignore[arg-type]
    metrics = metrics_of(grounding_rows(pairs, found))
    assert (metrics["kept"]["n"], metrics["caught"]["n"], metrics["right"]["mean"]) == (3, 2, 0.6)
    both = (metrics["kept"]["mean"] + metrics["caught"]["mean"]) / 2
    assert both == pytest.approx(balanced_accuracy(labels, verdicts), abs=1e-4)


def test_rows_of_abstention_tell_false_answers_and_false_refusals() -> None:
    asked = [AbstentionRow(str(i), "q", (), answerable) for i, answerable in enumerate([True, True, False])]
    found = [one["measures"] for one in abstention_rows(asked, 0.5, [(0, 0.5), (0, 0.49), (0, 0.5)])]
    assert found == [
        {"false_answer": None, "false_refusal": 0.0}, {"false_answer": None, "false_refusal": 1.0},
        {"false_answer": 1.0, "false_refusal": None},
    ]  # fmt: skip


def test_rows_of_retrieval_tell_the_place_of_the_right_page_in_every_ranking() -> None:
    items = {1: ("a", 1), 2: ("b", 1), 3: ("b", 2)}
    asked = [Question("1", "q", ("b", 2), "table"), Question("2", "r", ("z", 1))]
    found = [Candidates([(1, 0.9), (2, 0.5), (3, 0.4)], [(3, 5.0)], items)] * 2
    told = evaluated("pdf", asked, found, default_weight=0.5)
    assert [row["ranks"]["dense"] for row in told.rows] == [3, None]
    assert [row["ranks"]["lexical"] for row in told.rows] == [1, None]
    assert told.rows[0]["measures"]["mrr@10"] == pytest.approx(1 / told.rows[0]["ranks"]["hybrid"])
    assert metrics_of(told.rows)["mrr@10"]["mean"] == told.value["all"]["mrr@10"]
    assert set(evaluated("pdf", asked, found, mode="dense").rows[0]["ranks"]) == {"dense"}


def test_the_lead_over_the_fusion_is_that_over_the_ranking_which_the_rows_tell() -> None:
    """With 0.2 for the dense search, which alone is right: the weight chosen on the other half is higher."""
    items = {row: (f"{row}", 1) for row in range(4)}
    asked = [Question(str(i), f"q{i}", ("1", 1)) for i in range(40)]
    found = [Candidates([(1, 0.9), (0, 0.1)], [(0, 9.0), (2, 8.0), (3, 7.0)], items)] * 40
    read = Readings("r", 4, 0.5, [{1: 1.0}] * 40, [1.0] * 40)
    told = evaluated("pdf", asked, found, default_weight=0.2, readings=read)
    leads = [1 / row["ranks"]["hybrid"] - 1 / row["ranks"]["fused"] for row in told.rows]
    assert min(told.value["weights"].values()) > 0.2 and told.rows[0]["ranks"]["fused"] > 1
    assert told.value["comparisons"]["fused"]["mrr@10"]["mean"] == pytest.approx(
        sum(leads) / len(leads), abs=1e-4
    )


# --- curves


def test_recall_by_k_is_the_share_of_ranks_up_to_k() -> None:
    ranks = [1, 3, None, 3]
    curve = recall_by_k([{"ranks": {"hybrid": rank}} for rank in ranks])["hybrid"]
    assert curve[:4] == [[1, 0.25], [2, 0.25], [3, 0.75], [4, 0.75]] and curve[-1] == [20, 0.75]


def test_latency_is_the_empirical_distribution() -> None:
    given = rows(30.0, None, 10.0, 30.0, 20.0, name="total_ms")
    values = np.array([30.0, 10.0, 30.0, 20.0])
    expected = [[x, float((values <= x).mean())] for x in (10.0, 20.0, 30.0)]
    assert shares_within(given, "total_ms") == expected
    assert shares_within(given, "first_token_ms") == []


def test_a_report_has_the_curves_of_its_kind() -> None:
    made = report(1.0, 0.0)
    assert curves_of(made) == {}
    for row, kind in zip(made["rows"], ("table", "text"), strict=True):
        row.update(type=kind, verdicts=["supported", "partly"])
    made["figures"]["faults"] = {"not_read": 1}
    found = curves_of(made)
    assert set(found) == {"verdicts", "latency", "faults", "by_type"}
    assert found["verdicts"]["supported"] == 2 and found["by_type"]["text"] == {"n": 1, "right": 0.0}
    assert curves_of({**report(1.0), "figures": {"curve": [1]}}) == {"abstention": [1]}


# --- comparisons


def test_the_difference_is_that_of_the_questions_both_have() -> None:
    first, second = report(*[0.0] * 20, 1.0), report(*[0.0] * 10, *[1.0] * 10)
    found = compare_reports(first, second)
    one = found["metrics"]["right"]
    assert (found["n"], found["left_out"], one["n"], one["differing"]) == (20, 1, 20, 10)
    assert (one["first"], one["second"], one["difference"]["mean"]) == (0.0, 0.5, 0.5)
    assert one["verdict"] == "better"
    assert compare_reports(second, first)["metrics"]["right"]["verdict"] == "worse"
    assert compare_reports(first, first)["metrics"]["right"]["verdict"] == "same"


def test_a_question_that_is_asked_of_several_texts_counts_each_time() -> None:
    first, second = report(0.0, 0.0, 1.0), report(0.0, 1.0, 1.0)
    for one in (*first["rows"], *second["rows"]):
        one.update(id="q", question="the same question")
    found = compare_reports(first, second)
    assert (found["n"], found["left_out"], found["metrics"]["right"]["differing"]) == (3, 0, 1)


def test_false_answers_that_rise_are_worse_and_rows_without_a_value_fall_out() -> None:
    first = report(*[0.0] * 12, None, name="false_answer")
    second = report(*[1.0] * 12, 1.0, name="false_answer")
    one = compare_reports(first, second)["metrics"]["false_answer"]
    assert (one["n"], one["verdict"], one["higher_is_better"]) == (12, "worse", False)


def test_few_questions_that_differ_show_nothing() -> None:
    """As a two-sided sign test at 5 %: with k of one sign its p is 2 / 2**k."""
    fewest = next(k for k in range(1, 20) if 2 / 2**k < 0.05)
    assert fewest == FEWEST
    sure = Interval(0.5, 0.4, 0.6)
    assert judged(sure, fewest, higher_is_better=True) == "better"
    assert judged(sure, fewest - 1, higher_is_better=True) == "same"
    assert judged(Interval(0.1, -0.1, 0.3), 50, higher_is_better=True) == "same"


def test_reports_that_cannot_be_compared_say_why() -> None:
    with pytest.raises(EvaluationError, match="of one kind"):
        compare_reports(report(1.0), report(1.0, kind="samples"))
    other = report(1.0)
    other["rows"][0]["question"] = "another question with the same id"
    with pytest.raises(EvaluationError, match="no question in common"):
        compare_reports(report(1.0), other)


# --- made questions and the library layout


def test_made_questions_are_kept_reviewed_and_not_made_again(tmp_path: Path) -> None:
    store = QuestionStore(tmp_path)
    made = [
        draft(f"質問{i}", "10日", "d1", 4 * i, f"文{i}である。", made_by="rules") for i in range(3)
    ]  # fmt: skip
    assert (store.add(made), store.add(made)) == (3, 0)
    again = draft("質問0", "10日", "d2", 0, "別の文書。", made_by="rules")
    assert store.add([again]) == 0  # the same words twice could not be told apart
    accepted = store.review(made[0].id, "accepted", by="佐藤")
    store.review(made[1].id, "rejected")
    assert (accepted.status, accepted.reviewed_by, accepted.reviewed_at is not None) == (
        "accepted",
        "佐藤",
        True,
    )
    assert [one.id for one in store.all()] == [made[2].id, made[0].id, made[1].id]
    assert [one.id for one in store.all("accepted")] == [made[0].id] and store.add(made) == 0
    edited = store.edit(made[0].id, text=" 何日？ ", answers=["10日", " ", "十日"])
    assert (edited.question, edited.answers, edited.status) == ("何日？", ("10日", "十日"), "accepted")
    assert store.review(made[0].id, "draft").reviewed_at is None
    for wrong in ({"text": " "}, {"answers": [" "]}, {"text": "質問1"}):
        with pytest.raises(EvaluationError):
            store.edit(made[0].id, **wrong)
    with pytest.raises(EvaluationError, match="no question 'qx'"):
        store.review("qx", "accepted")
    store.path.write_text('{"id": "q"}\n', "utf-8")
    with pytest.raises(EvaluationError, match="does not hold"):
        store.all()


def test_a_set_over_the_own_library_is_read_and_its_mistakes_are_named(tmp_path: Path) -> None:
    one = draft("何日？", "10日", "d1", 4, "10日である。", made_by="rules").as_row()
    file = tmp_path / "qa.jsonl"

    def write(*given: dict[str, Any]) -> None:
        file.write_text("".join(json.dumps(row) + "\n" for row in given), "utf-8")

    write(one)
    data = load_dataset(tmp_path)
    assert data.layout == "library"
    assert data.questions == (
        Question(one["id"], "何日？", ("d1", 4), "", ("10日",), end=11, quote="10日である。"),
    )  # fmt: skip
    for change, message in (
        ({"start": "x"}, "must be numbers"),
        ({"quote": ""}, "'quote'"),
        ({}, "asked twice"),
    ):
        write(one, {**one, **change})
        with pytest.raises(EvaluationError, match=message):
            load_dataset(tmp_path)


@pytest.mark.parametrize(
    ("quote", "start", "text", "expected"),
    [("bc", 1, "abcd", 1), ("bc", 0, "abcd", 1), ("bc", 0, "bcbc", 0), ("bc", 1, "bcbc", None),
     ("x", 0, "abc", None), ("", 0, "abc", None), ("bc", 0, None, None)],
)  # fmt: skip
def test_a_quote_is_found_where_it_was_or_where_it_stands_once(
    quote: str, start: int, text: str | None, expected: int | None
) -> None:
    assert place_of(quote, start, text) == expected
