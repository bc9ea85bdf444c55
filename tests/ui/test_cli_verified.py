"""`konkyo verified` and `konkyo feedback` over a real library and real records; no model is needed."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from interface_fakes import LetterEmbedder, LightResources, hit
from test_cli_docs import documented, keys

from assistant.answers import Answer, Timings, Verified
from ingestion.settings import Settings, SourceSettings
from ingestion.workspace import Workspace, open_workspace
from ui.asking import Asking
from ui.cli import showing
from ui.cli.main import main
from ui.errors import UsageError
from ui.local import LocalOperations

RULES = "# 休暇\n\n## 第3条\n\n有給休暇は、入社から6か月後に10日を与える。\n\n申請は3日前まで。\n"
QUOTE = "有給休暇は、入社から6か月後に10日を与える。"
QUESTION = "有給休暇は何日もらえますか？"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "ws", {})


@pytest.fixture
def folder(tmp_path: Path, workspace: Workspace) -> Path:
    made = tmp_path / "docs"
    made.mkdir()
    (made / "休暇.md").write_text(RULES, "utf-8")
    with closing(opened(workspace)) as operations:
        list(operations.ingest([str(made)]))
    return made


def opened(workspace: Workspace, **sources: SourceSettings) -> LocalOperations:
    return LocalOperations(workspace, resources=LightResources(workspace, Settings(sources=sources)))


@pytest.fixture
def konkyo(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setenv("KONKYO_WORKSPACE", str(workspace.root))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["konkyo", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return run


def cited(workspace: Workspace) -> str:
    with closing(opened(workspace)) as operations:
        (document,) = operations.documents()
        start = operations.document(document["id"])["text"].index(QUOTE)
    return f"{document['id']}:{start}-{start + len(QUOTE)}"


def test_an_answer_is_confirmed_shown_flagged_and_removed(
    konkyo: Any, workspace: Workspace, folder: Path
) -> None:
    assert konkyo("verified", "list")[1].startswith("No answer was confirmed")
    code, out, err = konkyo("verified", "add", QUESTION, "--answer", "10日です。", "--cite", cited(workspace),
                            "--also", "年休は？", "--editor", "佐藤", "--json")  # fmt: skip
    assert (code, err) == (0, "")
    added = json.loads(out)
    assert keys([added]) == keys(documented("verified list"))
    assert (added["citations"][0]["quote"], added["flag"]) == (QUOTE, None)
    assert json.loads(konkyo("verified", "show", added["id"], "--json")[1]) == added
    assert json.loads(konkyo("verified", "list", "--json")[1]) == [added]
    shown = konkyo("verified", "show", added["id"])[1]
    assert QUOTE in shown and "佐藤" in shown and "= 年休は？" in shown
    (folder / "休暇.md").write_text(RULES.replace("10日", "12日"), "utf-8")
    with closing(opened(workspace)) as operations:
        list(operations.ingest([str(folder)]))
    checked = json.loads(konkyo("verified", "check", "--json")[1])
    assert keys(checked) == keys(documented("verified check"))
    assert checked == {"ok": False, "verified": 1,
                       "flagged": [{"id": added["id"], "question": QUESTION, "flag": "changed"}]}  # fmt: skip
    assert "the quote is gone" in konkyo("verified", "check")[1]
    code, _, err = konkyo("verified", "confirm", added["id"], "--editor", "田中")
    assert code == 1 and "not in the library any more" in err
    (folder / "休暇.md").write_text(RULES, "utf-8")
    with closing(opened(workspace)) as operations:
        list(operations.ingest([str(folder)]))
    confirmed = json.loads(konkyo("verified", "confirm", added["id"], "--editor", "田中", "--json")[1])
    assert (confirmed["flag"], confirmed["editor"]) == (None, "田中")
    removed = json.loads(konkyo("verified", "remove", added["id"], "--json")[1])
    assert removed == {"done": True, "id": added["id"]}
    assert keys(removed) == keys(documented("verified remove"))
    assert konkyo("verified", "show", added["id"])[0] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--answer", "x", "--cite", "d1"], 2, "is no passage"),
        (["--answer", "x", "--cite", "d1:0-3"], 1, "no document 'd1'"),
        (["--answer", "x"], 1, "at least one passage"),
        (["--cite", "d1:0-3"], 1, "needs its answer"),
        (["--conversation", "nothing"], 1, "no conversation"),
    ],
)
def test_what_is_missing_is_said_in_one_line(
    konkyo: Any, arguments: list[str], code: int, message: str
) -> None:
    found, _, err = konkyo("verified", "add", QUESTION, "--editor", "佐藤", *arguments)
    assert found == code and message in err and "Traceback" not in err


def test_it_comes_first_and_an_answer_of_a_conversation_can_be_confirmed(
    konkyo: Any, workspace: Workspace, folder: Path
) -> None:
    document, _, place = cited(workspace).partition(":")
    start, _, end = place.partition("-")
    citation = {"document": document, "start": int(start), "end": int(end)}
    with closing(opened(workspace)) as operations:
        key = operations.new_conversation()["id"]
        operations.add_verified(QUESTION, "入社から6か月後に10日です。", [citation], editor="佐藤")
        events = list(operations.ask("有給休暇は何日もらえますか", conversation=key))
        assert [event["event"] for event in events] == ["retrieved", "token", "checked", "finished"]
        answer = events[-1]["answer"]
        assert (answer["answer"], answer["verified"]["editor"]) == ("入社から6か月後に10日です。", "佐藤")
        assert answer["claims"][0]["citations"][0]["shown_as"].endswith("休暇.md")
        kept = operations.conversation(key)["messages"][1]["answer"]
        for quoted in (*kept["hits"], *(one for claim in kept["claims"] for one in claim["citations"])):
            assert quoted.pop("state") is None  # joined to the library again, and as it was
        assert kept == answer
        other = operations.new_conversation()["id"]
        list(operations.ask(QUESTION, conversation=other))
        ordinary = list(operations.ask("有給休暇は何日もらえますか", conversation=key, verified=False))
        assert ordinary[-1]["answer"]["verified"] is None
        message = operations.conversation(key)["messages"][1]["id"]
        operations.give_feedback(key, message, rating="down", reason="outdated", corrected="12日です。")
        for wrong in ({"rating": "so-so"}, {"rating": "down", "reason": "bad"}):
            with pytest.raises(UsageError):
                operations.give_feedback(key, message, **wrong)
        compared = operations.compare("10日です。", QUOTE)
        assert {"text": "10日", "kind": "number_same"} in compared["claim"]
    listed = json.loads(konkyo("feedback", "list", "--json")[1])
    inner = (".claims[]", ".hits[]")
    assert {key for key in keys(listed) if not any(name in key for name in inner)} == keys(
        documented("feedback list")
    )
    (line,) = konkyo("feedback", "export", "--rating", "down")[1].splitlines()
    assert json.loads(line)["corrected"] == "12日です。"
    assert konkyo("feedback", "export", "--rating", "up")[1] == ""
    assert "[outdated]" in konkyo("feedback", "list")[1]
    code, out, err = konkyo("verified", "add", "別の質問は？", "--conversation", other, "--answer", "はい。",
                          "--editor", "佐藤", "--json")  # fmt: skip
    assert (code, err) == (0, "")
    again = json.loads(out)
    assert again["answer"] == "はい。"
    assert [one["quote"] for one in again["citations"]] == [QUOTE]


def test_whom_to_ask_is_named_only_when_nothing_was_answered(workspace: Workspace, folder: Path) -> None:
    with closing(opened(workspace, **{folder.as_posix(): SourceSettings(owner="人事部")})) as operations:
        hits = operations.search("有給休暇")
        whom = operations._owners.of_hits(hits)
        assert whom == [
            {"owner": "人事部", "documents": [{"document": hits[0]["document"], "title": "休暇"}]}
        ]
        answered = list(operations.ask("期限は？"))[-1]["answer"]
        assert answered["ask_whom"] == []


def test_a_withheld_answer_names_owners_and_events_of_mending_are_shown() -> None:
    asking = Asking.__new__(Asking)
    asking._shown_as = lambda source, path: f"{source}/{path}"  # type: ignore[assignment]
    asking._ask_whom = lambda hits: [{"owner": "x", "documents": [hits[0]["document"]]}]
    answer = Answer("ない", True, (), (hit(),), "m", None, Timings(1, None, 2))
    event = asking._shown({"event": "finished", "answer": answer.as_json()})
    assert event["answer"]["ask_whom"] == [{"owner": "x", "documents": ["d1"]}]
    mending = asking._shown({"event": "mending", "hits": [hit().as_json()], "claims": []})
    assert mending["hits"][0]["shown_as"] == "/srv/rules/security.pdf"


def test_the_terminal_tells_who_confirmed_what_was_mended_and_where_documents_differ() -> None:
    answer = Answer(
        "残り", False, (), (), "m", None, Timings(1, None, 2), draft="前", mended="removed",
        verified=Verified("v", "q", "佐藤", "2026-11-20T00:00:00"),
    ).as_json()  # fmt: skip
    answer["ask_whom"] = [{"owner": "人事部", "documents": [{"document": "d", "title": "休暇"}]}]
    answer["disagreements"] = [{"text": "資料によって値が異なります", "values": [], "passages": []}]
    lines = [text for text, _ in showing.note_lines(answer)]
    assert any("佐藤" in line and "2026-11-20" in line for line in lines)
    assert "残り" in lines and any("人事部" in line for line in lines)
    assert any("資料によって" in line for line in lines)
    answer["grounding"] = {"supported": 2, "partly": 0, "contradicted": 1, "unsupported": 0, "unchecked": 0}
    assert showing.grounding_line(answer) == "✓ supported 2 · ✗ contradicted 1"


def test_a_user_without_a_name_has_to_give_one(
    konkyo: Any, workspace: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 2**31 - 7)  # as in a container
    code, _, err = konkyo("verified", "add", QUESTION, "--answer", "x", "--cite", cited(workspace))
    assert code == 1 and "needs its editor" in err


def test_an_answer_is_offered_also_after_everything_was_embedded_anew(
    workspace: Workspace, folder: Path
) -> None:
    document, _, place = cited(workspace).partition(":")
    start, end = map(int, place.split("-"))
    with closing(opened(workspace)) as operations:
        passage = {"document": document, "start": start, "end": end}
        operations.add_verified(QUESTION, "10日です。", [passage], editor="佐藤")
        resources = operations.resources
        assert resources.search and resources.verified.offer("有給休暇は、何日もらえますか？") is not None
        shorter = LetterEmbedder()
        shorter.dimension = 32
        resources._serve_with(shorter)  # as `index reembed` with another model does
        assert resources.verified.offer("有給休暇は何日もらえますか") is not None
