"""The operations over a real library in this process; what they return has the keys of docs/cli.md."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from interface_fakes import LightResources
from test_cli_docs import documented, keys

from assistant.tasks.kept_texts import KeptTexts
from ingestion.documents import Figure
from ingestion.errors import WorkspaceBusyError
from ingestion.settings import Settings, SourceSettings
from ingestion.workspace import Workspace, open_workspace
from ui.errors import JobRunningError, NotFoundError, UsageError
from ui.local import LocalOperations
from ui.reasons import with_codes

Json = dict[str, Any]
SAMPLES = Path(__file__).parents[2] / "samples"
RULES = (
    "# 情報の取扱い\n\n## 第3条 USBメモリ\n\n私物のＵＳＢメモリは使用してはならない。型番はAB-1234Xとする。\n"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("文書")
    (made / "規程").mkdir()
    (made / "規程" / "情報.md").write_text(RULES, "utf-8")
    (made / "leer.txt").write_text("", "utf-8")
    (made / "broken.pdf").write_bytes(b"%PDF-1.7 broken")
    (made / "表.csv").write_text("品番,価格\nAB-1234X,12000円\n", "utf-8")
    shutil.copy(next(SAMPLES.rglob("経費精算規程.pdf")), made / "経費精算規程.pdf")
    return made


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return open_workspace(tmp_path_factory.mktemp("ws"), {})


@pytest.fixture(scope="module")
def report(workspace: Workspace, folder: Path) -> Json:
    with closing(_open(workspace, folder)) as operations:
        events = list(operations.ingest([str(folder)]))
    assert {event["event"] for event in events[:-1]} == {"progress"}
    assert events[-1]["event"] == "report", events[-1]
    found: Json = events[-1]["report"]
    return found


@pytest.fixture
def operations(workspace: Workspace, folder: Path, report: Json) -> Iterator[LocalOperations]:
    with closing(_open(workspace, folder)) as opened:
        yield opened


def _open(workspace: Workspace, folder: Path) -> LocalOperations:
    names = {folder.as_posix(): SourceSettings(shown_as=r"\\server\share")}
    return LocalOperations(workspace, resources=LightResources(workspace, Settings(sources=names)))


def _id(operations: LocalOperations, name: str) -> str:
    return next(d["id"] for d in operations.documents() if d["locations"][0]["path"].endswith(name))


def test_the_report_counts_every_file_and_has_the_documented_keys(report: Json) -> None:
    assert (report["added"], report["empty"], len(report["failed"]), report["seen"]) == (3, 1, 1, 5)
    assert report["failed"][0]["path"] == "broken.pdf"
    printed = with_codes(report)
    assert keys(printed) - keys(documented("ingest")) == set()
    assert {key for key in keys(documented("ingest")) if "warnings[]" not in key} <= keys(printed)


def test_documents_and_their_places(operations: LocalOperations) -> None:
    found = {d["locations"][0]["path"]: d for d in operations.documents()}
    assert set(found) >= {"規程/情報.md", "表.csv", "経費精算規程.pdf"}
    assert found["規程/情報.md"]["locations"][0]["shown_as"] == r"\\server\share\規程\情報.md"
    assert keys(operations.documents()) == keys(documented("documents list"))


def test_a_document_is_its_text_pages_and_chunks(operations: LocalOperations) -> None:
    shown = operations.document(_id(operations, "経費精算規程.pdf"))
    assert [page["number"] for page in shown["pages"]] == list(range(1, len(shown["pages"]) + 1))
    assert all(shown["text"][c["start"] : c["end"]] for c in shown["chunks"])
    everything = [operations.document(document["id"]) for document in operations.documents()]
    expected = {key for key in keys([documented("documents show")]) if ".figures[]" not in key}
    assert keys(everything) == expected  # no sample here has a picture


def test_a_figure_has_the_documented_keys() -> None:
    assert {field.name for field in fields(Figure)} == set(documented("documents show")["figures"][0])


def test_a_hit_is_a_slice_of_its_document(operations: LocalOperations) -> None:
    hits = operations.search("ab-1234x usb")
    assert hits[0]["path"] in ("規程/情報.md", "表.csv")
    for hit in hits:
        text = operations.document(hit["document"])["text"]
        assert text[hit["start"] : hit["end"]] == hit["text"]
        assert hit["shown_as"].startswith("\\\\server\\share\\")
    assert keys(hits) == keys(documented("search"))


def test_a_hit_says_why_it_was_found(operations: LocalOperations) -> None:
    plain = operations.search("情報の第3条 ab-1234x")
    told = operations.search("情報の第3条 ab-1234x", explain=True)
    assert [{key: value for key, value in hit.items() if key != "explain"} for hit in told] == plain
    known = keys(documented("search --explain"))
    assert {key for key in known if ".rerank." not in key} <= keys(told) <= known


def test_scopes_hold(operations: LocalOperations, folder: Path) -> None:
    one = _id(operations, "表.csv")
    assert {hit["document"] for hit in operations.search("AB-1234X", scope={"documents": [one]})} == {one}
    below = {"folder": {"source": folder.as_posix(), "path": "規程"}}
    assert {hit["path"] for hit in operations.search("AB-1234X", scope=below)} == {"規程/情報.md"}
    assert [d["locations"][0]["path"] for d in operations.documents(scope=below)] == ["規程/情報.md"]


def test_an_answer_has_the_documented_keys(operations: LocalOperations) -> None:
    answer = list(operations.ask("期限は？"))[-1]["answer"]
    assert keys(answer) == keys(documented("ask"))


def test_boxes_lie_on_the_page_of_the_passage(operations: LocalOperations) -> None:
    document = _id(operations, "経費精算規程.pdf")
    shown = operations.document(document)
    page = shown["pages"][1]
    start = next(i for i in range(page["start"], page["end"]) if not shown["text"][i].isspace())
    boxes = operations.boxes(document, start, start + 8)
    size = operations.page_size(document, 2)
    assert {box["page"] for box in boxes} == {2}
    assert all(
        0 <= b["x0"] < b["x1"] <= size["width"] and 0 <= b["y0"] < b["y1"] <= size["height"] for b in boxes
    )
    assert keys(boxes) == keys(documented("documents boxes"))
    assert operations.page_image(document, 2, scale=0.5).startswith(b"\x89PNG")


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (5, 5), (0, 10**9)])
def test_a_span_outside_the_text_is_refused(operations: LocalOperations, start: int, end: int) -> None:
    with pytest.raises(UsageError, match="outside"):
        operations.boxes(_id(operations, "情報.md"), start, end)


def test_only_a_pdf_has_boxes_and_images(operations: LocalOperations) -> None:
    document = _id(operations, "情報.md")
    assert operations.boxes(document, 0, 3) == []
    with pytest.raises(NotFoundError, match="no image"):
        operations.page_image(document, 1)
    with pytest.raises(NotFoundError, match="no image of page 99"):
        operations.page_size(_id(operations, "経費精算規程.pdf"), 99)


def test_what_is_not_there_is_named(operations: LocalOperations) -> None:
    for call in (operations.document, operations.original, operations.remove_document):
        with pytest.raises(NotFoundError, match="nothing-here"):
            call("nothing-here")


def test_the_original_comes_byte_for_byte(operations: LocalOperations, folder: Path) -> None:
    name, data = operations.original(_id(operations, "情報.md"))
    assert (name, data) == ("情報.md", (folder / "規程" / "情報.md").read_bytes())


def test_failures_and_sources(operations: LocalOperations, folder: Path) -> None:
    failed = {failure["path"]: failure for failure in operations.failures()}
    assert failed["broken.pdf"]["shown_as"] == r"\\server\share\broken.pdf"
    [source] = operations.sources()
    assert (source["source"], source["shown_as"], source["uploads"]) == (
        folder.as_posix(),
        r"\\server\share",
        False,
    )


def test_checks_and_rebuilding_find_the_same(operations: LocalOperations) -> None:
    before = operations.index_check()
    assert before["ok"] and before["vectors"] == before["chunks"] > 0
    assert keys(before) == keys(documented("index check"))
    rebuilt = list(operations.index_rebuild())[-1]["report"]
    assert keys(rebuilt) == keys(documented("index rebuild"))
    assert rebuilt["vectors"] == before["vectors"]
    assert operations.index_check()["ok"]


def test_status_counts_the_library(operations: LocalOperations) -> None:
    status = operations.status()
    listed = operations.documents()
    assert (status["documents"], status["chunks"]) == (len(listed), sum(d["chunks"] for d in listed))
    assert status["failures"] == len(operations.failures())
    assert (status["service"], status["waiting"], status["job"]) == (False, 0, None)
    assert status["chat"]["present"] is False


def test_an_upload_is_ingested_found_and_removed_with_its_file(
    operations: LocalOperations, workspace: Workspace
) -> None:
    stored = operations.upload("../新 製品.txt", "新製品QX-77の保証は二年間である。".encode())
    assert Path(stored["path"]) == workspace.uploads / "新 製品.txt"
    [*_, last] = operations.ingest([stored["path"]])
    assert last["report"]["added"] == 1
    hit = operations.search("QX-77")[0]
    assert (hit["source"], hit["shown_as"]) == (workspace.uploads.as_posix(), "新 製品.txt")
    done = operations.remove_document(hit["document"])
    assert keys(done) == keys(documented("documents remove"))
    assert not Path(stored["path"]).exists()
    assert all(found["document"] != hit["document"] for found in operations.search("QX-77"))
    assert operations.index_check()["ok"]


def test_nothing_a_model_wrote_of_a_document_outlives_it(
    operations: LocalOperations, workspace: Workspace
) -> None:
    kept = KeptTexts(workspace.kept_texts)
    stored = operations.upload("秘密.txt", "新製品QX-78は来春に発売する。".encode())
    list(operations.ingest([stored["path"]]))
    gone = operations.search("QX-78")[0]["document"]
    (stays, *_) = [item["id"] for item in operations.documents() if item["id"] != gone]
    kept.put(gone, "k", "発売は来春です。")
    kept.put(stays, "k", "要約です。")
    operations.remove_document(gone)
    assert kept.get(gone, "k") is None and not (workspace.kept_texts / gone).exists()
    assert kept.get(stays, "k") == "要約です。"


def test_a_relative_path_is_refused(operations: LocalOperations) -> None:
    with pytest.raises(UsageError, match="relative"):
        list(operations.ingest(["docs"]))


def test_a_vanished_folder_is_refused_and_nothing_is_lost(operations: LocalOperations, folder: Path) -> None:
    before = operations.documents()
    [*_, last] = operations.ingest([str(folder / "nowhere")])
    assert last["event"] == "error"
    moved = folder.rename(folder.with_name("weg"))
    try:
        [*_, last] = operations.ingest([str(folder)])
    finally:
        moved.rename(folder)
    assert (last["event"], last["refused"]) == ("error", True)
    assert operations.job()["state"] == "refused"  # type: ignore[index]
    assert operations.documents() == before


def test_a_writer_without_the_lock_says_who_may(
    operations: LocalOperations, workspace: Workspace, folder: Path
) -> None:
    # The lock belongs to a thread: the job's thread stands for another process here.
    with workspace.write_lock():
        [*_, last] = operations.ingest([str(folder)])
    assert (last["event"], last["kind"]) == ("error", WorkspaceBusyError.__name__)


def test_a_background_job_outlives_its_caller_and_only_one_runs(
    operations: LocalOperations, folder: Path
) -> None:
    job = operations.start_ingest([str(folder)], reparse=True)
    assert (job["state"], job["paths"]) == ("running", [str(folder)])
    with pytest.raises(JobRunningError):
        operations.start_ingest([str(folder)])
    assert operations.cancel_ingest() == {"done": True}
    operations._jobs.last.join(60)  # type: ignore[union-attr]
    assert operations.job()["state"] == "cancelled"  # type: ignore[index]
    assert operations.cancel_ingest() == {"done": False}
    assert operations.index_check()["ok"]


def test_an_empty_library_is_in_order(tmp_path: Path) -> None:
    empty = open_workspace(tmp_path / "ws", {})
    with closing(LocalOperations(empty, resources=LightResources(empty, Settings()))) as operations:
        assert operations.index_check()["ok"]
        assert operations.documents() == operations.failures() == operations.sources() == []
        assert operations.search("x") == []


@pytest.mark.parametrize("query", ["", " \n"])
def test_an_empty_query_is_refused(operations: LocalOperations, query: str) -> None:
    with pytest.raises(UsageError):
        operations.search(query)


def test_conversations_through_the_operations(operations: LocalOperations) -> None:
    key = operations.new_conversation(title="題")["id"]
    list(operations.ask("USBは？", conversation=key))
    operations.rename_conversation(key, "別の題")
    assert [c["title"] for c in operations.conversations(search="ｕｓｂ")] == ["別の題"]
    assert operations.conversation(key)["messages"][1]["answer"]["answer"] == "90日です。"
    assert operations.delete_conversation(key) == {"done": True}
    assert operations.conversations() == []


def test_settings_do_not_tell_passwords(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "ws")
    workspace.settings_path.write_text('[ingestion]\npasswords = ["ひみつ-4711", "b"]\n', "utf-8")
    shown = LocalOperations(workspace).settings()
    assert shown["ingestion"]["passwords"] == 2 and "4711" not in str(shown)
