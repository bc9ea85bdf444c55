"""Examples, trainings, adapters and reports of the gate as rows, words and pictures, without a page."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_fake_training import (
    make_adapter,
    make_estimate,
    make_example,
    make_gate,
    make_job,
    make_run,
    make_side,
)

from training.tuning.recipes import Recipe, recipe_keys
from ui.texts import LANGUAGES
from ui.web import adapted, gate_shown, reviewing, tuning
from ui.web.differing import beside_html, different_parts
from ui.web.tuning_charts import run_plots


@given(st.text("あ10日a <&\n", max_size=30), st.text("あ10日a <&\n", max_size=30))
def test_parts_make_up_both_texts_and_what_is_not_marked_is_the_same(base: str, tuned: str) -> None:
    left, right = different_parts(base, tuned)
    assert "".join(text for text, _ in left) == base and "".join(text for text, _ in right) == tuned
    same = ["".join(text for text, other in parts if not other) for parts in (left, right)]
    assert same[0] == same[1]


def test_numbers_and_words_differ_as_wholes() -> None:
    left, right = different_parts("上限は12,000円です。", "上限は12,500円です。[1]")
    assert [text for text, other in left if other] == ["000"]
    assert [text for text, other in right if other] == ["500", "[1]"]
    assert different_parts("same", "same") == ([("same", False)], [("same", False)])
    assert different_parts("", "new") == ([], [("new", True)])


def test_very_long_answers_are_compared_as_wholes() -> None:
    left, right = different_parts("あ" * 5000, "い")
    assert left == [("あ" * 5000, True)] and right == [("い", True)]


def test_answers_are_never_markup() -> None:
    shown = beside_html("<script>x</script>", "<b>y</b>", "en")
    assert "<script>" not in shown and "<b>" not in shown
    assert "script" in unescape(re.sub(r"<[^>]*>", "", shown))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_field_of_a_recipe_is_explained(language: str) -> None:
    rows = tuning.field_rows(Recipe().model_dump(mode="json"), language)  # type: ignore[arg-type]
    assert [row["field"] for row in rows] == recipe_keys()
    assert all(row["means"] for row in rows)


def test_only_dials_that_were_turned_are_changes() -> None:
    fields = Recipe().model_dump(mode="json")
    same = {path: tuning.field(fields, path) for path in tuning.DIALS}
    assert tuning.dialled(fields, same) == {}
    assert tuning.dialled(fields, {**same, "lora.rank": 4}) == {"lora.rank": 4}


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, "–"), (0.2, "1 s"), (89, "89 s"), (91, "2 min"), (2900, "48 min"), (7500, "2 h 5 min")],
)
def test_durations(seconds: float | None, said: str) -> None:
    assert tuning.duration(seconds, "en") == said


def test_a_training_is_told_by_its_newest_events() -> None:
    events = make_run("a", "running")["events"]
    assert tuning.run_share(events) == 0.5
    assert tuning.run_line(events, "en") == "Step 2 of 4 · about 3 min left"
    assert tuning.run_line([], "en") == "Reading examples and model…"
    assert tuning.run_line(events[:1], "en") == "Loading the weights…"
    assert [one["step"] for one in tuning.samples(events)["年休は？"]] == [0, 2]
    row = tuning.run_rows([make_run("a")], "en")[0]
    assert (row["state"], row["steps"], row["train_loss"], row["seconds"]) == (
        "✓ done", "2 / 4", "–", "10 min",
    )  # fmt: skip


def test_both_losses_are_drawn_and_are_a_table() -> None:
    loss, rate = run_plots(make_run("a")["events"], "en")
    values = loss.spec["data"]["values"]
    assert [(one["step"], one["loss"]) for one in values if one["series"] == "Validation loss"] == [
        (0, 2.5), (2, 1.75),
    ]  # fmt: skip
    assert [row["Step"] for row in loss.rows] == [0, 1, 2]
    assert loss.rows[0]["Training loss"] == "" and loss.rows[2]["Training loss"] == "1.5000"
    json.dumps([loss.spec, rate.spec], allow_nan=False)
    assert list(run_plots([], "en")) == []


def test_an_estimate_in_words() -> None:
    said = tuning.estimate_line(make_estimate(), "en")
    assert tuning.busy_line(make_estimate(), "en") == ""
    assert "about 30 min" in tuning.busy_line(make_estimate(busy=True, quiet_seconds=1800.0), "en")
    assert "150 examples to learn from" in said and "44 steps on test-model (bf16)" in said
    assert tuning.gigabytes(3_700_000_000) == "3.7 GB"


def test_examples_say_what_they_are_and_what_is_wrong_with_them() -> None:
    plain, chat, gone = reviewing.example_rows(
        [
            make_example("a", problem="personal:2"),
            make_example("b", kind="chat", question="", answer="", documents=[], assignee="花子",
                         messages=[{"role": "user", "content": "やあ"},
                                   {"role": "assistant", "content": "はい"}]),
            make_example("c", question="", answer="", set_aside="source_removed:rules", answerable=False),
        ],
        "en",
    )  # fmt: skip
    assert (plain["status"], plain["kind"], plain["document"]) == ("◌ new", "answer", "就業規則")
    assert plain["problem"] == "2 places with personal data are masked"
    assert (chat["question"], chat["assignee"]) == ("やあ", "花子")
    assert gone["question"] == "c" and gone["kind"] == "not answered"
    assert "the document 就業規則 is not in the library any more" in gone["problem"]


def test_values_of_filters_have_names() -> None:
    assert reviewing.filter_name("origin", "import:問.csv", "en") == "file 問.csv"
    assert reviewing.filter_name("assignee", "", "ja") == "担当者なし"
    assert reviewing.filter_name("split", "test", "en") == "measuring"
    assert reviewing.filter_name("type", "of their own", "en") == "of their own"


def test_only_what_was_worded_otherwise_is_a_change() -> None:
    one = make_example("a")
    edited = {"question": one["question"], "answer": "十日です。[1]", "accepted": ["10日"]}
    assert reviewing.changes_of(one, edited) == {"answer": "十日です。[1]"}


def test_a_file_and_a_build_tell_what_came_of_them() -> None:
    report = {
        "file": "問.csv", "form": "table", "rows": 5, "added": 2, "known": 1, "duplicates": 0, "leaks": 0,
        "personal": 0, "with_evidence": 1,
        "failed": [{"row": 3, "field": "answer", "reason": "the answer is missing", "code": None},
                   {"row": 5, "field": "", "reason": "x", "code": None}],
    }  # fmt: skip
    assert "5 rows, 2 new" in reviewing.import_line(report, "en")
    rows = reviewing.failed_rows(report, "en")
    assert [(row["row"], row["field"]) for row in rows] == [(3, "answer"), (5, "–")]
    counts = dict.fromkeys(("added", "duplicates", "leaks", "known", "planted", "personal"), 1)
    built = {**counts, "seconds": 2.0, "dropped": {"not_found": 3, "gone": 0}}
    assert "3 questions left out" in reviewing.build_line(built, "en")


def test_what_an_adapter_passed_and_whom_it_answers() -> None:
    rows = adapted.adapter_rows(
        [make_adapter("a", published=True), make_adapter("b", trial=0.2, gate=False, parity=None),
         make_adapter("c", exported=False, base=None, created=None, method=None)],
        "en",
    )  # fmt: skip
    assert [row["serves"] for row in rows] == ["● everybody", "◐ 20% of the users", ""]
    assert (rows[1]["gate"], rows[1]["parity"], rows[2]["exported"]) == (
        "✕ not passed", "– not yet", "– not yet",
    )  # fmt: skip


def test_who_answers_now() -> None:
    trial = {"adapter": "new", "share": 0.2}
    assert adapted.now_answers({"current": None, "trial": None}, "en").startswith(
        "Now answers the base model"
    )
    assert adapted.now_answers({"current": "ours", "trial": trial}, "en") == (
        "Now answers: ours. new is on trial for 20% of the users."
    )


def test_what_was_published_may_be_served_again() -> None:
    def row(act: str, adapter: str | None) -> dict[str, object]:
        return {"at": "2026-11-22T04:00:00+00:00", "act": act, "adapter": adapter, "by": "佐藤",
                "reason": "急ぎ", "forced": act == "publish"}  # fmt: skip

    history = [row("publish", "a"), row("trial", "tried"), row("publish", "b"), row("rollback", None)]
    assert adapted.former(history, None) == ["b", "a"]
    assert adapted.former(history, "b") == ["a", None]
    shown = adapted.history_rows(history, "en")
    assert [one["act"] for one in shown] == [
        "back to base model",
        "published b",
        "trial of tried",
        "published a",
    ]
    assert shown[1]["reason"] == "[forced] 急ぎ" and shown[2]["reason"] == "急ぎ"


def test_a_conversation_may_have_what_can_be_served() -> None:
    adapters = [make_adapter("a"), make_adapter("b", exported=False), make_adapter("c", problem="damaged")]
    names = adapted.choice_names({"current": "a", "trial": None}, adapters, "en")
    assert names == {None: "what is published (a)", "base": "base model", "a": "a"}


def test_a_report_of_the_gate_in_rows_and_as_a_picture() -> None:
    report = make_gate()
    assert gate_shown.reasons(report, "en") == [
        "refuses or cites rightly: 40.0\u00a0% → 70.0\u00a0%, +30.0 points (95 % interval +20.0 to +40.0)."
    ]
    rows = gate_shown.metric_rows(report, "en")
    assert (rows[0]["difference"], rows[0]["interval"]) == ("+30.0", "+20.0 – +40.0")
    assert rows[0]["verdict"] == "▲ better" and rows[2]["difference"] == "+50.0"
    plot = gate_shown.metrics_plot(report, "en")
    assert plot is not None
    drawn = plot.spec["data"]["values"]
    assert [one["name"] for one in drawn] == ["refuses or cites rightly", "general questions right"]
    assert [round(drawn[0][end], 6) for end in ("low", "mean", "high")] == [20, 30, 40]
    json.dumps(plot.spec, allow_nan=False)
    assert gate_shown.metrics_plot({**report, "metrics": {}}, "en") is None


def test_questions_with_another_outcome_and_with_other_words() -> None:
    rows = make_gate()["rows"]
    assert [gate_shown.turned(row) for row in rows] == [True, False, False, True]
    assert [gate_shown.differs(row) for row in rows] == [True, True, False, True]
    shown = gate_shown.question_rows(rows, "en")
    assert shown[0]["tuned"] == "right answers, cites the right source (as checked)"
    assert shown[3]["question"].startswith("(its document may not be shown")
    assert gate_shown.outcome(make_side("x", right=0.0), "en") == "–"


def test_long_work_says_how_far_it_is_and_how_it_ended() -> None:
    assert tuning.job_line(make_job("parity", about="ours"), "en") == (
        "Parity: ours · comparing · 3 / 6 · about 30 s left"
    )
    failed = make_job("evaluate", "failed", about="ours", message="nothing was kept back")
    assert tuning.job_line(failed, "en") == "Evaluation: ours: failed. nothing was kept back"
