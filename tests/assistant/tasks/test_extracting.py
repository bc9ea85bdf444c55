from __future__ import annotations

from collections.abc import Iterator

import pytest
from task_fakes import FakeDocuments, ScriptedModel, finished, steps_for

from assistant.answers import Verdict
from assistant.errors import TaskError
from assistant.tasks.extracting import Record, extract, judged, records
from assistant.tasks.steps import TaskRequest
from assistant.tasks.whole_documents import document_hits
from ingestion.documents import LOCAL_USER

REQUEST = TaskRequest("extract", "手当の額", documents=("old",), columns=("手当", "金額"))
LIBRARY = FakeDocuments()
HITS = document_hits(LIBRARY, "old", LOCAL_USER)


@pytest.mark.parametrize(
    ("values", "verdict", "reasons"),
    [
        (("日当", "2,500円"), Verdict.SUPPORTED, ()),
        (("日当", "２５００円"), Verdict.SUPPORTED, ()),
        (("日当", "1万2千円"), Verdict.PARTLY, ("values_apart",)),
        (("日当", ""), Verdict.SUPPORTED, ()),
        (("日当", "9,900円"), Verdict.PARTLY, ("value_not_found:9,900円",)),
        (("日当", "500円"), Verdict.PARTLY, ("value_not_found:500円",)),
        (
            ("住宅手当", "9,900円"),
            Verdict.UNSUPPORTED,
            ("value_not_found:住宅手当", "value_not_found:9,900円"),
        ),
    ],
)
def test_a_row_is_checked_value_by_value(
    values: tuple[str, ...], verdict: Verdict, reasons: tuple[str, ...]
) -> None:
    found = judged(Record(values), HITS)
    if reasons == ("values_apart",):  # each value alone stands in its own sentence: half of them together
        assert found.verdict in (Verdict.PARTLY, Verdict.SUPPORTED) and len(found.citations) == 2
    else:
        assert (found.verdict, found.reasons) == (verdict, reasons)
    assert all(LIBRARY.text("old")[one.start : one.end] == one.quote for one in found.citations)


def test_rows_are_read_from_what_weak_models_write() -> None:
    text = "以下の表です。\n| 手当 | 金額 |\n|---|---|\n| 日当 | 2,500円 |\n宿泊費 | -\n甲 | 乙 | 丙\n"
    assert [one.values for one in records(text, 2)] == [
        ("手当", "金額"), ("日当", "2,500円"), ("宿泊費", ""),
    ]  # fmt: skip


def test_a_table_has_each_row_once_with_its_ground() -> None:
    model = ScriptedModel({"": "手当 | 金額\n日当 | 2,500円\n| 日当 | 2500円 |\n住宅手当 | 9,900円"})
    answer = finished(list(extract(steps_for(REQUEST, model), HITS)))
    assert answer.text.splitlines() == [
        "| 手当 | 金額 |", "| --- | --- |", "| 日当 | 2,500円 |", "| 住宅手当 | 9,900円 |",
    ]  # fmt: skip
    assert [claim.verdict for claim in answer.claims] == [Verdict.SUPPORTED, Verdict.UNSUPPORTED]
    assert answer.claims[0].citations[0].quote == "日当は1日2,500円を支給する。"
    assert "列: 手当 | 金額" in model.prompts[0]


def test_rows_behind_one_that_comes_twice_are_kept() -> None:
    twice = "| 国内出張の日当 | 2,500円を支給 |\n"
    model = ScriptedModel({"": f"{twice}| 交通費 | 実費 |\n{twice}| 宿泊費 | 12,000円 |\n"})
    answer = finished(list(extract(steps_for(REQUEST, model), HITS)))
    assert [line.split(" | ")[0] for line in answer.text.splitlines()[2:]] == [
        "| 国内出張の日当", "| 交通費", "| 宿泊費",
    ]  # fmt: skip


def test_a_model_that_writes_rows_without_end_is_stopped() -> None:
    class Endless(ScriptedModel):
        def generate(self, *_: object, **__: object) -> Iterator[str]:
            while True:
                self.prompts.append("")
                yield "| 国内出張の日当 | 2,500円を支給 |\n"

    model = Endless({})
    answer = finished(list(extract(steps_for(REQUEST, model), HITS)))
    assert len(answer.text.splitlines()) == 3 and len(model.prompts) < 10


def test_a_table_without_columns_is_refused() -> None:
    with pytest.raises(TaskError, match="columns"):
        list(extract(steps_for(TaskRequest("extract", "額"), ScriptedModel({})), HITS))
