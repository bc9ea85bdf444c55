"""The report on use over a real library: places, owners, and words that may not be shown any more."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from test_cli_docs import documented, keys
from test_cli_verified import konkyo
from test_shown_again import PHONE, TEXT, docs, opened, operations, workspace

from assistant.answers import Answer, Finished, Retrieved, Timings
from ingestion.errors import ModelError
from ingestion.screening.policy import ScreeningSettings
from ingestion.settings import Settings, SourceSettings
from ingestion.workspace import Workspace
from ui.local import LocalOperations
from ui.task_operations import TaskOrder

__all__ = ["docs", "konkyo", "operations", "workspace"]
Json = dict[str, Any]

QUESTIONS = ("駐車場の料金はいくらですか", "駐車場の料金はいくらですか、教えて")


def asked(operations: LocalOperations, *questions: str, abstained: bool = True) -> str:
    """A conversation with these questions, whose closest document is the library's only one."""
    (found,) = operations.documents()
    place = {
        "document": found["id"], "source": found["locations"][0]["source"], "path": "contact.txt",
        "page": None, "page_label": None, "locator": None, "title": "contact", "format": "txt",
    }  # fmt: skip
    hit = {**place, "start": 0, "end": len(TEXT), "text": operations.document(found["id"])["text"],
           "heading_path": []}  # fmt: skip
    quote = {**place, "start": 0, "end": 5, "quote": TEXT[:5], "number": 1, "cell": None}
    claims = [{"text": "…", "verdict": "supported", "score": 1.0, "start": 0, "end": 1, "reasons": [],
               "citations": [quote]}]  # fmt: skip
    key: str = operations.new_conversation()["id"]
    for question in questions:
        operations.resources.records.append_turn(
            key, question,
            {"answer": "…", "abstained": abstained, "claims": [] if abstained else claims, "hits": [hit],
             "model": "m", "adapter": None, "question": question, "draft": "", "stopped": False,
             "timings": {"retrieve_ms": 1.0, "first_token_ms": 2.0, "total_ms": 3.0, "tokens": 1}},
        )  # fmt: skip
    return key


def test_questions_without_an_answer_name_documents_owners_and_their_conversation(
    workspace: Workspace, operations: LocalOperations, docs: Path
) -> None:
    key = asked(operations, *QUESTIONS)
    asked(operations, "受付は何時からですか", abstained=False)
    settings = Settings(sources={str(docs): SourceSettings(shown_as=r"\\server\docs", owner="総務")})
    with closing(opened(workspace, settings)) as again:
        report = again.monitoring()
    (group,) = report["unanswered"]["groups"]
    assert {one["question"] for one in group["questions"]} == set(QUESTIONS)
    assert {one["conversation"] for one in group["questions"]} == {key}
    (document,) = group["documents"]
    assert (document["shown_as"], document["n"]) == (r"\\server\docs\contact.txt", 2)
    assert [one["owner"] for one in group["owners"]] == ["総務"]
    (folder,) = report["topics"]["folders"]
    assert (folder["shown_as"], folder["count"], folder["kind"]) == (r"\\server\docs", 3, "folder")
    (cited,) = report["topics"]["documents"]
    assert (cited["count"], cited["path"]) == (1, "contact.txt")
    assert report["unanswered"]["by"] == "vectors"


def test_what_was_masked_since_is_not_told(
    workspace: Workspace, operations: LocalOperations, docs: Path
) -> None:
    asked(operations, f"{PHONE}は誰の番号ですか")
    assert PHONE in str(operations.monitoring())
    operations.close()
    with closing(opened(workspace, Settings(screening=ScreeningSettings(personal="mask")))) as again:
        assert list(again.ingest([str(docs)]))[-1]["event"] == "report"
        report = again.monitoring()
    assert PHONE not in str(report)
    assert "は誰の番号ですか" in report["unanswered"]["groups"][0]["questions"][0]["question"]


def test_a_removed_document_is_not_named(operations: LocalOperations) -> None:
    asked(operations, *QUESTIONS)
    asked(operations, "受付は何時からですか", abstained=False)
    operations.remove_document(operations.documents()[0]["id"])
    report = operations.monitoring()
    assert "contact" not in str(report)
    assert [one["kind"] for one in report["topics"]["folders"]] == ["gone"]
    assert report["unanswered"]["groups"][0]["documents"] == []


