"""Tuning on models of random weights: who moves, what carries loss, which way the margin goes."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import get_peft_model
from torch.nn import functional
from toy_chat_models import toy_chats, toy_model, toy_pairs, toy_tokenizer

from training.tuning.dpo import PairTrainer, pair_trainer
from training.tuning.encoding import IGNORED, Encoder
from training.tuning.recipes import Recipe
from training.tuning.runs import Run
from training.tuning.sft import ReplyTrainer, reply_trainer
from training.tuning.telling import Keeper
from training.tuning.trainer import score_replies_only
from training.tuning.weights import Base, Shape, lora_config

# trl 1.16 still sets what transformers 5.23 calls by another name.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*gradient_checkpointing.* is deprecated:FutureWarning"),
    pytest.mark.usefixtures("one_thread"),
]
BASE = Base("toy", Path("toy"), "qwen2", "", Shape(2, 32, 64, 4, 2, 265, True))


@pytest.fixture(scope="module")
def one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def recipe(**training: Any) -> Recipe:
    return Recipe.model_validate(
        {
            "lora": {"rank": 4, "alpha": 8, "dropout": 0.0},
            "training": {
                "rate": 0.02, "accumulate": 1, "batch": 2, "warmup": 0, "schedule": "constant", **training
            },
            "validation": {"every": 1, "patience": 2}, "limits": {"save_every": 100},
        }
    )  # fmt: skip


def replies(
    model: Any, folder: Path, steps: int, *, examples: int = 4, validation: Any = (), **more: Any
) -> ReplyTrainer:
    encoder = Encoder(toy_tokenizer(), max_tokens=900)
    rows = [row for one in toy_chats(examples) for row in encoder.encode(one)]
    settings = recipe()
    return reply_trainer(
        model, lora_config(settings.lora, BASE), toy_tokenizer(), rows, validation, settings, folder,
        steps=steps, dtype="fp32", **more,
    )  # fmt: skip


def learnt(model: Any) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in model.named_parameters() if "lora_" in name}


@pytest.mark.parametrize("family", ["qwen2", "llama"])
def test_only_adapter_weights_move_and_the_loss_falls(family: str, tmp_path: Path) -> None:
    model = toy_model(family)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    trainer = replies(model, tmp_path, 25)
    start = learnt(trainer.model)
    assert len(start) == 2 * 7 * 2  # layers, kinds of linear layers, two matrices each
    trainer.train()
    now = {name.replace("base_layer.", ""): value for name, value in model.state_dict().items()}
    assert all(torch.equal(value, now[name]) for name, value in before.items())
    assert all(not torch.equal(start[name], value) for name, value in learnt(trainer.model).items())
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert len(losses) == 25 and losses[-1] < losses[0] - 1


def test_nobody_is_told_that_somebody_trains(tmp_path: Path) -> None:
    """The trainers' telemetry and model cards are ours, which do nothing."""
    for kind in (ReplyTrainer, PairTrainer):
        own = {kind._send_telemetry.__module__, kind.create_model_card.__module__}
        assert own == {"training.tuning.trainer"}
    trainer = replies(toy_model(), tmp_path, 1)
    trainer.train()
    assert trainer.args.report_to == [] and not trainer.args.push_to_hub
    assert list(tmp_path.rglob("README.md")) == []


def test_masked_tokens_carry_no_loss(tmp_path: Path) -> None:
    """The loss is torch's cross entropy over the reply; the scores of other tokens have no gradient."""
    model = toy_model()
    trainer = replies(model, tmp_path, 1)
    batch = trainer.data_collator([trainer.train_dataset[i] for i in range(2)])
    loss = trainer.compute_loss(trainer.model, dict(batch)).item()
    scores = trainer.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    scores = scores.detach().requires_grad_()
    targets = batch["labels"][:, 1:]
    expected = functional.cross_entropy(scores[:, :-1].reshape(-1, scores.shape[-1]), targets.reshape(-1))
    assert loss == pytest.approx(expected.item(), abs=1e-5)
    expected.backward()
    assert scores.grad is not None
    masked = torch.ones_like(batch["labels"], dtype=torch.bool)
    masked[:, :-1] = targets == IGNORED
    assert masked.any() and not scores.grad[masked].any() and bool((scores.grad[~masked] != 0).any(-1).all())


def loss_of(trainer: ReplyTrainer, row: dict[str, Any]) -> float:
    return float(trainer.compute_loss(trainer.model, dict(trainer.data_collator([row]))).item())


def test_a_token_that_is_not_scored_is_only_read(tmp_path: Path) -> None:
    """What stands behind the scored ones changes nothing; another label where one is scored does."""
    trainer = replies(toy_model(), tmp_path, 1)
    row = trainer.train_dataset[0]
    loss = loss_of(trainer, row)
    longer = {"input_ids": [*row["input_ids"], 7], "labels": [*row["labels"], IGNORED]}
    assert loss_of(trainer, longer) == pytest.approx(loss, abs=1e-6)
    changed = copy.deepcopy(row)
    changed["labels"][-1] = (changed["labels"][-1] + 1) % 256
    assert abs(loss_of(trainer, changed) - loss) > 1e-3


