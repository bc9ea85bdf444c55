"""Whether an exported adapter does in llama.cpp what it did where it was trained.

Both runtimes score the same tokens of the same replies, each with the adapter and without. Scores are never
equal: llama.cpp multiplies quantised weights with activations of 8 bits, transformers computes in 32. So the
adapter is judged by its *effect*, the change of log-probability that it makes to the chosen tokens:

    difference = RMS(effect in llama.cpp - effect in transformers) / RMS(effect in transformers)

0 is the same adapter, about 1 is one that does nothing, √2 an equally strong one that does something else.
The noise of the runtime itself is seen on the base model alone. An adapter that changes next to nothing can
prove nothing, and does not pass.

A mistake in one kind of matrix can hide behind all others. So each matrix is looked at alone, too: the change
s·BA of the file is compared with that of peft by how it lies to the weights W that it is added to, as s·AWᵀB.
Whatever the order of rows and columns is, it is the same on both sides when those of A and B go with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from assistant.llama_probing import Scores
from training.errors import ParityError
from training.tuning.families import BaseModel, Weights, open_gguf
from training.tuning.gguf_export import read_gguf
from training.tuning.peft_folder import Pair

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where parity ends."""

    effect_difference: float = 0.3
    """A forgotten alpha of twice the rank gives 0.5."""
    least_effect: float = 0.02
    """RMS in nats: below this the adapter changes nothing that could be compared."""
    top1_loss: float = 0.05
    """How much less often the likeliest token may agree with the adapter than without it."""
    weights_difference: float = 0.02
    """Relative, of s·AWᵀB, where both sides read the same file; rounding to 16 bits gives 0.0005."""
    weights_difference_folder: float = 0.3
    """The same where training read unquantised weights; a wrong order of rows gives about 1.4."""


THRESHOLDS = Thresholds()


@dataclass(frozen=True, slots=True)
class Compared:
    """How near two runtimes are over all tokens of all replies; differences of log-probabilities, in nats."""

    top1_agreement: float
    max_logprob_diff: float
    mean_logprob_diff: float


class Runtime(Protocol):
    """Scores the tokens of a text."""

    def score(self, tokens: Sequence[int], start: int) -> Scores:
        """The scores of `tokens[start:]`."""
        ...


@dataclass(frozen=True, slots=True)
class TokenPrompt:
    """Tokens of a prompt with its reply, which begins at `start`."""

    tokens: tuple[int, ...]
    start: int


def scores_of(
    runtime: Runtime, prompts: Sequence[TokenPrompt], progress: Callable[[], None] = lambda: None
) -> Scores:
    """The scores of all replies, one after the other."""
    found = []
    for one in prompts:
        found.append(runtime.score(one.tokens, one.start))
        progress()
    return Scores(
        np.concatenate([one.chosen for one in found]), np.concatenate([one.best for one in found])
    )  # fmt: skip


def compared(first: Scores, second: Scores) -> Compared:
    """How near `first` and `second` are, token by token."""
    apart = np.abs(first.chosen - second.chosen)
    return Compared(float((first.best == second.best).mean()), float(apart.max()), float(apart.mean()))


@dataclass(frozen=True, slots=True)
class Effect:
    """What the adapter changes: `size` (RMS) in transformers, `difference` relative, `noise` without it."""

    size: float
    served_size: float
    difference: float
    noise: float
    top1_changed: float


def effect_of(trained: Scores, trained_base: Scores, served: Scores, served_base: Scores) -> Effect:
    """The adapter's effect in both runtimes; see the head of this module."""
    first = trained.chosen - trained_base.chosen
    second = served.chosen - served_base.chosen
    size = _rms(first)
    return Effect(
        size,
        _rms(second),
        _rms(second - first) / size if size else 0.0,
        _rms(served_base.chosen - trained_base.chosen),
        float((trained.best != trained_base.best).mean()),
    )


def _rms(values: Values) -> float:
    return float(np.sqrt(np.mean(values**2)))


@dataclass(frozen=True, slots=True)
class WeightsCompared:
    """The matrix whose change lies worst: its module, and by how much, relative. `matrices` were compared."""

    matrices: int
    worst: str
    difference: float


