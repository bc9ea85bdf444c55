"""The page, driven without a browser, over a workspace in memory."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash
from web_fakes import PATIENCE, SCRIPT, FakeOperations

from ingestion.errors import ModelError
from ui.errors import ServiceError
from ui.web import passages

APP = str(Path(__file__).parents[3] / "ui" / "web" / "app.py")


def opened(language: str = "en") -> AppTest:
    page = AppTest.from_file(APP, default_timeout=PATIENCE)
    page.query_params["lang"] = language
    page.run()
    assert not page.exception
    return page


def ask(page: AppTest, question: str) -> None:
    page.chat_input[0].set_value(question).run()
    for run in page.session_state["runs"].values():
        run.join(PATIENCE)
    page.run()
    assert not page.exception


def visible(page: AppTest) -> str:
    kinds = ("markdown", "caption", "text", "title", "subheader", "error", "warning", "info", "success")
    return "\n".join(element.value for kind in kinds for element in page.get(kind))


def test_a_new_reader_is_greeted_and_can_ask_an_example(operations: FakeOperations) -> None:
    page = opened("ja")
    assert "何をお調べしますか" in visible(page)
    page.button(key="example0").click().run()
    for run in page.session_state["runs"].values():
        run.join(PATIENCE)
    assert [asked["question"] for asked in operations.questions] == ["有給休暇は何日もらえますか？"]


def test_without_documents_the_page_leads_to_the_library(operations: FakeOperations) -> None:
    operations.stored.clear()
    page = opened()
    assert "Add your documents first" in visible(page)
    assert not page.chat_input


@pytest.mark.parametrize(
    ("setting", "greeting"), [("ja", "何をお調べ"), ("en", "What would you"), ("auto", "What")]
)
def test_the_settings_can_fix_the_language(operations: FakeOperations, setting: str, greeting: str) -> None:
    operations.language = setting
    page = AppTest.from_file(APP, default_timeout=PATIENCE).run()
    assert greeting in visible(page)


def test_a_follow_up_goes_into_the_same_conversation(operations: FakeOperations) -> None:
    page = opened()
    ask(page, "休暇は？")
    ask(page, "単価は？")
    first, second = operations.questions
    assert first["conversation"] == second["conversation"] is not None
    assert [text.value for text in page.text] == ["休暇は？", "単価は？"]


def test_conversations_are_listed_searched_renamed_and_deleted(operations: FakeOperations) -> None:
    page = opened()
    ask(page, "休暇は？")
    page.button(key="new_chat").click().run()
    assert "What would you like to know?" in visible(page)
    ask(page, "単価は？")
    assert len(operations.conversations()) == 2
    page.text_input(key="search_chats").set_value("休暇").run()
    (left,) = [talk for talk in operations.conversations() if talk["title"] == "休暇は？"]
    listed = [button.key for button in page.button if button.key and button.key.startswith("chat_")]
    assert listed == [f"chat_{left['id']}"]
    page.button(key=f"chat_{left['id']}").click().run()
    assert [text.value for text in page.text] == ["休暇は？"]
    assert page.subheader[0].value == "休暇は？"
    operations.rename_conversation(left["id"], "Holidays")
    page.run()
    assert page.subheader[0].value == "Holidays"
    page.button(key="delete_chat").click().run()
    assert [talk["title"] for talk in operations.conversations()] == ["単価は？"]
    assert not page.exception


def test_the_scope_is_passed_on_and_shown(operations: FakeOperations) -> None:
    page = opened()
    page.radio(key="scope_kind").set_value("documents").run()
    page.multiselect(key="scope_documents").set_value(["rules"]).run()
    ask(page, "休暇は？")
    assert operations.questions[0]["scope"] == {"documents": ["rules"], "folder": None}
    page.radio(key="scope_kind").set_value("folder").run()
    page.selectbox(key="scope_folder").select_index(0).run()
    ask(page, "単価は？")
    assert operations.questions[1]["scope"] == {
        "documents": None,
        "folder": {"source": "/srv/docs", "path": ""},
    }


def test_a_missing_model_is_said_with_the_ways_to_get_one(operations: FakeOperations) -> None:
    operations.chat_present = False
    assert "konkyo models pull test\\-model" in visible(opened())


def test_errors_are_one_sentence_and_a_lost_service_can_be_tried_again(operations: FakeOperations) -> None:
    operations.broken = ServiceError("the service of /tmp/w does not answer. Start it with `konkyo serve`.")
    page = opened()
    assert "The service cannot be reached." in page.error[0].value
    operations.broken = ModelError("no model. Pull one.")
    page.run()
    assert "A model cannot be used." in page.error[0].value
    assert not page.exception


def test_the_passage_says_why_it_was_found_when_someone_asks(operations: FakeOperations) -> None:
    page = opened()
    ask(page, "有給休暇は？")
    from ui.web.turns import passage_at, stored_turns

    (conversation,) = operations.conversations()
    (turn,) = stored_turns(operations.conversation(conversation["id"])["messages"])
    page.session_state["passage"] = passage_at(turn, "h:0")
    page.run()
    assert "Vectors: rank 3" not in visible(page).replace("\\", "")
    page.session_state["why_found"] = True
    page.run()
    assert not page.exception
    shown = visible(page).replace("\\", "")
    assert "Searched for: 有給休暇は？" in shown and "Vectors: rank 3" in shown
    assert "names the article 第12条: +0.12" in shown


def test_the_open_passage_is_shown_with_where_the_original_is(operations: FakeOperations) -> None:
    page = opened()
    ask(page, "単価は？")
    (turn,) = [run for run in operations.conversations()]
    answer = operations.conversation(turn["id"])["messages"][1]["answer"]
    from ui.web.turns import passage_of

    page.session_state["passage"] = passage_of(answer["claims"][0]["citations"][0])
    page.run()
    assert not page.exception
    assert page.code[0].value == "\\\\server\\share\\parts\\部品表.xlsx"
    shown = "".join(element.value for element in page.get("html"))
    assert 'class="marked"' in shown and "<mark>12,000円</mark>" in shown


def test_the_cited_cell_is_looked_for_on_the_page(
    operations: FakeOperations, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened()
    ask(page, "休暇は？")
    (talk,) = operations.conversations()
    answer = operations.conversation(talk["id"])["messages"][1]["answer"]
    from ui.web.turns import passage_of

    cited = passage_of(answer["claims"][0]["citations"][0])
    cell = {"start": cited.start + 8, "end": cited.start + 12}
    drawn: list[tuple[list[dict[str, Any]], list[dict[str, Any]]]] = []
    plain = passages.highlight

    def highlight(png: bytes, boxes: Any, scale: float, cells: Any = ()) -> bytes:
        drawn.append((list(boxes), list(cells)))
        return plain(png, boxes, scale, cells)

    monkeypatch.setattr(passages, "highlight", highlight)
    page.session_state["passage"] = replace(cited, cell=cell)
    page.run()
    assert not page.exception
    assert drawn[-1] == (
        operations.boxes("rules", cited.start, cited.end),
        operations.boxes("rules", cell["start"], cell["end"]),
    )


def test_a_changed_document_says_so(operations: FakeOperations) -> None:
    page = opened()
    ask(page, "休暇は？")
    (talk,) = operations.conversations()
    answer = operations.conversation(talk["id"])["messages"][1]["answer"]
    from ui.web.turns import passage_of

    page.session_state["passage"] = passage_of(answer["claims"][0]["citations"][0])
    operations.stored = [document for document in operations.stored if document["id"] != "rules"]
    page.run()
    assert "changed or removed" in visible(page)


def test_titles_from_outside_are_never_markup(operations: FakeOperations) -> None:
    page = opened()
    ask(page, "休暇は？")
    (talk,) = operations.conversations()
    operations.rename_conversation(talk["id"], f"**bold** {SCRIPT}")
    page.run()
    assert page.subheader[0].value.startswith("\\*\\*bold\\*\\* \\<script\\>")


def library_page(language: str = "en") -> AppTest:
    page = opened(language)
    # AppTest switches to pages that are files only; this is how it would name one that is a function.
    page._page_hash = calc_hash("library")
    page.run()
    assert not page.exception
    return page


def job_done(page: AppTest, operations: FakeOperations) -> None:
    for _ in range(int(PATIENCE / 0.02)):
        job = operations.job()
        if job is not None and job["state"] != "running":
            break
        time.sleep(0.02)
    page.run()
    assert not page.exception


def test_the_library_lists_what_is_there(operations: FakeOperations) -> None:
    page = library_page()
    assert [metric.value for metric in page.metric] == ["4", "6", "6", "0"]
    table = page.dataframe[0].value
    assert table["title"].tolist() == ["就業規則", "部品表", "安全教育", f"{SCRIPT}title"]
    page.text_input(key="document_filter").set_value("no such").run()
    assert "No document matches" in visible(page)


def test_an_empty_library_says_what_to_do(operations: FakeOperations) -> None:
    operations.stored.clear()
    assert "Drop files into the frame above" in visible(library_page())


def test_uploaded_files_become_documents_and_failures(operations: FakeOperations) -> None:
    page = library_page()
    files = [
        ("note.txt", "社員食堂は12時に開く。".encode(), "text/plain"),
        ("broken.pdf", b"%PDF", "application/pdf"),
    ]
    page.file_uploader[0].set_value(files).run()
    page.button(key="add_files").click().run()
    job_done(page, operations)
    assert operations.stored[-1]["text"] == "社員食堂は12時に開く。"
    assert "added 1" in visible(page).replace("\\", "")
    page.button_group[0].set_value("failures").run()
    assert page.dataframe[0].value["reason"].tolist() == [
        "the file is encrypted. Save it without a password."
    ]
    page.button(key="dismiss_job").click().run()
    assert not page.success


def test_a_folder_is_added_and_a_wrong_one_explained(operations: FakeOperations) -> None:
    page = library_page()
    page.text_input(key="folder_path").set_value("/srv/missing")
    next(button for button in page.button if button.label == "Add the folder").click().run()
    assert "does not exist" in page.error[0].value
    page.text_input(key="folder_path").set_value("/srv/new")
    next(button for button in page.button if button.label == "Add the folder").click().run()
    job_done(page, operations)
    assert operations.stored[-1]["locations"][0]["path"] == "new"


def test_a_removal_that_was_held_back_can_be_allowed(operations: FakeOperations) -> None:
    operations.start_ingest(["/srv/vanished"])
    page = library_page()
    job_done(page, operations)
    assert "held back" in visible(page)
    page.button(key="allow_removal").click().run()
    job_done(page, operations)
    assert operations.job() is not None and operations.stored[-1]["locations"][0]["path"] == "vanished"


@pytest.mark.parametrize("document", ["rules", "sheet", "slides", "hostile"])
def test_a_document_can_be_looked_into(operations: FakeOperations, document: str) -> None:
    page = library_page("ja")
    page.session_state["inside"] = (document, "preview")
    page.run()
    assert not page.exception
    shown = "".join(element.value for element in page.get("html") if "k-chunk" in element.value)
    assert shown.count('<div class="k-chunk">') == len(operations.document(document)["chunks"])
    assert "<script>" not in shown


def test_a_document_is_deleted_after_the_question(operations: FakeOperations) -> None:
    page = library_page()
    page.session_state["inside"] = ("sheet", "delete")
    page.run()
    assert "Answers will no longer use it" in visible(page)
    page.button(key="really_delete").click().run()
    assert [document["id"] for document in operations.stored] == ["rules", "slides", "hostile"]
