"""The training page, driven without a browser over planted examples, trainings and adapters."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash
from test_web_page import APP, ask, opened, visible
from web_fake_training import (
    QUOTE,
    make_adapter,
    make_estimate,
    make_example,
    make_gate,
    make_job,
    make_run,
)
from web_fakes import PATIENCE, SCRIPT, FakeOperations


def room(name: str, language: str = "en", **state: Any) -> AppTest:
    page = AppTest.from_file(APP, default_timeout=PATIENCE)
    page.query_params["lang"] = language
    page._page_hash = calc_hash("training")  # how AppTest would name a page that is a function
    page.session_state["training_room"] = name
    for key, value in state.items():
        page.session_state[key] = value
    page.run()
    assert not page.exception
    return page


def said(page: AppTest) -> str:
    return visible(page).replace("\\", "")


# --- examples


@pytest.mark.parametrize(
    ("language", "title", "words"),
    [("en", "Training", "No examples yet"), ("ja", "調整", "例はまだありません")],
)
def test_without_examples_the_page_says_where_they_come_from(
    operations: FakeOperations, language: str, title: str, words: str
) -> None:
    page = room("examples", language)
    assert page.title[0].value == title and words in said(page)
    page.number_input(key="build_limit").set_value(30)
    next(button for button in page.button if button.key and "build_examples" in button.key).click().run()
    assert not page.exception
    ((act, wanted),) = operations.decided
    assert act == "build" and (wanted["source"], wanted["limit"], wanted["unanswerable"]) == (
        "library", 30, 0.25,
    )  # fmt: skip


def test_an_example_is_accepted_in_other_words_and_the_next_one_opens(operations: FakeOperations) -> None:
    operations.planted_examples = [make_example("a"), make_example("b", question="次の質問？")]
    page = room("examples")
    assert [metric.value for metric in page.metric] == ["2", "0", "0", "0", "0"]
    assert page.button(key="accept_a").label == "Accept"
    page.text_area(key="example_answer_a_1").set_value("十日です。[1]")
    page.text_input(key="example_by").set_value("佐藤").run()
    assert page.button(key="accept_a").label == "Accept as changed"
    page.button(key="accept_a").click().run()
    assert not page.exception
    decision = {"id": "a", "act": "accept", "version": 1, "changes": {"answer": "十日です。[1]"}}
    assert operations.decided == [([decision], "佐藤")]
    assert page.text_area(key="example_question_b_1").value == "次の質問？"
    assert page.text_input(key="example_by").value == "佐藤"
    page.button(key="reject_b").click().run()
    assert operations.decided[-1] == ([{"id": "b", "act": "reject", "version": 1}], "佐藤")
    assert "Every candidate was decided about." in said(page)
    page.segmented_control(key="example_status").set_value("edited").run()
    page.button(key="reopen_a").click().run()
    assert operations.planted_examples[0]["status"] == "new" and not page.exception


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(operations: FakeOperations) -> None:
    operations.planted_examples = [make_example("a")]
    page = room("examples")
    operations.review_examples = _conflict  # type: ignore[method-assign]
    page.button(key="accept_a").click().run()
    assert "changed this example meanwhile" in said(page) and not page.exception


def _conflict(*_: Any, **__: Any) -> Any:
    from assistant.errors import ExampleConflictError

    raise ExampleConflictError("somebody changed this example meanwhile. Look at it again.")


def test_evidence_opens_in_its_document(operations: FakeOperations) -> None:
    operations.planted_examples = [make_example("a")]
    page = room("examples", "ja")
    page.button(key="example_passage_a_1").click().run()
    assert not page.exception
    passage = page.session_state["passage"]
    rules = operations.document(passage.document)
    assert rules["text"][passage.start : passage.end] == QUOTE == passage.quote


def test_what_is_set_aside_shows_no_words_and_cannot_be_accepted(operations: FakeOperations) -> None:
    gone = make_example(
        "a", question="", answer="", evidence=[], accepted=[], present=False, set_aside="source_removed:rules"
    )
    operations.planted_examples = [gone]
    page = room("examples")
    assert page.button(key="accept_a").disabled and not page.text_area
    assert "is not in the library any more" in said(page)


def test_examples_are_filtered_and_assigned(operations: FakeOperations) -> None:
    operations.planted_examples = [
        make_example("a"), make_example("b", origin="feedback", problem="leak:questions.jsonl"),
        make_example("c", assignee="花子", split="test"),
    ]  # fmt: skip
    page = room("examples")
    page.selectbox(key="filter_problem").set_value("leak").run()
    assert page.dataframe[0].value["problem"].tolist() == ["asks what the evaluation questions.jsonl asks"]
    assert page.button(key="accept_b")
    page.selectbox(key="filter_problem").set_value(None).run()
    page.selectbox(key="filter_split").set_value("test").run()
    assert page.dataframe[0].value["assignee"].tolist() == ["花子"]
    page.text_input(key="example_whom_c_1").set_value("太郎")
    page.button(key="assign_c").click().run()
    assert operations.decided[-1] == (["c"], "太郎", "") and not page.exception


def test_conversations_and_preferences_are_edited_where_they_can_be(operations: FakeOperations) -> None:
    turns = [{"role": "user", "content": "やあ"}, {"role": "assistant", "content": "はい"}]
    operations.planted_examples = [
        make_example("a", kind="chat", question="", answer="", messages=turns, evidence=[], accepted=[]),
    ]
    page = room("examples")
    page.text_area(key="example_reply_a_1").set_value("こんにちは").run()
    page.button(key="accept_a").click().run()
    changes = operations.decided[0][0][0]["changes"]
    assert changes == {"messages": [turns[0], {"role": "assistant", "content": "こんにちは"}]}


def test_rows_of_a_file_that_failed_are_listed(operations: FakeOperations) -> None:
    report = {
        "file": "問.csv", "form": "table", "rows": 2, "added": 1, "known": 0, "duplicates": 0, "leaks": 0,
        "personal": 0, "with_evidence": 0,
        "failed": [{"row": 3, "field": "answer", "reason": "x", "code": None}],
    }  # fmt: skip
    page = room("examples", examples_imported=report)
    assert "1 rows were not read" in said(page)
    assert page.dataframe[0].value.to_dict("list") == {"row": [3], "field": ["answer"], "reason": ["x"]}


def test_candidates_in_the_making_show_how_far_they_are(operations: FakeOperations) -> None:
    operations._job = make_job("examples")
    page = room("examples")
    assert page.button(key="cancel_work")
    counts = dict.fromkeys(("added", "duplicates", "leaks", "known", "planted", "personal"), 0)
    report = {**counts, "added": 12, "seconds": 2.0, "dropped": {}}
    operations._job = make_job("examples", "done", report=report)
    page.run()
    assert "12 new candidates" in said(page)
    page.button(key="dismiss_work").click().run()
    assert "12 new candidates" not in said(page)


def test_other_work_is_named_and_cannot_be_stopped_here(operations: FakeOperations) -> None:
    operations._job = make_job("documents")
    page = room("examples")
    assert "Other work is running" in said(page)
    assert not [button for button in page.button if button.key == "cancel_work"]


# --- trainings


def test_a_training_starts_after_its_estimate(operations: FakeOperations) -> None:
    page = room("train")
    assert page.button(key="start_training").disabled
    page.number_input(key="dial_cpu_lora.rank").set_value(8)
    page.selectbox(key="training_base").set_value("other-model")
    page.text_input(key="training_name").set_value("ours")
    page.button(key="estimate_training").click().run()
    changes = {"model.base": "other-model", "lora.rank": 8}
    assert operations.trained == [("estimate", "cpu", "sft", changes)]
    assert [metric.value for metric in page.metric] == ["3.7 GB", "48 min", "44", "612 tokens"]
    page.button(key="start_training").click().run()
    assert not page.exception
    assert operations.trained[-1] == ("start", "cpu", "ours", "sft", changes)
    assert "The training ours has started." in said(page)
    assert [metric.value for metric in page.metric][:3] == ["2 / 4", "1.500", "1.750"]


def test_another_choice_needs_another_estimate(operations: FakeOperations) -> None:
    page = room("train")
    page.button(key="estimate_training").click().run()
    assert not page.button(key="start_training").disabled
    page.segmented_control(key="training_recipe").set_value("smoke").run()
    assert page.button(key="start_training").disabled and "Estimate first" in said(page)


@pytest.mark.parametrize(("language", "words"), [("en", "needs about 30.0 GB"), ("ja", "30.0")])
def test_what_cannot_fit_is_refused_in_words(operations: FakeOperations, language: str, words: str) -> None:
    refusal = (
        "the training needs about 30.0 GB of memory, but 18.0 GB can be had. Lower data.max_tokens (the "
        "longest example has 612 tokens) or training.batch, set training.recompute = true, choose a smaller "
        "model, or end other programs."
    )
    left_out = [{"id": "x", "reason": "too long"}]
    operations.estimates = make_estimate(fits=False, refusal=refusal, left_out=left_out)
    page = room("train", language)
    page.button(key="estimate_training").click().run()
    assert page.button(key="start_training").disabled and words in said(page)
    assert language == "en" or refusal not in said(page)


def test_a_name_that_is_taken_is_told(operations: FakeOperations) -> None:
    page = room("train")
    page.text_input(key="training_name").set_value("taken")
    page.button(key="estimate_training").click().run()
    page.button(key="start_training").click().run()
    assert "there is an adapter taken already" in said(page) and not page.exception


def test_a_page_that_is_opened_anew_shows_what_runs(operations: FakeOperations) -> None:
    operations.planted_runs = [make_run("now", "running"), make_run("before")]
    page = room("train")
    assert "▶ running" in said(page) and "*10日*です。[1]" in said(page)
    assert len(page.get("vega_lite_chart")) == 2
    page.button(key="stop_now").click().run()
    assert operations.trained == [("stopped", "now")] and not page.exception
    assert "now is stopped. It can go on later." in said(page)
    page.button(key="resume_now").click().run()
    assert operations.trained[-1] == ("running", "now") and "▶ running" in said(page)


def test_a_training_that_ended_leads_to_its_adapter(operations: FakeOperations) -> None:
    operations.planted_runs = [make_run("ours")]
    operations.planted_adapters = [make_adapter("ours"), make_adapter("newer")]
    page = room("train")
    page.button(key="open_adapter_ours").click().run()
    assert not page.exception and page.subheader[0].value == "ours"


def test_why_a_training_failed_is_told(operations: FakeOperations) -> None:
    reason = "the loss is no number after step 3. Lower training.rate."
    operations.planted_runs = [make_run("a", "failed", reason=reason)]
    assert "the loss is no number after step 3" in said(room("train"))


def test_what_a_model_writes_is_never_markup(operations: FakeOperations) -> None:
    events = [{"event": "sample", "step": 1, "question": SCRIPT, "text": f"**x** {SCRIPT}"}]
    operations.planted_runs = [make_run("a", "running", events=events)]
    page = room("train")
    assert SCRIPT not in visible(page) and not page.exception


# --- adapters


def test_without_adapters_the_page_leads_to_training(operations: FakeOperations) -> None:
    page = room("adapters")
    assert "No adapters yet" in said(page) and "Now answers the base model" in said(page)


def test_steps_start_in_order_as_work_with_progress(operations: FakeOperations) -> None:
    operations.planted_adapters = [make_adapter("ours", exported=False, parity=None, gate=None)]
    page = room("adapters")
    assert page.button(key="parity_ours").disabled and page.button(key="evaluate_ours").disabled
    assert "Export it first." in said(page)
    page.button(key="export_ours").click().run()
    assert operations.published == [("export", "ours", "en", False)] and not page.exception
    assert page.button(key="cancel_work") and page.button(key="export_ours").disabled


def test_what_failed_parity_says_why_and_cannot_be_published(operations: FakeOperations) -> None:
    operations.planted_adapters = [make_adapter("ours", parity=False, gate=None)]
    page = room("adapters")
    assert "the likeliest token is the same in 50.0% of the places only" in said(page)
    assert "nothing can force that" in said(page)


def test_a_passed_adapter_is_published_tried_and_taken_back(operations: FakeOperations) -> None:
    operations.planted_adapters = [make_adapter("ours")]
    operations.gates["ours"] = [make_gate()]
    page = room("adapters")
    page.text_input(key="publish_by_ours").set_value("佐藤")
    page.button(key="publish_ours").click().run()
    assert operations.published[-1] == ("publish", "ours", "佐藤", None, False, "") and not page.exception
    assert "From the next question on answers ours." in said(page)
    page.text_area(key="roll_back_reason").set_value("苦情")
    page.button(key="roll_back").click().run()
    assert operations.published[-1] == ("rollback", None, "佐藤", "苦情")
    assert "From the next question on answers base model." in said(page)
    page.segmented_control(key="publish_whom_ours").set_value("some").run()
    page.button(key="publish_ours").click().run()
    assert operations.published[-1] == ("publish", "ours", "佐藤", 0.2, False, "")
    assert "20% of the users" in said(page) and "difference" in said(page)
    history = next(frame.value for frame in page.dataframe if "act" in frame.value)
    assert history["by"].tolist() == ["佐藤"] * 3


def test_a_failed_gate_is_forced_with_name_and_written_reason_only(operations: FakeOperations) -> None:
    operations.planted_adapters = [make_adapter("ours", gate=False)]
    operations.gates["ours"] = [make_gate(passed=False)]
    page = room("adapters")
    assert "did not pass" in said(page) and page.button(key="publish_ours").disabled
    page.checkbox(key="publish_force_ours").check().run()
    assert page.button(key="publish_ours").disabled and "your name and the reason" in said(page)
    page.text_area(key="publish_reason_ours").set_value("急ぎ").run()
    assert page.button(key="publish_ours").disabled
    page.text_input(key="publish_by_ours").set_value("佐藤").run()
    page.button(key="publish_ours").click().run()
    assert operations.published == [("publish", "ours", "佐藤", None, True, "急ぎ")] and not page.exception


def test_a_refusal_is_told(operations: FakeOperations) -> None:
    operations.planted_adapters = [make_adapter("void")]
    operations.gates["void"] = [make_gate()]
    page = room("adapters")
    page.button(key="publish_void").click().run()
    assert "does not fit" in said(page) and not page.exception


def test_an_adapter_that_answers_is_not_deleted(operations: FakeOperations) -> None:
    operations.planted_adapters = [make_adapter("ours", gate=None)]
    page = room("adapters")
    page.button(key="remove_ours").click().run()
    assert operations.published == [("remove", "ours")] and "ours was deleted." in said(page)


def test_the_report_shows_both_answers_with_their_differences(operations: FakeOperations) -> None:
    operations.planted_adapters = [make_adapter("ours")]
    operations.gates["ours"] = [make_gate()]
    page = room("adapters", "ja")
    assert "アダプターは合格です。" in said(page)
    assert len(page.get("vega_lite_chart")) == 1
    rows = next(frame.value for frame in page.dataframe if "part" in frame.value)
    assert rows["question"].tolist() == ["質問1？", "（文書を表示できなくなった質問）"]
    page.segmented_control(key="gate_rows_ours_r2").set_value("only_differing").run()
    rows = next(frame.value for frame in page.dataframe if "part" in frame.value)
    assert len(rows) == 3
    metrics = next(frame.value for frame in page.dataframe if "tuned" in frame.value)
    assert metrics["interval"].tolist()[0] == "+20.0 – +40.0"


def test_a_manifest_that_cannot_be_read_says_so(operations: FakeOperations) -> None:
    broken = make_adapter("a", base=None, created=None, method=None, exported=False, problem="unreadable.")
    operations.planted_adapters = [broken]
    assert "unreadable." in said(room("adapters"))


# --- in the chat


def test_without_adapters_the_chat_says_nothing_of_them(operations: FakeOperations) -> None:
    assert not [box for box in opened().selectbox if str(box.key).startswith("answers_")]


def test_the_chat_names_who_answers_and_testers_choose_another(operations: FakeOperations) -> None:
    operations.planted_adapters = [make_adapter("ours", published=True), make_adapter("new")]
    operations.served["current"] = "ours"
    page = opened()
    assert "Now answers: ours." in said(page)
    page.selectbox(key="answers_None_None_0").set_value("new").run()
    assert operations.published == [] and not page.exception
    ask(page, "休暇は？")
    assert operations.published == [("choose", "new")]
    chosen = page.session_state["conversation"]
    assert page.selectbox(key=f"answers_{chosen}_new_1").value == "new"
    page.selectbox(key=f"answers_{chosen}_new_1").set_value("base").run()
    assert operations.published[-1] == ("choose", "base") and not page.exception
    page.button(key="new_chat").click().run()
    assert page.selectbox(key="answers_None_None_1").value is None