def test_without_the_embedder_words_group(
    workspace: Workspace, operations: LocalOperations, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(operations, *QUESTIONS)

    class Absent(type(operations.resources)):  # type: ignore[misc]
        @property
        def search(self) -> Any:
            raise ModelError("multilingual-e5-small is not there. Pull it.")

    operations.resources.close()
    with closing(LocalOperations(workspace, resources=Absent(workspace, Settings()))) as without:
        report = without.monitoring()
        assert report["unanswered"]["by"] == "words" and len(report["unanswered"]["groups"]) == 1
    other = Settings.model_validate({"models": {"embedder": "another"}})
    with closing(opened(workspace, other)) as another:  # its cosines mean something else
        assert another.monitoring()["unanswered"]["by"] == "words"


def test_a_task_is_kept_as_one_and_is_no_question(operations: LocalOperations) -> None:
    class Summarising:
        def heard_by(self, _heard: object, _written: object) -> Summarising:
            return self

        def count_tokens(self, text: str) -> int:
            return len(text)

        def perform(self, *_: Any, **__: Any) -> Any:
            yield Retrieved((), "")
            yield Finished(Answer("要約", False, (), (), "m", None, Timings(1.0, 2.0, 3.0)))

    operations.resources.fake = Summarising()  # type: ignore[attr-defined]
    key = operations.new_conversation()["id"]
    (document,) = operations.documents()
    events = list(operations.perform(TaskOrder("summarise", documents=(document["id"],), conversation=key)))
    assert events[-1]["answer"]["task"] == "summarise"
    list(operations.perform(TaskOrder("summarise", documents=(document["id"],), conversation=key),
                            cancelled=lambda: True))  # fmt: skip
    report = operations.monitoring()
    assert report["questions"] == 0 and report["tasks"] >= 1


def test_the_command_prints_what_the_documents_say(
    konkyo: Any, workspace: Workspace, operations: LocalOperations
) -> None:
    code, out, err = konkyo("monitor")
    assert (code, err) == (0, "") and "No questions are kept" in out
    key = asked(operations, *QUESTIONS)
    message = operations.conversation(key)["messages"][1]["id"]
    operations.give_feedback(key, message, rating="down", reason="should_answer", corrected="あります")
    asked(operations, "受付は何時からですか", abstained=False)
    operations.close()
    code, out, err = konkyo("monitor", "--days", "7", "--json")
    assert (code, err) == (0, "")
    report, example = json.loads(out), documented("monitor")
    example["shares"] = dict.fromkeys(report["shares"], example["shares"]["abstained"])
    absent = {f".shares.{name}.difference.{end}" for name in report["shares"]
              for end in ("mean", "low", "high")}  # fmt: skip
    varied = {one for one in keys(report) | keys(example) if ".reasons." in one or ".owners[]" in one}
    assert keys(report) - varied == keys(example) - absent - varied
    assert report["days"] == 7 and len(report["by_day"]) == 7
    code, out, _ = konkyo("monitor")
    assert "What to write next: 2 questions" in out and "closest: contact" in out
    assert "not in the documents: 66.7% (2/3) · not enough for a comparison" in out
    assert "Training again is not worth it yet: 1 corrected answers" in out


def test_days_that_cannot_be_looked_at_end_the_command(konkyo: Any) -> None:
    code, out, err = konkyo("monitor", "--days", "0")
    assert (code, out) == (2, "") and "--days" in err


def test_a_suggestion_names_what_to_run(
    konkyo: Any, workspace: Workspace, operations: LocalOperations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KONKYO_MONITORING__RETRAIN_AFTER", "1")
    key = asked(operations, *QUESTIONS)
    message = operations.conversation(key)["messages"][1]["id"]
    operations.give_feedback(key, message, rating="down", corrected="あります")
    operations.close()
    _, out, _ = konkyo("monitor")
    assert "Look through the feedback: 1 corrected answers" in out
    assert "  konkyo train data build --from feedback" in out
