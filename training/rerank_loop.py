"""The training of the reranker: a question and a passage become "relevant" and "answers it".

Relevance is learnt from lists (which passage of a group answers), "answers it" from every pair for itself.
Everything that is drawn depends on the seed and the place alone, so a run that was killed goes on as if it
had not been. The learning rate follows the share that is done, of the epochs or of the time.
"""

from __future__ import annotations

import json
import math
import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from assistant.pairs.tokens import TokenPair
from assistant.pairs.windows import PairWindows
from training.encoder_loop import Progress, check_same_run, digest, gather_gradients, shared_copy
from training.encoders import Batches, PairModel, load_base
from training.passages import Passages
from training.rerank_groups import Group, GroupSizes, Kind, make_groups

TASK = "reranker"
_CHECKPOINT = "checkpoint.pt"
_SORTED_TOGETHER = 48
_POSITIVE_WEIGHT = 2.0
_CUT_WEIGHT = 0.3
_GRADIENT_NORM = 1.0
_HEAD_RATE = 5.0
_WARM_UP = 0.06
_MISSES: frozenset[Kind] = frozenset({"near", "article"})


@dataclass(frozen=True, slots=True)
class RerankRecipe:
    """How it is trained. A step sees `groups` questions with their passages.

    `minutes` and `epochs`: whichever ends first. `layers` of the encoder are kept, the lowest ones; of these
    the lowest `frozen` are not learnt.
    """

    layers: int = 6
    frozen: int = 0
    epochs: int = 2
    minutes: float = 60.0
    groups: int = 6
    rate: float = 2e-4
    decay: float = 0.01
    max_tokens: int = 256
    workers: int = 2
    seed: int = 0
    save_every: int = 50
    sizes: GroupSizes = field(default_factory=GroupSizes)


@dataclass(frozen=True, slots=True)
class TokenGroup:
    """The pairs of one question, and what each passage is to it."""

    pairs: tuple[TokenPair, ...]
    kinds: tuple[Kind, ...]

    @property
    def tokens(self) -> int:
        """Of the longest pair."""
        return max(len(pair.ids) for pair in self.pairs)


def start(base: Path, recipe: RerankRecipe) -> PairModel:
    """The untrained model: the lowest layers of the encoder in `base` and a new head.

    Raises:
        EncoderError: the folder holds no BERT encoder.
    """
    model = load_base(base, {TASK: 2}, dropout=0.0, seed=recipe.seed)
    model.bert.encoder.layer = model.bert.encoder.layer[: recipe.layers]
    model.bert.config.num_hidden_layers = recipe.layers
    if recipe.frozen:
        model.bert.embeddings.requires_grad_(False)
    for layer in model.bert.encoder.layer[: recipe.frozen]:
        layer.requires_grad_(False)
    return model


def train_on(
    source: Passages,
    near: Mapping[str, Sequence[str]],
    base: Path,
    folder: Path,
    recipe: RerankRecipe,
    report: Callable[[Progress], None] = lambda progress: None,
) -> tuple[PairModel, int, float]:
    """Train on the questions of `source`; returns (model, steps, seconds) of all parts of the run.

    `near` gives for a question's id the passages that search found for it. `folder` keeps the checkpoint.

    Raises:
        EncoderError: the checkpoint in `folder` is of another recipe or other data.
    """
    return _Run(source, near, base, folder, recipe, report).run()


