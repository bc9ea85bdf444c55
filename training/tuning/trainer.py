"""What the trainers of trl have in common here: whole checkpoints, no telemetry, scores of replies only.

trl and transformers do the training; nothing is sent anywhere and no model card is written.
"""

from __future__ import annotations

import functools
import shutil
import types
from pathlib import Path
from typing import Any

import torch
from transformers import PrinterCallback
from trl.trainer.utils import FusedCausalLMOutput

from training.tuning.checkpoints import PARTIAL, take_in
from training.tuning.recipes import Recipe
from training.tuning.weights import Weights

_MOST = 0.5  # share of scored tokens from which trl's way, in tiles, needs less memory


class RunTrainer:
    """Laid over a trainer of trl: `class Trainer(RunTrainer, SFTTrainer)`."""

    def _send_telemetry(self) -> None:
        """Nothing is sent."""

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """The run's record says it all."""

    def _get_output_dir(self, trial: Any) -> str:
        return str(Path(self.args.output_dir) / PARTIAL)  # type: ignore[attr-defined]  # of the trainer below

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        partial = Path(self._get_output_dir(trial))
        shutil.rmtree(partial, ignore_errors=True)
        super()._save_checkpoint(model, trial)  # type: ignore[misc]  # as above
        step = self.state.global_step  # type: ignore[attr-defined]  # as above
        written = partial / f"checkpoint-{step}"
        (written / "README.md").unlink(missing_ok=True)  # peft's card, an empty form
        take_in(written, partial.parent, step)


def settings_of(
    recipe: Recipe, folder: Path, steps: int, dtype: Weights, *, validates: bool
) -> dict[str, Any]:
    """The arguments that all trainers take, from a recipe. Nothing is reported anywhere."""
    training = recipe.training
    gpu = torch.cuda.is_available()
    return {
        "output_dir": str(folder), "max_steps": steps, "per_device_train_batch_size": training.batch,
        "per_device_eval_batch_size": training.batch, "gradient_accumulation_steps": training.accumulate,
        "learning_rate": training.learning_rate, "lr_scheduler_type": training.schedule,
        "warmup_steps": training.warmup, "weight_decay": training.weight_decay,
        "max_grad_norm": training.clip, "seed": training.seed, "data_seed": training.seed,
        "gradient_checkpointing": training.recompute, "bf16": dtype == "bf16", "use_cpu": not gpu,
        "logging_steps": 1, "logging_nan_inf_filter": False, "eval_strategy": "steps" if validates else "no",
        "eval_steps": recipe.validation.every, "save_strategy": "steps",
        "save_steps": recipe.limits.save_every, "report_to": "none", "push_to_hub": False,
        "disable_tqdm": True, "dataloader_num_workers": 0, "dataloader_pin_memory": gpu, "max_length": None,
        "optim": "adamw_torch",
    }  # fmt: skip


def made_ours(trainer: Any) -> None:
    """Take from a trainer of trl what it should not do here."""
    trainer.remove_callback(PrinterCallback)  # the events tell the losses
    for config in trainer.model.peft_config.values():
        config.base_model_name_or_path = ""  # peft would ask a hub for a model of that name when it saves
    score_replies_only(trainer.model.get_base_model())


def score_replies_only(model: Any) -> None:
    """Let `model`, which trl has given a fused head, score only tokens with a label.

    Where there is no Triton, trl scores every token of a prompt too: a quarter of the work of a small model.
    """
    fused = model.forward

    @functools.wraps(type(model).forward)  # generation looks at the names of the arguments
    def forward(self: Any, *args: Any, fused_lm_head: bool = False, labels: Any = None, **values: Any) -> Any:
        wanted = None if labels is None else labels[:, 1:] != -100
        if not fused_lm_head or wanted is None or wanted.float().mean() > _MOST:
            given = {} if labels is None else {"labels": labels}
            return fused(*args, fused_lm_head=fused_lm_head, **given, **values)
        values = {**values, "use_cache": False}
        hidden = self.base_model(*args, **values).last_hidden_state[:, :-1]
        scores = self.get_output_embeddings()(hidden[wanted]).float()
        return _scored(scores, labels[:, 1:][wanted], wanted)

    model.forward = types.MethodType(forward, model)


def _scored(scores: torch.Tensor, targets: torch.Tensor, mask: torch.Tensor) -> FusedCausalLMOutput:
    """What trl's own head gives, 0 where `mask` is False: `scores` are `(labels, vocabulary)`."""
    logs = torch.log_softmax(scores, dim=-1)
    found = logs.gather(1, targets.unsqueeze(1)).squeeze(1)
    with torch.no_grad():
        entropy = -(logs.exp() * logs).sum(-1)
        means, best = scores.mean(-1), scores.argmax(-1) == targets

    def placed(values: torch.Tensor) -> torch.Tensor:
        return values.new_zeros(mask.shape).masked_scatter(mask, values)

    log_probs = placed(found)
    return FusedCausalLMOutput(
        loss=-log_probs.sum() / mask.sum().clamp(min=1), log_probs=log_probs, entropy=placed(entropy),
        mean_logits=placed(means), is_top1=placed(best), label_mask=mask,
    )  # fmt: skip
