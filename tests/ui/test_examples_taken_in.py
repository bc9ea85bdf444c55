"""Examples taken in and given back: no leak by a detour, no source forgotten, one split for one question."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from interface_fakes import LightResources
from typer.testing import CliRunner

from assistant.evaluation.question_store import QuestionStore, draft
from ingestion.settings import Settings
from ingestion.workspace import Workspace, open_workspace
from training.errors import ExampleError
from training.tuning.reviewing import read_decisions
from training.tuning.store import accepted_examples, workspace_leaks
from ui.cli import train_data
from ui.cli.train_data_review import review_at_terminal
from ui.local import LocalOperations

Json = dict[str, Any]
TRIPS = """第1条（宿泊費）
国内出張の宿泊費は、1泊につき12,000円を上限とする。

第2条（日当）
海外出張の日当は、1日につき6,500円とする。
"""
RULES = "第1条（在宅勤務）\n在宅勤務手当として、1日につき200円を支給する。\n"
ASKED = "経費の精算の申請書はどこに提出しますか。"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "ws", {})


@pytest.fixture
def operations(workspace: Workspace) -> Iterator[LocalOperations]:
    settings = Settings.model_validate({"tuning": {"validation": 0.3, "test": 0.3}})
    with closing(LocalOperations(workspace, resources=LightResources(workspace, settings))) as made:
        yield made


def lines(*rows: Json) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def listed(operations: LocalOperations, **wanted: Any) -> list[Json]:
    found: list[Json] = operations.examples(limit=500, **wanted)["examples"]
    return found


def asked_of(path: Path, *questions: str) -> str:
    path.write_bytes(lines(*({"question": one} for one in questions)))
    return str(path)


def test_a_leak_stays_one_whatever_else_is_reworded(operations: LocalOperations, tmp_path: Path) -> None:
    """The evaluation that was named when it came in is not known any more."""
    named = asked_of(tmp_path / "exam.jsonl", ASKED)
    data = lines({"instruction": ASKED, "output": "総務部です。"})
    assert operations.import_examples("qa.jsonl", data, evaluations=[named])["leaks"] == 1
    (leak,) = listed(operations)
    user, reply = leak["messages"]
    for messages in (
        [user, {**reply, "content": "総務部に提出します。"}],
        [{**user, "content": f"すみませんが、{ASKED}"}, reply],
    ):
        with pytest.raises(ExampleError, match=r"exam\.jsonl"):
            operations.edit_example(leak["id"], {"messages": messages})
    other = [{**user, "content": "名刺は何枚から注文できますか。"}, reply]
    assert operations.edit_example(leak["id"], {"messages": other})["status"] == "edited"


def test_what_an_evaluation_asks_meanwhile_is_not_accepted(
    operations: LocalOperations, workspace: Workspace
) -> None:
    operations.import_examples("qa.jsonl", lines({"instruction": ASKED, "output": "総務部です。"}))
    QuestionStore(workspace.root / "evaluations").add([draft(ASKED, "総務部", "d", 0, "q", made_by="rule")])
    with pytest.raises(ExampleError, match="evaluation"):
        operations.review_examples([{"id": listed(operations)[0]["id"], "act": "accept"}])
    assert listed(operations)[0]["status"] == "new"


def test_a_relative_evaluation_of_the_settings_begins_at_the_workspace(workspace: Workspace) -> None:
    asked_of(workspace.root / "exam.jsonl", ASKED)
    settings = Settings.model_validate({"tuning": {"evaluations": ["exam.jsonl"]}})
    leaks = workspace_leaks(workspace, settings.tuning)
    from training.tuning.examples import TuningExample

    assert leaks.find(TuningExample("answer", "総務部です。", ASKED)) == "exam.jsonl"


def test_one_question_lies_in_one_split_whatever_sort_of_example_asks_it(
    operations: LocalOperations,
) -> None:
    topics = ["経費の精算", "住所の変更", "名刺の注文", "備品の購入", "会議室の予約", "社用車の利用"]
    asked = [f"{one}の申請書はどこに提出しますか。" for one in topics]
    operations.import_examples(
        "a.jsonl", lines(*({"instruction": one, "output": "総務部です。"} for one in asked))
    )
    table = "質問,回答\n" + "".join(f"{one},所属の部門の長に直接渡してください\n" for one in asked)
    operations.import_examples("b.csv", table.encode())
    pairs = ({"prompt": one, "chosen": "総務部です。", "rejected": "分かりません。"} for one in asked)
    operations.import_examples("c.jsonl", lines(*pairs))
    splits: dict[str, set[str]] = {}
    for one in listed(operations):
        question = one["question"] or one["messages"][0]["content"]
        splits.setdefault(question, set()).add(one["split"])
    assert splits.keys() == set(asked) and len(listed(operations)) == 18
    assert all(len(found) == 1 for found in splits.values())
    assert len(set.union(*splits.values())) > 1  # they were not all put into one


def test_what_was_exported_is_known_again_after_it_was_edited(
    operations: LocalOperations, workspace: Workspace
) -> None:
    operations.import_examples("qa.jsonl", lines({"instruction": ASKED, "output": "総務部です。"}))
    (one,) = listed(operations)
    reply = {"role": "assistant", "content": "総務部の窓口に提出します。"}
    operations.edit_example(one["id"], {"messages": [one["messages"][0], reply]})
    rows = operations.export_examples()["rows"]
    assert operations.import_examples("out.jsonl", lines(*rows))["known"] == 1
    decisions = read_decisions(lines(*rows).decode(), "accept")
    done = operations.review_examples(
        [{"id": each.id, "act": each.act, "changes": dict(each.changes)} for each in decisions]
    )
    assert (done["ids"], done["statuses"]) == ([one["id"]], ["edited"])
    with pytest.raises(ExampleError, match="twice"):
        operations.review_examples(
            [{"id": one["id"], "act": "accept"}, {"id": rows[0]["id"], "act": "reject"}]
        )
    assert [each.messages[1].content for each in accepted_examples(workspace)] == [reply["content"]]


@pytest.fixture
def library(operations: LocalOperations, tmp_path: Path) -> dict[str, str]:
    docs = tmp_path / "docs"
    docs.mkdir()
    for name, text in (("trips.txt", TRIPS), ("rules.txt", RULES)):
        (docs / name).write_text(text, "utf-8")
    assert list(operations.ingest([str(docs)]))[-1]["event"] == "report"
    return {one["locations"][0]["path"]: one["id"] for one in operations.documents()}


def test_sources_that_answer_are_not_put_below_a_refusal(
    operations: LocalOperations, library: dict[str, str]
) -> None:
    question = "国内出張の宿泊費の上限は1泊いくらですか"
    table = f"質問,回答,回答可否\n{question},資料に記載がありません,いいえ\n{question},12000円です,はい\n"
    report = operations.import_examples("qa.csv", table.encode(), find_evidence=True)
    refused, answered = listed(operations)
    assert report["with_evidence"] == 1
    assert (refused["answerable"], refused["evidence"]) == (False, [])
    assert "12,000円を上限とする" in answered["evidence"][0]["text"]


def test_the_document_that_a_row_names_stays_its_source(
    operations: LocalOperations, library: dict[str, str]
) -> None:
    named = library["rules.txt"]
    table = f"質問,回答,文書\n国内出張の宿泊費の上限は1泊いくらですか,12000円です,{named}\n"
    operations.import_examples("qa.csv", table.encode(), find_evidence=True)
    (one,) = listed(operations)
    assert one["evidence"] and named in {each["document"] for each in one["documents"]}
    assert [each["id"] for each in operations.taught(named)["examples"]] == [one["id"]]
    shown = {"heading": "規程", "text": "本文", "document": library["trips.txt"]}
    row = {
        "kind": "answer",
        "question": "日当はいくらですか。",
        "answer": "6,500円です。",
        "evidence": [shown],
    }
    operations.import_examples("own.jsonl", lines(row))
    assert [each["title"] for each in listed(operations)[1]["documents"]] == ["trips"]


def test_decisions_come_in_the_encoding_of_the_office(
    operations: LocalOperations, workspace: Workspace, tmp_path: Path
) -> None:
    operations.import_examples("qa.jsonl", lines({"instruction": ASKED, "output": "総務部です。"}))
    (one,) = listed(operations)
    file = tmp_path / "no.txt"
    file.write_bytes(f"# 担当の花子さんが確認した\n{one['id']}\n".encode("cp932"))
    done = CliRunner().invoke(
        train_data.app, ["review", "--reject", str(file), "--workspace", str(workspace.root), "--json"]
    )
    assert done.exit_code == 0, done.exception
    assert json.loads(done.stdout)["rejected"] == 1


def test_an_edit_without_another_word_counts_as_accepted(operations: LocalOperations) -> None:
    operations.import_examples("qa.jsonl", lines({"instruction": ASKED, "output": "総務部です。"}))
    typed = iter(["e", ""])
    told = review_at_terminal(
        operations, lambda _text, otherwise: next(typed) or otherwise, assignee=None, document=None, by="x"
    )
    assert (told["accepted"], told["edited"]) == (1, 0)
    assert [one["status"] for one in listed(operations)] == ["accepted"]
