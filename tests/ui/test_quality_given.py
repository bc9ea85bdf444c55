"""`konkyo eval answers` of a file of questions that bring their own chunks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from quality_fakes import OTHER, RULE, Recording, command, data_set, recording, write_rows
from test_cli_docs import documented, keys

from assistant.evaluation.curves import curves_of
from ui.quality.page import report_page
from ui.web.charts import plots
from ui.web.reporting import question_details

NEAR = "日当は1日2,500円を支給する。ただし、日帰り出張には支給しない。"


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Recording:
    return recording(monkeypatch)


@pytest.fixture
def konkyo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setenv("KONKYO_RERANK__ENABLED", "off")
    return command(tmp_path / "ws", monkeypatch, capsys)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The model writes the rule: right once, false once where the rule is given, unproved where it is not."""
    asked = "一般社員の宿泊費の上限はいくらですか？"
    rows = [
        {"id": "yes", "question": asked, "answer": "12,000円", "type": "plain",
         "positive_chunk_list": [{"title": "旅費規程", "content": RULE}], "negative_chunk_list": [NEAR]},
        {"id": "near", "question": f"海外では、{asked}", "answer": "回答不可", "type": "none",
         "positive_chunk_list": [RULE], "negative_chunk_list": [NEAR], "must_abstain": True},
        {"id": "no", "question": asked, "answer": "回答不可", "type": "none",
         "positive_chunk_list": [], "negative_chunk_list": [NEAR, OTHER], "must_abstain": True},
    ]  # fmt: skip
    path = tmp_path / "given.jsonl"
    write_rows(path, *rows)
    return path


def report_of(workspace: Path) -> Any:
    """The newest report."""
    reports = sorted(
        (workspace / "evaluations" / "reports").glob("*.json"), key=lambda one: one.stat().st_mtime_ns
    )
    return json.loads(reports[-1].read_text("utf-8"))


def test_figures_rows_and_page_of_the_whole_assistant(
    konkyo: Any, model: Recording, data: Path, tmp_path: Path
) -> None:
    code, out, err = konkyo("eval", "answers", str(data), "--json")
    found = json.loads(out)
    assert code == 0, err
    assert keys(found) == keys(documented("eval answers given"))
    assert (found["n"], found["answerable"], found["unread"]) == (3, 1, 0)
    assert len(model.prompts) == 3  # also where the evidence alone would have been refused
    assert all(NEAR in prompt or RULE in prompt for prompt in model.prompts)
    report = report_of(tmp_path / "ws")
    rows = {row["id"]: row for row in report["rows"]}
    assert (rows["yes"]["proved"], rows["near"]["proved"], rows["no"]["proved"]) == (True, True, False)
    assert rows["no"]["draft"] == RULE and rows["no"]["measures"]["right"] == 1.0
    assert {"threshold": 0.0, "false_answers": 0.5, "false_refusals": 0.0} in found["curve"]
    assert report["configuration"]["options"] == {
        "gold_page": False, "bare": False, "limit": None, "seed": 0
    }  # fmt: skip
    assert report["configuration"]["data"]["layout"] == "given"
    report["curves"] = curves_of(report)
    assert "abstention" in report["curves"] and set(report["curves"]["by_type"]) == {"plain", "none"}
    for language in ("ja", "en"):
        assert "<svg" in report_page(report, language)
        assert "abstention" in [plot.name for plot in plots(report, language)]
    assert f"{rows['yes']['score']:.3f}" in [text for _, text in question_details(rows["yes"], "ja")]


def test_the_threshold_of_the_settings_decides_what_is_given(
    konkyo: Any, model: Recording, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KONKYO_ANSWERS__ANSWERABLE_AT", "1.0")
    found = json.loads(konkyo("eval", "answers", str(data), "--json")[1])
    assert (found["abstained"], found["false_answers"], found["false_refusals"]) == (3, 0.0, 1.0)
    (kept,) = (row for row in report_of(tmp_path / "ws")["rows"] if row["id"] == "yes")
    assert (kept["draft"], kept["fault"], kept["proved"]) == (RULE, "wrongly_refused", True)


def test_right_chunks_alone_are_given_to_those_that_have_any(
    konkyo: Any, model: Recording, data: Path
) -> None:
    found = json.loads(konkyo("eval", "answers", str(data), "--gold-page", "--json")[1])
    assert (found["n"], found["answerable"]) == (2, 1)
    assert len(model.prompts) == 2 and all(NEAR not in one and RULE in one for one in model.prompts)


def test_the_bare_model_reads_whole_chunks_and_is_compared(
    konkyo: Any, model: Recording, data: Path, tmp_path: Path
) -> None:
    assert konkyo("eval", "answers", str(data))[0] == 0
    whole = report_of(tmp_path / "ws")["id"]
    model.prompts = []
    found = json.loads(konkyo("eval", "answers", str(data), "--bare", "--json")[1])
    assert found["curve"] == [] and found["false_answers"] == 1.0 and found["false_refusals"] == 0.0
    assert (found["grounded"], found["auroc"]) == (None, None)
    assert len(model.prompts) == 3 and "資料に記載がありません" in model.prompts[0]
    assert sum(RULE in prompt and NEAR in prompt for prompt in model.prompts) == 2
    report = report_of(tmp_path / "ws")
    report["curves"] = curves_of(report)
    assert "abstention" not in report["curves"] and "<h1>" in report_page(report, "ja")
    code, out, _ = konkyo("eval", "compare", report["id"], whole, "--json")
    compared = json.loads(out)
    assert code == 0 and compared["n"] == 3
    assert compared["metrics"]["false_answer"]["first"] == 1.0 > compared["metrics"]["false_answer"]["second"]


def test_a_stopped_run_goes_on_and_bare_is_another_run(konkyo: Any, model: Recording, data: Path) -> None:
    model.dies_at = 2
    assert konkyo("eval", "answers", str(data))[0] != 0
    assert konkyo("eval", "answers", str(data))[0] == 0
    assert len(model.prompts) == 4
    assert konkyo("eval", "answers", str(data), "--limit", "2")[0] == 0 and len(model.prompts) == 4
    assert konkyo("eval", "answers", str(data), "--bare", "--limit", "1")[0] == 0 and len(model.prompts) == 5


def test_what_cannot_be_asked_is_refused_in_one_line(
    konkyo: Any, model: Recording, data: Path, tmp_path: Path
) -> None:
    code, _, err = konkyo("eval", "answers", str(data_set(tmp_path / "set")), "--bare")
    assert code == 2 and "--bare needs a file" in err
    rows = [json.loads(line) for line in data.read_text("utf-8").splitlines()]
    write_rows(data, rows[2])
    code, _, err = konkyo("eval", "answers", str(data), "--gold-page")
    assert code == 2 and "names no right chunk" in err
    code, _, err = konkyo("eval", "answers", str(tmp_path / "absent.jsonl"))
    assert code == 2 and model.prompts == []


def test_a_plan_may_name_the_file(konkyo: Any, model: Recording, data: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text('[[evaluation]]\nkind = "answers"\ndata = "given.jsonl"\nbare = true\n', "utf-8")
    code, out, _ = konkyo("eval", "run", str(plan), "--fail-above", "answers.false_answer=0.5", "--json")
    told = json.loads(out)
    assert code == 1 and told["failures"][0]["value"] == 1.0
