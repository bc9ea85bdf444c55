"""The training of a small encoder: balanced loss, checkpoints that resume, validation that stops it.

A checkpoint holds weights, optimiser, random state, place in the plan and the time spent, so a run that was
killed goes on as if it had not been. The learning rate follows the share that is done, of steps or of time.
Each worker computes its share of a step on one thread: on a machine with other work, threads that wait for
each other at every matrix lose most of their time.
"""

from __future__ import annotations

import copy
import hashlib
import math
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from training.encoders import Batches, Pair, PairModel, plan
from training.errors import EncoderError

_WARM_UP = 0.06
_CLIP = 1.0
_HEAD_RATE = 5.0  # heads begin at random, so they learn faster than the layers


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """How long and how fast. `minutes` and `epochs`: whichever ends first; `tokens` of a step."""

    epochs: float = 3.0
    minutes: float = 60.0
    rate: float = 1e-4
    tokens: int = 1536
    decay: float = 0.01
    seed: int = 0
    evaluate_every: int = 300
    save_every: int = 100
    patience: int = 5
    max_tokens: int = 288
    workers: int = 2


@dataclass(frozen=True, slots=True)
class Progress:
    """What a step reports: `done` in [0, 1] of the run, `rate` in pairs a second, `left` in seconds."""

    step: int
    done: float
    loss: float
    rate: float
    left: float
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished run: the best validation score, with its step, and the time of all its parts."""

    steps: int
    seconds: float
    best: float
    best_step: int
    resumed: bool


Evaluate = Callable[[PairModel], float]
Report = Callable[[Progress], None]


def balanced(pairs: Sequence[Pair], floor: float = 0.15) -> list[float]:
    """A weight for each pair, so that in each set the first class weighs as much as all others together.

    No class falls below `floor` of its even share; the mean weight of a set stays 1, times `Pair.weight`.
    """
    counts: dict[tuple[str, str], dict[bool, int]] = defaultdict(lambda: defaultdict(int))
    for pair in pairs:
        counts[pair.task, pair.source][pair.label == 0] += 1
    weights = []
    for pair in pairs:
        both = counts[pair.task, pair.source]
        total, own = sum(both.values()), both[pair.label == 0]
        even = total / (2 * own) if len(both) > 1 else 1.0
        weights.append(min(even, 1 / floor) * pair.weight)
    return weights


def loss_of(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean cross-entropy; label -1 asks only that the first class be not chosen."""
    logs = functional.log_softmax(logits.float(), dim=-1)
    rest = torch.logsumexp(logs[:, 1:], dim=-1)
    known = logs.gather(1, labels.clamp(min=0).unsqueeze(1)).squeeze(1)
    chosen = torch.where(labels < 0, rest, known)
    return -(chosen * weights).sum() / weights.sum()


def train(
    model: PairModel,
    pairs: Sequence[Pair],
    batches: Batches,
    folder: Path,
    settings: LoopSettings,
    evaluate: Evaluate,
    report: Report = lambda progress: None,
) -> Outcome:
    """Train `model` on `pairs`; leaves the best weights by `evaluate` (higher is better) in it.

    `folder` keeps `checkpoint.pt` and `best.pt`; a run with the same settings and data goes on from there.

    Raises:
        EncoderError: there are no pairs, or the checkpoint is of another run.
    """
    if not pairs:
        raise EncoderError("there are no pairs to train on. Give a folder that holds the data sets.")
    return _Run(model, pairs, batches, folder, settings, evaluate, report).run()