class _Run:
    def __init__(
        self, source: Passages, near: Mapping[str, Sequence[str]], base: Path, folder: Path,
        recipe: RerankRecipe, report: Callable[[Progress], None],
    ) -> None:  # fmt: skip
        self.source, self.near, self.folder = source, near, folder
        self.recipe, self.report = recipe, report
        self.data = digest((*source.passages, *source.questions, *sorted(near.items())))
        self.tokens = PairWindows(base, recipe.max_tokens)
        self.rows = Batches(base, recipe.max_tokens)
        self.model = start(base, recipe)
        self.copies = [self.model, *(shared_copy(self.model) for _ in range(recipe.workers - 1))]
        self.optimizer = _optimizer(self.model, recipe)
        questions = len(source.questions)
        self.per_epoch = math.ceil((questions + round(recipe.sizes.made * questions)) / recipe.groups)
        self.step, self.spent = 0, 0.0

    def run(self) -> tuple[PairModel, int, float]:
        self._resume()
        began = time.monotonic() - self.spent
        seen, since = 0, time.monotonic()
        while self._done() < 1:
            epoch, place = divmod(self.step, self.per_epoch)
            for batch in epoch_batches(self.source, self.near, self.tokens, self.recipe, epoch)[place:]:
                if self._done() >= 1:
                    break
                loss = self._learn(batch)
                self.step += 1
                self.spent = time.monotonic() - began
                seen += sum(len(group.pairs) for group in batch)
                done = self._done()
                rate = seen / (time.monotonic() - since)
                self.report(Progress(self.step, done, loss, rate, self.spent * (1 - done) / done))
                if self.step % self.recipe.save_every == 0:
                    self._save()
            else:
                self.step = (epoch + 1) * self.per_epoch  # rules made fewer questions than were wanted
        self._save()
        return self.model, self.step, self.spent

    def _done(self) -> float:
        steps = self.step / (self.per_epoch * self.recipe.epochs)
        return max(steps, self.spent / (60 * self.recipe.minutes))

    def _learn(self, batch: Sequence[TokenGroup]) -> float:
        done = self._done()
        share = done / _WARM_UP if done < _WARM_UP else (1 - done) / (1 - _WARM_UP)
        for group in self.optimizer.param_groups:
            group["lr"] = group["top"] * max(share, 0.01)
        parts = [batch[i :: len(self.copies)] for i in range(len(self.copies))]
        with ThreadPoolExecutor(len(self.copies)) as threads:
            losses = threads.map(lambda model, part: self._part(model, part, len(batch)), self.copies, parts)
            loss = sum(losses)
        gather_gradients(self.copies)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), _GRADIENT_NORM)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss

    def _part(self, model: PairModel, groups: Sequence[TokenGroup], total: int) -> float:
        """Add the gradients of one worker's share of a step."""
        if not groups:
            return 0.0
        model.train()
        with torch.autocast("cpu", torch.bfloat16):
            scores = model(self.rows.batch([pair for group in groups for pair in group.pairs]), TASK)
        loss = loss_of(scores.float(), [group.kinds for group in groups]) * (len(groups) / total)
        loss.backward()
        return float(loss.detach())

    def _save(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        state = {
            "recipe": _written(self.recipe), "data": self.data, "step": self.step, "spent": self.spent,
            "model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(),
        }  # fmt: skip
        work = self.folder / f"{_CHECKPOINT}.partial"
        torch.save(state, work)
        os.replace(work, self.folder / _CHECKPOINT)

    def _resume(self) -> None:
        path = self.folder / _CHECKPOINT
        if not path.is_file():
            return
        state = torch.load(path, weights_only=True)
        check_same_run(path, state, recipe=_written(self.recipe), data=self.data)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.spent = state["step"], state["spent"]


def epoch_batches(
    source: Passages,
    near: Mapping[str, Sequence[str]],
    tokens: PairWindows,
    recipe: RerankRecipe,
    epoch: int,
) -> list[list[TokenGroup]]:
    """The batches of one epoch: groups of like length together, in an order drawn from the seed."""
    seed = recipe.seed * 1000 + epoch
    drawn = make_groups(source.questions, source, near, seed, recipe.sizes)
    groups = [tokenised(one, tokens) for one in drawn]
    batches: list[list[TokenGroup]] = []
    together = _SORTED_TOGETHER * recipe.groups
    for first in range(0, len(groups), together):
        part = sorted(groups[first : first + together], key=lambda group: group.tokens)
        batches += [part[i : i + recipe.groups] for i in range(0, len(part), recipe.groups)]
    random.Random(seed).shuffle(batches)
    return batches


def tokenised(group: Group, tokens: PairWindows) -> TokenGroup:
    """The first window of every pair; passages were cut to fit one."""
    windows = tokens.windows([one.text for one in group.candidates], group.question)
    return TokenGroup(tuple(pairs[0] for pairs in windows), tuple(one.kind for one in group.candidates))


def loss_of(scores: Tensor, kinds: Sequence[Sequence[Kind]]) -> Tensor:
    """The mean loss of groups whose pairs lie one after another in `scores` `(pairs, 2)`.

    Relevance (column 0): cross entropy of the gold passage among all but its cut twin, and, lighter, of
    the cut twin among the misses. "Answers it" (column 1): binary cross entropy of every pair.
    """
    losses, first = [], 0
    for group in kinds:
        part = scores[first : first + len(group)]
        first += len(group)
        misses = [i for i, kind in enumerate(group) if kind in _MISSES]
        for kind, weight in (("gold", 1.0), ("cut", _CUT_WEIGHT)):
            if kind in group and misses:
                listed = part[[group.index(kind), *misses], 0]
                losses.append(weight * (torch.logsumexp(listed, 0) - listed[0]))
        target = torch.tensor([float(kind == "gold") for kind in group])
        losses.append(
            functional.binary_cross_entropy_with_logits(
                part[:, 1], target, pos_weight=torch.tensor(_POSITIVE_WEIGHT)
            )
        )
    return torch.stack(losses).sum() / len(kinds)


def _optimizer(model: PairModel, recipe: RerankRecipe) -> torch.optim.Optimizer:
    """No decay for biases and layer norms; the head begins at random and learns faster."""
    layers = [p for p in model.bert.parameters() if p.requires_grad]
    head, rate = list(model.heads.parameters()), _HEAD_RATE * recipe.rate
    groups = [
        {"params": [p for p in layers if p.dim() > 1], "weight_decay": recipe.decay, "top": recipe.rate},
        {"params": [p for p in layers if p.dim() <= 1], "weight_decay": 0.0, "top": recipe.rate},
        {"params": head, "weight_decay": recipe.decay, "top": rate},
    ]
    return torch.optim.AdamW(groups, lr=recipe.rate, fused=True)


def _written(recipe: RerankRecipe) -> str:
    return json.dumps(asdict(recipe), sort_keys=True)


def scores_of(
    model: PairModel, rows: Batches, pairs: Sequence[TokenPair], batch: int = 16
) -> list[list[float]]:
    """Raw scores `(pairs, 2)`, in order; for choosing and calibrating."""
    model.eval()
    order = sorted(range(len(pairs)), key=lambda i: len(pairs[i].ids))
    found: list[list[float]] = [[] for _ in pairs]
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for first in range(0, len(order), batch):
            part = order[first : first + batch]
            scores = model(rows.batch([pairs[i] for i in part]), TASK).float().tolist()
            for i, row in zip(part, scores, strict=True):
                found[i] = row
    return found
