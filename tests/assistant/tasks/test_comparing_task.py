from __future__ import annotations

from task_fakes import FakeDocuments, ScriptedModel, finished, steps_done, steps_for

from assistant.answers import Verdict
from assistant.tasks.comparing import compare
from assistant.tasks.matching_parts import differences
from assistant.tasks.steps import TaskRequest
from assistant.tasks.whole_documents import document_hits
from ingestion.documents import LOCAL_USER

REQUEST = TaskRequest("compare", documents=("old", "new"))
LIBRARY = FakeDocuments()
OLD_HITS, NEW_HITS = (document_hits(LIBRARY, name, LOCAL_USER) for name in ("old", "new"))


def test_only_the_sentences_that_differ_are_found() -> None:
    found = differences(OLD_HITS, NEW_HITS)
    sides = [(one.first and one.first.texts, one.second and one.second.texts) for one in found]
    assert sides == [
        (
            ("宿泊費の上限は、一般社員は1泊12,000円とする。",),
            ("宿泊費の上限は、一般社員は1泊13,000円とする。",),
        ),
        (("交通費は実費を支給する。",), None),
        (None, ("海外出張には支度金3万円を支給する。",)),
    ]


def test_each_difference_is_told_with_passages_of_its_document() -> None:
    said = "旅費規程 oldでは宿泊費の上限は1泊12,000円、旅費規程 newでは宿泊費の上限は1泊13,000円です。"
    events = list(compare(steps_for(REQUEST, ScriptedModel({"": said})), OLD_HITS, NEW_HITS))
    answer = finished(events)
    assert steps_done(events)[-1] == (3, 3)
    lines = answer.text.splitlines()
    assert len(lines) == 3 and "12,000円" in lines[0] and "13,000円" in lines[0]
    assert lines[1] == "- 「旅費規程 old」だけにある記述: 交通費は実費を支給する。"
    assert lines[2] == "- 「旅費規程 new」だけにある記述: 海外出張には支度金3万円を支給する。"
    for claim in answer.claims:
        for cited in claim.citations:
            assert LIBRARY.text(cited.document)[cited.start : cited.end] == cited.quote
    assert {cited.document for claim in answer.claims for cited in claim.citations} == {"old", "new"}


def test_a_wording_without_ground_gives_way_to_the_passages() -> None:
    wrong = ScriptedModel({"": "どちらも1泊99,000円です。"})
    answer = finished(list(compare(steps_for(REQUEST, wrong), OLD_HITS, NEW_HITS)))
    assert "99,000" not in answer.text
    assert "12,000円" in answer.text and "13,000円" in answer.text
    assert all(claim.verdict is Verdict.SUPPORTED for claim in answer.claims)


def test_the_same_document_twice_has_no_difference() -> None:
    model = ScriptedModel({})
    answer = finished(list(compare(steps_for(REQUEST, model), OLD_HITS, OLD_HITS)))
    assert "違いは見つかりませんでした" in answer.text and model.prompts == []