class _Run:
    def __init__(
        self, model: PairModel, pairs: Sequence[Pair], batches: Batches, folder: Path,
        settings: LoopSettings, evaluate: Evaluate, report: Report,
    ) -> None:  # fmt: skip
        self.model, self.pairs, self.batches = model, pairs, batches
        self.folder, self.settings = folder, settings
        self.evaluate, self.report = evaluate, report
        self.rows = batches.tokens(pairs)
        self.weights, self.data = balanced(pairs), digest(pairs)
        self.optimizer = _optimizer(model, settings)
        self.copies = [model, *(shared_copy(model) for _ in range(settings.workers - 1))]
        self.step = self.place = self.epoch = 0
        self.spent, self.best, self.best_step, self.stale = 0.0, -math.inf, 0, 0
        self.resumed = False

    def run(self) -> Outcome:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._resume()
        began = time.monotonic() - self.spent
        todo = self._plan()
        total = math.ceil(len(todo) * self.settings.epochs)
        seen, since = 0, time.monotonic()
        while self._done(total) < 1 and self.stale < self.settings.patience:
            if self.place == len(todo):
                self.epoch, self.place = self.epoch + 1, 0
                todo = self._plan()
            rows = todo[self.place]
            loss = self._step(rows, self._done(total))
            self.place, self.step = self.place + 1, self.step + 1
            self.spent = time.monotonic() - began
            seen += len(rows)
            score = self._validate() if self.step % self.settings.evaluate_every == 0 else None
            self.spent = time.monotonic() - began
            done = self._done(total)
            rate = seen / (time.monotonic() - since)
            self.report(Progress(self.step, done, loss, rate, self.spent * (1 - done) / done, score))
            if self.step % self.settings.save_every == 0:
                self._save()
        self._validate()
        self._save()
        self.model.load_state_dict(torch.load(self.folder / "best.pt", weights_only=True))
        return Outcome(self.step, self.spent, self.best, self.best_step, self.resumed)

    def _done(self, total: int) -> float:
        return max(self.step / total, self.spent / (60 * self.settings.minutes))

    def _plan(self) -> list[list[int]]:
        lengths = [len(row.ids) for row in self.rows]
        tasks = [pair.task for pair in self.pairs]
        return plan(lengths, tasks, self.settings.tokens, self.settings.seed + self.epoch)

    def _step(self, rows: Sequence[int], done: float) -> float:
        share = min(1.0, done / _WARM_UP) if done < _WARM_UP else (1 - done) / (1 - _WARM_UP)
        for group in self.optimizer.param_groups:
            group["lr"] = group["top"] * max(share, 0.01)
        total = sum(self.weights[i] for i in rows)
        parts = [rows[i :: len(self.copies)] for i in range(len(self.copies))]
        with ThreadPoolExecutor(len(self.copies)) as threads:
            loss = sum(threads.map(lambda model, part: self._part(model, part, total), self.copies, parts))
        gather_gradients(self.copies)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), _CLIP)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss

    def _part(self, model: PairModel, rows: Sequence[int], total: float) -> float:
        """Add the gradients of one worker's share of a step."""
        if not rows:
            return 0.0
        model.train()
        labels = torch.tensor([self.pairs[i].label for i in rows])
        weights = torch.tensor([self.weights[i] for i in rows])
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(self.batches.batch([self.rows[i] for i in rows]), self.pairs[rows[0]].task)
        loss = loss_of(logits, labels, weights) * (weights.sum() / total)
        loss.backward()
        return float(loss.detach())

    def _validate(self) -> float:
        self.model.eval()
        score = self.evaluate(self.model)
        if score > self.best:
            self.best, self.best_step, self.stale = score, self.step, 0
            _write(self.folder / "best.pt", self.model.state_dict())
        else:
            self.stale += 1
        return score

    def _save(self) -> None:
        _write(self.folder / "checkpoint.pt", {
            "settings": asdict(self.settings), "data": self.data, "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(), "random": torch.get_rng_state(), "step": self.step,
            "place": self.place, "epoch": self.epoch, "spent": self.spent, "best": self.best,
            "best_step": self.best_step, "stale": self.stale,
        })  # fmt: skip

    def _resume(self) -> None:
        path = self.folder / "checkpoint.pt"
        if not path.is_file():
            return
        state: Mapping[str, Any] = torch.load(path, weights_only=True)
        check_same_run(path, state, settings=asdict(self.settings), data=self.data)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"])
        self.step, self.place, self.epoch = state["step"], state["place"], state["epoch"]
        self.spent, self.best = state["spent"], state["best"]
        self.best_step, self.stale = state["best_step"], state["stale"]
        self.resumed = True


def digest(rows: Iterable[object]) -> str:
    """What tells other training data apart: a hash of all rows, in order."""
    found = hashlib.sha256()
    for row in rows:
        found.update(repr(row).encode())
    return found.hexdigest()


def check_same_run(path: Path, state: Mapping[str, Any], **own: object) -> None:
    """Refuse to go on from the checkpoint `state` where it differs from `own`.

    Raises:
        EncoderError: the checkpoint is of a run with other settings or data.
    """
    if any(state.get(name) != value for name, value in own.items()):
        raise EncoderError(
            f"{path} belongs to a run with other settings or data. Give another folder, or delete it."
        )


def shared_copy(model: PairModel) -> PairModel:
    """A model with the same weights in the same memory, and gradients of its own."""
    twin = copy.deepcopy(model)
    for own, other in zip(twin.parameters(), model.parameters(), strict=True):
        own.data = other.data
    return twin


def gather_gradients(copies: Sequence[PairModel]) -> None:
    """Add the other workers' gradients to the first one's."""
    for same in zip(*(model.parameters() for model in copies), strict=True):
        for other in same[1:]:
            if other.grad is None:
                continue
            same[0].grad = other.grad if same[0].grad is None else same[0].grad.add_(other.grad)
            other.grad = None


def _optimizer(model: PairModel, settings: LoopSettings) -> torch.optim.Optimizer:
    layers = [value for value in model.bert.parameters() if value.requires_grad]
    heads = list(model.heads.parameters())
    groups = [
        {"params": layers, "top": settings.rate},
        {"params": heads, "top": settings.rate * _HEAD_RATE},
    ]
    return torch.optim.AdamW(groups, lr=settings.rate, weight_decay=settings.decay, fused=True)


def _write(path: Path, state: Any) -> None:
    """Whole or not at all: a run may be killed while it writes."""
    work = path.with_suffix(".partial")
    torch.save(state, work)
    os.replace(work, path)
