"""What the verifier learns from: who may train on what, planted errors, batches, loss, resuming, export."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertModel

from assistant.grounding.entailment import Pair as Asked
from assistant.grounding.verifiers import encoder_verifier, has_verifier, load_verifier
from assistant.pairs.encoder import GRAPH_FILE, PairEncoder
from ingestion.errors import ModelError
from ingestion.settings import VerifierSettings
from training.altering import denied, other_calendar, other_date, other_number, reworded
from training.encoder_loop import LoopSettings, balanced, loss_of, train
from training.encoders import Batches, Pair, PairModel, load_base, plan
from training.entailment_sets import published, split_of
from training.errors import EncoderError
from training.planting import passages_of, planted, statement
from training.verifier import Recipe, calibrate, write_verifier

WORDS = ["<s>", "<pad>", "</s>", "<unk>", "cat", "dog", "runs", "sleeps", "not", "red", "blue", "big"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models with a tiny encoder under the name of the base."""
    models_folder = tmp_path_factory.mktemp("models")
    folder = models_folder / "multilingual-e5-small"
    folder.mkdir()
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=64,
    )  # fmt: skip
    weights = BertModel(config, add_pooling_layer=False).state_dict()
    save_file({name: value.contiguous() for name, value in weights.items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config.to_dict()), "utf-8")
    (folder / "modules.json").write_text("[]", "utf-8")
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    return models_folder


@pytest.fixture
def base(store: Path) -> Path:
    return store / "multilingual-e5-small"


def pairs(count: int = 60) -> list[Pair]:
    """Supported when the claim's colour is the evidence's."""
    chance = random.Random(1)
    found = []
    for _ in range(count):
        one, two = chance.choice(["red", "blue"]), chance.choice(["red", "blue"])
        found.append(Pair(f"cat {one} big", f"{two} cat", 0 if one == two else 1, "toy"))
    return found


def settings(**changes: object) -> LoopSettings:
    return replace(
        LoopSettings(epochs=2, minutes=10, tokens=128, evaluate_every=1000, save_every=1, max_tokens=32),
        **changes,
    )


def accuracy(base: Path, rows: Sequence[Pair]) -> object:
    batches = Batches(base, 32)

    def measured(model: PairModel) -> float:
        with torch.no_grad():
            scores = model(batches.batch(batches.tokens(rows)), "verifier")
        right = (scores.argmax(-1) == torch.tensor([row.label for row in rows])).float().mean()
        return float(right)

    return measured


def test_only_what_may_be_learnt_from_is(tmp_path: Path) -> None:
    folder = tmp_path / "entailment"
    folder.mkdir()
    rows = [{"premise": f"文{i}", "hypothesis": "文", "label": "neutral"} for i in range(300)]
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    for name in ("jsick", "jnli", "janli"):
        (folder / f"{name}.jsonl").write_text(text, "utf-8")
    jsem = [{"premises": ["一。", "二。"], "hypothesis": "三。", "label": "undef"}]
    (folder / "jsem.jsonl").write_text(json.dumps(jsem[0]), "utf-8")
    (folder / "wice.jsonl").write_text(
        json.dumps({"evidence": ["a", "b"], "claim": "c", "label": "partially_supported"}), "utf-8"
    )
    found = {split: published(tmp_path, split) for split in ("train", "held", "test")}
    digests = {row["premise"]: hashlib.sha256(row["premise"].encode()).hexdigest() for row in rows}
    forbidden = {premise for premise, digest in digests.items() if int(digest, 16) % 5 == 0}
    assert {pair.first for pair in found["test"] if pair.source == "jnli"} == forbidden
    kept = {split: {pair.first for pair in own if pair.source == "jnli"} for split, own in found.items()}
    assert kept["train"] and kept["held"] and not (kept["train"] | kept["held"]) & forbidden
    assert not kept["train"] & kept["held"]
    assert sum(map(len, kept.values())) == 300
    assert [pair.label for own in found.values() for pair in own if pair.source == "wice"] == [-1]


