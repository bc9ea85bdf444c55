"""The eight-bit graph says what the torch model says, on a toy encoder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from transformers import BertConfig

from assistant.pairs.encoder import PairEncoder
from assistant.pairs.tokens import TokenPair
from assistant.pairs.words import WORDS, WordVectors
from ingestion.errors import ModelError
from training.encoders import Batch, PairModel
from training.pair_graph import write_pair_graph

WORDS_COUNT, HIDDEN = 50, 64


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A folder with word vectors alone."""
    torch.manual_seed(1)
    save_file({WORDS: torch.randn(WORDS_COUNT, HIDDEN)}, tmp_path / "model.safetensors")
    return tmp_path


def toy() -> PairModel:
    torch.manual_seed(2)
    config = BertConfig(
        vocab_size=1, hidden_size=HIDDEN, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128,
        max_position_embeddings=40, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, pad_token_id=0,
    )  # fmt: skip
    model = PairModel(config, {"a": 2, "b": 3})
    for value in model.bert.parameters():  # BERT begins with such small weights that nothing would differ
        if value.dim() > 1:
            value.data.mul_(4)
    return model.eval()


def torch_scores(model: PairModel, words: WordVectors, pair: TokenPair, task: str) -> np.ndarray:
    count = len(pair.ids)
    kinds = torch.tensor([[0] * pair.second + [1] * (count - pair.second)])
    batch = Batch(torch.from_numpy(words(pair.ids))[None], kinds, torch.ones(1, count, dtype=torch.bool))
    with torch.inference_mode():
        scores: np.ndarray = model(batch, task)[0].numpy()
    return scores


def test_graph_and_model_agree_for_every_head_and_length(base: Path, tmp_path: Path) -> None:
    model, words = toy(), WordVectors(base)
    chance = np.random.default_rng(0)
    pairs = [
        TokenPair(chance.integers(0, WORDS_COUNT, length).tolist(), length // 3)
        for length in (6, 13, 40, 21, 40, 9)
    ]
    for task, classes in (("a", 2), ("b", 3)):
        folder = tmp_path / task
        write_pair_graph(model, task, 40, folder / "encoder.onnx")
        encoder = PairEncoder(folder, base, threads=2)
        found = encoder.logits(pairs)
        expected = np.stack([torch_scores(model, words, pair, task) for pair in pairs])
        assert found.shape == (len(pairs), classes)
        assert np.abs(found - expected).max() < 0.1 * expected.std()
        np.testing.assert_allclose(encoder.logits(pairs[3:4]), found[3:4], atol=1e-6)  # no neighbour counts


def test_word_vectors_are_the_rows_of_the_file(base: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    table = load_file(base / "model.safetensors")[WORDS].numpy()
    np.testing.assert_array_equal(WordVectors(base)([3, 0, 49]), table[[3, 0, 49]])
    with pytest.raises(ModelError, match="no word vectors"):
        WordVectors(tmp_path / "absent")
    (tmp_path / "bad").mkdir()
    header = json.dumps({"other": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    content = len(header).to_bytes(8, "little") + header + b"\0" * 4
    (tmp_path / "bad" / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match="no word vectors"):
        WordVectors(tmp_path / "bad")


def test_a_graph_that_is_not_there_is_said(base: Path) -> None:
    with pytest.raises(ModelError, match=r"encoder\.onnx"):
        PairEncoder(base / "none", base, threads=1)
