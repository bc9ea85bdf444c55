"""What is answered and done is in the audit log before anybody is told, and nothing is done without it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from audit_logs import quick_folder
from interface_fakes import FakeAskResources, FakeAssistant, FakeVerified, LightResources

from assistant.answers import (
    Answer,
    Citation,
    Claim,
    Event,
    Finished,
    Query,
    Retrieved,
    Timings,
    Token,
    Verdict,
)
from assistant.errors import AuditError, GenerationError
from assistant.records import Records
from ingestion.settings import AuditSettings, Settings
from ingestion.workspace import Workspace, open_workspace
from ui.acts import ACTS
from ui.asking import Asking
from ui.errors import UsageError
from ui.local import LocalOperations
from ui.shown_as import ShownAs

Json = dict[str, Any]
RULES = "# 休暇\n\n## 第3条\n\n有給休暇は、入社から6か月後に10日を与える。\n\n申請は3日前まで。\n"
QUOTE = "有給休暇は、入社から6か月後に10日を与える。"
QUESTION = "有給休暇は何日もらえますか？"


@pytest.fixture
def resources(tmp_path: Path) -> Iterator[FakeAskResources]:
    with closing(Records.open(tmp_path / "records.db")) as records:
        yield FakeAskResources(records)


@pytest.fixture
def asking(resources: FakeAskResources) -> Asking:
    return Asking(resources, ShownAs({}, "/ws/uploads", Path("/ws/sources")))


def test_an_answer_is_in_the_log_before_it_is_finished(asking: Asking, resources: FakeAskResources) -> None:
    key = resources.records.create()["id"]
    for event in asking.stream("期限は？", conversation=key, scope={"documents": ["d1"]}):
        assert bool(resources.audit.rows) == (event["event"] == "finished")
    [(asked, answer, model, adapter)] = resources.audit.rows
    assert (asked.question, asked.task, asked.conversation) == ("期限は？", "", key)
    assert asked.scope == {"documents": ["d1"]} and (model, adapter) == (None, None)
    assert answer["answer"] == "90日です。"
    assert [message.content for message in asked.prompts[0]] == ["役割", "期限は？"]


def test_nothing_is_asked_of_a_model_when_the_log_is_full(
    asking: Asking, resources: FakeAskResources
) -> None:
    resources.audit.full = True
    with pytest.raises(AuditError, match="full"):
        next(asking.stream("期限は？"))
    assert resources.chosen == []


def test_an_answer_that_the_log_does_not_take_is_never_finished(
    asking: Asking, resources: FakeAskResources
) -> None:
    key = resources.records.create()["id"]
    resources.audit.fills_up = True
    seen = []
    with pytest.raises(AuditError, match="full"):
        for event in asking.stream("期限は？", conversation=key):
            seen.append(event["event"])
    assert "finished" not in seen
    assert resources.records.show(key)["messages"] == [] and asking.waiting == 0


def test_a_confirmed_answer_that_the_log_does_not_take_is_not_shown(
    asking: Asking, resources: FakeAskResources
) -> None:
    answer = Answer("10日です。", False, (), (), "", None, Timings(1.0, None, 1.0, 0), question="何日？")
    resources.verified = FakeVerified(answer)
    list(asking.stream("何日？"))
    assert len(resources.audit.rows) == 1
    resources.audit.fills_up = True
    with pytest.raises(AuditError):
        next(asking.stream("何日？"))


def test_what_was_shown_of_a_stopped_answer_is_in_the_log(
    asking: Asking, resources: FakeAskResources
) -> None:
    resources.assistants[None] = FakeAssistant(endless=True)
    stream = asking.stream("期限は？")
    while next(stream)["event"] != "token":
        pass
    stream.close()
    [(_, answer, *_)] = resources.audit.rows
    assert (answer["answer"], answer["stopped"], len(answer["hits"])) == ("90", True, 1)


class Failing(FakeAssistant):
    """Fails after its first token."""

    def with_adapter(self, adapter: Any) -> Any:
        return self

    def heard_by(self, heard: Any, written: Any = None) -> Any:
        return self

    def stream(self, question: str, **_named: Any) -> Iterator[Event]:
        yield Retrieved(())
        yield Token("90")
        raise GenerationError("the model stopped.")


def test_what_was_shown_of_a_failed_answer_is_in_the_log(asking: Asking, resources: FakeAskResources) -> None:
    resources.assistants[None] = Failing()
    with pytest.raises(GenerationError):
        list(asking.stream("期限は？"))
    [(asked, answer, *_)] = resources.audit.rows
    assert (asked.failed, answer["answer"]) == ("GenerationError", "90")


class Quoting(LightResources):
    """Answers every question with the best passage's first sentence that has a number."""

    def assistant(self, model: str | None = None) -> Any:
        retriever = self.search.retriever

        class Quoter(FakeAssistant):
            def with_adapter(self, adapter: Any) -> Any:
                return self

            def heard_by(self, heard: Any, written: Any = None) -> Any:
                return replace(self, heard=heard)

            def stream(self, question: str, **_named: Any) -> Iterator[Event]:
                hits = tuple(retriever.retrieve(Query(question)))
                yield Retrieved(hits, question)
                best = next(hit for hit in hits if QUOTE in hit.text)
                start = best.start + best.text.index(QUOTE)
                citation = Citation(
                    best.document, best.source, best.path, None, None, None, start, start + len(QUOTE), QUOTE,
                    0.9, 1, best.title, best.format,
                )  # fmt: skip
                claim = Claim(0, 6, "10日です。", Verdict.SUPPORTED, 0.9, (citation,))
                timings = Timings(1.0, 2.0, 3.0, 4)
                yield Finished(
                    Answer("10日です。", False, (claim,), hits, "quoting", None, timings, question=question)
                )

        return Quoter()


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A workspace with one document and one question asked of it."""
    with quick_folder() as folder:
        workspace, documents = open_workspace(folder / "ws", {}), folder / "docs"
        documents.mkdir()
        (documents / "休暇.md").write_text(RULES, "utf-8")
        with closing(opened(workspace)) as operations:
            list(operations.ingest([str(documents)]))
            list(operations.ask(QUESTION))
        yield folder


@pytest.fixture
def workspace(made: Path) -> Iterator[Workspace]:
    """A copy of it. The documents stay where they are."""
    with quick_folder() as folder:
        shutil.copytree(made / "ws", folder / "ws")
        yield open_workspace(folder / "ws", {})


def opened(workspace: Workspace, settings: Settings | None = None) -> LocalOperations:
    return LocalOperations(workspace, resources=Quoting(workspace, settings or Settings()))


def rows(operations: LocalOperations, **chosen: Any) -> list[Json]:
    found: list[Json] = operations.audit_list(**chosen)["rows"]
    return found


def test_ingest_and_question_are_rows_with_the_setup_before_them(workspace: Workspace) -> None:
    with closing(opened(workspace)) as operations:
        assert [(row["kind"], row["act"]) for row in rows(operations)] == [
            ("question", None), ("act", "job"), ("act", "setup"),
        ]  # fmt: skip
        log = [row for row, _ in operations.resources.audit.log.entries()]
        job, asked = log[1].facts, log[2].facts
        (document,) = operations.documents()
        assert job["counts"]["added"] == 1 and job["kind"] == "documents"
        assert asked["documents"].keys() == {document["id"]} == {hit["document"] for hit in asked["hits"]}
        assert asked["claims"][0]["verdict"] == "supported" and asked["model"]["name"] == "quoting"
        assert "休暇" not in log[2].payload.encode("ascii").decode("unicode_escape")
        assert operations.audit_verify()["ok"]


def test_an_answer_is_replayed_as_it_was_given(workspace: Workspace) -> None:
    with closing(opened(workspace)) as operations:
        told = operations.audit_replay(3)
        assert (told["question"], told["answer"]) == (QUESTION, "10日です。")
        [citation] = told["claims"][0]["citations"]
        assert (citation["quote"], citation["state"]) == (QUOTE, "same")
        assert told["intact"] and told["erased"] is None and told["then"]["version"]
        assert [one["key"] for one in told["changed"]] == ["model.name"]


def test_a_replay_tells_what_has_changed_since(made: Path, workspace: Workspace) -> None:
    changed = Settings(retrieval={"top_k": 3})  # type: ignore[arg-type]
    with closing(opened(workspace, changed)) as operations:
        (document,) = operations.documents()
        told = operations.audit_replay(3)
        assert {"key": "settings.values.retrieval.top_k", "then": 8, "now": 3} in told["changed"]
        operations.remove_document(document["id"])
        told = operations.audit_replay(3)
        assert told["claims"][0]["citations"][0]["state"] == "removed"
        assert told["documents"][0]["there"] is False
        assert told["claims"][0]["citations"][0]["quote"] == QUOTE


def test_rows_are_listed_by_page_words_and_kind(workspace: Workspace) -> None:
    with closing(opened(workspace)) as operations:
        page = operations.audit_list(limit=2)
        assert len(page["rows"]) == 2
        further = operations.audit_list(limit=2, below=page["next"])
        assert [row["id"] for row in page["rows"] + further["rows"]] == [3, 2, 1] and further["next"] is None
        assert [row["id"] for row in rows(operations, words="有給　休暇は")] == [3]
        assert rows(operations, words="有給 出張", kind="question") == []
        assert rows(operations, until="2020-01-01") == [] == rows(operations, since="2999-01-01")
        assert rows(operations, user="nobody") == []
        with pytest.raises(UsageError, match="no day"):
            operations.audit_list(since="soon")
        looked = rows(operations, words="", limit=1)[0]
        assert looked["act"] == "audit_list"  # who looks into it is in it


def test_erased_words_are_gone_and_the_row_tells_why(workspace: Workspace) -> None:
    with closing(opened(workspace)) as operations:
        with pytest.raises(UsageError, match="only one"):
            operations.audit_erase(by="佐藤", reason="求め", user="local", row=3)
        with pytest.raises(UsageError, match="reason"):
            operations.audit_erase(by="佐藤", reason=" ", row=3)
        done = operations.audit_erase(by="佐藤", reason="本人の求め", user="local")
        assert (done["erased"], done["rows"]) == (1, [[3, 3]])
        told = operations.audit_replay(3)
        assert told["question"] is told["answer"] is told["prompts"] is None
        assert (told["erased"]["by"], told["erased"]["reason"]) == ("佐藤", "本人の求め")
        assert told["claims"][0]["citations"][0]["state"] == "erased"
        assert rows(operations, kind="question")[0]["erased"]
        assert operations.audit_verify()["ok"] and operations.audit_verify()["erased"] == 1


def test_words_that_are_too_old_are_erased_by_the_next_question(workspace: Workspace) -> None:
    settings = Settings(audit=AuditSettings(keep_days=30))
    with closing(opened(workspace, settings)) as operations:
        operations.resources.audit.ready()
        assert not rows(operations, kind="question")[0]["erased"]
    log = operations.resources.audit.log
    log._clock = lambda: "2020-05-01T00:00:00.000000+00:00"
    log.append("local", "question", {"task": ""}, {"question": {"asked": "昔の質問"}})
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat(timespec="microseconds")
    log._clock = lambda: yesterday
    log.append("local", "act", {"act": "upload"})
    with closing(opened(workspace, settings)) as operations:
        list(operations.ask(QUESTION))
        erased = [row["id"] for row in rows(operations, kind="question") if row["erased"]]
        assert len(erased) == 1
        assert operations.audit_replay(erased[0] + 2)["facts"]["by"] == "audit.keep_days"
        assert operations.audit_verify()["ok"]
    log.close()


def test_prompts_that_were_edited_by_hand_are_a_row(workspace: Workspace) -> None:
    with closing(opened(workspace)) as operations:
        list(operations.ask(QUESTION))
        assert [row["act"] for row in rows(operations, kind="act")].count("setup") == 1
        workspace.prompts.mkdir(exist_ok=True)
        (workspace.prompts / "note.toml").write_text("x = 1")
        list(operations.ask(QUESTION))
        setups = [row["id"] for row in rows(operations, kind="act") if row["act"] == "setup"]
        assert operations.audit_replay(setups[0])["facts"]["prompts"].keys() == {"note.toml"}


def test_acts_are_rows_and_their_words_can_be_erased(workspace: Workspace) -> None:
    with closing(opened(workspace)) as operations:
        conversation = operations.new_conversation()["id"]
        list(operations.ask(QUESTION, conversation=conversation))
        message = operations.conversation(conversation)["messages"][1]["id"]
        operations.give_feedback(conversation, message, rating="down", reason="wrong", comment="違います")
        feedback = operations.audit_replay(rows(operations, kind="feedback")[0]["id"])
        assert feedback["words"] == {"comment": "違います"}
        assert feedback["facts"]["arguments"]["rating"] == "down"
        assert "comment" not in feedback["facts"]["arguments"]
        operations.put_word("年休", synonyms=["有給休暇"])
        operations.delete_conversation(conversation)
        assert {"put_word", "delete_conversation"} <= {row["act"] for row in rows(operations)}


def test_acts_that_fail_are_no_rows(workspace: Workspace) -> None:
    with closing(opened(workspace)) as operations:
        with pytest.raises(UsageError):
            operations.give_feedback("c", 1, rating="middling")
        assert rows(operations, kind="feedback") == []


def test_nothing_is_done_when_the_log_cannot_be_used(workspace: Workspace) -> None:
    shutil.rmtree(workspace.audit)
    workspace.audit.write_text("")
    with closing(opened(workspace)) as operations:
        (document,) = operations.documents()
        with pytest.raises(AuditError, match="nothing is done"):
            operations.remove_document(document["id"])
        with pytest.raises(AuditError, match="nothing is done"):
            list(operations.ask(QUESTION))
        events = list(operations.ingest([str(workspace.root)]))
        assert events[-1]["kind"] == "AuditError"
        assert [one["id"] for one in operations.documents()] == [document["id"]]
        assert not operations.audit_verify()["ok"]


def test_every_act_is_an_operation_with_the_arguments_that_it_names() -> None:
    import inspect

    for name, act in ACTS.items():
        assert set(act.words) <= set(inspect.signature(getattr(LocalOperations, name)).parameters), name


def test_an_export_can_be_verified_by_itself_and_is_harmless(workspace: Workspace) -> None:
    with closing(opened(workspace)) as operations:
        operations.resources.audit.log.append(
            "=cmd|' /C calc'!A0", "question", {"claims": []},
            {"question": {"asked": '@SUM(1+1)*"x"\n=2'}, "answer": {"answer": "＝HYPERLINK"}},
        )  # fmt: skip
        events = list(operations.audit_export(form="csv"))
        text = "".join(event["text"] for event in events[:-1])
        assert events[-1]["report"] == {"rows": 5, "form": "csv"}  # the export is a row, too
        import csv
        import io

        found = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
        assert found[2]["question"] == QUESTION and found[2]["verdicts"] == "supported"
        assert found[3]["user"] == "'=cmd|' /C calc'!A0"
        assert (found[3]["question"], found[3]["answer"]) == ('\'@SUM(1+1)*"x"\n=2', "'＝HYPERLINK")
        assert all(
            cell[:1] not in tuple("=+-@\t\r\n＝＋－＠") for row in found for cell in row.values() if cell
        )
        lines = "".join(
            event["text"] for event in operations.audit_export(kind="question") if event["event"] == "lines"
        )
        exported = [json.loads(line) for line in lines.splitlines()]
        assert [one["seq"] for one in exported] == [3, 4]
        assert {one["name"] for one in exported[0]["contents"]} == {"question", "answer"}
        with pytest.raises(UsageError, match="no form"):
            list(operations.audit_export(form="xlsx"))