def compare_weights(
    base: BaseModel, adapter: Path, trained: Iterator[tuple[str, Weights, Pair]]
) -> WeightsCompared:
    """Compare the changes in the file `adapter` with those of training, matrix by matrix.

    Raises:
        ParityError: the file changes other matrices than training did.
    """
    from gguf import dequantize

    pairs = dict(read_gguf(adapter).pairs)
    matrices = {one.name: one for one in open_gguf(base.path).tensors}
    found: list[tuple[float, str]] = []
    for module, weights, learnt in trained:
        tensor = base.tensor_of(module)
        pair = pairs.pop(tensor, None)
        if pair is None:
            raise ParityError(f"the exported file leaves {tensor} as it is. Export the adapter again.")
        stored = np.asarray(dequantize(matrices[tensor].data, matrices[tensor].tensor_type), np.float32)
        found.append((_apart(_placed(stored, pair), _placed(weights, learnt)), module))
    if pairs or not found:
        raise ParityError(
            f"the exported file changes {', '.join(pairs) or 'nothing'}. Export the adapter again."
        )
    worst, module = max(found)
    return WeightsCompared(len(found), module, worst)


def _placed(weights: Weights, pair: Pair) -> Weights:
    """s·AWᵀB, `(rank, rank)`."""
    return np.asarray(pair.scale * (pair.a @ (weights.T @ pair.b)), np.float32)


def _apart(first: Weights, second: Weights) -> float:
    size = float(np.linalg.norm(second))
    apart = float(np.linalg.norm(first - second))
    return apart / size if size else float(apart > 0)


@dataclass(frozen=True, slots=True)
class ParityReport:
    """All that was found. `reasons` are codes with their values, empty when it passed."""

    prompts: int
    tokens: int
    tuned: Compared
    base: Compared
    effect: Effect
    weights: WeightsCompared
    template: Mapping[str, Any] | None
    reasons: tuple[Mapping[str, Any], ...]

    @property
    def passed(self) -> bool:
        """Whether the adapter may be served."""
        return not self.reasons

    def as_json(self) -> dict[str, Any]:
        """The report as the manifest holds it and `konkyo train parity` prints it."""
        return {
            "passed": self.passed,
            **asdict(self.tuned),
            "prompts": self.prompts,
            "tokens": self.tokens,
            "base": asdict(self.base),
            "effect": asdict(self.effect),
            "weights": asdict(self.weights),
            "template": self.template,
            "reasons": [dict(one) for one in self.reasons],
        }


def judged(
    prompts: int,
    tuned: tuple[Scores, Scores],
    base: tuple[Scores, Scores],
    weights: WeightsCompared,
    template: Mapping[str, Any] | None,
    *,
    same_file: bool,
    limits: Thresholds = THRESHOLDS,
) -> ParityReport:
    """The report. `tuned` and `base` are (transformers, llama.cpp); `template` is the first difference.

    `same_file` says that transformers read the very weights that llama.cpp reads.
    """
    with_adapter, without = compared(*tuned), compared(*base)
    effect = effect_of(tuned[0], base[0], tuned[1], base[1])
    reasons: list[dict[str, Any]] = []
    if template is not None:
        reasons.append({"code": "template", **template})
    allowed = limits.weights_difference if same_file else limits.weights_difference_folder
    if not weights.difference <= allowed:
        reasons.append({"code": "weights", "module": weights.worst, "difference": weights.difference})
    if not effect.size >= limits.least_effect:
        reasons.append({"code": "no_effect", "size": effect.size, "least": limits.least_effect})
    elif not effect.difference <= limits.effect_difference:
        # A weak adapter is lost in the noise of the runtime; a strong one that differs is a wrong one.
        code = "noise" if effect.noise >= effect.size else "effect"
        values = {"difference": effect.difference, "size": effect.size, "noise": effect.noise}
        reasons.append({"code": code, "allowed": limits.effect_difference, **values})
    if not with_adapter.top1_agreement >= without.top1_agreement - limits.top1_loss:
        values = {"tuned": with_adapter.top1_agreement, "base": without.top1_agreement}
        reasons.append({"code": "top1", **values})
    return ParityReport(
        prompts, len(tuned[0].chosen), with_adapter, without, effect, weights, template, tuple(reasons)
    )  # fmt: skip
