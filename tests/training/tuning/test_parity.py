"""Each family that is called proven: a tiny random model in transformers and in llama.cpp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from toy_models import CHATML, Toy, toy, with_tensors, write_gguf

from assistant.adapters import GGUF, AdapterFolder, Manifest
from assistant.answers import Message
from assistant.errors import AdapterError
from assistant.llama_probing import LlamaProbe, Scores
from ingestion.errors import ModelError
from ingestion.model_files import sha256_of
from training.errors import ParityError
from training.tuning.examples import TuningExample
from training.tuning.families import FAMILIES
from training.tuning.gguf_export import export_adapter
from training.tuning.parity import Thresholds, WeightsCompared, compared, effect_of, judged
from training.tuning.parity_prompts import (
    ENOUGH,
    ParityPrompt,
    conversations,
    enough,
    example_prompts,
    fixed_prompts,
)
from training.tuning.peft_folder import read_peft, write_peft
from training.tuning.proving import base_of, prove

PROMPTS = (
    ParityPrompt((Message("user", "有給休暇は何日ですか。"),), "10日の有給休暇が与えられます [1]。"),
    ParityPrompt((Message("system", "Be brief."), Message("user", "When?")), "In the 2nd interest period."),
)
PLACED = WeightsCompared(14, "model.layers.0.self_attn.q_proj", 0.0)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Toy]:
    return {}


def of(made: dict[str, Toy], family: str, tmp_path_factory: pytest.TempPathFactory) -> Toy:
    if family not in made:
        made[family] = toy(tmp_path_factory.mktemp(family), family)
    return made[family]


def workspace(folder: Path, model: Toy, name: str = "a") -> AdapterFolder:
    """A folder of adapters with one that was trained and exported."""
    adapters = AdapterFolder(folder / "adapters")
    adapters.write(Manifest(
        name=name, created_at="2026-01-02T00:00:00.000+00:00", method="sft", recipe={}, run="r1", data={},
        seed=0, base={"model": "toy", "sha256": sha256_of(model.gguf), "family": "x"}, versions={},
    ))  # fmt: skip
    write_peft(read_peft(model.adapter), adapters.folder(name) / "peft")
    export_adapter(adapters, name, model.gguf)
    return adapters


def spoiled(adapters: AdapterFolder, change: Any, **more: Any) -> None:
    """The exported file with other tensors, noted as if the export had written it so."""
    path = adapters.folder("a") / GGUF
    other = path.with_suffix(".other")
    with_tensors(path, other, change, **more)
    other.replace(path)
    noted = {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
    adapters.write(replace(adapters.read("a"), gguf=noted))


def codes(report: dict[str, Any]) -> list[str]:
    return [reason["code"] for reason in report["reasons"]]


@pytest.mark.parametrize("family", ["qwen2", "llama", "mistral", "qwen3", "gemma2", "gemma3"])
def test_a_right_export_passes(
    made: dict[str, Toy], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, family: str
) -> None:
    model = of(made, family, tmp_path_factory)
    adapters = workspace(tmp_path, model)
    seen: list[tuple[str, int, int]] = []
    report = prove(adapters, "a", model.gguf, PROMPTS, progress=lambda *at: seen.append(at))
    assert report["passed"] and report["reasons"] == [] and report["prompts"] == 2
    assert report["top1_agreement"] >= 0.95 and report["max_logprob_diff"] < 0.05
    assert report["effect"]["size"] > 0.1 and report["effect"]["difference"] < 0.02
    assert report["weights"]["matrices"] == 14 and report["weights"]["difference"] < 1e-5
    assert adapters.read("a").parity == report
    assert seen[0] == ("parity", 0, 8) and seen[-1] == ("parity", 8, 8)


def test_every_family_is_proven_above() -> None:
    assert set(FAMILIES) == {"qwen2", "llama", "qwen3", "gemma2", "gemma3"}


def test_rows_of_q_in_another_order_fail(
    made: dict[str, Toy], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The mistake that everybody makes once with Llama: q as transformers has it."""
    model = of(made, "llama", tmp_path_factory)
    adapters = workspace(tmp_path, model)
    trained = read_peft(model.adapter)

    def forgotten(name: str, values: Any) -> Any:
        if not name.endswith("attn_q.weight.lora_b"):
            return values
        return trained.pairs[f"model.layers.{name.split('.')[1]}.self_attn.q_proj"].b

    spoiled(adapters, forgotten)
    report = prove(adapters, "a", model.gguf, PROMPTS)
    assert not report["passed"] and "weights" in codes(report)
    assert report["weights"]["difference"] > 0.5 and "q_proj" in report["weights"]["worst"]
    assert adapters.read("a").parity == report


