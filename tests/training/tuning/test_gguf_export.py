from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file
from toy_models import ALL, HEADS, HIDDEN, KV_HEADS, Toy, interleaved, peft_config, toy

from assistant.adapters import AdapterFolder, Manifest
from assistant.errors import AdapterError
from training.errors import ExportError
from training.tuning.families import FAMILIES, BaseModel, base_model, family_of
from training.tuning.gguf_export import export_adapter, import_adapter, read_gguf, write_gguf
from training.tuning.peft_folder import Pair, PeftAdapter, read_peft, scale_of, write_peft

KEPT = ("adapter_config.json", "adapter_model.safetensors")


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toy]:
    yield toy(tmp_path_factory.mktemp("llama"), "llama")


def base(architecture: str, heads: int, kv_heads: int, size: int, hidden: int, inner: int) -> BaseModel:
    """A base model of one block without a file."""
    rows = {
        "attn_q": (heads * size, hidden), "attn_k": (kv_heads * size, hidden),
        "attn_v": (kv_heads * size, hidden), "attn_output": (hidden, heads * size),
        "ffn_gate": (inner, hidden), "ffn_up": (inner, hidden), "ffn_down": (hidden, inner),
    }  # fmt: skip
    tensors = {f"blk.0.{name}.weight": shape for name, shape in rows.items()}
    return BaseModel(Path("none.gguf"), FAMILIES[architecture], 1, heads, kv_heads, tensors)


@st.composite
def adapters(draw: st.DrawFn) -> tuple[BaseModel, PeftAdapter]:
    """Any shape, any part of the matrices, one rank for all, alpha that is no power of two."""
    heads = draw(st.integers(1, 4)) * (kv := draw(st.integers(1, 3)))
    model = base(
        draw(st.sampled_from(sorted(FAMILIES))), heads, kv, 2 * draw(st.integers(1, 4)),
        draw(st.integers(1, 9)), draw(st.integers(1, 9)),
    )  # fmt: skip
    rank, rslora = draw(st.integers(1, 6)), draw(st.booleans())
    config = {"peft_type": "LORA", "r": rank, "lora_alpha": draw(st.integers(1, 40)), "use_rslora": rslora}
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    chosen = draw(st.lists(st.sampled_from(sorted(model.tensors)), min_size=1, unique=True))
    pairs = {}
    for tensor in chosen:
        rows, columns = model.tensors[tensor]
        module = model.modules()[tensor]
        a, b = random.standard_normal((rank, columns)), random.standard_normal((rows, rank))
        pairs[module] = Pair(a.astype(np.float32), b.astype(np.float32), scale_of(config, module, rank))
    return model, PeftAdapter(config, pairs)


@settings(max_examples=30)
@given(adapters())
def test_what_was_exported_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, case: tuple[BaseModel, PeftAdapter]
) -> None:
    model, adapter = case
    folder = tmp_path_factory.mktemp("identity")
    write_gguf(adapter, model, folder / "adapter.gguf", "x")
    import_adapter(folder / "adapter.gguf", model, folder / "back")
    back = read_peft(folder / "back")
    assert back.config == adapter.config and back.pairs.keys() == adapter.pairs.keys()
    for module, pair in adapter.pairs.items():
        assert np.array_equal(back.pairs[module].a, pair.a) and np.array_equal(back.pairs[module].b, pair.b)
        assert back.pairs[module].scale == pytest.approx(pair.scale)


def test_the_folder_that_peft_saved_comes_back_byte_for_byte_in_its_tensors(
    llama: Toy, tmp_path: Path
) -> None:
    model = base_model(llama.gguf)
    write_gguf(read_peft(llama.adapter), model, tmp_path / "adapter.gguf", "x")
    import_adapter(tmp_path / "adapter.gguf", model, tmp_path / "back")
    first, second = (load_file(folder / KEPT[1]) for folder in (llama.adapter, tmp_path / "back"))
    assert first.keys() == second.keys() and len(first) == 2 * 2 * len(ALL)
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert peft_config(llama.adapter) == peft_config(tmp_path / "back")


def test_the_file_says_what_llama_cpp_reads(llama: Toy, tmp_path: Path) -> None:
    written = write_gguf(
        read_peft(llama.adapter), base_model(llama.gguf), tmp_path / "adapter.gguf", "terms-1"
    )
    reader = gguf.GGUFReader(tmp_path / "adapter.gguf")
    head = {name: reader.get_field(name).contents() for name in (
        "general.architecture", "general.type", "general.name", "adapter.type", "adapter.lora.alpha"
    )}  # fmt: skip
    assert list(head.values()) == ["llama", "adapter", "terms-1", "lora", 12.0]
    trained = load_file(llama.adapter / KEPT[1])
    place = "base_model.model.model.layers.1."
    stored = {one.name: np.array(one.data) for one in reader.tensors}
    for part, name, heads in (("q", "blk.1.attn_q", HEADS), ("k", "blk.1.attn_k", KV_HEADS)):
        b = trained[f"{place}self_attn.{part}_proj.lora_B.weight"]
        assert np.array_equal(stored[f"{name}.weight.lora_b"], b[interleaved(heads, len(b))])
        assert np.array_equal(
            stored[f"{name}.weight.lora_a"], trained[f"{place}self_attn.{part}_proj.lora_A.weight"]
        )
    down = trained[f"{place}mlp.down_proj.lora_B.weight"]
    assert np.array_equal(stored["blk.1.ffn_down.weight.lora_b"], down)
    assert (written.bytes, written.path) == (
        (tmp_path / "adapter.gguf").stat().st_size,
        tmp_path / "adapter.gguf",
    )
    assert [path.name for path in tmp_path.iterdir()] == ["adapter.gguf"]