def test_changes_are_told_apart_from_other_ways_to_say_it() -> None:
    chance = random.Random(3)
    text = "2015年4月には12,000円を支払った。"
    assert other_calendar("2015年に始まった。", chance) == "平成27年に始まった。"
    for _ in range(20):
        assert other_number(text, chance) not in (None, text)
        changed = other_date(text, chance)
        assert changed is not None and changed != text and "12,000円" in changed
    assert denied("彼は来ることができる。") == "彼は来ることができない。"
    assert denied("会議は中止された。") == "会議は中止されなかった。"
    assert denied("これは必要ではない。") == "これは必要である。"
    said = reworded("しかし、会議は中止された。", random.Random(0))
    assert said.removeprefix("しかし、") in ("会議は中止されました。", "会議は中止された。")


def test_a_question_and_its_answer_become_a_statement() -> None:
    assert statement("法則の発見者は誰ですか?", "ファラデー") == "法則の発見者はファラデーです。"
    assert statement("大会は何年に開催されましたか?", "1928年") == "大会は1928年に開催されました。"
    assert statement("なぜ中止したか?", "雨") is None


def test_made_pairs_are_balanced_and_the_same_for_a_seed(tmp_path: Path) -> None:
    folder = tmp_path / "jaquad"
    folder.mkdir()
    sentences = (
        "会社は1990年に120人で設立された。工場はオオサカにある。社長はタナカトオルである。製品は3種類ある。"
    )
    corpus = [
        {"doc_id": str(i), "title": "会社", "text": sentences.replace("120", str(120 + i))} for i in range(60)
    ]
    asked = [
        {"doc_id": str(i), "question": "社長は誰ですか?", "answers": ["タナカトオル"]} for i in range(60)
    ]
    for name, rows in (("corpus", corpus), ("qa", asked)):
        (folder / f"{name}.jsonl").write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    made = planted(*passages_of(tmp_path, "train"), 60, seed=5)
    assert made == planted(*passages_of(tmp_path, "train"), 60, seed=5)
    assert made != planted(*passages_of(tmp_path, "train"), 60, seed=6)
    numbers = [pair for pair in made if pair.source == "made_number"]
    assert sum(pair.label == 0 for pair in numbers) * 2 == pytest.approx(len(numbers), abs=1)
    used = {row["text"] for row in corpus if split_of(row["text"]) == "train"}
    assert all(any(part in text for text in used) for pair in made for part in pair.first.split("\n"))


def test_no_batch_is_over_the_budget_and_no_row_is_lost() -> None:
    lengths = [random.Random(i).randint(3, 40) for i in range(500)]
    batches = plan(lengths, ["a", "b"] * 250, 128, seed=1)
    assert sorted(row for batch in batches for row in batch) == list(range(500))
    assert all(len(batch) * max(lengths[row] for row in batch) <= 128 for batch in batches)
    assert all(len({row % 2 for row in batch}) == 1 for batch in batches)
    assert batches == plan(lengths, ["a", "b"] * 250, 128, seed=1)


def test_loss_of_an_unknown_class_asks_only_that_it_be_not_supported() -> None:
    logits = torch.tensor([[0.0, 0.0, 0.0], [2.0, 0.0, 0.0]])
    known = loss_of(logits[:1], torch.tensor([1]), torch.ones(1))
    unknown = loss_of(logits[:1], torch.tensor([-1]), torch.ones(1))
    assert float(known) == pytest.approx(np.log(3)) and float(unknown) == pytest.approx(np.log(3 / 2))
    rows = [Pair("a", "b", 0, "one")] * 10 + [Pair("a", "b", 2, "one")] * 30
    weights = balanced(rows)
    assert sum(weights[:10]) == pytest.approx(sum(weights[10:])) == pytest.approx(20)


