from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.answers import Answer, Citation, Claim, Timings, Verdict
from assistant.errors import EvaluationError
from assistant.evaluation.samples import SampleQuestion, evaluate_samples, load_questions

TEXT = "有給休暇は初年度10日とする。"


def citation(path: str = "rules.pdf", page: int | None = 2, start: int = 0, end: int = 14) -> Citation:
    return Citation("d1", "/samples", path, page, None, None, start, end, TEXT[start:end], 0.9, 1)


def answer(
    text: str, *citations: Citation, verdict: Verdict = Verdict.SUPPORTED, abstained: bool = False
) -> Answer:
    claim = Claim(0, len(text), text, verdict, 0.9, citations)
    return Answer(text, abstained, (claim,), (), "fake", None, Timings(1.0, 2.0, 3.0))


def question(answerable: bool = True, pages: tuple[int, ...] = (2,)) -> SampleQuestion:
    return SampleQuestion("1", "何日か", "ja", ("10日", "十日"), "rules.pdf", pages, answerable)


def judged(asked: SampleQuestion, given: Answer) -> dict[str, object]:
    return evaluate_samples([asked], lambda _: given, {"d1": TEXT}.get)


def test_right_answer_on_the_right_page() -> None:
    result = judged(question(), answer("初年度は１０日です。", citation()))
    assert {name: result[name] for name in ("n", "right", "cited_right", "slices_exact")} == {
        "n": 1, "right": 1, "cited_right": 1, "slices_exact": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "cited"),
    [
        (answer("10日です。", citation(page=3)), 0),
        (answer("10日です。", citation(path="other.pdf")), 0),
        (answer("10日です。", citation(path="old-rules.pdf")), 0),
        (answer("10日です。", citation(path="hr/rules.pdf")), 1),
        (answer("10日です。", citation(), verdict=Verdict.PARTLY), 0),
        (answer("10日です。"), 0),
    ],
)
def test_only_a_supported_citation_on_an_accepted_page_counts(given: Answer, cited: int) -> None:
    result = judged(question(), given)
    assert (result["right"], result["cited_right"]) == (1, cited)


def test_silence_and_speech_where_there_is_no_answer() -> None:
    silent = judged(question(answerable=False), answer("資料にありません", abstained=True))
    loud = judged(question(answerable=False), answer("10日です。", citation()))
    refused = judged(question(), answer("10日は資料にありません", abstained=True))
    names = ("right", "cited_right", "abstained_right", "false_answers", "false_refusals")
    assert [silent[name] for name in names] == [0, 0, 1, 0, 0]
    assert [loud[name] for name in names] == [0, 0, 0, 1, 0]
    assert [refused[name] for name in names] == [0, 0, 0, 0, 1]


def test_a_quote_that_is_not_the_slice_is_noticed() -> None:
    moved = Citation("d1", "/samples", "rules.pdf", 2, None, None, 1, 15, TEXT, 0.9, 1)
    unknown = Citation("d9", "/samples", "rules.pdf", 2, None, None, 0, 14, TEXT, 0.9, 1)
    for bad in (moved, unknown):
        assert judged(question(), answer("10日", citation(), bad))["slices_exact"] is False


def test_questions_are_read_and_bad_rows_named(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    good = {"id": 7, "question": "q", "language": "en", "answers": ["a"], "document": "x.pdf", "pages": [1],
            "answerable": True}  # fmt: skip
    path.write_text(json.dumps(good) + "\n", "utf-8")
    assert load_questions(path) == [SampleQuestion("7", "q", "en", ("a",), "x.pdf", (1,), True)]
    for change in ({"language": "fr"}, {"answers": []}, {"document": None}, {"pages": ["iv"]}):
        path.write_text(json.dumps(good | change) + "\n", "utf-8")
        with pytest.raises(EvaluationError, match="row 1"):
            load_questions(path)
    path.write_text(json.dumps({"id": "1"}) + "\n", "utf-8")
    with pytest.raises(EvaluationError, match="row 1"):
        load_questions(path)
    path.write_text("\n", "utf-8")
    with pytest.raises(EvaluationError, match="holds no questions"):
        load_questions(path)
