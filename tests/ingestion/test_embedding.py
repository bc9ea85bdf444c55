"""Embedders: any sentence-transformers folder, and the default model on its two backends."""

from __future__ import annotations

import json
import random
import threading
from pathlib import Path

import numpy as np
import pytest

from ingestion.embedding import (
    Embedder,
    SentenceTransformerEmbedder,
    identity_of,
    load_embedder,
    prefixes_of,
)
from ingestion.errors import ModelError
from ingestion.model_files import write_manifest
from ingestion.model_store import ModelStore
from ingestion.onnx_embedder import OnnxEmbedder

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "query", "passage", ":", "cat", "dog", "fish", "bird", "tree"]


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT of 8 dimensions, saved by sentence-transformers itself."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(0)
    base = tmp_path_factory.mktemp("base")
    (base / "vocab.txt").write_text("\n".join(WORDS), "utf-8")
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    BertModel(config).save_pretrained(base)
    BertTokenizerFast(vocab={word: i for i, word in enumerate(WORDS)}).save_pretrained(base)
    transformer = Transformer(str(base), max_seq_length=32)
    model = SentenceTransformer(modules=[transformer, Pooling(8)], device="cpu")
    model.prompts = {"query": "query: ", "passage": "passage: "}
    folder = tmp_path_factory.mktemp("models") / "tiny"
    model.save(str(folder))
    return folder


def test_any_sentence_transformers_folder_embeds_with_its_own_prompts(tiny_folder: Path) -> None:
    from sentence_transformers import SentenceTransformer

    embedder = load_embedder("tiny", tiny_folder.parent, threads=1)
    assert isinstance(embedder, SentenceTransformerEmbedder)
    model = SentenceTransformer(str(tiny_folder), device="cpu")
    texts = ["cat dog", "fish", "tree bird cat"]
    expected = model.encode(["passage: " + text for text in texts], prompt="", normalize_embeddings=True)
    np.testing.assert_allclose(embedder.embed_passages(texts), expected, atol=1e-6)
    asked = model.encode("query: fish", prompt="", normalize_embeddings=True)
    np.testing.assert_allclose(embedder.embed_query("fish"), asked, atol=1e-6)
    assert embedder.dimension == 8
    assert embedder.embed_passages([]).shape == (0, 8)


def test_an_imported_folder_keeps_its_identity(tiny_folder: Path, tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "models", environ={})
    model = store.import_(tiny_folder, "tiny")
    assert (model.role, model.family, model.context) == ("embedder", "bert", 32)
    assert identity_of("tiny", store.path_of("tiny")) == identity_of("tiny", tiny_folder)


def test_identity_changes_with_prefixes_and_not_with_the_backend(tiny_folder: Path, tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "models", environ={})
    store.import_(tiny_folder, "tiny")
    folder = store.path_of("tiny")
    before = identity_of("tiny", folder)
    (folder / "onnx").mkdir()
    (folder / "onnx/konkyo-e5.onnx").write_bytes(b"another backend")
    assert identity_of("tiny", folder) == before
    path = folder / "config_sentence_transformers.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"prompts": {"query": "Q: "}}), "utf-8")
    assert prefixes_of(folder) == ("Q: ", "")
    assert identity_of("tiny", folder) != before


def test_prefixes_of_the_manifest_hold_where_the_model_names_none(tmp_path: Path) -> None:
    (tmp_path / "config_sentence_transformers.json").write_text('{"prompts": {"query": "", "document": ""}}')
    write_manifest(tmp_path, prompts={"query": "検索クエリ: ", "passage": "検索文書: "})
    assert prefixes_of(tmp_path) == ("検索クエリ: ", "検索文書: ")


def test_a_missing_embedder_names_the_ways(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="konkyo models pull multilingual-e5-small"):
        load_embedder("multilingual-e5-small", tmp_path)


