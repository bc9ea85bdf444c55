"""What is tuned is what is served: weights, tokenizer and template out of a GGUF file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from gguf import GGUFWriter, TokenType
from toy_chat_models import (
    MERGES,
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

NAMES = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}  # fmt: skip


def tensors(model: Any, family: str) -> Iterator[tuple[str, torch.Tensor]]:
    """As llama.cpp's converter writes them; for llama the rows of q and k stand in another order."""
    for name, value in model.state_dict().items():
        place, _, kind = name.rpartition(".")
        block = ""
        if place.startswith("model.layers."):
            _, _, number, place = place.split(".", 3)
            block = f"blk.{number}."
        if family == "llama" and place in ("self_attn.q_proj", "self_attn.k_proj"):
            heads = 4 if "q_proj" in place else 2
            value = (
                value.reshape(heads, 2, value.shape[0] // heads // 2, -1).swapaxes(1, 2).reshape(value.shape)
            )
        yield f"{block}{NAMES[place]}.{kind}", value


def write_gguf(path: Path, model: Any, family: str, *, template: str | None = TEMPLATE) -> Path:
    writer = GGUFWriter(path, family)
    writer.add_name("toy")
    writer.add_license("mit")
    writer.add_block_count(2)
    writer.add_context_length(1024)
    writer.add_embedding_length(32)
    writer.add_feed_forward_length(64)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10000.0)
    vocabulary = toy_vocabulary()
    writer.add_vocab_size(len(vocabulary))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(vocabulary)
    writer.add_token_types(
        [TokenType.CONTROL if token in SPECIAL else TokenType.NORMAL for token in vocabulary]
    )
    writer.add_token_merges([" ".join(pair) for pair in MERGES])
    writer.add_bos_token_id(len(vocabulary) - 3)
    writer.add_pad_token_id(len(vocabulary) - 3)
    writer.add_eos_token_id(len(vocabulary) - 1)
    if template:
        writer.add_chat_template(template)
    for name, value in tensors(model, family):
        if name != "output.weight" or not model.config.tie_word_embeddings:
            writer.add_tensor(name, value.numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


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
    with pytest.raises(TuningError, match=r"gemma is of the family gemma3.*qwen2 or llama"):
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
