"""Whether an adapter may be published, and why or why not.

A gain must be shown: the measured one is `gate.gain` at least, and its 95 % interval lies above 0
(McNemar's test agreeing). Of what may not be lost, general questions have bounds of their own, because
forgetting is what tuning is known for: the measured loss is at most `gate.general_loss`, and the lower end
of the interval of the difference is not below −`gate.general_bound`, so that a larger loss is not merely
unseen. (The second bound is the wider: with 200 questions of which the tuned model gets one in ten right or
wrong otherwise than the base, the interval of an adapter that loses nothing reaches from −4.4 to +4.4
points.) All else may not be lost significantly; each is looked at alone, because a correction for their
number would let larger losses pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from assistant.evaluation.report_comparison import FEWEST
from ingestion.gate_settings import GateSettings
from training.tuning.gate.significance import Comparison

KEPT: Mapping[str, str] = {
    "right": "answers_lost", "served_right": "served_answers_lost", "supported": "grounding_lost",
    "cited": "citations_lost", "wrongly_refused": "refuses_wrongly",
    "served_wrongly_refused": "served_refuses_wrongly", "served_behaved": "served_lost",
}  # fmt: skip
"""What may not get significantly worse, and the reason that is given when it does."""
SPEEDS: Mapping[str, str] = {"first_token_ms": "slower_to_begin", "tokens_per_s": "slower_to_write"}
GAINS: Mapping[str, str] = {"draft": "behaved", "served": "served_behaved"}
FAILING = (
    "too_few_answerable", "too_few_unanswerable", "too_few_general", "not_measured", "no_gain",
    "gain_not_shown", "general_lost", "general_unsure", *KEPT.values(), *SPEEDS.values(),
)  # fmt: skip
PASSING = ("gained", "general_kept")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: a code, the metric that it is about ("" for none), and the values that its text names."""

    code: str
    metric: str = ""
    values: Mapping[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """`{code, metric, values}`; the page and the commands put it into words."""
        return {"code": self.code, "metric": self.metric, "values": dict(self.values)}


@dataclass(frozen=True, slots=True)
class Counts:
    """How many questions of each kind both sides answered."""

    answerable: int
    unanswerable: int
    general: int

    def as_json(self) -> dict[str, int]:
        """By their names."""
        return {"answerable": self.answerable, "unanswerable": self.unanswerable, "general": self.general}


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the adapter passed. `reasons` say what stopped it, all of it, or what it won."""

    passed: bool
    reasons: tuple[Reason, ...]


def decide(metrics: Mapping[str, Comparison], counts: Counts, settings: GateSettings) -> Decision:
    """The verdict on measured metrics."""
    failing = (
        *_too_few(counts, metrics, settings), *_gain_failing(metrics, settings),
        *_general_failing(metrics, settings), *_losses(metrics), *_slower(metrics, settings),
    )  # fmt: skip
    if failing:
        return Decision(False, failing)
    gained, general = metrics[GAINS[settings.gain_in]], metrics["general"]
    return Decision(True, (_told("gained", gained), _told("general_kept", general)))


def _too_few(counts: Counts, metrics: Mapping[str, Comparison], settings: GateSettings) -> Iterator[Reason]:
    """Answerable are those questions of which the right source is known: of no other can citing be judged."""
    if "cited" in metrics:
        counts = replace(counts, answerable=min(counts.answerable, metrics["cited"].n))
    needed = {
        "answerable": settings.least_answerable, "unanswerable": settings.least_unanswerable,
        "general": settings.least_general,
    }  # fmt: skip
    for kind, n in counts.as_json().items():
        if n < needed[kind]:
            yield Reason(f"too_few_{kind}", "", {"n": n, "needed": needed[kind]})


def _gain_failing(metrics: Mapping[str, Comparison], settings: GateSettings) -> Iterator[Reason]:
    name = GAINS[settings.gain_in]
    found = metrics.get(name)
    if found is None:
        yield Reason("not_measured", name)
    elif found.difference.mean < settings.gain - _ROUNDING:
        yield _told("no_gain", found, bound=settings.gain)
    elif found.verdict != "better":
        yield _told("gain_not_shown", found, bound=settings.gain)


def _general_failing(metrics: Mapping[str, Comparison], settings: GateSettings) -> Iterator[Reason]:
    found = metrics.get("general")
    if found is None:
        yield Reason("not_measured", "general")
    elif found.difference.mean < -settings.general_loss - _ROUNDING:
        yield _told("general_lost", found, bound=settings.general_loss)
    elif found.difference.low < -settings.general_bound - _ROUNDING:
        yield _told("general_unsure", found, bound=settings.general_bound)


def _losses(metrics: Mapping[str, Comparison]) -> Iterator[Reason]:
    for name, code in KEPT.items():
        found = metrics.get(name)
        if found is not None and found.verdict == "worse":
            yield _told(code, found)


def _slower(metrics: Mapping[str, Comparison], settings: GateSettings) -> Iterator[Reason]:
    """Slower than allowed, and not by chance: the interval of the ratio lies above 1, over enough prompts."""
    for name, code in SPEEDS.items():
        found = metrics.get(name)
        if found is None or found.ratio is None or found.n < FEWEST:
            continue
        if found.ratio.mean > settings.slower and found.ratio.low > 1:
            yield _told(code, found, ratio=found.ratio.mean, bound=settings.slower)


_ROUNDING = 1e-9  # 4 of 200 are 0.02, which a mean of floats may miss by a hair


def _told(code: str, found: Comparison, **more: float) -> Reason:
    values = {
        "base": found.base, "tuned": found.tuned, "difference": found.difference.mean,
        "low": found.difference.low, "high": found.difference.high, "n": found.n, **more,
    }  # fmt: skip
    return Reason(code, found.name, {name: round(value, 4) for name, value in values.items()})