def test_a_chat_model_is_not_an_embedder(tmp_path: Path) -> None:
    (tmp_path / "chat.gguf").write_bytes(b"GGUF")
    with pytest.raises(ModelError, match="not a sentence-transformers folder"):
        load_embedder("chat", tmp_path)


PEOPLE = ("社員", "派遣社員", "管理職", "新入社員", "パートタイマー", "取引先の担当者", "システム管理者")
DEEDS = (
    "は年次有給休暇を{n}日まで翌年に繰り越すことができる。",
    "が出張するときは、日当{n}00円を支給する。宿泊費は実費とする。",
    "は機密文書を社外に持ち出す{n}日前までに申請書を提出しなければならない。",
    "のパスワードは{n}文字以上とし、同じものを使い回してはならない。",
    "が製品の電源を入れても動かない場合は、{n}秒待ってから再起動してください。",
    "に対する健康診断は年{n}回実施し、その費用は会社が負担する。",
    "との契約は{n}か月ごとに見直し、必要があれば単価を改定する。",
    "は会議の議事録を{n}営業日以内に共有フォルダーへ保存する。",
)


def passages() -> list[str]:
    generator = random.Random(11)
    sentences = [person + deed.format(n=n) for person in PEOPLE for deed in DEEDS for n in (3, 5, 12, 30)]
    generator.shuffle(sentences)
    return ["".join(generator.sample(sentences, generator.randint(1, 4))) for _ in range(200)]


@pytest.fixture(scope="module")
def default(models_dir: Path) -> Embedder:
    return load_embedder("multilingual-e5-small", models_dir, threads=2)


@pytest.mark.model
def test_the_backends_agree(models_dir: Path, default: Embedder) -> None:
    """Cosine and neighbours against sentence-transformers in float32 on the same weights."""
    assert isinstance(default, OnnxEmbedder)
    folder = models_dir / "multilingual-e5-small"
    reference = SentenceTransformerEmbedder(folder, identity=default.identity, threads=2)
    texts = passages()
    ours, theirs = default.embed_passages(texts), reference.embed_passages(texts)
    cosines = np.sum(ours * theirs, axis=1)
    assert cosines.min() >= 0.99
    questions = [text[:25] for text in texts[:50]]
    asked = np.stack([default.embed_query(text) for text in questions])
    expected = np.stack([reference.embed_query(text) for text in questions])
    mine = np.argsort(-(asked @ ours.T), axis=1)[:, :10]
    right = np.argsort(-(expected @ theirs.T), axis=1)[:, :10]
    overlap = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(mine, right, strict=True)])
    assert overlap >= 0.95


@pytest.mark.model
def test_paraphrases_are_closer_than_other_matters(default: Embedder) -> None:
    pairs = [
        ("有給休暇は入社後6か月で10日付与される。", "社員は半年勤務すると年休を10日もらえる。"),
        ("領収書は月末までに経理へ提出してください。", "経費の証憑は当月中に経理部に出すこと。"),
        ("パスワードを忘れたときは情報システム部へ。", "ログインできない場合はIT部門に連絡する。"),
    ]
    left = default.embed_passages([a for a, _ in pairs])
    right = default.embed_passages([b for _, b in pairs])
    assert list(np.argmax(left @ right.T, axis=1)) == [0, 1, 2]


@pytest.mark.model
def test_vectors_are_unit_ordered_and_independent_of_their_batch(default: Embedder) -> None:
    texts = [*passages()[:6], "", "字" * 3000]
    together = default.embed_passages(texts)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-5)
    alone = np.concatenate([default.embed_passages([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-6)


@pytest.mark.model
def test_threads_share_one_embedder(default: Embedder) -> None:
    texts = passages()[:4]
    expected = [default.embed_query(text) for text in texts]
    found: dict[int, np.ndarray] = {}
    threads = [
        threading.Thread(target=lambda i=i: found.update({i: default.embed_query(texts[i])}))
        for i in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i in range(4):
        np.testing.assert_allclose(found[i], expected[i], atol=1e-5)
