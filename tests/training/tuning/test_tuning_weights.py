"""What is tuned is what is served: weights, tokenizer and template out of a GGUF file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from toy_chat_gguf import write_gguf
from toy_chat_models import (
    SPECIAL,
    TEMPLATE,
    toy_chats,
    toy_folder,
    toy_model,
    toy_tokenizer,
    toy_vocabulary,
)

from assistant.llama import CHATML
from ingestion.errors import ModelError
from ingestion.model_store import ModelStore
from training.errors import TuningError
from training.tuning.encoding import Encoder, control_tokens
from training.tuning.recipes import BaseModelRecipe, LoraRecipe, Recipe
from training.tuning.sft import reply_trainer
from training.tuning.weights import (
    chosen_dtype,
    find_base,
    load_model,
    load_tokenizer,
    lora_config,
    multiplications,
)


@pytest.mark.parametrize(("family", "tied"), [("qwen2", True), ("llama", False)])
def test_a_gguf_file_gives_the_model_that_it_was_written_from(
    family: str, tied: bool, tmp_path: Path
) -> None:
    original = toy_model(family, tied=tied).eval()
    write_gguf(tmp_path / "toy.gguf", original, family)
    base = find_base("toy", ModelStore(tmp_path, entries=()))
    assert (base.family, base.licence, base.is_gguf) == (family, "mit", True)
    shape = base.shape
    assert (shape.layers, shape.hidden, shape.inner, shape.heads, shape.kv_heads) == (2, 32, 64, 4, 2)
    assert (shape.vocabulary, shape.tied) == (len(toy_vocabulary()), tied)
    matrices = sum(value.numel() for name, value in original.named_parameters() if value.dim() == 2)
    assert shape.weights == matrices
    model = load_model(base, "fp32").eval()
    assert not any(value.requires_grad for value in model.parameters())
    ids = torch.arange(20, 60).unsqueeze(0)
    with torch.no_grad():
        assert torch.allclose(model(ids).logits, original(ids).logits, atol=1e-5)
    assert load_model(base, "bf16").dtype == torch.bfloat16
    assert not getattr(model, "is_quantized", False)  # trainers refuse weights in blocks


@pytest.mark.filterwarnings("ignore:.*gradient_checkpointing.* is deprecated:FutureWarning")
def test_the_trainer_takes_the_weights_of_a_file(tmp_path: Path) -> None:
    write_gguf(tmp_path / "toy.gguf", toy_model(), "qwen2")
    base = find_base("toy", ModelStore(tmp_path, entries=()))
    model, tokenizer = load_model(base, "bf16"), load_tokenizer(base)
    recipe = Recipe.model_validate({"training": {"warmup": 0, "rate": 0.01}})
    rows = Encoder(tokenizer, max_tokens=99).encode(toy_chats(1)[0])
    trainer = reply_trainer(
        model, lora_config(recipe.lora, base), tokenizer, rows, (), recipe, tmp_path / "runs", steps=2,
        dtype="bf16",
    )  # fmt: skip
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert losses[1] < losses[0]
    learnt = {one.dtype for one in trainer.model.parameters() if one.requires_grad}
    assert learnt == {torch.float32}, "in 16 bits small steps would get lost"


def test_tokenizer_and_template_are_those_of_the_file(tmp_path: Path) -> None:
    write_gguf(tmp_path / "toy.gguf", toy_model(), "qwen2")
    base = find_base("toy", ModelStore(tmp_path, entries=()))
    tokenizer, own = load_tokenizer(base), toy_tokenizer()
    text = "<|im_start|>user\nthe 会食 in a\n\n<|im_end|>"
    assert (
        tokenizer(text, add_special_tokens=False)["input_ids"]
        == own(text, add_special_tokens=False)["input_ids"]
    )
    assert set(control_tokens(tokenizer)) == set(SPECIAL)
    assert tokenizer.chat_template == TEMPLATE
    assert Encoder(tokenizer, max_tokens=99).end == Encoder(own, max_tokens=99).end
    write_gguf(tmp_path / "bare.gguf", toy_model(), "qwen2", template=None)
    bare = load_tokenizer(find_base("bare", ModelStore(tmp_path, entries=())))
    assert bare.chat_template == CHATML


def test_a_folder_is_as_good(tmp_path: Path) -> None:
    folder = toy_folder(tmp_path / "toy", "llama", tied=False)
    base = find_base(str(folder), ModelStore(tmp_path / "models", entries=()))
    assert (base.model, base.family, base.is_gguf) == ("toy", "llama", False)
    original = toy_model("llama", tied=False)
    assert base.shape.weights == sum(one.numel() for one in original.parameters() if one.dim() == 2)
    loaded = load_model(base, "fp32").state_dict()
    assert all(torch.equal(value, loaded[name]) for name, value in original.state_dict().items())
    first = base.sha256()
    (folder / "model.safetensors").write_bytes(b"other")
    assert len(first) == 64 and base.sha256() != first


def test_other_families_are_refused_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "gemma"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "gemma3"}), "utf-8")
    with pytest.raises(TuningError, match=r"gemma is of the family gemma3, .*qwen3 or gemma3_text"):
        find_base(str(folder), ModelStore(tmp_path, entries=()))
    with pytest.raises(ModelError, match="nothing"):
        find_base("nothing", ModelStore(tmp_path, entries=()))


def test_4_bits_need_a_gpu_and_a_folder(tmp_path: Path) -> None:
    write_gguf(tmp_path / "toy.gguf", toy_model(), "qwen2")
    store = ModelStore(tmp_path, entries=())
    with pytest.raises(TuningError, match="folder"):
        load_model(find_base("toy", store), "bf16", four_bit=True)
    with pytest.raises(TuningError, match="GPU"):
        load_model(find_base(str(toy_folder(tmp_path / "f")), store), "bf16", four_bit=True)


def test_the_layers_that_are_learnt_must_exist(tmp_path: Path) -> None:
    base = find_base(str(toy_folder(tmp_path / "toy")), ModelStore(tmp_path, entries=()))
    assert lora_config(LoraRecipe(rank=3), base).r == 3
    with pytest.raises(TuningError, match="c_attn"):
        lora_config(LoraRecipe(targets=("q_proj", "c_attn")), base)


def test_the_numbers_of_the_recipe_or_the_faster_ones(tmp_path: Path) -> None:
    shape = find_base(str(toy_folder(tmp_path / "toy")), ModelStore(tmp_path, entries=())).shape
    assert chosen_dtype(BaseModelRecipe(dtype="bf16"), shape) == "bf16"
    assert chosen_dtype(BaseModelRecipe(dtype="fp32"), shape) == "fp32"
    assert chosen_dtype(BaseModelRecipe(), shape) in ("bf16", "fp32")
    assert multiplications("fp32", shape, seconds=0) > 0
