"""A small encoder that reads two texts together, on the default embedder's layers, and its heads.

The words' vectors stay frozen and are shared with the embedder, so only layers, positions and heads are
learnt: 21.7 M weights. Each half is averaged, and a head sees both means, their difference and their product.
The verifier reads (evidence, claim), the reranker (question, passage).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from assistant.pairs.tokens import PairTokenizer, TokenPair
from assistant.pairs.words import WORDS, WordVectors
from training.errors import EncoderError

_HEAD_DROPOUT = 0.1


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts and what is to be learnt about them.

    `task` names the head. `label` is a class of that head, or -1 for "not the first class, whichever else".
    `source` is the set it comes from, for the balance of classes and for figures by set.
    """

    first: str
    second: str
    label: int
    source: str
    task: str = "verifier"
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded pairs: `vectors` (pairs, tokens, hidden), `kinds` 0 first, 1 second; `mask` True on tokens."""

    vectors: Tensor
    kinds: Tensor
    mask: Tensor

    @property
    def tokens(self) -> int:
        """Tokens, padding included."""
        return int(self.mask.numel())


class PairHead(nn.Module):  # type: ignore[misc]  # torch is not typed for the checker
    """Class scores from the means of both texts, `(pairs, hidden)` each."""

    def __init__(self, hidden: int, classes: int) -> None:
        super().__init__()
        self.dense = nn.Linear(4 * hidden, hidden)
        self.drop = nn.Dropout(_HEAD_DROPOUT)
        self.out = nn.Linear(hidden, classes)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Logits `(pairs, classes)`."""
        features = torch.cat([first, second, (first - second).abs(), first * second], dim=-1)
        scores: Tensor = self.out(self.drop(torch.tanh(self.dense(features))))
        return scores


class PairModel(nn.Module):  # type: ignore[misc]  # as above
    """The encoder without its words, and one head for each task."""

    def __init__(self, config: BertConfig, heads: Mapping[str, int]) -> None:
        super().__init__()
        self.bert = BertModel(config, add_pooling_layer=False)
        self.bert.embeddings.word_embeddings.requires_grad_(False)  # one unused row: vectors come in
        self.heads = nn.ModuleDict({name: PairHead(config.hidden_size, n) for name, n in heads.items()})

    def forward(self, batch: Batch, task: str) -> Tensor:
        """Logits of `task`, `(pairs, classes)`."""
        hidden = self.bert(
            inputs_embeds=batch.vectors, token_type_ids=batch.kinds, attention_mask=batch.mask.long()
        ).last_hidden_state
        first = _mean(hidden, batch.mask & (batch.kinds == 0))
        second = _mean(hidden, batch.mask & (batch.kinds == 1))
        scores: Tensor = self.heads[task](first, second)
        return scores


def _mean(hidden: Tensor, mask: Tensor) -> Tensor:
    share = mask.to(hidden.dtype).unsqueeze(-1)
    return (hidden * share).sum(1) / share.sum(1).clamp(min=1.0)


def load_base(folder: Path, heads: Mapping[str, int], *, dropout: float = 0.1, seed: int = 0) -> PairModel:
    """The encoder of a sentence-transformers folder with new heads (`heads`: task to number of classes).

    The second text's type vector begins as the first's: the embedder never used its own.

    Raises:
        EncoderError: the folder holds no BERT encoder.
    """
    torch.manual_seed(seed)
    try:
        values = json.loads((folder / "config.json").read_text("utf-8"))
        weights = load_file(folder / "model.safetensors")
        config = BertConfig(**values | {
            "vocab_size": 1, "pad_token_id": 0, "hidden_dropout_prob": dropout,
            "attention_probs_dropout_prob": 0.0,
        })  # fmt: skip
        config._attn_implementation = "eager"  # torch's fused attention spends 2/3 of a CPU step going back
        model = PairModel(config, heads)
        layers = {name: value for name, value in weights.items() if name != WORDS and "pooler" not in name}
        kinds = layers["embeddings.token_type_embeddings.weight"]
        layers["embeddings.token_type_embeddings.weight"] = kinds[:1].repeat(2, 1)
        wrong = model.bert.load_state_dict(layers, strict=False)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise EncoderError(f"{folder} does not hold the encoder to start from: {error}") from error
    if wrong.unexpected_keys or wrong.missing_keys != [WORDS]:
        raise EncoderError(f"{folder} holds another kind of encoder: {wrong}")
    return model


class Batches:
    """Turns pairs into batches of about the same number of tokens each."""

    def __init__(self, base: Path, max_tokens: int) -> None:
        """`base` is the embedder's folder."""
        self._tokenizer = PairTokenizer(base, max_tokens)
        self._words = WordVectors(base)

    def tokens(self, pairs: Sequence[Pair]) -> list[TokenPair]:
        """The tokens of each pair."""
        return self._tokenizer.encode([(pair.first, pair.second) for pair in pairs])

    def batch(self, rows: Sequence[TokenPair]) -> Batch:
        """One padded batch."""
        longest = max(len(row.ids) for row in rows)
        vectors = np.zeros((len(rows), longest, self._words.dimension), np.float32)
        kinds = np.zeros((len(rows), longest), np.int64)
        mask = np.zeros((len(rows), longest), bool)
        for i, row in enumerate(rows):
            vectors[i, : len(row.ids)] = self._words(row.ids)
            kinds[i, row.second : len(row.ids)] = 1
            mask[i, : len(row.ids)] = True
        return Batch(torch.from_numpy(vectors), torch.from_numpy(kinds), torch.from_numpy(mask))


def plan(lengths: Sequence[int], groups: Sequence[str], budget: int, seed: int) -> list[list[int]]:
    """Rows in batches of one group and like length, at most `budget` padded tokens each, in random order.

    The same arguments give the same plan, so that a run that was killed goes on where it was.
    """
    generator = np.random.default_rng(seed)
    batches: list[list[int]] = []
    for group in sorted(set(groups)):
        rows = [i for i, name in enumerate(groups) if name == group]
        rows = [rows[i] for i in generator.permutation(len(rows))]
        for start in range(0, len(rows), 2000):
            batches += _cut(sorted(rows[start : start + 2000], key=lambda i: lengths[i]), lengths, budget)
    return [batches[i] for i in generator.permutation(len(batches))]


def _cut(rows: Sequence[int], lengths: Sequence[int], budget: int) -> list[list[int]]:
    cut: list[list[int]] = [[]]
    for row in rows:  # ascending, so the row at hand is the longest
        if cut[-1] and (len(cut[-1]) + 1) * lengths[row] > budget:
            cut.append([])
        cut[-1].append(row)
    return [part for part in cut if part]