@pytest.mark.parametrize(
    ("more", "scales"),
    [
        ({"use_rslora": True}, {"q_proj": 12 / 2, "v_proj": 12 / 2}),
        ({"alpha_pattern": {"v_proj": 30}}, {"q_proj": 12 / 4, "v_proj": 30 / 4}),
        ({"rank_pattern": {"layers.0.self_attn.q_proj": 2}}, {"q_proj": 12 / 2, "v_proj": 12 / 4}),
    ],
)
def test_every_scale_of_peft_arrives(tmp_path: Path, more: dict[str, Any], scales: dict[str, float]) -> None:
    """What llama.cpp adds to block 0 is what peft adds there, computed by hand."""
    made = toy(tmp_path, "qwen2", target_modules=["q_proj", "v_proj"], **more)
    write_gguf(read_peft(made.adapter), base_model(made.gguf), tmp_path / "adapter.gguf", "x")
    file = read_gguf(tmp_path / "adapter.gguf")
    trained = load_file(made.adapter / KEPT[1])
    for part, tensor in (("q_proj", "blk.0.attn_q.weight"), ("v_proj", "blk.0.attn_v.weight")):
        name = f"base_model.model.model.layers.0.self_attn.{part}.lora_"
        expected = scales[part] * trained[f"{name}B.weight"] @ trained[f"{name}A.weight"]
        found = file.alpha / len(file.pairs[tensor].a) * file.pairs[tensor].b @ file.pairs[tensor].a
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)
    back = import_adapter(tmp_path / "adapter.gguf", base_model(made.gguf), tmp_path / "back")
    for module, pair in read_peft(made.adapter).pairs.items():
        assert back.pairs[module].delta() == pytest.approx(pair.delta(), rel=1e-5, abs=1e-6)


def test_sixteen_bits_round_and_refuse_what_they_cannot_hold(llama: Toy, tmp_path: Path) -> None:
    adapter, model = read_peft(llama.adapter), base_model(llama.gguf)
    small = write_gguf(adapter, model, tmp_path / "small.gguf", "x", "f16")
    assert small.bytes < write_gguf(adapter, model, tmp_path / "large.gguf", "x").bytes * 0.75
    module, pair = next(iter(adapter.pairs.items()))
    stored = read_gguf(small.path).pairs[model.tensor_of(module)].a
    assert np.array_equal(stored, pair.a.astype(np.float16).astype(np.float32))
    huge = replace(adapter, pairs={**adapter.pairs, module: replace(pair, a=pair.a * 1e9)})
    with pytest.raises(ExportError, match="--precision f32"):
        write_gguf(huge, model, tmp_path / "small.gguf", "x", "f16")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["large.gguf", "small.gguf"]
    assert read_gguf(small.path).pairs  # the file before is still whole


