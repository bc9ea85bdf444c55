from __future__ import annotations

from pathlib import Path

import pytest
from task_fakes import OLD, FakeDocuments, ScriptedModel, finished, steps_done, steps_for

from assistant.answers import Verdict
from assistant.errors import TaskError
from assistant.tasks.kept_texts import KeptTexts
from assistant.tasks.steps import TaskRequest
from assistant.tasks.summarising import summarise
from assistant.tasks.whole_documents import document_hits, parts_of
from ingestion.documents import LOCAL_USER

REQUEST = TaskRequest("summarise", documents=("old",))
SCRIPT = {
    "要点から": "一般社員の宿泊費の上限は1泊12,000円です。日当は1日2,500円です。",
    "12,000円": "宿泊費の上限は一般社員で1泊12,000円です。社長は1泊99,000円です。",
    "2,500円": "日当は1日2,500円です。",
    "実費": "交通費は実費を支給します。",
}


def test_a_short_document_is_summarised_at_once_with_quotes_that_slice() -> None:
    library = FakeDocuments()
    hits = document_hits(library, "old", LOCAL_USER)
    model = ScriptedModel({"": "宿泊費の上限は1泊12,000円です。"})
    answer = finished(list(summarise(steps_for(REQUEST, model), hits)))
    assert len(model.prompts) == 1 and "第3条" in model.prompts[0]
    cited = answer.claims[0].citations[0]
    assert library.text("old")[cited.start : cited.end] == cited.quote
    assert [hit.text for hit in answer.hits] == [OLD[0][1]]


def test_a_long_document_is_summarised_by_parts_and_every_sentence_keeps_its_passage() -> None:
    library = FakeDocuments()
    hits = document_hits(library, "old", LOCAL_USER)
    model = ScriptedModel(SCRIPT)
    events = list(summarise(steps_for(REQUEST, model), hits, part_tokens=50))
    answer = finished(events)
    assert steps_done(events)[0] == (0, 4) and steps_done(events)[-1] == (4, 4)
    assert answer.text.startswith(
        "一般社員の宿泊費の上限は1泊12,000円です。日当は1日2,500円です。\n\n■ 第1条"
    )
    assert "99,000" not in answer.text and "99,000" not in model.prompts[-1]
    for claim in answer.claims:
        assert claim.verdict is Verdict.SUPPORTED, claim
        for cited in claim.citations:
            assert library.text("old")[cited.start : cited.end] == cited.quote
    assert {"12,000円", "2,500円"} <= {word for word in ("12,000円", "2,500円") if word in answer.text}
    assert [hit.rank for hit in answer.hits] == [1, 2, 3]


def test_what_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    library, kept = FakeDocuments(), KeptTexts(tmp_path)
    hits = document_hits(library, "old", LOCAL_USER)
    first = ScriptedModel(SCRIPT)
    stopped = steps_for(REQUEST, first, kept=kept, cancelled=lambda: len(first.prompts) > 2)
    answer = finished(list(summarise(stopped, hits, part_tokens=50)))
    assert answer.stopped and "■ 第2条" in answer.text and "第3条" not in answer.text
    again = ScriptedModel(SCRIPT)
    whole = finished(list(summarise(steps_for(REQUEST, again, kept=kept), hits, part_tokens=50)))
    assert not whole.stopped and "第3条" in whole.text
    assert "第3条" in again.prompts[0] and not any(OLD[0][1] in prompt for prompt in again.prompts)
    other = ScriptedModel(SCRIPT, name="another")
    finished(list(summarise(steps_for(REQUEST, other, kept=kept), hits, part_tokens=50)))
    assert OLD[0][1] in other.prompts[0]
    kept.sweep(lambda document: document != "old")
    assert list(tmp_path.iterdir()) == []


def test_summaries_of_very_many_parts_are_joined_in_rounds() -> None:
    chunks = [(f"第{n}条", f"第{n}条の保存期間は{n}年とする。") for n in range(1, 13)]
    library = FakeDocuments({"old": chunks})
    hits = document_hits(library, "old", LOCAL_USER)

    model = ScriptedModel({f"第{n}条の保存期間": f"第{n}条の保存期間は{n}年とする。" for n in range(1, 13)})
    events = list(summarise(steps_for(REQUEST, model), hits, part_tokens=40))
    answer = finished(events)
    assert answer.claims[0].text == "第1条の保存期間は1年とする。"
    assert len(model.prompts) > len(parts_of(hits, 40)) + 1
    assert all(claim.verdict is Verdict.SUPPORTED for claim in answer.claims)


def test_parts_hold_every_chunk_once_in_order_and_begin_with_chapters() -> None:
    chunks = [("第1章", "甲" * 30), ("第1章", "乙" * 30), ("第2章", "丙" * 30), ("第2章", "丁" * 300)]
    hits = document_hits(FakeDocuments({"d": chunks}), "d", LOCAL_USER)
    parts = parts_of(hits, 100)
    assert [hit for part in parts for hit in part.hits] == hits
    assert [part.label for part in parts] == ["第1章", "第2章", "第2章"]
    assert [source.number for source in parts[0].sources] == [1, 2]


def test_a_document_that_may_not_be_read_is_not_there() -> None:
    hidden = FakeDocuments(hidden=frozenset({"old"}))
    for library, name in ((hidden, "old"), (FakeDocuments(), "gone")):
        with pytest.raises(TaskError, match=name):
            document_hits(library, name, LOCAL_USER)
