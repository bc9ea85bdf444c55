from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from assistant.errors import EvaluationError
from assistant.evaluation.building import build, build_folder
from assistant.evaluation.datasets import load_dataset
from assistant.evaluation.libraries import evaluation_workspace
from assistant.evaluation.retrieval import collect, evaluated, rank_items
from ingestion.vectors import Vectors
from ingestion.workspace import Workspace, open_workspace

PASSAGES = {
    "p1": "富士山の高さは3776メートルである。",
    "p2": "琵琶湖は滋賀県にある日本最大の湖である。",
    "p3": "東京タワーは1958年に完成した。",
}
QUESTIONS = {"p1": "富士山の高さはいくつか", "p2": "日本最大の湖はどこか", "p3": "東京タワーはいつ完成したか"}


@dataclass
class LetterEmbedder:
    """Letters hashed to a unit vector; stops after `patience` batches, as a killed process would."""

    identity: str = "letters-64"
    dimension: int = 64
    patience: int = 1_000
    texts: list[str] = field(default_factory=list)

    def embed_query(self, text: str) -> Vectors:
        return self._embed(text)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        if self.patience == 0:
            raise KeyboardInterrupt
        self.patience -= 1
        self.texts += texts
        return np.stack([self._embed(text) for text in texts])

    def _embed(self, text: str) -> Vectors:
        vector = np.zeros(self.dimension, np.float32)
        for letter in text:
            vector[hashlib.blake2b(letter.encode(), digest_size=1).digest()[0] % self.dimension] += 1
        return vector / np.linalg.norm(vector)


def silent(phase: str, done: int, total: int) -> None:
    return None


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "workspace")


@pytest.fixture
def passages(tmp_path: Path) -> Path:
    folder = tmp_path / "set"
    folder.mkdir()
    rows = [{"doc_id": name, "title": "", "text": text} for name, text in PASSAGES.items()]
    rows.append({"doc_id": "twin", "title": "", "text": PASSAGES["p3"]})
    asked = [{"id": name, "question": text, "doc_id": name} for name, text in QUESTIONS.items()]
    for file, values in (("corpus.jsonl", rows), ("qa.jsonl", asked)):
        (folder / file).write_text("".join(json.dumps(value) + "\n" for value in values), "utf-8")
    return folder


def test_passages_are_found_by_name_and_the_company_library_stays_empty(
    workspace: Workspace, passages: Path
) -> None:
    dataset = load_dataset(passages)
    built = build(workspace, dataset, LetterEmbedder(), silent)
    found = collect(dataset.questions, built.find, lambda done, total: None)
    result = evaluated("passage", dataset.questions, found).value
    check = built.opened.indexes.check()
    built.opened.close()
    assert [rank_items(one.lexical, one.items)[0][0] for one in found[:2]] == ["p1", "p2"]
    assert {name for name, _ in rank_items(found[2].lexical, found[2].items)[:2]} == {"p3", "twin"}
    assert result["all"]["recall@5"] == 1.0
    assert (check["ok"], check["documents"], check["chunks"]) == (True, 4, 4)
    assert not workspace.library_path.exists()


def test_a_build_that_was_stopped_goes_on_and_a_finished_one_embeds_nothing(
    workspace: Workspace, passages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.evaluation.building._BATCH", 1)
    dataset = load_dataset(passages)
    with pytest.raises(KeyboardInterrupt):
        build(workspace, dataset, LetterEmbedder(patience=2), silent)
    second, third = LetterEmbedder(), LetterEmbedder()
    build(workspace, dataset, second, silent).opened.close()
    built = build(workspace, dataset, third, silent)
    count = built.opened.indexes.check()["chunks"]
    built.opened.close()
    assert (len(second.texts), third.texts, count) == (2, [], 4)


def test_each_embedder_and_data_set_has_a_library_of_its_own(workspace: Workspace) -> None:
    first = evaluation_workspace(workspace, "data", "one")
    assert first.root == evaluation_workspace(workspace, "data", "one").root
    assert first.root != evaluation_workspace(workspace, "data", "two").root
    assert first.root.is_relative_to(workspace.root / "evaluations")
    assert (first.models, first.settings()) == (workspace.models, workspace.settings())


def test_a_folder_is_taken_in_as_the_product_does(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "規程.md").write_text("# 規程\n\n旅費は5営業日以内に精算する。\n", "utf-8")
    opened = build_folder(workspace, folder, LetterEmbedder(), silent)
    documents = opened.library.documents_list()
    opened.close()
    assert [one.locations[0].path for one in documents] == ["規程.md"]


def test_what_lies_beside_a_folder_of_documents_is_no_document(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "samples"
    (folder / "documents").mkdir(parents=True)
    (folder / "tuning").mkdir()
    (folder / "documents" / "rule.txt").write_text("宿泊費の上限は1泊12,000円とする。", "utf-8")
    (folder / "tuning" / "examples.jsonl").write_text('{"answer": "宿泊費は12,000円です。"}\n', "utf-8")
    opened = build_folder(workspace, folder, LetterEmbedder(), silent)
    try:
        names = [place.path for one in opened.library.documents_list() for place in one.locations]
        assert names == ["rule.txt"]
    finally:
        opened.close()


def test_a_set_of_broken_files_says_why(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "set" / "pdf").mkdir(parents=True)
    (tmp_path / "set" / "pdf" / "a.pdf").write_bytes(b"no pdf at all")
    row = {"id": "1", "question": "q", "target_file_name": "a.pdf", "target_page_no": 1}
    (tmp_path / "set" / "qa.jsonl").write_text(json.dumps(row), "utf-8")
    with pytest.raises(EvaluationError, match=r"a\.pdf"):
        build(workspace, load_dataset(tmp_path / "set"), LetterEmbedder(), silent)