def test_an_adapter_that_others_wrote_can_be_imported(llama: Toy, tmp_path: Path) -> None:
    model = base_model(llama.gguf)
    writer = gguf.GGUFWriter(tmp_path / "other.gguf", "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 6.0)
    random = np.random.default_rng(0)
    b = random.standard_normal((HIDDEN, 3)).astype(np.float32)
    writer.add_tensor("blk.0.attn_output.weight.lora_a", np.ones((3, HIDDEN), np.float32))
    writer.add_tensor("blk.0.attn_output.weight.lora_b", b)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    found = import_adapter(tmp_path / "other.gguf", model, tmp_path / "peft")
    assert found.config["target_modules"] == ["o_proj"] and found.config["r"] == 3
    delta = found.pairs["model.layers.0.self_attn.o_proj"].delta()
    assert delta == pytest.approx(
        np.repeat(2 * b.sum(axis=1, keepdims=True), HIDDEN, axis=1), rel=1e-4, abs=1e-5
    )
    with pytest.raises(ExportError, match="is for the architecture 'llama'"):
        import_adapter(tmp_path / "other.gguf", replace(model, family=FAMILIES["qwen2"]), tmp_path / "no")


@pytest.mark.parametrize(
    ("settings_of_peft", "named"),
    [
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"), ({"use_dora": True}, "DoRA"),
        ({"bias": "all"}, "bias = 'all'"), ({"lora_alpha": 0}, "lora_alpha = 0"),
        ({"peft_type": "IA3"}, "IA3"), ({"trainable_token_indices": [1]}, "embeddings"),
        ({"lora_alpha": None}, "lora_alpha is missing"),
    ],
)  # fmt: skip
def test_what_llama_cpp_cannot_apply_is_refused_by_name(
    llama: Toy, tmp_path: Path, settings_of_peft: dict[str, Any], named: str
) -> None:
    write_peft(read_peft(llama.adapter), tmp_path)
    (tmp_path / KEPT[0]).write_text(json.dumps({**peft_config(llama.adapter), **settings_of_peft}), "utf-8")
    with pytest.raises(ExportError, match=named):
        read_peft(tmp_path)


def test_weights_that_are_no_pairs_are_refused_by_name(llama: Toy, tmp_path: Path) -> None:
    write_peft(read_peft(llama.adapter), tmp_path)
    good = load_file(tmp_path / KEPT[1])
    name = "base_model.model.model.embed_tokens.weight"
    save_file({**good, name: np.ones((3, 3), np.float32)}, tmp_path / KEPT[1])
    with pytest.raises(ExportError, match="embed_tokens"):
        read_peft(tmp_path)
    first = next(iter(good))
    save_file({key: value for key, value in good.items() if key != first}, tmp_path / KEPT[1])
    with pytest.raises(ExportError, match="do not belong together"):
        read_peft(tmp_path)
    (tmp_path / KEPT[1]).write_bytes(b"half a file")
    with pytest.raises(ExportError, match="Train the adapter again"):
        read_peft(tmp_path)


def test_a_tied_output_layer_cannot_be_changed_and_an_own_one_can(llama: Toy, tmp_path: Path) -> None:
    untied = base_model(llama.gguf)
    assert not untied.tied and untied.tensor_of("lm_head") == "output.weight"
    tied = base("qwen2", 1, 1, 2, 4, 4)
    with pytest.raises(ExportError, match="is the embedding itself"):
        tied.tensor_of("lm_head")
    with pytest.raises(ExportError, match=r"'model\.embed_tokens'.*Train only q_proj"):
        untied.tensor_of("model.embed_tokens")
    with pytest.raises(ExportError, match=r"layers\.7\."):
        untied.tensor_of("model.layers.7.self_attn.q_proj")


def test_another_base_model_is_told_by_its_sizes(llama: Toy, tmp_path: Path) -> None:
    model = base_model(llama.gguf)
    narrow = replace(model, tensors={**model.tensors, "blk.0.attn_q.weight": (8, 8)})
    with pytest.raises(ExportError, match=r"64 by 64, but the base model's has \(8, 8\)"):
        write_gguf(read_peft(llama.adapter), narrow, tmp_path / "adapter.gguf", "x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("architecture", ["gemma", "phi3", "unheard-of", ""])
def test_a_family_that_is_not_proven_is_refused_by_name(architecture: str) -> None:
    with pytest.raises(ExportError, match=rf"'{architecture}' cannot be exported.*qwen2 \(Qwen2, Qwen2.5\)"):
        family_of(architecture)


def test_no_file_and_no_model_are_told(tmp_path: Path) -> None:
    (tmp_path / "text.gguf").write_text("no GGUF", "utf-8")
    for path in (tmp_path / "text.gguf", tmp_path / "none.gguf"):
        with pytest.raises(ExportError, match="cannot be read as a GGUF file"):
            base_model(path)


def test_the_manifest_knows_the_file_and_forgets_what_was_found_about_another(
    llama: Toy, tmp_path: Path
) -> None:
    folder = AdapterFolder(tmp_path)
    manifest = Manifest(
        name="terms-1", created_at="2026-01-02T00:00:00.000+00:00", base={"model": "toy"}, method="sft",
        recipe={}, run="r1", data={}, seed=0, versions={},
    )  # fmt: skip
    with pytest.raises(AdapterError, match="no adapter 'terms-1'"):
        export_adapter(folder, "terms-1", llama.gguf)
    folder.write(manifest)
    write_peft(read_peft(llama.adapter), tmp_path / "terms-1" / "peft")
    first = export_adapter(folder, "terms-1", llama.gguf)
    noted = folder.read("terms-1")
    assert noted.gguf == {"bytes": first.bytes, "sha256": first.sha256, "precision": "f32"}
    folder.write(replace(noted, parity={"passed": True}, gate={"passed": True}))
    assert export_adapter(folder, "terms-1", llama.gguf) == first
    assert folder.read("terms-1").parity == {"passed": True}
    other = export_adapter(folder, "terms-1", llama.gguf, precision="f16")
    again = folder.read("terms-1")
    assert other.sha256 != first.sha256 and again.gguf is not None and again.gguf["precision"] == "f16"
    assert (again.parity, again.gate) == (None, None)
