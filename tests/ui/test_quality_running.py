"""Plans, bounds, baselines and what fails a run; nothing is measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from quality_fakes import write_rows

from assistant.errors import EvaluationError
from assistant.evaluation.reports import new_report
from ui.errors import UsageError
from ui.quality.running import compared, failures_of, read_bound, read_plan


def told(name: str, ids: str, **options: Any) -> dict[str, Any]:
    rows = [{"id": id, "question": id, "type": "", "measures": {"right": 1.0}} for id in ids]
    configuration = {"data": {"name": name}, "models": {}, "options": options, "settings": {}}
    return {**new_report("answers", configuration, {}, rows, konkyo="0"), "id": f"{name} {options}"}


def test_a_baseline_is_held_against_what_is_most_like_it() -> None:
    hotels, trains = told("hotels", "abc"), told("trains", "xyz")
    ceiling = told("hotels", "abc", gold_page=True)
    assert [one["second"] for one in compared([hotels, trains, ceiling], [hotels])] == ["hotels {}"]
    both = compared([hotels, trains, ceiling], [ceiling, hotels])
    assert [(one["first"], one["second"]) for one in both] == [(one["id"],) * 2 for one in (hotels, ceiling)]
    smaller = told("hotels", "ab", limit=2)
    assert [one["n"] for one in compared([hotels], [smaller])] == [2]
    with pytest.raises(EvaluationError, match="no question in common"):
        compared([trains], [hotels])


def test_a_drop_is_a_failure_but_times_are_not() -> None:
    one = {"n": 9, "first": 0.9, "second": 0.1, "differing": 8, "higher_is_better": True, "verdict": "worse",
           "difference": {"mean": -0.8, "low": -0.9, "high": -0.7}}  # fmt: skip
    comparison = {"kind": "answers", "first": "a", "second": "b", "n": 9, "left_out": 0,
                  "metrics": {"right": one, "total_ms": one, "f1": {**one, "verdict": "same"}}}  # fmt: skip
    assert [failure["metric"] for failure in failures_of([], [], [comparison], on_drop=True)] == ["right"]
    assert failures_of([], [], [comparison], on_drop=False) == []


@pytest.mark.parametrize("text", ["right", "right=x", "right=nan", "=0.5", "answers.=1", "wrong.right=1", ""])
def test_a_bound_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no bound"):
        read_bound(text, below=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[evaluation", "as TOML"),
        ("x = 1", "must hold tables"),
        ('[[evaluation]]\nkind = "magic"\ndata = "x"', "a kind out of"),
        ('[[evaluation]]\nkind = "answers"', "needs data"),
        ('[[evaluation]]\nkind = "samples"\ndata = "x"\nmode = "dense"', "no option 'mode'"),
        ('[[evaluation]]\nkind = "retrieval"\ndata = "x"\nmode = "magic"', "mode cannot be 'magic'"),
        ('[[evaluation]]\nkind = "answers"\ndata = "x"\nlimit = true', "limit cannot be True"),
        ('[[evaluation]]\nkind = "answers"\ndata = "x"\nlimit = 0', "at least 1"),
    ],
)
def test_a_plan_that_cannot_be_run_says_why(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "plan.toml").write_text(text, "utf-8")
    with pytest.raises(UsageError, match=message):
        read_plan(tmp_path / "plan.toml")


def test_a_folder_is_a_plan_by_what_lies_in_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="neither a TOML file"):
        read_plan(tmp_path)
    write_rows(tmp_path / "questions.jsonl", {})
    assert [one.kind for one in read_plan(tmp_path)] == ["samples"]
    write_rows(tmp_path / "qa.jsonl", {})
    assert [one.kind for one in read_plan(tmp_path)] == ["retrieval", "answers"]