def test_permuted_rows_show_in_the_effect_when_nothing_else_was_trained(tmp_path: Path) -> None:
    model = toy(tmp_path, "qwen2", target_modules=["q_proj"], lora_alpha=64)
    adapters = workspace(tmp_path, model)
    spoiled(adapters, lambda name, values: values[::-1] if name.endswith("lora_b") else values)
    report = prove(adapters, "a", model.gguf, PROMPTS)
    assert codes(report)[:2] == ["weights", "effect"]
    assert report["effect"]["difference"] > 0.5


def test_a_forgotten_alpha_fails(
    made: dict[str, Toy], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    model = of(made, "qwen2", tmp_path_factory)
    adapters = workspace(tmp_path, model)
    spoiled(adapters, lambda name, values: values, alpha=0.0)  # then llama.cpp takes 1 for 12 / 4
    report = prove(adapters, "a", model.gguf, PROMPTS)
    assert {"weights", "effect"} <= set(codes(report))
    assert report["weights"]["difference"] == pytest.approx(2 / 3, abs=0.01)
    assert report["effect"]["served_size"] < 0.6 * report["effect"]["size"]


def test_an_adapter_that_changes_nothing_proves_nothing(
    made: dict[str, Toy], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    model = of(made, "qwen2", tmp_path_factory)
    trained = read_peft(model.adapter)
    adapters = workspace(tmp_path, model)
    untrained = {name: replace(pair, b=np.zeros_like(pair.b)) for name, pair in trained.pairs.items()}
    write_peft(replace(trained, pairs=untrained), adapters.folder("a") / "peft")
    export_adapter(adapters, "a", model.gguf)
    report = prove(adapters, "a", model.gguf, PROMPTS)
    assert codes(report) == ["no_effect"] and report["effect"]["size"] == 0


def test_a_template_that_differs_by_one_token_is_found_at_its_place(
    made: dict[str, Toy], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Trained on a folder whose template begins the reply without a newline."""
    model = of(made, "qwen2", tmp_path_factory)
    adapters = workspace(tmp_path, model)
    folder = tmp_path / "hf"
    model.model.get_base_model().config.save_pretrained(folder)
    clean = {
        name.replace(".base_layer", ""): tensor.clone()
        for name, tensor in model.model.get_base_model().state_dict().items()
        if "lora_" not in name and name != "lm_head.weight"
    }
    from safetensors.torch import save_file
    from transformers import AutoTokenizer

    save_file(clean, folder / "model.safetensors", {"format": "pt"})
    tokenizer = AutoTokenizer.from_pretrained(str(model.gguf.parent), gguf_file=model.gguf.name)
    tokenizer.save_pretrained(folder)
    right = prove(adapters, "a", model.gguf, PROMPTS, weights=folder)
    assert right["passed"], right["reasons"]
    tokenizer.chat_template = CHATML.replace("assistant\n{% endif", "assistant{% endif")
    tokenizer.save_pretrained(folder)
    report = prove(adapters, "a", model.gguf, PROMPTS, weights=folder)
    assert codes(report) == ["template"] and report["effect"]["difference"] < 0.02
    found = report["template"]
    assert (found["conversation"], found["served"], found["trained"]) == (0, "\n", None)
    assert found["before"].endswith("<|im_start|>assistant")


def test_only_what_was_exported_is_compared(
    made: dict[str, Toy], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    model = of(made, "qwen2", tmp_path_factory)
    adapters = workspace(tmp_path, model)
    exported = adapters.folder("a") / GGUF
    exported.write_bytes(exported.read_bytes() + b"\0")
    with pytest.raises(ParityError, match="is not what was exported"):
        prove(adapters, "a", model.gguf, PROMPTS)
    adapters.write(replace(adapters.read("a"), gguf=None))
    with pytest.raises(ParityError, match="konkyo train export a"):
        prove(adapters, "a", model.gguf, PROMPTS)
    with pytest.raises(AdapterError, match="no adapter 'none'"):
        prove(adapters, "none", model.gguf, PROMPTS)


def test_the_base_model_is_the_one_that_was_trained_on(
    made: dict[str, Toy], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    model = of(made, "qwen2", tmp_path_factory)
    manifest = workspace(tmp_path, model).read("a")
    with pytest.raises(ModelError, match="the base model of a is not here"):
        base_of(manifest, tmp_path / "models")
    there = tmp_path / "models" / "toy" / "toy.gguf"
    there.parent.mkdir(parents=True)
    there.write_bytes(model.gguf.read_bytes())
    assert base_of(manifest, tmp_path / "models") == there
    there.write_bytes(model.gguf.read_bytes() + b"\0")
    with pytest.raises(ParityError, match="is not the file that a was trained on"):
        base_of(manifest, tmp_path / "models")


def test_a_probe_scores_like_a_softmax_and_tells_what_does_not_fit(
    made: dict[str, Toy], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Independent truth: the same model in torch, token by token."""
    model = of(made, "llama", tmp_path_factory)
    base = model.model
    probe = LlamaProbe(model.gguf, context_tokens=256)
    try:
        tokens = [*probe.served_tokens(PROMPTS[1].messages), *probe.text_tokens("interest <|im_end|>" * 6)]
        assert "".join(map(probe.token_text, tokens[:2])) == "<|im_start|>s"
        with base.disable_adapter(), torch.inference_mode():
            likely = torch.log_softmax(base(input_ids=torch.tensor([tokens])).logits[0], dim=-1).numpy()
        for start in (1, 5, len(tokens) - 1):
            found = probe.score(tokens, start)
            expected = [likely[at - 1, tokens[at]] for at in range(start, len(tokens))]
            assert found.chosen == pytest.approx(expected, abs=0.05)
            assert found.best.tolist() == likely[start - 1 : -1].argmax(axis=1).tolist()
        with pytest.raises(AdapterError, match="for another model"):
            probe.use(tmp_path / "none.gguf")
        with pytest.raises(Exception, match="300 tokens are to be scored"):
            probe.score([1] * 300, 1)
    finally:
        probe.close()


def test_an_adapter_of_another_base_is_refused(
    made: dict[str, Toy], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    model, other = of(made, "qwen2", tmp_path_factory), of(made, "llama", tmp_path_factory)
    adapters = workspace(tmp_path, other)
    probe = LlamaProbe(model.gguf, context_tokens=64)
    try:
        with pytest.raises(AdapterError, match=r"cannot be loaded by llama\.cpp"):
            probe.use(adapters.folder("a") / GGUF)
    finally:
        probe.close()
    with pytest.raises(ParityError, match="transformers cannot load"):
        prove(adapters, "a", other.gguf, PROMPTS, weights=tmp_path)


def scores(chosen: Sequence[float], best: Sequence[int]) -> Scores:
    return Scores(np.array(chosen, np.float64), np.array(best, np.int64))


def test_the_figures_are_those_done_by_hand() -> None:
    trained, trained_base = scores([-1, -2, -3, -4], [1, 2, 3, 4]), scores([-2, -2, -5, -4], [1, 2, 9, 9])
    served, served_base = scores([-1, -2.5, -3, -4], [1, 2, 3, 5]), scores([-2, -2, -5, -4], [1, 2, 9, 9])
    near = compared(trained, served)
    assert (near.top1_agreement, near.max_logprob_diff, near.mean_logprob_diff) == (0.75, 0.5, 0.125)
    effect = effect_of(trained, trained_base, served, served_base)
    # Effects (1, 0, 2, 0) and (1, -0.5, 2, 0): RMS √(5/4), difference √(0.25/4) / √(5/4).
    assert effect.size == pytest.approx(5**0.5 / 2) and effect.difference == pytest.approx(0.05**0.5)
    assert (effect.noise, effect.top1_changed) == (0.0, 0.5)


def test_each_limit_has_its_reason() -> None:
    base = scores([-2, -2], [1, 2])
    tuned = scores([-1, -1], [1, 2])
    limits = Thresholds()

    def reasons(served: Scores, served_base: Scores = base, **more: Any) -> list[str]:
        given = {"weights": PLACED, "template": None, "same_file": True, "limits": limits, **more}
        report = judged(1, (tuned, served), (base, served_base), **given)
        assert report.passed == (not report.reasons)
        return [reason["code"] for reason in report.reasons]

    assert reasons(tuned) == []
    assert reasons(scores([-1.5, -1.5], [1, 2])) == ["effect"]
    assert reasons(scores([-1, -1], [1, 3])) == ["top1"]
    assert reasons(scores([-3, -4], [1, 2]), scores([-3, -5], [1, 2])) == ["noise"]
    assert reasons(tuned, weights=replace(PLACED, difference=0.1)) == ["weights"]
    assert reasons(tuned, weights=replace(PLACED, difference=0.1), same_file=False) == []
    assert reasons(tuned, weights=replace(PLACED, difference=float("nan"))) == ["weights"]
    assert reasons(scores([float("nan")] * 2, [1, 2])) == ["effect"]


def test_prompts_come_from_examples_that_were_not_trained_on() -> None:
    rows = [
        TuningExample("answer", f"answer {number}", f"question {number}", split=split)
        for number in range(40)
        for split in ("train", "validation", "test")
        if number % 3 == ("train", "validation", "test").index(split)
    ]
    chosen = example_prompts(rows, lambda one: [Message("user", one.question)], limit=5)
    trained = {one.answer for one in rows if one.split == "train"}
    assert len(chosen) == 5 and not {one.reply for one in chosen} & trained
    assert all(one.messages[0].content[9:] == one.reply[7:] for one in chosen)
    assert example_prompts(rows[:0], lambda one: []) == ()


def test_few_examples_are_joined_by_fixed_prompts() -> None:
    """On the tokens of one short reply chance would decide."""
    own = tuple(ParityPrompt((Message("user", f"{number}?"),), "yes") for number in range(ENOUGH))
    assert enough(own[:0]) == fixed_prompts()
    assert enough(own[:1]) == (own[0], *fixed_prompts())
    assert enough(own[:10]) == (*own[:10], *fixed_prompts()[:2]) and enough(own) == own


def test_fixed_prompts_are_in_both_languages() -> None:
    found = fixed_prompts()
    japanese = [one for one in found if any(letter > "\u3040" for letter in one.reply)]
    assert (len(found), len(japanese)) == (8, 4)
    assert all(
        one.reply and [message.role for message in one.messages] == ["system", "user"] for one in found
    )
    assert [message.role for message in conversations(found)[-1]] == ["system", "user", "assistant", "user"]


def test_a_file_without_a_template_gets_the_same_one_on_both_sides(
    made: dict[str, Toy], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    model = of(made, "qwen2", tmp_path_factory)
    bare = tmp_path / "bare.gguf"
    write_gguf(plain(model), "qwen2", bare, template="")
    adapters = workspace(tmp_path, replace(model, gguf=bare))
    report = prove(adapters, "a", bare, PROMPTS)
    assert report["template"] is None


def plain(model: Toy) -> Any:
    """The base model of a toy, without the adapter's layers."""
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(
        str(model.gguf.parent), gguf_file=model.gguf.name, dtype=torch.float32
    )
