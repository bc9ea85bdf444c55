"""Made questions, runs, comparisons and pages over a real library; no model is needed."""

from __future__ import annotations

import json
import re
from contextlib import closing
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from interface_fakes import LetterEmbedder, LightResources
from quality_fakes import Recording, command, data_set, recording, write_rows
from test_cli_docs import documented, keys

import ingestion.embedding
from assistant.evaluation.curves import curves_of
from assistant.evaluation.datasets import Dataset
from assistant.evaluation.gold import GoldRetriever
from assistant.evaluation.own_library import open_own
from assistant.evaluation.reports import ReportStore, new_report
from ingestion.dictionary import Entry, save_dictionary
from ingestion.documents import Heading
from ingestion.settings import Settings
from ingestion.validity import Facts, Version
from ingestion.workspace import Workspace, open_workspace
from training.document_questions import make_document_questions
from ui.errors import UsageError
from ui.local import LocalOperations
from ui.quality.charts import bar_chart, line_chart, round_above
from ui.quality.making import eligible, make_drafts
from ui.quality.measuring import asking_retriever
from ui.quality.page import report_page
from ui.texts import texts

LEAVE = """# 休暇規程

年次有給休暇の初年度の付与日数は10日である。

年次有給休暇は3営業日前までに申請する。

会社の創立記念休暇は毎年2日である。
"""
TRAVEL = "# 旅費規程\n\n出張時の宿泊費の上限額は1泊12,000円である。\n\n会社の創立記念休暇は毎年2日である。\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "ws", {})


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Recording:
    return recording(monkeypatch)


