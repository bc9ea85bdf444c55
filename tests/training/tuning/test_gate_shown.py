"""The gate in words: every reason in both languages, the page, and the command with planted models."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from gate_fakes import (
    EVERYDAY,
    EXAMPLES,
    PlantedGenerators,
    PlantedModel,
    base_reply,
    better_reply,
    examiner,
    lines,
    planted_workspace,
)
from test_cli_docs import documented, keys

import training.tuning.gate.evaluation
import training.tuning.gate.examiner
import ui.quality.gating
from assistant.adapters import AdapterFolder
from assistant.answers import Language
from assistant.evaluation.bootstrap import Interval
from ingestion.gate_settings import GateSettings
from training.tuning.gate.measuring import LOWER_IS_BETTER, SPEEDS
from training.tuning.gate.questions import read_general
from training.tuning.gate.significance import Comparison
from training.tuning.gate.verdict import FAILING, GAINS, KEPT, PASSING, Counts, Reason, decide
from ui.cli.main import main
from ui.quality.gate_page import gate_page
from ui.quality.gating import difference_value, metric_label, metric_value, reason_text
from ui.texts import texts

LANGUAGES: tuple[Language, ...] = ("ja", "en")


def reasons() -> list[Reason]:
    """Every reason there is, with the values that the rules give it."""

    def worst(name: str, *, sure: bool = True, ratio: bool = False) -> Comparison:
        higher = name not in LOWER_IS_BETTER
        mean, half = (-0.3 if higher else 0.3), (0.1 if sure else 0.9)
        slow = Interval(1.8, 1.7, 1.9) if ratio else None
        interval = Interval(mean, mean - half, mean + half)
        return Comparison(name, 0.5, 0.5 + mean, interval, 9, 9, None, higher, slow)

    good = Comparison("behaved", 0.5, 0.8, Interval(0.3, 0.2, 0.4), 9, 9, None)
    unsure = Comparison("behaved", 0.5, 0.8, Interval(0.3, -0.2, 0.4), 9, 9, None)
    kept = Comparison("general", 0.5, 0.5, Interval(0.0, 0.0, 0.0), 9, 0, None)
    wide = Comparison("general", 0.5, 0.5, Interval(0.0, -0.2, 0.2), 9, 0, None)
    bad = {name: worst(name) for name in ("behaved", "general", *KEPT)}
    bad |= {name: worst(name, ratio=True) for name in SPEEDS}
    few, enough = Counts(1, 1, 1), Counts(99, 99, 999)
    found = [
        *decide(bad, few, GateSettings()).reasons, *decide({}, enough, GateSettings()).reasons,
        *decide({"behaved": unsure, "general": wide}, enough, GateSettings()).reasons,
        *decide({"behaved": good, "general": kept}, enough, GateSettings()).reasons,
    ]  # fmt: skip
    return list({one.code: one for one in found}.values())


def test_every_reason_is_said_in_both_languages() -> None:
    every = reasons()
    assert {one.code for one in every} == {*FAILING, *PASSING}
    for language in LANGUAGES:
        known = texts(language)["gate"]["reasons"]
        assert set(known) == {*FAILING, *PASSING}
        for one in every:
            text = reason_text(one.as_json(), language)
            assert text and "{" not in text


def test_both_languages_say_the_same_values() -> None:
    def leaves(table: Any, at: str = "") -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for key, value in table.items():
            if isinstance(value, dict):
                found |= leaves(value, f"{at}{key}.")
            else:
                found[f"{at}{key}"] = {name for _, name, _, _ in Formatter().parse(value) if name}
        return found

    ja, en = (leaves(texts(language)["gate"]) for language in LANGUAGES)
    assert ja == en


def test_values_are_points_percent_and_factors() -> None:
    lost = {"code": "general_lost", "metric": "general",
            "values": {"base": 0.9, "tuned": 0.75, "difference": -0.15, "low": -0.2, "high": -0.1,
                       "bound": 0.02, "n": 200}}  # fmt: skip
    assert "90.0\u00a0% → 75.0\u00a0%, -15.0 points; at most 2 may be lost" in reason_text(lost, "en")
    slow = {"code": "slower_to_begin", "metric": "first_token_ms", "values": {"ratio": 1.3, "bound": 1.2}}
    assert "1.30倍です。許されるのは1.20倍まで" in reason_text(slow, "ja")
    assert (metric_value("first_token_ms", 1234.5), difference_value("tokens_per_s", -2.0)) == (
        "1,234.5",
        "-2.0",
    )
    assert metric_label(GAINS["draft"], "en") == "refuses or cites rightly"
    assert metric_label("another", "ja") == "another"


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace in which llama.cpp, the embedder and the examples are planted."""
    planted_workspace(tmp_path)
    generators = PlantedGenerators(PlantedModel(base_reply), PlantedModel(better_reply))
    monkeypatch.setenv("KONKYO_WORKSPACE", str(tmp_path))
    monkeypatch.setattr(ui.quality.gating, "accepted", lambda place: EXAMPLES)
    monkeypatch.setattr(training.tuning.gate.examiner, "open_examiner", lambda place: examiner())
    module = training.tuning.gate.evaluation
    monkeypatch.setattr(module, "LlamaGenerators", lambda *_: generators)
    monkeypatch.setattr(module, "shipped_general", lambda: read_general(lines(EVERYDAY), "x"))
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["konkyo", "train", "evaluate", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_the_command_prints_what_is_documented_and_writes_a_page(
    planted: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")
    assert run(monkeypatch, "one", "--json") == 0
    printed = capsys.readouterr()
    found, example = json.loads(printed.out), documented("train evaluate")
    assert set(found) == set(example)
    assert set(found["metrics"]) >= set(example["metrics"])
    assert {frozenset(keys(one)) for one in found["metrics"].values()} >= {
        frozenset(keys(one)) for one in example["metrics"].values()
    }
    assert {frozenset(one) for one in found["reasons"]} == {frozenset(example["reasons"][0])}
    manifest = AdapterFolder(planted / "adapters").read("one")
    assert manifest.gate is not None
    assert found["id"] == manifest.gate["report"]
    page = planted / "adapters" / "one" / "gate" / f"{found['id']}.html"
    assert f"報告書を保存しました：{page}" in printed.err
    html = page.read_text("utf-8")
    assert "公開判定：one と toy" in html and "<svg" in html and "<script" not in html


def test_people_are_told_measures_and_reasons(
    planted: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    assert run(monkeypatch, "one", "--limit", "6", "--general", "5") == 0
    out = capsys.readouterr().out
    assert "general questions right: " in out
    assert "Only 5 general questions were asked; 20 are needed to decide." in out
    assert out.endswith("The adapter did not pass.\n")


def test_an_adapter_that_is_not_there_is_one_line(
    planted: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    assert run(monkeypatch, "other") == 1
    assert "there is no adapter 'other'" in capsys.readouterr().err


def test_a_page_shows_what_answers_say_as_text() -> None:
    side = {"answer": "<b>x</b>", "measures": {"general": 1.0}}
    row = {"question": "<i>?</i>", "reference": "", "accepted": ["<u>"], "base": side,
           "tuned": {"answer": "y\nz", "measures": {"general": 0.0}}}  # fmt: skip
    report = {
        "adapter": "a&b", "base": "m", "created_at": "2026-01-01", "konkyo": "1", "passed": False,
        "n": {"answerable": 1, "unanswerable": 1, "general": 1}, "reasons": [], "metrics": {},
        "rows": [row, {**row, "tuned": side}],
    }  # fmt: skip
    html = gate_page(report, "en")
    assert "&lt;b&gt;x&lt;/b&gt;" in html and "<b>" not in html and "a&amp;b" in html and "y<br>z" in html
    assert "Questions with another outcome (1)" in html and "All other questions (1)" in html
