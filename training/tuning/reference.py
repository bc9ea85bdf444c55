"""The side of training in a comparison: transformers and peft, in 32 bits, on the processor."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from assistant.llama_probing import Scores
from training.errors import ParityError
from training.tuning.families import Weights
from training.tuning.peft_folder import Pair

_PREFIX = "base_model.model."
_ADAPTER = "default"  # peft's name for the first adapter of a model


class TransformersReference:
    """A base model (a GGUF file, or a folder of Hugging Face) with an adapter of peft on it."""

    def __init__(self, base: Path, adapter: Path) -> None:
        """Load both; GGUF weights are unpacked, 4 bytes each.

        Raises:
            ParityError: transformers or peft cannot read them.
        """
        from peft import PeftModel

        with _quietly(), _readable(base):
            self.tokenizer, model = _tokenizer(base), _base(base)
        with _quietly(), _readable(adapter):
            self._model = PeftModel.from_pretrained(model, str(adapter), torch_device="cpu").eval()
        self._tuned = True

    def use(self, adapted: bool) -> None:
        """Whether the adapter takes part in all that is scored from now on."""
        self._tuned = adapted

    def score(self, tokens: Sequence[int], start: int) -> Scores:
        """The scores of `tokens[start:]`, each seen after all tokens before it. `start` is at least 1."""
        import torch

        off = contextlib.nullcontext() if self._tuned else self._model.disable_adapter()
        with off, torch.inference_mode():
            ids = torch.tensor([list(tokens[:-1])])
            logits = self._model(input_ids=ids, logits_to_keep=len(tokens) - start).logits[0]
            likely = torch.log_softmax(logits.double(), dim=-1)
            chosen = likely.gather(1, torch.tensor(list(tokens[start:]))[:, None])[:, 0]
            best = logits.argmax(dim=-1)
        return Scores(chosen.numpy(), best.numpy().astype(np.int64))

    def weights(self) -> Iterator[tuple[str, Weights, Pair]]:
        """Each matrix that the adapter changes: the name of its module, its base weights, what is added."""
        for name, layer in self._model.named_modules():
            if _ADAPTER in getattr(layer, "lora_A", {}):
                pair = Pair(
                    _plain(layer.lora_A[_ADAPTER]), _plain(layer.lora_B[_ADAPTER]), layer.scaling[_ADAPTER]
                )
                yield name.removeprefix(_PREFIX), _plain(layer.get_base_layer()), pair


def _plain(layer: Any) -> Weights:
    return np.asarray(layer.weight.detach().float().numpy(), np.float32)


def _base(base: Path) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(
        **_place(base), dtype=torch.float32, attn_implementation="eager", local_files_only=True
    )


def _tokenizer(base: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(**_place(base), local_files_only=True)


def _place(base: Path) -> dict[str, str]:
    if base.is_dir():
        return {"pretrained_model_name_or_path": str(base)}
    return {"pretrained_model_name_or_path": str(base.parent), "gguf_file": base.name}


@contextlib.contextmanager
def _readable(place: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ParityError(
            f"transformers cannot load {place}: {type(error).__name__}: {error}. Check that it is the base "
            "model that the adapter was trained on."
        ) from error


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without the bars and advice of libraries, which would stand between the lines of a command."""
    from transformers.utils import logging as hub

    logger = logging.getLogger("transformers")
    level, bars = logger.level, hub.is_progress_bar_enabled()
    logger.setLevel(logging.ERROR)
    hub.disable_progress_bar()
    try:
        # The bar of its GGUF reader cannot be switched off, only sent elsewhere.
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
        if bars:
            hub.enable_progress_bar()