@pytest.fixture
def konkyo(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    return command(workspace.root, monkeypatch, capsys)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return data_set(tmp_path / "set")


def opened(workspace: Workspace) -> LocalOperations:
    return LocalOperations(workspace, resources=LightResources(workspace, Settings()))


@pytest.fixture
def folder(tmp_path: Path, workspace: Workspace) -> Path:
    made = tmp_path / "docs"
    made.mkdir()
    (made / "休暇.md").write_text(LEAVE, "utf-8")
    (made / "旅費.md").write_text(TRAVEL, "utf-8")
    with closing(opened(workspace)) as operations:
        list(operations.ingest([str(made)]))
    return made


# --- questions


def test_questions_are_made_reviewed_edited_and_asked_of_the_library(
    konkyo: Any, model: Recording, workspace: Workspace, folder: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    made = json.loads(konkyo("eval", "make", "--count", "9", "--json")[1])
    assert keys(made) == keys(documented("eval make")) and made["made"] >= 2
    listed = json.loads(konkyo("eval", "questions", "list", "--json")[1])
    assert keys(listed) == keys(documented("eval questions list"))
    texts_of = {"休暇.md": LEAVE, "旅費.md": TRAVEL}
    for one in listed:
        assert one["present"] and one["answers"][0] in one["quote"]
        assert one["quote"] in texts_of[Path(one["path"]).name]
        assert "創立記念" not in one["question"]  # two documents would answer it
    hotel = next(one for one in listed if "12,000円" in one["answers"][0])
    code, _, err = konkyo("eval", "questions", "export", str(tmp_path / "set"))
    assert code == 2 and "no question was accepted" in err
    (accepted,) = json.loads(konkyo("eval", "questions", "accept", hotel["id"], "--by", "佐藤", "--json")[1])
    assert (accepted["status"], accepted["reviewed_by"]) == ("accepted", "佐藤")
    other = next(one["id"] for one in listed if one["id"] != hotel["id"])
    assert "✗" in konkyo("eval", "questions", "reject", other)[1]
    edited = json.loads(
        konkyo("eval", "questions", "edit", hotel["id"], "--text", "宿泊費の上限額はいくらですか？",
               "--answer", "12,000円", "--json")[1]
    )  # fmt: skip
    assert (edited["question"], edited["answers"]) == ("宿泊費の上限額はいくらですか？", ["12,000円"])
    exported = json.loads(konkyo("eval", "questions", "export", str(tmp_path / "set"), "--json")[1])
    assert keys(exported) == keys(documented("eval questions export")) and exported["questions"] == 1

    monkeypatch.setattr(ingestion.embedding, "load_embedder", lambda *_: LetterEmbedder())
    found = json.loads(konkyo("eval", "retrieval", str(tmp_path / "set"), "--json")[1])
    assert found["all"]["recall@5"] == 1.0
    answered = json.loads(konkyo("eval", "answers", str(tmp_path / "set"), "--json")[1])
    assert answered["n"] == 1 and "12,000円" in model.prompts[0]
    gold = json.loads(konkyo("eval", "answers", str(tmp_path / "set"), "--gold-page", "--json")[1])
    assert gold["faults"]["not_retrieved"] == gold["faults"]["not_read"] == 0
    assert "年次有給" not in model.prompts[1]
    quotes = json.loads(konkyo("eval", "citations", str(tmp_path / "set"), "--json")[1])
    assert quotes["n"] == quotes["slices"] and quotes["wrong"] == []

    (folder / "旅費.md").write_text(TRAVEL.replace("12,000", "13,000"), "utf-8")
    with closing(opened(workspace)) as operations:
        list(operations.ingest([str(folder)]))
        (gone,) = operations.made_questions(status="accepted")
        assert not gone["present"] and operations.question_set() == []
        assert (gone["question"], gone["answers"], gone["quote"], gone["path"]) == ("", [], "", None)
    for command_name in ("retrieval", "answers"):
        assert konkyo("eval", command_name, str(tmp_path / "set"))[0] == 1


def test_the_own_library_is_asked_as_people_ask_it(
    konkyo: Any, model: Recording, workspace: Workspace, folder: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(ingestion.embedding, "load_embedder", lambda *_: LetterEmbedder())
    workspace.settings_path.write_text("[ingestion]\nfiscal_month = 1\n", "utf-8")
    _, own = open_own(workspace, Dataset("library", tmp_path, (), ""))
    retriever = asking_retriever(workspace, own.opened)
    ceiling = GoldRetriever.beside(retriever, own.opened.library, own.gold)
    assert own.opened.retriever.clock.fiscal_month == 1
    assert retriever.clock == ceiling.clock == own.opened.retriever.clock
    own.opened.close()


def test_what_the_company_calls_things_is_part_of_a_configuration(
    konkyo: Any, model: Recording, workspace: Workspace, folder: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(ingestion.embedding, "load_embedder", lambda *_: LetterEmbedder())
    (tmp_path / "set").mkdir()
    with closing(opened(workspace)) as operations:
        (one,) = [one for one in operations.resources.library.documents_list() if one.title == "旅費規程"]
    quote = "出張時の宿泊費の上限額は1泊12,000円である。"
    row = {"id": "1", "question": "宿泊費の上限額はいくらですか？", "answers": ["12,000円"],
           "document": one.id, "start": TRAVEL.index(quote), "end": TRAVEL.index(quote) + len(quote),
           "quote": quote}  # fmt: skip
    write_rows(tmp_path / "set" / "qa.jsonl", row)
    for asked in (1, 1):
        assert konkyo("eval", "answers", str(tmp_path / "set"))[0] == 0
        assert len(model.prompts) == asked
    save_dictionary(workspace.dictionary_path, [Entry("宿泊費", "", ("ホテル代",))])
    assert konkyo("eval", "answers", str(tmp_path / "set"))[0] == 0
    assert len(model.prompts) == 2
    workspace.settings_path.write_text("[models]\ncontext_tokens = 3000\n", "utf-8")
    assert konkyo("eval", "answers", str(tmp_path / "set"))[0] == 0
    assert len(model.prompts) == 3


def test_making_draws_by_seed_and_takes_from_many_documents(workspace: Workspace, folder: Path) -> None:
    with closing(opened(workspace)) as operations:
        library = operations.resources.library
        ids = [one.id for one in library.documents_list()]
        drafts = make_drafts(library, ids, count=2, seed=1)
        assert drafts == [
            *(one for one in make_drafts(library, ids[::-1], count=9, seed=1) if one in drafts)
        ] and len(drafts) == 2  # fmt: skip
        assert operations.make_questions(9)["made"] > 0
        assert operations.make_questions(9)["made"] == 0
        with pytest.raises(UsageError):
            operations.make_questions(0)
        with pytest.raises(UsageError):
            operations.review_question("q", "perhaps")
        with pytest.raises(UsageError):
            operations.made_questions(status="perhaps")


def test_only_documents_that_count_are_asked_about() -> None:
    def version(id: str, *, text: str = "", until: str | None = None, preferred: bool = True) -> Version:
        return Version(id, "f", text or id, preferred, Facts(valid_to=until), None, None)

    versions = {
        "a": version("a"), "old": version("old", until="2020-01-01"),
        "copy": version("copy", text="a", preferred=False),
    }  # fmt: skip
    found = eligible(["a", "old", "copy", "locked", "new"], versions, ["locked"], date(2026, 11, 22))
    assert found == ["a", "new"]


@pytest.mark.parametrize(
    ("sentence", "question", "value"),
    [
        ("採用から3か月間を試用期間とする。", "採用から何か月間を試用期間とするのですか？", "3か月間"),
        ("2　上限は、一般社員は1泊12,000円である。", "上限は、一般社員は1泊いくらですか？", "12,000円"),
        ("予約は8月15日(金)まで受け付けます。", "予約はいつまで受け付けますか？", "8月15日"),
        ("受付は平日の17時30分に終わります。", "受付は平日の何時に終わりますか？", "17時30分"),
        ("第12条第2項により、全員がこれを行うものとする。", None, None),
        ("ただし、30日を超えるときは届け出る。", None, None),
        ("返却は30日以内にしてください。", None, None),
        ("この規程は令和6年4月1日から施行する。", None, None),
        ("The hotel limit is 120 euros a night.", "What is the hotel limit?", "120 euros a night"),
        ("Each employee must change the password within 90 days.",
         "Within how many days must each employee change the password?", "90 days"),
        ("It is 12 metres long and wide.", None, None),
        ("The rule that applies is number 5.", None, None),
    ],
)  # fmt: skip
def test_questions_of_one_sentence(sentence: str, question: str | None, value: str | None) -> None:
    text = f"はじめの文。\n\n{sentence}"
    found = [(one.text, text[one.start : one.end]) for one in make_document_questions(text)]
    assert found == ([] if question is None else [(question, value)])


def test_the_heading_says_what_a_question_is_about_unless_it_does_so_itself() -> None:
    text = "第5条（試用期間）\n採用の日から3か月間とする。\n試用期間は3か月間とする。\n"
    asked = [one.text for one in make_document_questions(text, [Heading(1, 0, 9, "第5条（試用期間）")])]
    assert asked == [
        "試用期間について、採用の日から何か月間とするのですか？", "試用期間は何か月間とするのですか？",
    ]  # fmt: skip


# --- runs


def kept(workspace: Workspace, *values: float, kind: Any = "samples") -> dict[str, Any]:
    rows = [
        {"id": str(i), "question": f"q<{i}>", "type": "a" if i % 2 else "b", "fault": None,
         "verdicts": ["supported"], "measures": {"right": value, "total_ms": 10.0 + i},
         "answer": "<script>alert(1)</script>"}
        for i, value in enumerate(values)
    ]  # fmt: skip
    configuration = {"data": {"name": "x & y"}, "models": {"chat": "m"}, "options": {}, "settings": {}}
    made = new_report(kind, configuration, {"n": len(rows), "auroc": 0.7}, rows, konkyo="0")
    return ReportStore(workspace.root / "evaluations").save(made)


def test_a_run_fails_on_a_bound_and_on_a_drop(
    konkyo: Any,
    model: Recording,
    data: Path,
    workspace: Workspace,
    tmp_path: Path,
) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text('[[evaluation]]\nkind = "answers"\ndata = "set"\nlimit = 2\n', "utf-8")
    code, out, err = konkyo("eval", "run", str(plan), "--fail-below", "answers.right=0.6", "--json")
    found = json.loads(out)
    assert code == 1
    assert found["reports"][0].pop("figures").keys() == documented("eval answers").keys()
    assert keys(found) == {key for key in keys(documented("eval run")) if ".figures" not in key}
    assert "answers: right is 0.5, below 0.6." in err and not found["passed"]
    baseline = found["reports"][0]["id"]
    code, out, err = konkyo("eval", "run", str(plan), "--baseline", baseline, "--fail-on-drop")
    assert code == 0 and "no difference shown" in out and "Passed." in err
    assert konkyo("eval", "run", str(plan), "--fail-above", "right=0.4")[0] == 1
    assert konkyo("eval", "run", str(plan), "--fail-on-drop")[0] == 2
    assert konkyo("eval", "run", str(plan), "--fail-below", "nothing=1")[0] == 2
    samples = kept(workspace, 1.0)["id"]
    code, _, err = konkyo("eval", "run", str(plan), "--baseline", samples)
    assert code == 2 and "which is not run" in err
    asked = len(model.prompts)
    assert konkyo("eval", "run", str(plan), "--fail-below", "grounding.right=0.5")[0] == 2
    plan.write_text(plan.read_text("utf-8").replace('"set"', '"absent"'), "utf-8")
    code, _, err = konkyo("eval", "run", str(plan))
    assert code == 2 and "absent does not exist" in err and len(model.prompts) == asked


# --- reports on the terminal and as pages


def test_reports_are_listed_shown_compared_and_written_as_a_page(
    konkyo: Any,
    workspace: Workspace,
    tmp_path: Path,
) -> None:
    assert "No evaluation" in konkyo("eval", "reports")[1]
    first, second = kept(workspace, *[1.0] * 9), kept(workspace, *[0.0] * 9)
    listed = json.loads(konkyo("eval", "reports", "--kind", "samples", "--json")[1])
    assert {one["id"] for one in listed} == {first["id"], second["id"]}
    assert konkyo("eval", "reports", "--kind", "magic")[0] == 2
    assert first["id"] in konkyo("eval", "reports")[1]
    shown = json.loads(konkyo("eval", "report", first["id"], "--json")[1])
    assert {key for key in keys(shown) if key.count(".") == 1} == {
        key for key in keys(documented("eval report")) if key.count(".") == 1
    }
    assert "right" in konkyo("eval", "report", first["id"])[1]
    path = workspace.root / "evaluations" / "reports" / f"{second['id']}.json"
    found = json.loads(konkyo("eval", "compare", first["id"], str(path), "--json")[1])
    assert {re.sub("total_ms", "right", key) for key in keys(found)} == keys(documented("eval compare"))
    assert found["metrics"]["right"]["verdict"] == "worse"
    assert "→" in konkyo("eval", "compare", first["id"], second["id"])[1]
    code, _, err = konkyo(
        "eval", "report", second["id"], "--out", str(tmp_path / "r.html"), "--language", "ja"
    )
    assert code == 0 and "r.html" in err
    assert "正答" in (tmp_path / "r.html").read_text("utf-8")
    assert konkyo("eval", "report", second["id"], "--language", "de")[0] == 2
    assert konkyo("eval", "report", "nothing")[0] == 1
    code, _, err = konkyo("eval", "report", second["id"], "--out", str(tmp_path / "absent" / "r.html"))
    assert code == 2 and "cannot be written" in err


class Page(HTMLParser):
    """Collects what a page would load, and checks that every element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "data", "action")]
        if tag not in ("meta", "br"):
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_page_loads_nothing_and_runs_nothing(workspace: Workspace, language: Any) -> None:
    report = kept(workspace, 1.0, 0.0, 0.5)
    report["rows"][0]["ranks"] = {"hybrid": 1, "dense": None}
    report["rows"][1]["ranks"] = report["rows"][2]["ranks"] = {"hybrid": 3, "dense": 2}
    report["figures"] |= {
        "faults": {"not_read": 1, "wrongly_refused": 0},
        "curve": [{"threshold": 0.1, "false_answers": 0.9, "false_refusals": 0.0}],
    }
    text = report_page({**report, "curves": curves_of(report)}, language)
    page = Page(text)
    assert page.opened == [] and page.links == [] and "script" not in page.tags
    assert text.count("<svg") == 5 and "default-src 'none'" in text
    assert "http" not in text.replace("http-equiv", "") and "x &amp; y" in text and "q&lt;1&gt;" in text


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"ranks": {"hybrid": None}, "measures": {"recall@5": 0.0}}, "見つからなかった"),
        ({"measures": {"false_answer": 1.0}, "answerable": False}, "誤った回答"),
        ({"label": "neither", "verdict": "supported", "type": "neither", "measures": {"right": 0.0}},
         "どちらでもない → ✓ 根拠あり"),
        ({"fault": "of a later program", "measures": {"right": 0.0}}, "of a later program"),
    ],
)  # fmt: skip
def test_the_page_says_why_a_question_went_wrong_in_the_readers_language(
    workspace: Workspace, row: dict[str, Any], told: str
) -> None:
    report = kept(workspace, 1.0)
    right = {"id": "0", "question": "q", "type": "supported", "ranks": {"hybrid": 1}, "measures": {}}
    report["rows"] = [right, {"id": "1", "question": "q", "type": "", **row}]
    curves = {"by_type": {"supported": {"n": 1}, "neither": {"n": 1}}}
    shown = report_page({**report, "curves": curves}, "ja").split("<pre>")[0]
    assert told in re.findall(r"<td>([^<]*)</td>", shown[shown.index("<summary>不正解") :])
    assert "どちらでもない" in shown and "supported" not in shown and "neither" not in shown


def test_charts_put_points_where_they_belong() -> None:
    svg = line_chart({"a & b": [(0, 0), (10, 1)], "empty": []}, title="t", x="x", y="y")
    (line,) = [one for one in ElementTree.fromstring(svg).iter("polyline")]
    (left, bottom), (right, top) = (pair.split(",") for pair in line.attrib["points"].split())
    assert (float(left), float(bottom), float(right), float(top)) == (64.0, 252.0, 604.0, 16.0)
    bars = ElementTree.fromstring(bar_chart({"one": 1, "two": 2, "none": 0}, title="t"))
    wide = [float(one.attrib["width"]) for one in bars.iter("rect")]
    assert wide == [pytest.approx(wide[1] / 2), wide[1], 0.0]
    assert [round_above(value) for value in (0, 0.3, 1, 1.1, 4900, 5000.1)] == [1, 0.5, 1, 2, 5000, 10000]
    steps = line_chart({"a": [(1, 0.5), (2, 1.0)]}, title="t", x="x", y="y", steps=True)
    assert len(next(ElementTree.fromstring(steps).iter("polyline")).attrib["points"].split()) == 5


def test_both_languages_say_the_same_things() -> None:
    def leaves(table: Any, path: str = "") -> dict[str, set[str]]:
        if isinstance(table, str):
            return {path: set(re.findall(r"\{(\w+)\}", table))}
        return {k: v for name, one in table.items() for k, v in leaves(one, f"{path}.{name}").items()}

    assert leaves(texts("ja")["quality"]) == leaves(texts("en")["quality"])
