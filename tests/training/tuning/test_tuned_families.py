"""Every family that can be tuned: learnt from its GGUF file, exported, and the same in llama.cpp."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional
from toy_chat_models import toy_chats
from toy_models import toy

from assistant.adapters import PEFT, AdapterFolder, Manifest
from assistant.answers import Message
from ingestion.model_files import sha256_of
from ingestion.model_store import ModelStore
from training.tuning.encoding import Encoder
from training.tuning.estimating import adapter_weights
from training.tuning.families import FAMILIES as EXPORTED
from training.tuning.gguf_export import export_adapter
from training.tuning.parity_prompts import ParityPrompt
from training.tuning.proving import prove
from training.tuning.recipes import Recipe
from training.tuning.runs import Run
from training.tuning.sft import reply_trainer
from training.tuning.telling import save_adapter
from training.tuning.weights import FAMILIES, FOLDERS, find_base, load_model, load_tokenizer, lora_config

TOYS = {"qwen2": "qwen2", "llama": "llama", "mistral": "llama", "qwen3": "qwen3", "gemma3": "gemma3"}
PROMPTS = [
    ParityPrompt((Message("system", "Be brief."), Message("user", text)), reply)
    for text, reply in (("3?", "the answer is 33!"), ("会食の上限は？", "12,000円です。[1]"))
]


@pytest.mark.filterwarnings("ignore:.*gradient_checkpointing.* is deprecated:FutureWarning")
@pytest.mark.parametrize("name", TOYS)
def test_what_is_learnt_from_the_served_file_is_served(name: str, tmp_path: Path) -> None:
    original = toy(tmp_path, name)
    base = find_base(name, ModelStore(tmp_path, entries=()))
    assert base.family == TOYS[name]
    plain = original.model.get_base_model()
    matrices = {one: value.numel() for one, value in plain.named_parameters() if value.dim() == 2}
    own = {one: size for one, size in matrices.items() if "lora_" not in one}
    assert base.shape.weights == sum(own.values())

    tokenizer = load_tokenizer(base)
    recipe = Recipe.model_validate(
        {"lora": {"rank": 4, "dropout": 0}, "training": {"rate": 0.02, "warmup": 0, "accumulate": 1}}
    )
    rows = [row for one in toy_chats(4) for row in Encoder(tokenizer, max_tokens=99).encode(one)]
    trainer = reply_trainer(
        load_model(base, "fp32"), lora_config(recipe.lora, base), tokenizer, rows, (), recipe,
        tmp_path / "runs", steps=6, dtype="fp32",
    )  # fmt: skip
    learnt = sum(one.numel() for one in trainer.model.parameters() if one.requires_grad)
    assert adapter_weights(recipe, base.shape) == learnt
    assert loss_of(trainer, 0) == pytest.approx(expected(original.model, rows[0]), abs=1e-4)
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert losses[-1] < losses[0] - 0.5

    adapters = AdapterFolder(tmp_path / "adapters")
    told = {"model": name, "sha256": sha256_of(base.path)}
    adapters.write(Manifest("a", "2026-01-01", told, "sft", {}, "r", {}, 0, {}))
    save_adapter(trainer.model, Run(tmp_path))
    (tmp_path / "best").rename(adapters.folder("a") / PEFT)
    export_adapter(adapters, "a", base.path)
    report = prove(adapters, "a", base.path, PROMPTS)
    assert report["passed"], report["reasons"]


def loss_of(trainer: Any, place: int) -> float:
    trainer.model.eval()
    batch = trainer.data_collator([trainer.train_dataset[place]])
    return float(trainer.compute_loss(trainer.model, dict(batch)).item())


def expected(original: Any, row: Any) -> float:
    """The loss of the reply by the model that the file was written from, in transformers' own way."""
    with torch.no_grad(), original.disable_adapter():
        scores = original(input_ids=torch.tensor([row.ids])).logits[0]
    return float(functional.cross_entropy(scores[row.prompt - 1 : -1], torch.tensor(row.ids[row.prompt :])))


def test_every_family_that_is_tuned_is_proven_above_and_can_be_exported() -> None:
    assert set(TOYS.values()) == set(FAMILIES) == set(FOLDERS.values()) <= set(EXPORTED)