@pytest.mark.parametrize("share", [0.1, 0.9])
def test_scores_of_replies_only_are_those_of_trl(share: float, tmp_path: Path) -> None:
    """trl's own head, which scores all tokens, gives the same numbers and the same gradients."""
    from trl.trainer.utils import add_fused_lm_head

    torch.manual_seed(1)
    ids = torch.randint(0, 250, (2, 40))
    labels = ids.masked_fill(torch.rand(ids.shape) > share, IGNORED)
    found = []
    for own in (False, True):
        model = toy_model()
        add_fused_lm_head(model, outputs=("log_probs", "entropy", "mean_logits", "is_top1"))
        if own:
            score_replies_only(model)
        out = model(input_ids=ids, labels=labels, fused_lm_head=True)
        out.loss.backward()
        found.append((out, model.model.layers[0].mlp.up_proj.weight.grad))
    (one, first), (two, second) = found
    for name in ("loss", "log_probs", "entropy", "mean_logits"):
        assert torch.allclose(getattr(one, name), getattr(two, name), atol=1e-4), name
    assert torch.equal(one.is_top1, two.is_top1) and torch.equal(one.label_mask, two.label_mask)
    assert torch.allclose(first, second, atol=1e-5)


def pairs(model: Any, lora: Any, folder: Path, steps: int, sft_weight: float = 0) -> PairTrainer:
    encoder = Encoder(toy_tokenizer(), max_tokens=900)
    rows = [encoder.encode_pair(one) for one in toy_pairs(4)]
    return pair_trainer(
        model, lora, toy_tokenizer(), rows, (), recipe(method="dpo", beta=0.5, sft_weight=sft_weight), folder,
        steps=steps, dtype="fp32",
    )  # fmt: skip


def test_preferences_widen_the_margin_and_begin_at_the_reference(tmp_path: Path) -> None:
    trainer = pairs(toy_model(), lora_config(recipe().lora, BASE), tmp_path, 8)
    trainer.train()
    margins = [entry["rewards/margins"] for entry in trainer.state.log_history if "loss" in entry]
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert margins[0] == 0 and losses[0] == pytest.approx(0.6931, abs=1e-4)  # -log(sigmoid(0))
    assert margins[-1] > 0.5 and losses[-1] < 0.6


def test_the_better_reply_becomes_likelier_where_its_own_loss_counts(tmp_path: Path) -> None:
    gained = {}
    for weight in (0.0, 1.0):
        trainer = pairs(
            toy_model(), lora_config(recipe().lora, BASE), tmp_path / str(weight), 8, sft_weight=weight
        )
        trainer.train()
        entries = [one for one in trainer.state.log_history if "loss" in one]
        gained[weight] = entries[-1]["rewards/chosen"]
        assert entries[-1]["rewards/margins"] > 0
    assert gained[1.0] > max(0.0, gained[0.0])


def test_the_reference_of_a_continued_adapter_is_that_adapter(tmp_path: Path) -> None:
    first = replies(toy_model(), tmp_path / "a", 4)
    first.train()
    adapted = get_peft_model(toy_model(), lora_config(recipe().lora, BASE))
    adapted.load_state_dict(first.model.state_dict())
    trainer = pairs(adapted, None, tmp_path / "b", 1)
    trainer.train()
    (entry,) = [one for one in trainer.state.log_history if "loss" in one]
    assert entry["rewards/margins"] == pytest.approx(0, abs=1e-5)


def test_early_stopping_keeps_the_best_and_ends(tmp_path: Path) -> None:
    """The validation rows have other replies than the training, so learning soon makes them worse."""
    encoder = Encoder(toy_tokenizer(), max_tokens=900)
    wrong = [row for one in toy_pairs(2) for row in encoder.encode(one)]
    run = Run(tmp_path)
    keeper = Keeper(run, patience=2)
    saved: list[dict[str, torch.Tensor]] = []
    trainer = replies(toy_model(), tmp_path / "c", 30, validation=wrong, callbacks=[keeper])
    keep = keeper.on_evaluate

    def remember(*given: Any, **named: Any) -> None:
        saved.append(learnt(trainer.model))
        keep(*given, **named)

    keeper.on_evaluate = remember  # type: ignore[method-assign]  # to know the weights at each validation
    trainer.train()
    losses = [entry["eval_loss"] for entry in trainer.state.log_history if "eval_loss" in entry]
    best = losses.index(min(losses)) + 1
    assert (keeper.best, keeper.best_step) == (min(losses), best)
    assert trainer.state.global_step == best + 2 < 30
    from safetensors.torch import load_file

    kept = load_file(tmp_path / "best" / "adapter_model.safetensors")
    expected = {name.replace(".default", ""): value for name, value in saved[best - 1].items()}
    assert kept.keys() == expected.keys()
    assert all(torch.equal(kept[name], value) for name, value in expected.items())
    again = Keeper(run, 2, trainer.state.log_history)
    assert (again.best, again.best_step, again.gives_up) == (keeper.best, best, True)