def test_only_the_layers_move_and_a_killed_run_goes_on(base: Path, tmp_path: Path) -> None:
    rows, batches = pairs(), Batches(base, 32)
    words_before = (base / "model.safetensors").read_bytes()

    def run(folder: Path, **changes: object) -> tuple[PairModel, object]:
        model = load_base(base, {"verifier": 3}, dropout=0.0)
        return model, train(
            model, rows, batches, folder, settings(rate=1e-3, workers=1, **changes), accuracy(base, rows)
        )

    whole, _ = run(tmp_path / "whole")
    stopped: list[int] = []

    class Killed(Exception):
        pass

    def kill(progress: object) -> None:
        stopped.append(1)
        if len(stopped) == 4:
            raise Killed

    model = load_base(base, {"verifier": 3}, dropout=0.0)
    with pytest.raises(Killed):
        train(
            model, rows, batches, tmp_path / "cut", settings(rate=1e-3, workers=1), accuracy(base, rows), kill
        )
    again, outcome = run(tmp_path / "cut")
    assert outcome.resumed  # type: ignore[attr-defined]
    state = again.state_dict()
    for name, value in whole.state_dict().items():
        assert torch.allclose(value, state[name], atol=1e-6), name
    assert (base / "model.safetensors").read_bytes() == words_before
    with pytest.raises(EncoderError, match="other settings"):
        run(tmp_path / "cut", seed=9)
    rows[0] = replace(rows[0], label=1 - rows[0].label)  # as many pairs, but not the same
    with pytest.raises(EncoderError, match="other settings or data"):
        run(tmp_path / "cut")


def test_two_workers_add_up_to_one(base: Path, tmp_path: Path) -> None:
    rows, batches = pairs(), Batches(base, 32)
    found = []
    for workers in (1, 2):
        model = load_base(base, {"verifier": 3}, dropout=0.0)
        model.heads["verifier"].drop.p = 0.0
        one = settings(rate=1e-3, workers=workers, epochs=0.4)
        train(model, rows, batches, tmp_path / str(workers), one, accuracy(base, rows))
        found.append(model.state_dict())
    for name, value in found[0].items():
        assert torch.allclose(value, found[1][name], atol=2e-3), name


def test_what_is_written_is_what_was_trained(base: Path, store: Path, tmp_path: Path) -> None:
    """The graph in eight bits against torch in float32, and the verifier loaded from the folder."""
    model = load_base(base, {"verifier": 3}, dropout=0.0)
    batches, rows = Batches(base, 32), pairs(40)
    train(model, rows, batches, tmp_path / "run", settings(rate=3e-3), accuracy(base, rows))
    figures = write_verifier(model, batches, rows, tmp_path / "out", Recipe(max_tokens=32))
    encoder = PairEncoder(tmp_path / "out", base, threads=1)
    tokens = batches.tokens(rows)
    with torch.no_grad():
        expected = torch.cat([model(batches.batch([row]), "verifier") for row in tokens]).numpy()
    assert np.abs(encoder.logits(tokens) - expected).max() < 0.25
    verifier = encoder_verifier(tmp_path / "out", store, 1)
    found = verifier.verify([Asked((row.first,), row.second) for row in rows])
    powers = np.exp(expected / figures["temperature"])
    supported = powers[:, 0] / powers.sum(axis=1)
    assert np.abs(np.array([one.supported for one in found]) - supported).max() < 0.1
    chosen = VerifierSettings(model=str(tmp_path / "out"))
    assert has_verifier(chosen, store) and load_verifier(chosen, store, 1).name == "konkyo-verifier"


def test_calibration_finds_the_temperature_that_was_put_in() -> None:
    chance = np.random.default_rng(0)
    logits = chance.normal(0, 1.5, (4000, 3)).astype(np.float32)
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = [int(chance.choice(3, p=row / row.sum())) for row in shares.astype(np.float64)]
    rows = [Pair("a", "b", label, "toy") for label in labels]
    temperature, _ = calibrate(rows, logits * 2)
    assert temperature == pytest.approx(2.0, abs=0.2)


def test_a_folder_without_weights_or_base_is_told(store: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        encoder_verifier(tmp_path, store, 1)
    assert not (tmp_path / GRAPH_FILE).exists()
    assert not has_verifier(VerifierSettings(model="nowhere/at-all"), store)
    with pytest.raises(EncoderError, match="does not hold"):
        load_base(tmp_path, {"verifier": 3})
