from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import gguf
import numpy as np
import pytest
from toy_models import Toy, toy

from assistant.answers import Message
from assistant.llama_probing import LlamaProbe, Scores
from training.errors import ExportError
from training.tuning.families import base_model
from training.tuning.gguf_export import write_gguf
from training.tuning.merging import merge
from training.tuning.peft_folder import read_peft

MESSAGES = [Message("user", "有給休暇は何日ですか。 in the 2nd interest period")]


@pytest.fixture(scope="module", params=["llama", "qwen2"])
def exported(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Toy, Path]]:
    folder = tmp_path_factory.mktemp(request.param)
    made = toy(folder, request.param)
    write_gguf(read_peft(made.adapter), base_model(made.gguf), folder / "adapter.gguf", "x")
    yield made, folder / "adapter.gguf"


def scores(path: Path, adapter: Path | None = None) -> Scores:
    probe = LlamaProbe(path, context_tokens=256)
    try:
        probe.use(adapter)
        return probe.score(probe.served_tokens(MESSAGES), 1)
    finally:
        probe.close()


def test_merged_is_base_plus_adapter(exported: tuple[Toy, Path], tmp_path: Path) -> None:
    made, adapter = exported
    seen: list[tuple[int, int]] = []
    written = merge(made.gguf, adapter, tmp_path / "m.gguf", kind="f32", progress=lambda *at: seen.append(at))
    both, alone, merged = scores(made.gguf, adapter), scores(made.gguf), scores(written.path)
    assert merged.chosen == pytest.approx(both.chosen, abs=0.02)
    assert np.abs(alone.chosen - both.chosen).max() > 0.5
    assert merged.best.tolist() == both.best.tolist()
    assert seen[-1] == (len(gguf.GGUFReader(made.gguf).tensors),) * 2
    assert [path.name for path in tmp_path.iterdir()] == ["m.gguf"]


def test_the_weights_are_those_that_peft_merges(exported: tuple[Toy, Path], tmp_path: Path) -> None:
    """Independent truth: peft's own merge, for matrices whose rows stand in the same order."""
    made, adapter = exported
    merged = merge(made.gguf, adapter, tmp_path / "m.gguf", kind="f32")
    stored = {one.name: np.array(one.data) for one in gguf.GGUFReader(merged.path).tensors}
    layers = dict(made.model.named_modules())
    for part, name in (("mlp.down_proj", "ffn_down"), ("self_attn.v_proj", "attn_v")):
        layer = layers[f"base_model.model.model.layers.1.{part}"]
        expected = layer.base_layer.weight + layer.get_delta_weight("default")
        assert stored[f"blk.1.{name}.weight"] == pytest.approx(expected.detach().numpy(), abs=1e-5)


@pytest.mark.parametrize(("kind", "within", "type_of_ffn"), [("f16", 0.05, "F16"), ("q8_0", 0.5, "Q8_0")])
def test_smaller_kinds_stay_near(
    exported: tuple[Toy, Path], tmp_path: Path, kind: str, within: float, type_of_ffn: str
) -> None:
    made, adapter = exported
    written = merge(made.gguf, adapter, tmp_path / "m.gguf", kind=kind)
    apart = np.abs(scores(written.path).chosen - scores(made.gguf, adapter).chosen)
    assert apart.mean() < within
    reader = gguf.GGUFReader(written.path)
    types = {one.name: one.tensor_type.name for one in reader.tensors}
    assert types["blk.0.ffn_up.weight"] == type_of_ffn and types["blk.0.attn_norm.weight"] == "F32"
    template = reader.get_field("tokenizer.chat_template")
    assert template is not None and template.contents().startswith("{% for message")
    assert [path.name for path in tmp_path.iterdir()] == ["m.gguf"]


def test_what_does_not_fit_is_told_and_nothing_is_left(exported: tuple[Toy, Path], tmp_path: Path) -> None:
    made, adapter = exported
    with pytest.raises(ExportError, match="q3_x"):
        merge(made.gguf, adapter, tmp_path / "m.gguf", kind="q3_x")
    with pytest.raises(ExportError, match="is no LoRA adapter"):
        merge(made.gguf, made.gguf, tmp_path / "m.gguf")
    other = toy(tmp_path / "other", "qwen3") if (tmp_path / "other").mkdir() is None else None
    assert other is not None
    with pytest.raises(ExportError, match="Choose the base model"):
        merge(other.gguf, adapter, tmp_path / "m.gguf")
    assert not list(tmp_path.glob("m.gguf*"))
